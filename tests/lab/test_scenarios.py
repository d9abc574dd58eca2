# SPDX-License-Identifier: EUPL-1.2
"""Every scenario of ``lab/scenarios``, on two real Asterisks and a real bridge process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.telephony.gate import permit
from lab.installation import Installation
from lab.runner import play
from lab.scenario import OPERATOR_NUMBER, Scenario
from lab.scenario_file import load_scenarios

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def installation(directory: Path) -> AsyncIterator[Installation]:
    made = Installation(directory, operator=permit(OPERATOR_NUMBER))
    await made.start()
    yield made
    await made.stop()


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda one: one.name)
async def test_scenario(scenario: Scenario, installation: Installation) -> None:
    problems = await play(scenario, installation)
    assert not problems, "\n".join([scenario.title, *problems])
