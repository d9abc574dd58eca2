# SPDX-License-Identifier: EUPL-1.2
"""What a played scenario turned out to be: what is not as expected, and how long things took."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from bridge.agencies.model import FieldName
from bridge.bookings.rows import booking
from bridge.calllog.model import Event, EventKind
from bridge.conference.fields_store import fields_of
from bridge.conference.store import call
from bridge.roster.model import Presence
from bridge.roster.people_store import load_person
from bridge.vocabulary import InterpreterId, Role
from lab.audio import ROLE_TONES, hears, read_wav
from lab.installation import PROMPTS
from lab.leg import PhoneLeg
from lab.likeness import ALIKE, likeness
from lab.network import Arrival
from lab.scenario import HearEachOther

LISTENED = (0.5, 2.0)
"""Voices are listened to in this stretch of seconds; the first half second is left to the tones'
beginning and to the room's mixing."""
CLEARING_SECONDS = 10.0
"""How long after the last hang-up the PBX may take to be empty."""


@dataclass(frozen=True, slots=True)
class Played:
    """One playing of a scenario."""

    problems: tuple[str, ...]
    """What was expected and is not true, as sentences; none when all is well."""
    figures: Mapping[str, float]
    """How long things took, in milliseconds, by what they are."""
    story: str
    """What happened, for whoever has to find out why."""


async def who_hears_whom(
    expected: HearEachOther, legs: Mapping[str, tuple[PhoneLeg, Role]]
) -> list[str]:
    """Who should hear whom now, and does not; or should not, and does.

    `legs` says for each of them on which leg they are, and whose tone they speak with.
    """
    sounds = await asyncio.gather(*(leg.listen(LISTENED[1]) for leg, _ in legs.values()))
    heard = dict(zip(legs, sounds, strict=True))

    def judge() -> list[str]:
        problems = []
        for listener, speaker, wanted in expected.pairs():
            if heard[listener].seconds < LISTENED[1]:
                problems.append(f"the {listener}'s call was over while they were listened to")
                continue
            found = hears(heard[listener], ROLE_TONES[legs[speaker][1]], *LISTENED)
            if found is not wanted:
                does = "hears" if found else "does not hear"
                problems.append(f"the {listener} {does} the {speaker}")
        return problems

    # Seconds of arithmetic on a busy machine: the telephones of stories that are still being
    # played beside this one, in the same event loop, must not stand still meanwhile.
    return await asyncio.to_thread(judge)


async def prompts_missed(role: Role, prompts: Iterable[str], legs: Iterable[PhoneLeg]) -> list[str]:
    """Which prompts (``pt/lost-migrant``) were heard on none of these legs, as sentences."""
    tapes = []
    for leg in legs:
        await leg.hang_up()
        if leg.answered_at is not None:
            tapes += [*await leg.heard_in_pieces(), read_wav((await leg.heard()).path)]

    def listen() -> list[str]:
        problems = []
        for prompt in prompts:
            known = read_wav(PROMPTS / f"{prompt}.wav")
            best = max((likeness(tape, known) for tape in tapes), default=0.0)
            if best < ALIKE:
                problems.append(f"the {role} does not hear {prompt} (likeness {best:.2f})")
        return problems

    return await asyncio.to_thread(listen)


def presences_missed(
    conn: Connection, wanted: Mapping[InterpreterId, tuple[str, Presence]]
) -> list[str]:
    """Whose presence is not what it should be, as sentences."""
    problems = []
    for who, (name, presence) in wanted.items():
        person = load_person(conn, who)
        if person is None or person.presence.state is not presence:
            problems.append(f"{name} is not {presence}")
    return problems


def fields_missed(conn: Connection, wanted: Mapping[FieldName, str]) -> list[str]:
    """Which keyed fields of an agency are not kept as they should be, as sentences."""
    kept = {
        name: value
        for which in conn.execute(select(call.c.id)).scalars()
        for name, value in fields_of(conn, which).items()
    }
    return [f"{name} is not kept" for name, value in wanted.items() if kept.get(name) != value]


async def left_behind(ask: Callable[[str], Awaitable[str]]) -> list[str]:
    """Which channels and rooms the PBX still has when everybody has hung up, as sentences.

    `ask` puts a command to its console.
    """
    deadline = asyncio.get_running_loop().time() + CLEARING_SECONDS
    while True:
        channels = (await ask("core show channels concise")).strip()
        rooms = [line for line in (await ask("confbridge list")).splitlines() if "room-" in line]
        if not channels and not rooms:
            return []
        if asyncio.get_running_loop().time() > deadline:
            who = channels.splitlines() + rooms
            return [f"the PBX is not empty afterwards: {line}" for line in who]
        await asyncio.sleep(0.1)


def dialled_at_the_wrong_time(conn: Connection) -> list[str]:
    """Bookings that were dialled before their hour, as sentences."""
    rows = conn.execute(select(booking.c.id, booking.c.starts_at, booking.c.dialled_at))
    return [
        f"booking {row.id} was dialled before its time"
        for row in rows
        if row.dialled_at is not None and row.dialled_at < row.starts_at
    ]


def how_long(
    conn: Connection, calls: Sequence[Sequence[Event]], arrivals: Sequence[Arrival]
) -> dict[str, float]:
    """How long things took that depend on nobody's patience, in milliseconds."""
    figures: dict[str, float] = {}
    together = sorted((event for events in calls for event in events), key=lambda one: one.at)
    freed = _freed_to_offered(together)
    invites = [one.at for one in arrivals]
    if freed is not None:
        ended, offered = freed
        invite = next((at for at in invites if at >= offered - 0.002), None)
        if invite is not None:
            figures["interpreter's leg ends, to the waiting caller's INVITE"] = invite - ended
    for row in conn.execute(select(booking.c.starts_at, booking.c.dialled_at)):
        if row.dialled_at is not None:
            late = (row.dialled_at - row.starts_at).total_seconds()
            figures["booked time, to dialling"] = late
    return {name: round(seconds * 1000, 1) for name, seconds in figures.items()}


def _freed_to_offered(events: Sequence[Event]) -> tuple[float, float] | None:
    """When an interpreter's leg ended, and when a call that waited offered them next."""
    waiting = {event.call for event in events if event.kind is EventKind.NOBODY_AVAILABLE}
    ended: float | None = None
    for event in events:
        if event.kind is EventKind.LEG_ENDED and event.data.get("role") == Role.INTERPRETER:
            ended = event.at.timestamp()
        if event.kind is EventKind.OFFERED and event.call in waiting and ended is not None:
            return ended, event.at.timestamp()
    return None
