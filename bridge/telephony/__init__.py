# SPDX-License-Identifier: EUPL-1.2
"""The carriers: what a switch must be able to do, and those that can."""
