# SPDX-License-Identifier: EUPL-1.2
"""Who is in a call or on the way there: brought in, waiting, keying, and coming back."""
