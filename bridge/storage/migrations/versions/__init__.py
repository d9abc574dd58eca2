# SPDX-License-Identifier: EUPL-1.2
"""One module a step, named by its number."""
