# SPDX-License-Identifier: EUPL-1.2
"""What interpreters promise and how they answer, lists, booked calls, heartbeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "agency",
        sa.Column("relay_allowed", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    _call()
    _interpreter()
    _reservation()
    _person_table(
        "interpreter_window",
        sa.Column("weekdays", sa.String(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("on_holidays", sa.Boolean(), nullable=False),
    )
    _person_table(
        "interpreter_absence",
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )
    _person_table(
        "interpreter_extra",
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
    )
    _person_table(
        "list_entry",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=True),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_list_entry_agency_id"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("ix_list_entry_agency_id"), "list_entry", ["agency_id"], unique=False)
    op.create_table(
        "process",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_process")),
    )
    _bookings()


def _call() -> None:
    # Written out, because with its condition in the column SQLite need not make the table anew.
    op.execute(
        "ALTER TABLE call ADD COLUMN technician_number VARCHAR "
        "CONSTRAINT ck_call_technician_number_forgotten "
        "CHECK (ended_at IS NULL OR technician_number IS NULL)"
    )
    op.add_column("call", sa.Column("requirements", _JSON, nullable=True))
    op.add_column(
        "call", sa.Column("callback", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def _interpreter() -> None:
    op.create_table(
        "interpreter_phone",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_interpreter_phone_interpreter_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interpreter_id", "place", name=op.f("pk_interpreter_phone")),
        sa.UniqueConstraint("number", name=op.f("uq_interpreter_phone_number")),
    )
    op.execute(
        "INSERT INTO interpreter_phone (interpreter_id, place, number) "
        "SELECT id, 0, number FROM interpreter"
    )
    with op.batch_alter_table("interpreter") as table:
        table.drop_constraint(op.f("uq_interpreter_number"), type_="unique")
        table.drop_column("number")
        for name in ("presence_until", "back_at", "joined_at"):
            table.add_column(sa.Column(name, _MOMENT, nullable=True))
        for name in ("presence_by", "gender", "notes", "pin_hash"):
            table.add_column(sa.Column(name, sa.String(), nullable=True))
        table.add_column(
            sa.Column("keeps_windows", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        table.add_column(sa.Column("limits", _JSON, nullable=True))
    op.add_column("interpreter_language", sa.Column("level", sa.Integer(), nullable=True))
    op.create_table(
        "interpreter_subject",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_interpreter_subject_interpreter_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interpreter_id", "subject", name=op.f("pk_interpreter_subject")),
    )


def _reservation() -> None:
    for column in (
        sa.Column("rang_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("minutes", sa.Float(), nullable=True),
        sa.Column("hard", sa.Boolean(), server_default=sa.false(), nullable=False),
    ):
        op.add_column("reservation", column)
    op.execute("UPDATE reservation SET ended_at = released_at")
    op.execute("UPDATE reservation SET outcome = 'accepted' WHERE accepted_at IS NOT NULL")
    op.create_index(op.f("ix_reservation_made_at"), "reservation", ["made_at"], unique=False)


def _person_table(name: str, *columns: sa.Column[object] | sa.ForeignKeyConstraint) -> None:
    """A table of many rows for each interpreter."""
    op.create_table(
        name,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f(f"fk_{name}_interpreter_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_interpreter_id"), name, ["interpreter_id"], unique=False)


def _bookings() -> None:
    live = sa.text("state IN ('booked', 'dialling')")
    op.create_table(
        "booking",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("requirements", _JSON, nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.Column("technician_id", sa.Integer(), nullable=False),
        sa.Column("technician_number", sa.String(), nullable=True),
        sa.Column("migrant_number", sa.String(), nullable=True),
        sa.Column("migrant_beside", sa.Boolean(), nullable=False),
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", _MOMENT, nullable=False),
        sa.Column("ends_at", _MOMENT, nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", _MOMENT, nullable=True),
        sa.Column("dialled_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('booked', 'dialling') OR "
            "(technician_number IS NULL AND migrant_number IS NULL)",
            name=op.f("ck_booking_numbers_forgotten"),
        ),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_booking_agency_id")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_booking_call_id")),
        sa.ForeignKeyConstraint(
            ["interpreter_id"], ["interpreter.id"], name=op.f("fk_booking_interpreter_id")
        ),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_booking_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint("call_id", name=op.f("uq_booking_call_id")),
    )
    for column in ("agency_id", "interpreter_id", "starts_at"):
        op.create_index(op.f(f"ix_booking_{column}"), "booking", [column], unique=False)
    op.create_index(
        "ix_booking_live",
        "booking",
        ["starts_at"],
        unique=False,
        sqlite_where=live,
        postgresql_where=live,
    )
    op.create_table(
        "booking_quarter",
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_quarter_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["interpreter_id"], ["interpreter.id"], name=op.f("fk_booking_quarter_interpreter_id")
        ),
        sa.PrimaryKeyConstraint("interpreter_id", "quarter", name=op.f("pk_booking_quarter")),
    )
    op.create_index(
        op.f("ix_booking_quarter_booking_id"), "booking_quarter", ["booking_id"], unique=False
    )
    op.create_table(
        "booking_reminder",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("remind_at", _MOMENT, nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_reminder_booking_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("booking_id", "remind_at", name=op.f("pk_booking_reminder")),
    )
    op.create_index(
        op.f("ix_booking_reminder_remind_at"), "booking_reminder", ["remind_at"], unique=False
    )


def downgrade() -> None:
    """Undo the change; of several telephones the first stays.

    Who was removed has none; what stands in place of it is no number, so that nobody is rung.
    """
    for table in (
        "booking_reminder",
        "booking_quarter",
        "booking",
        "process",
        "list_entry",
        "interpreter_extra",
        "interpreter_absence",
        "interpreter_window",
        "interpreter_subject",
    ):
        op.drop_table(table)
    op.drop_index(op.f("ix_reservation_made_at"), table_name="reservation")
    for column in ("hard", "minutes", "outcome", "ended_at", "rang_at"):
        op.drop_column("reservation", column)
    op.drop_column("interpreter_language", "level")
    op.add_column("interpreter", sa.Column("number", sa.String(), nullable=True))
    op.execute(
        "UPDATE interpreter SET number = coalesce((SELECT number FROM interpreter_phone "
        "WHERE interpreter_id = interpreter.id AND place = 0), 'removed:' || id)"
    )
    with op.batch_alter_table("interpreter") as batch:
        batch.alter_column("number", existing_type=sa.String(), nullable=False)
        batch.create_unique_constraint(op.f("uq_interpreter_number"), ["number"])
        for column in (
            "limits",
            "keeps_windows",
            "notes",
            "pin_hash",
            "gender",
            "presence_by",
            "joined_at",
            "back_at",
            "presence_until",
        ):
            batch.drop_column(column)
    op.drop_table("interpreter_phone")
    for column in ("callback", "requirements", "technician_number"):
        op.drop_column("call", column)
    op.drop_column("agency", "relay_allowed")
