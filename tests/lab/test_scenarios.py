# SPDX-License-Identifier: EUPL-1.2
"""Every scenario of ``lab/scenarios``, on real Asterisks and a real bridge process.

Most of a scenario is waiting, so four are played at a time, each on an installation of its own.
How long things took is logged: ``--log-cli-level=INFO`` shows it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from typing import cast

import pytest
import pytest_asyncio

from bridge.telephony.gate import permit
from lab.installation import Installation
from lab.runner import play
from lab.scenario import OPERATOR_NUMBER, Scenario
from lab.scenario_file import load_scenarios
from lab.verdict import Played

AT_A_TIME = 4
SILENCE_SECONDS = 20
"""The lab's telephones send all the time, so one that does not may be given up sooner; but not so
soon that a machine which stands still for some seconds loses every call on it.
"""

pytestmark = pytest.mark.asyncio(loop_scope="module")

Playing = Mapping[str, asyncio.Task[Played]]
log = logging.getLogger(__name__)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Playing]:
    """What becomes of each scenario whose test was chosen, while others are still played."""
    chosen = [
        cast("Scenario", item.callspec.params["scenario"])
        for item in request.session.items
        if item.path == request.path and isinstance(item, pytest.Function)
    ]
    installations = [
        Installation(
            tmp_path_factory.mktemp("s"),
            operator=permit(OPERATOR_NUMBER),
            silence_seconds=SILENCE_SECONDS,
        )
        for _ in range(min(AT_A_TIME, len(chosen)))
    ]
    free: asyncio.Queue[Installation] = asyncio.Queue()
    plays: dict[str, asyncio.Task[Played]] = {}
    try:
        for one in installations:
            await one.start()
            free.put_nowait(one)
        plays |= {one.name: asyncio.create_task(_when_free(one, free)) for one in chosen}
        yield plays
    finally:
        for task in plays.values():
            task.cancel()
        await asyncio.gather(*plays.values(), return_exceptions=True)
        await asyncio.gather(*(one.stop() for one in installations))


async def _when_free(scenario: Scenario, free: asyncio.Queue[Installation]) -> Played:
    installation = await free.get()
    try:
        return await play(scenario, installation)
    finally:
        free.put_nowait(installation)


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda one: one.name)
async def test_scenario(scenario: Scenario, playing: Playing) -> None:
    played = await playing[scenario.name]
    for what, milliseconds in played.figures.items():
        log.info("%s: %s ms", what, milliseconds)
    assert not played.problems, "\n".join([scenario.title, *played.problems, played.story])
