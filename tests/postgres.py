# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL of our own for the tests; see `lab.postgres`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.postgres import PostgresCluster, PostgresMissing, find_binaries

__all__ = ["PostgresCluster", "PostgresMissing", "find_binaries", "postgres"]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresCluster]:
    """A running cluster, stopped at the end of the session."""
    cluster = PostgresCluster()
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
