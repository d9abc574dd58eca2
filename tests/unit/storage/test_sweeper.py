# SPDX-License-Identifier: EUPL-1.2
"""Reservations that outlive their call or their process are ended, and no others."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bridge.calllog import store as calllog
from bridge.calllog.model import EventKind
from bridge.conference import store as conference
from bridge.conference.model import CallState, Outcome
from bridge.roster import removal_store, standing_store, store
from bridge.roster.sweeper import Held, Outlived, Swept, beat_and_sweep, outlived, sweep
from bridge.storage.inline import InlineDatabase
from bridge.storage.processes import BEAT_EVERY, SILENT_FOR, beat, forget, is_silent, last_seen
from bridge.vocabulary import CallId, InterpreterId, LegId, Role
from tests.storage_samples import START, make_call, make_interpreter

LEG = LegId("leg-1")
SECOND = timedelta(seconds=1)
LATER = START + SILENT_FOR
NOBODY: frozenset[LegId] = frozenset()


def held(conn: Connection, *, accepted: bool = False) -> tuple[InterpreterId, CallId]:
    """A reservation made at START by process-1, which also runs the call."""
    who, call = make_interpreter(conn, 1), make_call(conn)
    assert store.reserve(conn, who, call, LEG, START, "process-1")
    conference.add_leg(conn, LEG, call, Role.INTERPRETER, START, interpreter=who)
    if accepted:
        assert store.accept_reservation(conn, LEG, START + SECOND)
    return who, call


def test_nothing_of_a_living_process_is_swept(conn: Connection) -> None:
    held(conn)
    beat(conn, "process-1", LATER - SECOND)
    assert sweep(conn, LATER, NOBODY) == []
    assert len(store.live_reservations(conn)) == 1


def test_what_a_dead_process_held_is_freed_with_an_event(conn: Connection) -> None:
    who, call = held(conn)
    beat(conn, "process-1", START)
    before = store.revision(conn)
    assert sweep(conn, LATER - timedelta(microseconds=1), NOBODY) == []
    assert store.revision(conn) == before
    assert sweep(conn, LATER, NOBODY) == [Swept(who, call, LEG, Outlived.PROCESS)]
    assert store.live_reservations(conn) == []
    assert store.revision(conn) > before
    [stored] = calllog.events_of(conn, call)
    assert (stored.event.kind, stored.event.leg, stored.event.at) == (
        EventKind.RELEASED,
        LEG,
        LATER,
    )
    assert stored.event.data == {"interpreter": int(who), "reason": "outlived_process"}
    assert sweep(conn, LATER, NOBODY) == []


def test_who_was_removed_in_the_moment_of_a_promise_stops_no_heartbeat(
    conn: Connection,
) -> None:
    """On PostgreSQL whoever removes them does not see a promise that is just being written."""
    who, call = held(conn, accepted=True)
    removal_store.remove_interpreter(conn, who)
    before = store.revision(conn)
    assert sweep(conn, LATER, NOBODY) == [Swept(who, call, LEG, Outlived.PROCESS)]
    assert store.revision(conn) > before
    assert store.live_reservations(conn) == []


def test_a_leg_that_the_switch_has_is_left_alone(conn: Connection) -> None:
    held(conn)
    assert sweep(conn, LATER, frozenset({LEG})) == []
    assert sweep(conn, LATER, None) == []
    assert len(sweep(conn, LATER, frozenset({LegId("another")}))) == 1


def test_a_call_that_another_process_took_over_is_its_own_affair(conn: Connection) -> None:
    _, call = held(conn)
    conference.update_call(conn, call, owner="process-2")
    beat(conn, "process-2", LATER)
    assert sweep(conn, LATER, NOBODY) == []
    assert len(sweep(conn, LATER + SILENT_FOR, NOBODY)) == 1


@pytest.mark.parametrize("alive", [None, NOBODY, frozenset({LEG})])
def test_a_reservation_never_outlives_its_call(
    conn: Connection, alive: frozenset[LegId] | None
) -> None:
    who, call = held(conn, accepted=True)
    ended = START + 60 * SECOND
    conference.close_call(conn, call, ended, CallState.CLOSED, Outcome.INTERPRETED)
    beat(conn, "process-1", ended)
    later = ended + 2 * SECOND
    assert sweep(conn, later, alive) == [Swept(who, call, LEG, Outlived.CALL)]
    # Worked until the call ended, not until it was noticed.
    standing = standing_store.load_standing(conn, who, later)
    assert standing.last_call_ended == ended
    assert standing.minutes_offered == pytest.approx(59 / 60)
    assert not standing.reserved


def test_work_counts_until_the_leg_ended_or_the_process_was_last_heard_of(
    conn: Connection,
) -> None:
    who, _ = held(conn, accepted=True)
    beat(conn, "process-1", START + 31 * SECOND)
    late = START + timedelta(hours=3)
    assert len(sweep(conn, late, NOBODY)) == 1
    assert standing_store.load_standing(conn, who, late).minutes_offered == 0.5


def test_an_offer_that_was_swept_is_held_against_nobody(conn: Connection) -> None:
    who, _ = held(conn)
    assert len(sweep(conn, LATER, NOBODY)) == 1
    standing = standing_store.load_standing(conn, who, LATER)
    assert (standing.unanswered_streak, standing.minutes_offered) == (0, 0.0)
    assert standing.last_call_ended is None


moments = st.none() | st.integers(-20, 20).map(lambda n: START + n * SECOND)


@given(
    ended=st.booleans(),
    reserver=moments,
    keeper=moments,
    alive=st.none() | st.sets(st.sampled_from([LEG, LegId("x")])),
    after=st.integers(0, 30),
)
def test_the_rule(
    ended: bool,
    reserver: datetime | None,
    keeper: datetime | None,
    alive: set[LegId] | None,
    after: int,
) -> None:
    at = START + after * SECOND
    reason = outlived(Held(LEG, START, ended, reserver, keeper), alive, at)
    last = max(one for one in (START, reserver, keeper) if one is not None)
    if ended:
        assert reason is Outlived.CALL
    elif alive is None or LEG in alive:
        assert reason is None
    else:
        assert (reason is Outlived.PROCESS) is (at - last >= SILENT_FOR)


def test_no_dead_process_holds_anybody_for_more_than_ten_seconds() -> None:
    """At worst the beat came just before the death, and the sweep just before the threshold."""
    assert timedelta(seconds=10) > SILENT_FOR + BEAT_EVERY
    # And one beat may be missed without being taken for dead.
    assert 2 * BEAT_EVERY < SILENT_FOR


def test_heartbeats_only_go_forward_and_are_forgotten(conn: Connection) -> None:
    beat(conn, "one", START)
    beat(conn, "one", START - SECOND)
    beat(conn, "two", START + SECOND)
    assert last_seen(conn, ["one", "two", "three"]) == {"one": START, "two": START + SECOND}
    assert is_silent(None, START, LATER)
    assert not is_silent(START + SECOND, START, LATER)
    forget(conn, START + timedelta(days=1, microseconds=1))
    assert last_seen(conn, ["one", "two"]) == {"two": START + SECOND}


async def test_the_job_beats_for_its_own_process(database: InlineDatabase) -> None:
    who, call = database.run_now(held)
    database.run_now(lambda conn: beat(conn, "process-1", START))
    freed = await beat_and_sweep(database, "process-1", LATER, NOBODY)
    assert freed == []
    gone = LATER + SILENT_FOR
    freed = await beat_and_sweep(database, "process-2", gone, NOBODY)
    assert freed == [Swept(who, call, LEG, Outlived.PROCESS)]
    seen = database.run_now(lambda conn: last_seen(conn, ["process-1", "process-2"]))
    assert seen == {"process-1": LATER, "process-2": gone}
