# SPDX-License-Identifier: EUPL-1.2
"""A call's life: its transitions, and the controller that carries them out."""
