# SPDX-License-Identifier: EUPL-1.2
"""A database in memory with one open call, and a moment to begin at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import Connection

from bridge.storage.inline import InlineDatabase
from tests.storage_samples import START


@pytest.fixture
def start() -> datetime:
    return START


@pytest.fixture
def database() -> Iterator[InlineDatabase]:
    inline = InlineDatabase()
    yield inline
    inline.close()


@pytest.fixture
def conn(database: InlineDatabase) -> Iterator[Connection]:
    """One transaction, for tests of what one transaction does."""
    with database._connection.begin():
        yield database._connection
