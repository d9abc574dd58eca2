# SPDX-License-Identifier: EUPL-1.2
"""What the service says: texts, how they are spoken, and what is to be done about them."""
