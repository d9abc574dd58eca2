# SPDX-License-Identifier: EUPL-1.2
"""The telephone-interpreting bridge: technician, interpreter and migrant in one call."""

__version__ = "0.1.0"
