# SPDX-License-Identifier: EUPL-1.2
"""The append-only events of every call."""
