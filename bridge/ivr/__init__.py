# SPDX-License-Identifier: EUPL-1.2
"""What people hear and key: pure scripts, and what performs them."""
