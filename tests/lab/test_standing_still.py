# SPDX-License-Identifier: EUPL-1.2
"""Stories on a machine that stands still for seconds, all of it or Asterisk alone."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.calllog.model import EventKind
from bridge.roster.waves import OVERLAP_AFTER
from lab.installation import READY, Installation
from lab.runner import play, until
from lab.scenario_file import SCENARIOS, load_scenario

STILL_SECONDS = 6.0
"""More than the 5 s that a request to Asterisk waits for its answer, so that some rings are asked
for without one.
"""
BEFORE_THE_SEVENTH = OVERLAP_AFTER - 0.4
"""Seconds after the first six have begun to ring. Just before the seventh is asked for: when a link
is lost, Asterisk still does what it was told before the first Ping that it answers in vain.
"""
SILENCE_SECONDS = 20
"""So long a telephone may be silent; whoever stands still is."""
AFTER = (
    (EventKind.IDENTIFIED, 1),
    (EventKind.OFFER_RINGING, 1),
    (EventKind.OFFERED, 2),
    (EventKind.OFFER_ANSWERED, 1),
    (EventKind.ROOM_COMPLETE, 1),
)
"""The machine stands still as soon as these have happened so many times."""


@pytest.mark.parametrize(
    "still",
    [
        pytest.param(6.8, id="the answer comes late"),
        pytest.param(13.0, id="the link is lost before"),
    ],
)
async def test_who_is_rung_while_asterisk_stands_still_answers_in_time(
    tmp_path: Path, still: float
) -> None:
    """A seventh telephone joins after the first six have rung for seven seconds.

    The six ring for longer than usual, so that none has rung out when Asterisk goes on.
    """
    at = Installation(tmp_path, silence_seconds=SILENCE_SECONDS)
    await at.start()
    try:
        async with asyncio.TaskGroup() as together:
            story = replace(load_scenario(SCENARIOS / "second_wave.toml"), ring_seconds=40.0)
            playing = together.create_task(play(story, at))
            standing = together.create_task(_asterisk_stands_still(at, BEFORE_THE_SEVENTH, still))
            playing.add_done_callback(lambda _: standing.cancel())
    finally:
        await at.stop()
    played = playing.result()
    assert not played.problems, "\n".join([*played.problems, played.story])
    assert "no answer yet whether a telephone rings" in at.log_file.read_text()


async def _asterisk_stands_still(at: Installation, after: float, seconds: float) -> None:
    await until(lambda: at.log_file.exists() and READY in at.log_file.read_text())
    await _until_happened(at, EventKind.OFFER_RINGING, 6)
    await asyncio.sleep(after)
    os.kill(at.pbx.pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        os.kill(at.pbx.pid, signal.SIGCONT)


async def test_a_story_goes_on_where_the_machine_stood_still(tmp_path: Path) -> None:
    at = Installation(tmp_path, silence_seconds=SILENCE_SECONDS)
    stood: list[EventKind] = []
    await at.start()
    try:
        async with asyncio.TaskGroup() as together:
            story = load_scenario(SCENARIOS / "second_accepts.toml")
            playing = together.create_task(play(story, at))
            standing = together.create_task(_stand_still(at, stood))
            playing.add_done_callback(lambda _: standing.cancel())
    finally:
        await at.stop()
    played = playing.result()
    assert not played.problems, "\n".join([*played.problems, played.story])
    assert stood == [kind for kind, _ in AFTER]


async def _stand_still(at: Installation, stood: list[EventKind]) -> None:
    await until(lambda: at.log_file.exists() and READY in at.log_file.read_text())
    for kind, count in AFTER:
        await _until_happened(at, kind, count)
        at.stand_still(STILL_SECONDS)
        stood.append(kind)


async def _until_happened(at: Installation, kind: EventKind, count: int) -> None:
    def times() -> int:
        events = (stored.event for call, _ in at.calls() for stored in at.events(call))
        return sum(event.kind is kind for event in events)

    await until(lambda: times() >= count)
