# SPDX-License-Identifier: EUPL-1.2
"""What the people of a call said of it afterwards."""
