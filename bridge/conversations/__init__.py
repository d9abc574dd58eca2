# SPDX-License-Identifier: EUPL-1.2
"""Who talks with the people on each leg: what is asked of whom, and what answers a script."""
