# SPDX-License-Identifier: EUPL-1.2
"""Tests of the languages that can be asked for, and of their card."""
