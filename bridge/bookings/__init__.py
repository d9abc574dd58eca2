# SPDX-License-Identifier: EUPL-1.2
"""Calls that were agreed for a certain hour."""
