# SPDX-License-Identifier: EUPL-1.2
"""What agencies want keyed, operators, callers' locks and languages, ratings, closures, dials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_AGENCY = ("prompt_language", "favourites", "fields", "dial_allowed", "hourly_dial_cap")


def upgrade() -> None:
    """Make the change."""
    _agency()
    _call()
    _operator()
    _caller()
    _opening_call_back()
    _rating()
    _dial()
    _booking()
    op.create_table(
        "closure",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("place", "day", name=op.f("pk_closure")),
    )


def _agency() -> None:
    for column in (
        sa.Column("prompt_language", sa.String(), server_default="pt", nullable=False),
        sa.Column("favourites", _JSON, nullable=True),
        sa.Column("fields", _JSON, nullable=True),
        sa.Column("dial_allowed", _JSON, nullable=True),
        sa.Column("hourly_dial_cap", sa.Integer(), nullable=True),
    ):
        op.add_column("agency", column)
    op.create_table(
        "agency_number",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agency_id"], ["agency.id"], name=op.f("fk_agency_number_agency_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_agency_number")),
    )
    op.create_index(
        op.f("ix_agency_number_agency_id"), "agency_number", ["agency_id"], unique=False
    )


def _call() -> None:
    op.add_column("call", sa.Column("dial_in_code", sa.String(), nullable=True))
    op.create_index(
        "uq_call_dial_in_code",
        "call",
        ["dial_in_code"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "call_field",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_call_field_call_id")),
        sa.PrimaryKeyConstraint("call_id", "name", name=op.f("pk_call_field")),
    )


def _operator() -> None:
    op.create_table(
        "operator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("on_duty", sa.Boolean(), nullable=False),
        sa.Column("duty_until", _MOMENT, nullable=True),
        sa.Column("last_call_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator")),
        sa.UniqueConstraint("number", name=op.f("uq_operator_number")),
    )
    op.create_table(
        "operator_language",
        sa.Column("operator_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["operator.id"],
            name=op.f("fk_operator_language_operator_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("operator_id", "language", name=op.f("pk_operator_language")),
    )


def _caller() -> None:
    op.create_table(
        "caller_lock",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("last_at", _MOMENT, nullable=True),
        sa.Column("locked_until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("caller", name=op.f("pk_caller_lock")),
    )
    op.create_table(
        "code_lock",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("wrong", _JSON, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=True),
        sa.Column("closed_until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_code_lock")),
    )
    op.create_table(
        "caller_language",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("caller", name=op.f("pk_caller_language")),
    )
    op.create_index(
        op.f("ix_caller_language_used_at"), "caller_language", ["used_at"], unique=False
    )


def _opening_call_back() -> None:
    still_open = sa.text("state IN ('waiting', 'ringing')")
    op.create_table(
        "opening_call_back",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("tried_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'ringing') OR number IS NULL",
            name=op.f("ck_opening_call_back_number_forgotten"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_call_back")),
    )
    op.create_index(
        "uq_opening_call_back_open",
        "opening_call_back",
        ["line", "number"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _rating() -> None:
    op.create_table(
        "rating",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("interpreter_id", sa.Integer(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("flag", sa.String(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name=op.f("ck_rating_rating_is_a_key")),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_rating_call_id")),
        sa.ForeignKeyConstraint(
            ["interpreter_id"], ["interpreter.id"], name=op.f("fk_rating_interpreter_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
    )
    for column in ("call_id", "interpreter_id"):
        op.create_index(op.f(f"ix_rating_{column}"), "rating", [column], unique=False)


def _dial() -> None:
    op.create_table(
        "dial",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agency_id", sa.Integer(), nullable=True),
        sa.Column("technician_id", sa.Integer(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["agency_id"], ["agency.id"], name=op.f("fk_dial_agency_id")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["technician.id"], name=op.f("fk_dial_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dial")),
    )
    op.create_index("ix_dial_agency_id_at", "dial", ["agency_id", "at"], unique=False)


def _booking() -> None:
    op.create_table(
        "booking_far_half",
        sa.Column("booking_id", sa.Integer(), nullable=False),
        sa.Column("interpreter_id", sa.Integer(), nullable=False),
        sa.Column("pivot", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"],
            ["booking.id"],
            name=op.f("fk_booking_far_half_booking_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["interpreter_id"],
            ["interpreter.id"],
            name=op.f("fk_booking_far_half_interpreter_id"),
        ),
        sa.PrimaryKeyConstraint("booking_id", name=op.f("pk_booking_far_half")),
    )
    op.create_index(
        op.f("ix_booking_far_half_interpreter_id"),
        "booking_far_half",
        ["interpreter_id"],
        unique=False,
    )


def downgrade() -> None:
    """Undo the change."""
    for table in (
        "booking_far_half",
        "closure",
        "dial",
        "rating",
        "opening_call_back",
        "caller_language",
        "code_lock",
        "caller_lock",
        "operator_language",
        "operator",
        "call_field",
        "agency_number",
    ):
        op.drop_table(table)
    op.drop_index("uq_call_dial_in_code", table_name="call")
    op.drop_column("call", "dial_in_code")
    for column in reversed(_AGENCY):
        op.drop_column("agency", column)
