# SPDX-License-Identifier: EUPL-1.2
"""Who asked to be rung when a line opens, or when an operator is on duty in it."""
