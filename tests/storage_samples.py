# SPDX-License-Identifier: EUPL-1.2
"""Rows for tests of the stores. Numbers follow the demo's fictional scheme."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from argon2 import PasswordHasher
from sqlalchemy import Connection

from bridge.agencies.model import Technician
from bridge.agencies.secrets import PinHasher
from bridge.agencies.store import find_credential
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference.store import open_call
from bridge.roster.model import Presence
from bridge.roster.store import add_interpreter
from bridge.vocabulary import (
    CallId,
    InterpreterId,
    LanguageTag,
    LegId,
    PhoneNumber,
    new_call_id,
)

START = datetime(2024, 3, 4, 9, 0, 0, 123456, tzinfo=UTC)
PEPPER = "a pepper that exists for tests only, long enough"


def quick_hasher(pepper: str = PEPPER) -> PinHasher:
    """The real hasher with Argon2 at its cheapest, for tests that hash many PINs."""
    hasher = PinHasher(pepper)
    hasher._argon2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return hasher


def number(place: int) -> PhoneNumber:
    return PhoneNumber.parse(f"+351910000{place:03d}")


def make_interpreter(
    conn: Connection,
    place: int,
    languages: Iterable[str] = ("uk",),
    presence: Presence = Presence.AVAILABLE,
) -> InterpreterId:
    tags = [LanguageTag(tag) for tag in languages]
    return add_interpreter(
        conn, f"Person {place}", number(place), tags, presence=presence, vetted=True
    )


def identified(conn: Connection, code: str, pin: str, hasher: PinHasher) -> Technician | None:
    """Whose code and PIN these are, by the rows alone: no try is counted, nobody is locked out."""
    found = find_credential(conn, hasher.lookup(code, pin))
    proved = hasher.verify(None if found is None else found.pin_hash, code, pin)
    return found.technician if found is not None and proved else None


def make_call(conn: Connection, at: datetime = START) -> CallId:
    call = new_call_id()
    open_call(conn, call, "218106191", at, "process-1")
    return call


def make_event(
    call: CallId,
    kind: EventKind = EventKind.LATE,
    at: datetime = START,
    leg: str | None = None,
    **data: Scalar,
) -> Event:
    return Event(call, kind, at, None if leg is None else LegId(leg), data)
