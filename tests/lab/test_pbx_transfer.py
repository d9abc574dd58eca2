# SPDX-License-Identifier: EUPL-1.2
"""Callers whom the PBX puts through to a number that the bridge names, or does not."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.telephony.asterisk.config import PbxPlan
from lab.asterisk import AsteriskInstall
from tests.lab.bare_pbx import CALLER, SERVICE, Agi, bridge, pbx_address, running
from tests.lab.sip_probe import SipProbe, probe


@contextlib.asynccontextmanager
async def putting_through(
    install: AsteriskInstall, plan: PbxPlan, folder: Path, number: str, *, again: bool = False
) -> AsyncIterator[tuple[SipProbe, list[dict[str, str]]]]:
    """A caller whom the bridge puts through to this, once or each time they come back."""

    async def talk(leg: dict[str, str], agi: Agi) -> None:
        if again or not leg["agi_request"].endswith("/back"):
            await agi.say(f'SET VARIABLE BRIDGE_NUMBER "{number}"')
            await agi.say("SET VARIABLE BRIDGE_NEXT transfer")
        else:
            await agi.say("SET VARIABLE BRIDGE_NEXT hangup")

    async with (
        running(install, plan, folder),
        bridge(plan, talk) as legs,
        probe("127.0.0.1", plan.trunk_port, pbx_address(plan)) as phone,
    ):
        yield phone, legs


async def test_caller_is_put_through_with_our_number_and_for_a_limited_time(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    plan = dataclasses.replace(plan, longest_transfer_seconds=2)
    async with putting_through(install, plan, tmp_path, SERVICE) as (phone, legs):
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert len(legs) == 1, "answered and over: nobody is asked again"
        assert [f"sip:{SERVICE}@" in invite.splitlines()[0] for invite in phone.invites] == [True]
        assert plan.caller_id in phone.invites[0]
        assert CALLER not in phone.invites[0]


async def test_caller_whom_nobody_answers_comes_back_to_the_bridge_as_who_they_were(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with putting_through(install, plan, tmp_path, SERVICE) as (phone, legs):
        phone.picks_up = False
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert len(phone.invites) == 1
        assert [leg["agi_request"].rpartition("/")[2] for leg in legs] == ["line", "back"]
        assert legs[0]["agi_uniqueid"] == legs[1]["agi_uniqueid"]
        assert legs[1]["agi_callerid"] == CALLER
        assert legs[1]["agi_dnid"] == "218106191"


async def test_nobody_is_put_through_without_end(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path
) -> None:
    async with putting_through(install, plan, tmp_path, SERVICE, again=True) as (phone, legs):
        phone.picks_up = False
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(60):
            await phone.hung_up.wait()
        assert 2 <= len(phone.invites) <= 6
        assert len(legs) == len(phone.invites) + 1


@pytest.mark.parametrize(
    "number", ["", f"{SERVICE}&PJSIP/+351910000001", "${OPERATOR}", "+351 96", "112@x", "0;x"]
)
async def test_what_is_no_plain_number_is_not_dialled_at_all(
    install: AsteriskInstall, plan: PbxPlan, tmp_path: Path, number: str
) -> None:
    async with putting_through(install, plan, tmp_path, number) as (phone, legs):
        await phone.call("218106191", caller=CALLER)
        async with asyncio.timeout(30):
            await phone.hung_up.wait()
        assert phone.invites == []
        assert legs[-1]["agi_request"].endswith("/line/back")
