# SPDX-License-Identifier: EUPL-1.2
"""Who is rung: the rules alone, mostly as properties of random rosters."""
