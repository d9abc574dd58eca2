# SPDX-License-Identifier: EUPL-1.2
"""What an interpreter who rings the line is told of the own windows of today."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from bridge.conversations.interpreter_answers import InterpreterAnswers
from bridge.hours.localtime import LISBON
from bridge.hours.model import Weekday, Window
from bridge.ivr.presence_model import IdentifyInterpreter, InterpreterKnown
from bridge.roster.windows_store import set_windows
from bridge.storage.inline import InlineDatabase
from bridge.vocabulary import InterpreterId
from tests.storage_samples import make_interpreter


class Clock:
    """It is always this moment."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


class Believes:
    """Takes everybody's word for who they are."""

    def __init__(self, who: InterpreterId) -> None:
        self._who = who

    async def identify(self, _pin: str) -> InterpreterId:
        return self._who


@pytest.mark.parametrize("moment", ["00:30", "01:30", "12:00", "23:10", "23:59"])
@pytest.mark.parametrize(
    "day",
    [
        *(date(2026, 10, 24), date(2026, 10, 25), date(2026, 10, 26)),
        *(date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)),
    ],
    ids=str,
)
async def test_todays_windows_are_those_of_the_day_on_the_wall(day: date, moment: str) -> None:
    at = datetime.combine(day, time.fromisoformat(moment), LISBON).astimezone(UTC)
    database = InlineDatabase()
    who = database.run_now(lambda conn: make_interpreter(conn, 1))
    windows = [Window(frozenset(Weekday), time(9), time(18), on_holidays=True)]
    database.run_now(lambda conn: set_windows(conn, who, windows))
    answers = InterpreterAnswers(
        database,
        Clock(at),
        Believes(who),  # type: ignore[arg-type]
        identified=lambda _: None,
        share=lambda _: None,
    )
    known = await answers.consult(IdentifyInterpreter("0000"))
    assert isinstance(known, InterpreterKnown)
    told = [(start.astimezone(LISBON), end.astimezone(LISBON)) for start, end in known.windows]
    nine, six = (datetime.combine(day, time(hour), LISBON) for hour in (9, 18))
    assert told == [(nine, six)]
