# SPDX-License-Identifier: EUPL-1.2
"""The steps from one state of the tables to the next."""
