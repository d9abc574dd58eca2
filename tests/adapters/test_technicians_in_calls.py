# SPDX-License-Identifier: EUPL-1.2
"""Nobody removes a technician at the command line who is in a call, or is to be rung for one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import Agency, AgencyKind
from bridge.bookings import store as bookings
from bridge.bookings.model import NewBooking
from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.commands import base
from bridge.commands.base import in_database
from bridge.conference import store as calls
from bridge.conference.model import CallState, Outcome
from bridge.roster.requirements import Requirements
from bridge.vocabulary import AgencyId, CallId, LanguageTag, PhoneNumber, TechnicianId
from tests.adapters.coordinator import NOW, NUMBER, read, refused, run
from tests.storage_samples import make_call, make_event, make_interpreter

INES, RUI = TechnicianId(1), TechnicianId(2)
HOSPITAL = AgencyId(1)
REMOVE = ("technicians", "remove", "4021")
BUSY = "technician 1 is in a call or to be rung for one; remove them when it is over"


@pytest.fixture(autouse=True)
def database(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file or a PostgreSQL with an agency of two people."""
    monkeypatch.setattr(base, "now", lambda: NOW)
    monkeypatch.setenv("STT_DATABASE_URL", url)

    def work(conn: Connection) -> Agency:
        of = agencies.add_agency(conn, "4021", "Hospital de Teste", AgencyKind.HEALTH)
        for name in ("Inês Técnica", "Rui Técnico"):
            agencies.add_technician(conn, of, name, pin_lookup=name, pin_hash="none")
        return of

    assert in_database(work).id == HOSPITAL


def identified(who: TechnicianId) -> CallId:
    """A technician is known by PIN in a new call, and being asked."""

    def work(conn: Connection) -> CallId:
        made = make_call(conn)
        known = make_event(made, EventKind.IDENTIFIED, agency=int(HOSPITAL), technician=int(who))
        calllog.append(conn, known)
        return made

    return in_database(work)


def requested(who: TechnicianId) -> CallId:
    """A call that was asked for by this technician, who need not have rung: it was booked."""

    def work(conn: Connection) -> CallId:
        made = make_call(conn)
        calls.update_call(conn, made, agency=HOSPITAL, technician=who, state=CallState.HUNTING)
        return made

    return in_database(work)


def over(call: CallId) -> None:
    in_database(
        lambda conn: calls.close_call(conn, call, NOW, CallState.CLOSED, Outcome.INTERPRETED)
    )


@pytest.mark.parametrize("begin", [identified, requested])
def test_who_is_in_a_call_is_removed_when_it_is_over(
    begin: Callable[[TechnicianId], CallId],
) -> None:
    call = begin(INES)
    assert refused(*REMOVE, str(INES)) == BUSY
    # Nothing is half done: they are there as before.
    assert [one["name"] for one in read("technicians", "list", "4021")] == [
        *("Inês Técnica", "Rui Técnico"),
    ]
    # Another one may go at once.
    assert run(*REMOVE, str(RUI)).stdout == "technician 2 of agency 4021 is removed\n"
    over(call)
    assert run(*REMOVE, str(INES)).stdout == "technician 1 of agency 4021 is removed\n"
    assert read("technicians", "list", "4021") == []


def test_calls_that_are_over_keep_nobody() -> None:
    for begin in (identified, requested):
        over(begin(INES))
    run(*REMOVE, str(INES))


def test_a_booked_call_that_is_being_dialled_cannot_be_cancelled_and_is_not_said_to_be() -> None:
    def work(conn: Connection) -> CallId:
        new = NewBooking(
            requirements=Requirements(LanguageTag("uk")),
            interpreter=make_interpreter(conn, 1),
            starts_at=NOW,
            agency=HOSPITAL,
            technician=INES,
            technician_number=PhoneNumber.parse(NUMBER),
        )
        assert bookings.book(conn, new, NOW) is not None
        (due,) = bookings.claim_due(conn, NOW, "process-1")
        # The call is open, and the request not yet written.
        call = make_call(conn)
        assert bookings.begin_dialling(conn, due.id, call, NOW, "process-1")
        return call

    in_database(work)
    assert refused(*REMOVE, str(INES)) == BUSY
