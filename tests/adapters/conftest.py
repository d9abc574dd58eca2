# SPDX-License-Identifier: EUPL-1.2
"""What the adapters' tests share: one private PostgreSQL for the whole session."""

from __future__ import annotations

from tests.postgres import postgres

__all__ = ["postgres"]
