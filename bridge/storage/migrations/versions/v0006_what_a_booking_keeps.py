# SPDX-License-Identifier: EUPL-1.2
"""What was keyed with a request that was booked: how the migrant comes, and the agency's fields."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LIVE = "state IN ('booked', 'dialling')"


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "booking",
        sa.Column("voicemail_allowed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    json = "JSONB" if op.get_bind().dialect.name == "postgresql" else "JSON"
    # Written out, because with its condition in the column SQLite need not make the table anew.
    for column, kind in (("dial_in_code", "VARCHAR"), ("fields", json)):
        op.execute(
            f"ALTER TABLE booking ADD COLUMN {column} {kind} "
            f"CONSTRAINT ck_booking_{column}_forgotten CHECK ({_LIVE} OR {column} IS NULL)"
        )
    op.create_index(op.f("ix_booking_dial_in_code"), "booking", ["dial_in_code"], unique=False)


def downgrade() -> None:
    """Undo the change."""
    op.drop_index(op.f("ix_booking_dial_in_code"), table_name="booking")
    for column in ("fields", "dial_in_code", "voicemail_allowed"):
        op.drop_column("booking", column)
