# SPDX-License-Identifier: EUPL-1.2
"""The tables of the first call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Whoever replaces the table in a later step makes its trigger anew.
_APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER event_append_only BEFORE UPDATE ON event "
        "BEGIN SELECT RAISE(ABORT, 'events are never changed'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'events are never changed'; END $$",
        "CREATE TRIGGER event_append_only BEFORE UPDATE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_append_only()",
    ),
}


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "agency",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agency")),
        sa.UniqueConstraint("code", name=op.f("uq_agency_code")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "interpreter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("vetted", sa.Boolean(), nullable=False),
        sa.Column("last_call_ended", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interpreter")),
        sa.UniqueConstraint("number", name=op.f("uq_interpreter_number")),
    )
    op.create_table(
        "interpreter_language",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_interpreter_language_interpreter_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interpreter_id", "language", name=op.f("pk_interpreter_language")),
    )
    op.create_table(
        "technician",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pin_lookup", sa.String(), nullable=False),
        sa.Column("pin_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_technician_agency_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_technician")),
        sa.UniqueConstraint("pin_lookup", name=op.f("uq_technician_pin_lookup")),
    )
    op.create_index(op.f("ix_technician_agency_id"), "technician", ["agency_id"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("technician_id", sa.Integer(), nullable=True),
        sa.Column("migrant_mode", sa.String(), nullable=True),
        sa.Column("migrant_number", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("events", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR migrant_number IS NULL", name=op.f("ck_call_number_forgotten")
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_call_agency_id")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_call_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("serial", name=op.f("uq_call_serial")),
    )
    op.create_index(
        "ix_call_open",
        "call",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "event",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("leg_id", sa.String(), nullable=True),
        sa.Column(
            "data",
            sa.JSON(none_as_null=True).with_variant(
                postgresql.JSONB(none_as_null=True), "postgresql"
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_event_call_id")),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_event")),
    )
    for statement in _APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)
    op.create_table(
        "leg",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("interpreter_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ending", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_leg_call_id")),
        sa.ForeignKeyConstraint(
            ["interpreter_id"], ["interpreter.id"], name=op.f("fk_leg_interpreter_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leg")),
    )
    op.create_index(op.f("ix_leg_call_id"), "leg", ["call_id"], unique=False)
    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("leg_id", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_reservation_call_id")),
        sa.ForeignKeyConstraint(
            ["interpreter_id"], ["interpreter.id"], name=op.f("fk_reservation_interpreter_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("leg_id", name=op.f("uq_reservation_leg_id")),
    )
    op.create_index(op.f("ix_reservation_call_id"), "reservation", ["call_id"], unique=False)
    op.create_index(
        "uq_reservation_live_interpreter",
        "reservation",
        ["interpreter_id"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )


def downgrade() -> None:
    """Undo the change."""
    op.drop_index(
        "uq_reservation_live_interpreter",
        table_name="reservation",
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.drop_index(op.f("ix_reservation_call_id"), table_name="reservation")
    op.drop_table("reservation")
    op.drop_index(op.f("ix_leg_call_id"), table_name="leg")
    op.drop_table("leg")
    op.drop_table("event")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_append_only()")
    op.drop_index(
        "ix_call_open",
        table_name="call",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("call")
    op.drop_index(op.f("ix_technician_agency_id"), table_name="technician")
    op.drop_table("technician")
    op.drop_table("interpreter_language")
    op.drop_table("interpreter")
    op.drop_table("counter")
    op.drop_table("agency")
