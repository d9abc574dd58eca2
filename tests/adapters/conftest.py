# SPDX-License-Identifier: EUPL-1.2
"""What the adapters' tests share: one private PostgreSQL for the whole session, and new databases.

A test that asks for a database runs twice, on a SQLite file and on that PostgreSQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from tests.postgres import PostgresCluster, postgres

__all__ = ["database", "postgres", "url"]


@pytest.fixture(params=("sqlite", "postgresql"))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database with our tables."""
    if request.param == "sqlite":
        made = f"sqlite+aiosqlite:///{tmp_path / 'bridge.sqlite3'}"
        upgrade(made)
        return made
    cluster: PostgresCluster = request.getfixturevalue("postgres")
    return cluster.new()


@pytest.fixture
async def database(url: str) -> AsyncIterator[SqlDatabase]:
    opened = SqlDatabase(url)
    yield opened
    await opened.dispose()
