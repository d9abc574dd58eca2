# SPDX-License-Identifier: EUPL-1.2
"""What the lab's telephones do, played on a line that only takes notes."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.telephony.switch import Ending
from lab.phones import (
    LONGEST_SECONDS,
    Answers,
    BadBehaviour,
    Behaviour,
    Busy,
    NeverAnswers,
    Rejects,
    Unreachable,
    Voicemail,
    behave,
    read_behaviour,
)


@dataclass
class Notes:
    """A line on which time passes only by waiting, and whose far end leaves at `gone_at`."""

    gone_at: float = math.inf
    now: float = 0.0
    done: list[str] = field(default_factory=list)
    over: bool = False
    silent_seconds: float = 0.0
    """How long after being picked up nothing is said on it."""

    @property
    def ended(self) -> bool:
        return self.over or self.now >= self.gone_at

    def _note(self, what: str) -> None:
        assert not self.ended, f"{what} on a line that is gone"
        self.done.append(f"{self.now:g} {what}")

    async def ring(self, seconds: float) -> None:
        self._note("ring")
        await self.wait(seconds)

    async def answer(self) -> None:
        self._note("answer")

    async def reject(self, ending: Ending) -> None:
        self._note(ending.value)
        self.over = True

    async def key(self, digits: str) -> None:
        self._note(f"key {digits}")

    async def wait(self, seconds: float) -> None:
        if not self.ended:
            self.now = min(self.now + seconds, self.gone_at)

    async def wait_spoken_to(self) -> None:
        await self.wait(self.silent_seconds)

    async def speak(self) -> None:
        self._note("speak")

    async def hang_up(self) -> None:
        self._note("hang up")
        self.over = True

    async def wait_hang_up(self) -> None:
        self.now = max(self.now, self.gone_at)


@pytest.mark.parametrize(
    ("behaviour", "done"),
    [
        (
            Answers(after_seconds=2, hears_seconds=3, keys="1", stays_seconds=4),
            ["0 ring", "2 answer", "2 speak", "5 key 1", "9 hang up"],
        ),
        (
            Answers(after_seconds=2, hears_seconds=3, keys="2"),
            ["0 ring", "2 answer", "2 speak", "5 key 2"],
        ),
        (Answers(after_seconds=1, speaks=False), ["0 ring", "1 answer"]),
        (NeverAnswers(), ["0 ring"]),
        (Busy(), ["0 busy"]),
        (Rejects(after_seconds=3), ["0 ring", "3 rejected"]),
        (Unreachable(), ["0 unreachable"]),
        (Voicemail(after_seconds=5, stays_seconds=40), ["0 ring", "5 answer", "5 speak"]),
    ],
)
async def test_each_behaviour_does_what_it_says(behaviour: Behaviour, done: list[str]) -> None:
    line = Notes(gone_at=30.0)
    await behave(behaviour, line)
    assert line.done == done
    assert line.ended


async def test_keys_are_pressed_so_long_after_the_first_word() -> None:
    line = Notes(silent_seconds=7.0)
    await behave(Answers(after_seconds=2, hears_seconds=3, keys="1", stays_seconds=4), line)
    assert line.done == ["0 ring", "2 answer", "2 speak", "12 key 1", "16 hang up"]


async def test_a_voicemail_hangs_up_by_itself() -> None:
    line = Notes()
    await behave(Voicemail(after_seconds=5, stays_seconds=40), line)
    assert line.done == ["0 ring", "5 answer", "5 speak", "45 hang up"]


async def test_a_phone_that_nobody_answers_gives_up_at_the_longest() -> None:
    line = Notes()
    await behave(NeverAnswers(), line)
    assert line.done == ["0 ring", f"{LONGEST_SECONDS:g} unreachable"]


_SECONDS = st.floats(0, 100)
_BEHAVIOURS: st.SearchStrategy[Behaviour] = st.one_of(
    st.builds(Answers, _SECONDS, _SECONDS, st.text("012#*", max_size=4), st.booleans(), _SECONDS),
    st.builds(NeverAnswers),
    st.builds(Busy),
    st.builds(Rejects, _SECONDS),
    st.builds(Unreachable),
    st.builds(Voicemail, _SECONDS, _SECONDS),
)


@given(_BEHAVIOURS, st.floats(0.001, 300))
async def test_nothing_is_done_on_a_line_that_is_gone(behaviour: Behaviour, gone: float) -> None:
    line = Notes(gone_at=gone)
    await behave(behaviour, line)  # `Notes` fails on anything done too late
    assert line.ended


def test_a_behaviour_is_read_from_toml() -> None:
    table = tomllib.loads('phone = {kind = "answers", after_seconds = 2, keys = "1"}')["phone"]
    assert read_behaviour(table) == Answers(after_seconds=2.0, keys="1")
    assert read_behaviour({"kind": "busy"}) == Busy()
    assert read_behaviour({"kind": "voicemail", "stays_seconds": 3}) == Voicemail(2.0, 3.0)


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({}, "kind is one of answers"),
        ({"kind": "sings"}, "this says 'sings'"),
        ({"kind": ["answers"]}, "kind is one of"),
        ({"kind": "busy", "after_seconds": 1}, "busy has no field 'after_seconds'"),
        ({"kind": "answers", "keys": "1a"}, "keys is text of 0-9"),
        ({"kind": "answers", "keys": 1}, "keys is text of 0-9"),
        ({"kind": "answers", "after_seconds": -1}, "between 0 and 3600"),
        ({"kind": "answers", "after_seconds": math.nan}, "between 0 and 3600"),
        ({"kind": "answers", "after_seconds": True}, "number of seconds"),
        ({"kind": "answers", "after_seconds": "2"}, "number of seconds"),
        ({"kind": "answers", "speaks": "yes"}, "speaks is true or false"),
    ],
)
def test_a_description_that_cannot_be_acted_out_is_refused(
    table: dict[str, object], why: str
) -> None:
    with pytest.raises(BadBehaviour, match=why):
        read_behaviour(table)
