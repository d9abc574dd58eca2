# SPDX-License-Identifier: EUPL-1.2
"""The port between our features and a database: one function, one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")


class DatabaseUnavailable(Exception):
    """The database cannot be used now; the message names the remedy."""


class Database(Protocol):
    """Runs units of work.

    A unit of work is a plain function over a SQLAlchemy `Connection`: it calls the features'
    stores and returns a value. All of it is committed, or, when it raises, none of it. Because it
    is an ordinary function it reads from top to bottom, can't be interleaved half-way on our side,
    and runs in unit tests on an in-memory SQLite without threads, under virtual time.
    """

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return its result.

        A conflict that only another try can solve (a serialisation failure, a lock that was held
        for a moment) is tried again, so `work` has no effects outside the database. Raises
        `DatabaseUnavailable` when the database cannot be used.
        """
        ...
