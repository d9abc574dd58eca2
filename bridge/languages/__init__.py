# SPDX-License-Identifier: EUPL-1.2
"""The languages that can be asked for, and their printed card."""
