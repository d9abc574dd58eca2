# SPDX-License-Identifier: EUPL-1.2
"""What is done by the clock, beside the calls."""
