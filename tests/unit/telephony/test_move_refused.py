# SPDX-License-Identifier: EUPL-1.2
"""What Asterisk says when a leg cannot be moved, and what that means to us."""

from __future__ import annotations

import pytest

from bridge.clock import SystemClock
from bridge.settings import AsteriskSettings
from bridge.telephony.asterisk.ami import AmiRefused
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.asterisk.switch import AsteriskSwitch
from bridge.telephony.switch import (
    Conversation,
    ConversationName,
    HangUp,
    Next,
    NoSuchLeg,
    SwitchError,
)
from bridge.vocabulary import LegId

LEG = LegId("technician-1")


async def refused(answer: str) -> type[SwitchError]:
    """What is raised when Asterisk answers so."""

    async def handler(conversation: Conversation) -> Next:
        return HangUp()

    async def act(name: str, *headers: tuple[str, str], seconds: float | None = None) -> Frame:
        raise AmiRefused(answer)

    switch = AsteriskSwitch(AsteriskSettings(), handler, SystemClock(), lambda prompt, _: prompt)
    switch._act = act  # type: ignore[method-assign]
    with pytest.raises(SwitchError) as error:
        await switch.converse(LEG, ConversationName.GOODBYE)
    return type(error.value)


@pytest.mark.parametrize(
    "answer",
    [
        "Channel does not exist: technician-1",
        # The channel is there for a moment yet, and being hung up.
        "Redirect failed, channel not up.",
    ],
)
async def test_a_leg_that_is_gone_or_just_going(answer: str) -> None:
    assert await refused(answer) is NoSuchLeg


async def test_anything_else() -> None:
    assert await refused("Permission denied") is SwitchError
