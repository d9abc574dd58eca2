# SPDX-License-Identifier: EUPL-1.2
"""What Alembic runs: given an open connection by `bridge.storage.migrate`, else opening its own.

From a checkout, `alembic revision --autogenerate -m …` compares `metadata` with the database of
``STT_DATABASE_URL``; the configuration is alembic.ini.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from bridge.settings import Settings
from bridge.storage.engine import sync_engine
from bridge.storage.tables import metadata


def run(connection: Connection) -> None:
    """Run the migrations asked for, in the transaction of this connection."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite alters a table by making it anew; both databases undo a failed step whole.
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations need the database itself: run `stt-bridge database upgrade`")

given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = sync_engine(Settings().database_url)
    with engine.begin() as opened:
        run(opened)
    engine.dispose()
