# SPDX-License-Identifier: EUPL-1.2
"""The parts of a call's controller, put together: which of them works with which is read here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.conference.booked_hour import BookedHour
from bridge.conference.commands import SwitchCommands
from bridge.conference.happenings import Happenings
from bridge.conference.hunting.consent import Consent
from bridge.conference.hunting.relay import Hunts
from bridge.conference.legs import CallLeg
from bridge.conference.mailbox import Mailbox
from bridge.conference.memory import Memory
from bridge.conference.people.afterwards import Afterwards
from bridge.conference.people.by_key import ByKey
from bridge.conference.people.guard import DropGuard
from bridge.conference.people.guests import Guests
from bridge.conference.people.incoming import Incoming
from bridge.conference.people.leader import Leader
from bridge.conference.people.rings import Rings, Why
from bridge.conference.people.room import Room
from bridge.conference.people.turns import Turns
from bridge.conference.people.waiting import Waiting
from bridge.conference.ports import Ports
from bridge.conference.promise import CallBackPromise
from bridge.conference.record import CallRecord
from bridge.conference.settling import Settling
from bridge.telephony.switch import LegEvent
from bridge.vocabulary import LegId

_FOR_THE_LEADER = frozenset({Why.CALL_BACK, Why.BOOKED, Why.EXPIRED, Why.MIGRANT_RANG})


@dataclass(frozen=True, slots=True)
class Hooks:
    """What the parts tell the call that they are parts of."""

    happened: Callable[[LegEvent], None]
    """Something became of a leg."""
    adopt: Callable[[CallLeg], None]
    """The call has one leg more."""
    nobody_left: Callable[[], None]
    """Nobody is free now."""
    migrant_languages: Callable[[str], tuple[str, ...]]
    """The prompt languages in which to speak to a speaker of a language."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a call has besides its record and its mailbox."""

    hunts: Hunts
    consent: Consent
    rings: Rings
    waiting: Waiting
    room: Room
    leader: Leader
    promise: CallBackPromise
    booked_hour: BookedHour
    incoming: Incoming
    settling: Settling
    by_key: ByKey
    happenings: Happenings
    memory: Memory


def assemble(ports: Ports, record: CallRecord, mailbox: Mailbox, hooks: Hooks) -> Parts:
    """Make the parts of one call, each from those it works with."""
    adopt = hooks.adopt
    commands = SwitchCommands(ports, mailbox, hooks.happened, record.legs.is_open)
    hunts = Hunts(ports, record, commands, mailbox, adopt=adopt, nobody_left=hooks.nobody_left)
    rings = Rings(ports, record, commands, mailbox, adopt=adopt, wanted=record.awaits)
    waiting = Waiting(record, commands)
    room = Room(record, commands, rings, waiting, migrant_languages=hooks.migrant_languages)
    turns = Turns(record, commands, hunts, room, waiting)
    leader = Leader(ports, record, commands, rings, hunts, waiting, end=turns.end)
    promise = CallBackPromise(ports, record, mailbox, leader, end=turns.end)
    guests = Guests(ports, record, rings, room)
    guard = DropGuard(record, rings, room, ports.roster, end=turns.end, replace=turns.replace)
    settling = Settling(
        record, commands, hunts, rings, room, leader, waiting, guard, turns, promise
    )  # fmt: skip

    def resume_ring(leg: LegId, why: Why) -> None:
        found = record.legs.get(leg)
        if found is not None and why is Why.DROPPED:
            guard.resume(found)
        elif why is Why.INVITED:
            room.resume(leg)
        elif why in _FOR_THE_LEADER:
            leader.resume(leg, why)
        elif why in (Why.CALLED, Why.ADDED):
            guests.resume(leg, why)

    return Parts(
        hunts=hunts,
        consent=Consent(record, mailbox, hunts),
        rings=rings,
        waiting=waiting,
        room=room,
        leader=leader,
        promise=promise,
        booked_hour=BookedHour(ports, record, hunts, leader, end=turns.end),
        incoming=Incoming(
            ports, record, commands, mailbox, hunts, rings, leader, waiting, adopt=adopt
        ),
        settling=settling,
        by_key=ByKey(
            record, mailbox, room, waiting, turns, settling, guests, Afterwards(ports, record)
        ),
        happenings=Happenings(record, hunts, rings, room, settling),
        memory=Memory(ports, record, hunts, rings, promise, adopt=adopt, resume_ring=resume_ring),
    )
