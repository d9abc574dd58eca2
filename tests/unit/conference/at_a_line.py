# SPDX-License-Identifier: EUPL-1.2
"""A line with its real hours, languages and services, at a moment of choice; and who rings it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import Connection

from bridge.callers.keys import CallerKeys
from bridge.callers.store import language_of
from bridge.calllog.model import Event, EventKind
from bridge.hours.directory import load_directory
from bridge.operators import store as operators
from bridge.telephony.simulated_line import SimulatedLine
from bridge.vocabulary import LanguageTag, PhoneNumber
from lab.phones import Answers
from tests.storage_samples import PEPPER
from tests.unit.conference.world import LINE, UKRAINIAN, World

MIGRANT = "+351960000001"
OPERATOR = "+351910000901"
MONDAY_10 = datetime(2026, 11, 23, 10, tzinfo=UTC)
SUNDAY_NIGHT = datetime(2026, 11, 22, 23, tzinfo=UTC)
REAL = load_directory()
BEJA = REAL.service("cnaim-beja").numbers[0].e164
UKRAINIAN_KEY = str(REAL.lines[0].languages.index(UKRAINIAN) + 1)
STAYS = Answers(after_seconds=1.0, hears_seconds=0.5, keys="1")


@asynccontextmanager
async def at(
    start: datetime = MONDAY_10, *, operator_on_duty: bool = False
) -> AsyncIterator[World]:
    """A world with the real hours, at a moment of choice."""
    made = World(start=start, operator_on_duty=operator_on_duty, directory=REAL)
    await made.start_bridge()
    try:
        yield made
    finally:
        await made.calls.stop()
        made.switch.close()
        await made.database.dispose()


def rings(w: World, *keys: str, number: str = MIGRANT, pause: float = 5.0) -> SimulatedLine:
    """Somebody rings and keys these, each after having listened for a while."""

    async def telephone(line: SimulatedLine) -> None:
        for entry in keys:
            await line.wait(pause)
            await line.key(entry)

    return w.switch.call(number, LINE, telephone)


def said(w: World, line: SimulatedLine) -> list[str]:
    return w.switch.spoken.get(line.leg, [])


def found(w: World, kind: EventKind, call: int = 0) -> Event:
    ids = w.call_ids()
    return next(one for one in w.events(ids[call]) if one.kind is kind)


def on_duty(w: World, *languages: LanguageTag) -> None:
    def work(conn: Connection) -> None:
        who = operators.add(conn, "Operadora de Teste", PhoneNumber(OPERATOR), languages)
        operators.set_duty(conn, who, on_duty=True)

    w.database.run_now(work)


def language_remembered(w: World, number: str = MIGRANT) -> LanguageTag | None:
    key = CallerKeys(PEPPER).caller(PhoneNumber(number))
    return w.database.run_now(lambda conn: language_of(conn, key))
