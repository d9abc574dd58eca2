# SPDX-License-Identifier: EUPL-1.2
"""A story on a machine that stands still again and again, for seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge.calllog.model import EventKind
from lab.installation import READY, Installation
from lab.runner import play, until
from lab.scenario_file import SCENARIOS, load_scenario

STILL_SECONDS = 4.0
"""Less than the 5 s that a request to Asterisk waits for its answer: after those the bridge rightly
takes a telephone for one that was not rung, and rings it again later.
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
