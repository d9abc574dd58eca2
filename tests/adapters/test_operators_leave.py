# SPDX-License-Identifier: EUPL-1.2
"""Operators are removed at the command line, and never while a call may still ring them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from bridge.commands import base
from bridge.commands.base import in_database
from bridge.conference import store as calls
from bridge.conference.model import CallState, Outcome
from bridge.operators import store as operators
from bridge.operators.model import OperatorId
from bridge.vocabulary import CallId, LanguageTag, PhoneNumber
from tests.adapters.coordinator import NOW, read, refused, run
from tests.storage_samples import make_call

ANA, EVA = OperatorId(1), OperatorId(2)
TELEPHONE, OTHER = PhoneNumber("+351210000008"), PhoneNumber("+351210000009")
BUSY = (
    "operator 1 is in a call or being rung; say `stt-bridge operators duty 1 off`, and remove them "
    "when it is over"
)


@pytest.fixture(autouse=True)
def database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file or a PostgreSQL with two operators on duty."""
    monkeypatch.setattr(base, "now", lambda: NOW)
    monkeypatch.setenv("STT_DATABASE_URL", url)

    def work(conn: Connection) -> None:
        for name, telephone in (("Ana", TELEPHONE), ("Eva", OTHER)):
            who = operators.add(conn, name, telephone, [LanguageTag("uk")])
            operators.set_duty(conn, who, True)

    in_database(work)


def begin(*, migrant_mode: str | None) -> CallId:
    """A call at whose head stands the telephone of the first operator."""

    def work(conn: Connection) -> CallId:
        made = make_call(conn)
        calls.update_call(conn, made, technician_number=TELEPHONE.e164, migrant_mode=migrant_mode)
        return made

    return in_database(work)


def is_on_duty(who: OperatorId) -> bool:
    return in_database(lambda conn: operators.load_operator(conn, who).on_duty)


def test_who_leads_a_call_is_removed_when_it_is_over() -> None:
    call = begin(migrant_mode="rang")
    assert refused("operators", "remove", str(ANA)) == BUSY
    # Nothing is half done: they are on duty as before.
    assert is_on_duty(ANA)
    run("operators", "duty", str(ANA), "off")
    assert refused("operators", "remove", str(ANA)) == BUSY
    # Another one may go at once.
    assert run("operators", "remove", str(EVA)).stdout == "operator 2 is removed\n"
    in_database(
        lambda conn: calls.close_call(conn, call, NOW, CallState.CLOSED, Outcome.BY_OPERATOR)
    )
    assert run("operators", "remove", str(ANA)).stdout == "operator 1 is removed\n"
    assert read("operators", "list") == []
    assert in_database(lambda conn: operators.find_operator(conn, TELEPHONE)) is None


def test_who_rang_the_line_from_their_telephone_leads_no_call() -> None:
    begin(migrant_mode=None)
    assert run("operators", "remove", str(ANA)).stdout == "operator 1 is removed\n"


@pytest.mark.parametrize(("ago", "goes"), [(0, False), (59, False), (60, True), (3600, True)])
def test_who_was_chosen_a_moment_ago_may_be_rung_yet(ago: int, goes: bool) -> None:
    chosen: datetime = NOW - timedelta(seconds=ago)
    in_database(lambda conn: operators.mark_call(conn, ANA, chosen))
    if goes:
        run("operators", "remove", str(ANA))
    else:
        assert refused("operators", "remove", str(ANA)) == BUSY
        assert is_on_duty(ANA)


def test_nobody_cannot_be_removed() -> None:
    run("operators", "remove", str(EVA))
    before = read("operators", "list")
    for nobody in (str(EVA), "7"):
        assert f"there is no operator {nobody}; `stt" in refused("operators", "remove", nobody)
    assert read("operators", "list") == before
