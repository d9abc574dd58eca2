# SPDX-License-Identifier: EUPL-1.2
"""When a line, a service or an interpreter is open: one arithmetic for all three."""
