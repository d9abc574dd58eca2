# SPDX-License-Identifier: EUPL-1.2
"""The interpreters: who they are, whether they are present, and whom to ring."""
