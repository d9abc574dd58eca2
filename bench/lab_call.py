# SPDX-License-Identifier: EUPL-1.2
"""How long people wait for the bridge itself, measured in real calls over real SIP.

One installation of the laboratory, calls one after the other, in two series. In the first, one
telephone rings after the other (`STT_POLICY=longest_idle`): a technician keys a whole request, the
first interpreter refuses and the second accepts; then another technician asks for a language whose
only interpreter lets it ring, and gives up. In the second, the default policy's first wave is
timed: a technician asks for a language that several interpret, and gives up while the wave rings.
``python -m bench.lab_call --json`` prints, as its last line, the machine, the figures in
milliseconds and their ratio to what Asterisk takes for the same without us.

The interpreters take one call after the other here: no pause after a call, no limit within an hour
or a day.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from bench.machine import machine
from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.calllog.model import Event, EventKind
from bridge.languages.model import load_languages
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.roster.people import Limits
from bridge.roster.people_store import set_limits
from bridge.telephony.asterisk.ami import AmiLink
from bridge.vocabulary import LanguageTag, PhoneNumber
from lab import ending
from lab.installation import LINE, Installation
from lab.leg import PhoneLeg
from lab.phones import Answers, Busy, NeverAnswers
from lab.runner import until
from lab.scenario import AGENCY_CODE, PIN

TECHNICIANS = tuple(f"+35121000070{place}" for place in range(1, 5))
"""The telephones of one agency, from which they ring in turn: no single one rings too often."""
REFUSING, ACCEPTING, RINGING, NOBODY = (f"+35191000070{place}" for place in range(1, 5))
"""Telephones: two interpreters of one language, the only one of another, and nobody's."""
MANY = tuple(f"+35191000071{place}" for place in range(1, 7))
"""Telephones of the interpreters of a third language, who let it ring."""
ANSWERED, RUNG_ON, RUNG_TOGETHER = LanguageTag("uk"), LanguageTag("ro"), LanguageTag("ar")
TIRELESS = Limits(
    wrap_up=timedelta(0), consecutive_minutes=1e6, daily_minutes=1e6, offers_an_hour=1_000_000
)
PATIENCE_SECONDS = 60.0

KEY_TO_INVITE = "last key to the first offer's INVITE"
KEY_TO_WAVE = "default policy: last key to its wave's first INVITE"
KEY_TO_WHOLE_WAVE = "default policy: last key to its wave's last INVITE"
REFUSAL_TO_INVITE = "refusal to the next INVITE"
ACCEPT_TO_ROOM = "acceptance to both in the room"
HANG_UP_TO_CANCEL = "technician hangs up to the offer's end"
PING = "baseline: AMI Ping and its answer"
ORIGINATE = "baseline: AMI Originate to its INVITE"
REPORTED = "baseline: hang-up to Asterisk's report"
RATIO_TO = {
    KEY_TO_INVITE: ORIGINATE,
    KEY_TO_WAVE: ORIGINATE,
    REFUSAL_TO_INVITE: ORIGINATE,
    ACCEPT_TO_ROOM: PING,
    HANG_UP_TO_CANCEL: REPORTED,
}
"""What Asterisk alone takes for what each of ours has to wait for."""


@dataclass(slots=True)
class Bench:
    """One series of calls on one installation; `took` grows with each."""

    at: Installation
    took: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds, by what they measure."""
    wave_phones: list[int] = field(default_factory=list)
    """How many telephones each first wave of the default policy rang."""

    async def prepare(self) -> None:
        """Start everything but the bridge."""
        await self.at.start()
        network = self.at.network
        network.phone(REFUSING, Answers(after_seconds=0.1, hears_seconds=0.3, keys="2"))
        network.phone(ACCEPTING, Answers(after_seconds=0.1, hears_seconds=0.3, keys="1"))
        for number in (RINGING, *MANY):
            network.phone(number, NeverAnswers())
        network.phone(NOBODY, Busy())

    async def serve(self, policy: str) -> None:
        """Start the bridge with this policy, on a roster that nobody has rung yet."""
        await self.at.stop_bridge()
        self.at.settings["STT_POLICY"] = policy
        await self.at.new_database(self._fill)
        await self.at.start_bridge()

    def _fill(self, conn: Connection) -> None:
        hasher = self.at.hasher
        agency = agencies.add_agency(conn, AGENCY_CODE, "Hospital do Ensaio", AgencyKind.HEALTH)
        for number in TECHNICIANS:
            agencies.add_number(conn, PhoneNumber.parse(number), agency.id)
        agencies.add_technician(
            conn,
            agency,
            "Técnica do Ensaio",
            pin_lookup=hasher.lookup(AGENCY_CODE, PIN),
            pin_hash=hasher.hash(AGENCY_CODE, PIN),
        )
        now = datetime.now(UTC)
        people = [(REFUSING, ANSWERED), (ACCEPTING, ANSWERED), (RINGING, RUNG_ON)]
        people += [(number, RUNG_TOGETHER) for number in MANY]
        for place, (number, language) in enumerate(people):
            who = roster.add_interpreter(
                conn,
                f"Intérprete {place + 1}",
                PhoneNumber.parse(number),
                [language],
                presence=Presence.AVAILABLE,
                vetted=True,
            )
            # The longest idle is rung first; whoever refuses stays so.
            roster.mark_call_ended(conn, who, now - timedelta(hours=24 - place))
            set_limits(conn, who, TIRELESS)

    # --- what is measured ----------------------------------------------------------------------

    async def baseline(self, count: int) -> None:
        """What Asterisk takes by itself, without the bridge."""
        host, port, user, secret = self.at.manager("bridge-writer")
        link = AmiLink(host, port, user, secret, on_event=lambda _: None, events=False)
        await link.start()
        try:
            for number in range(count):
                began = time.time()
                await link.action("Ping")
                self._note(PING, time.time() - began)
                arrived = len(self.at.network.arrivals)
                began = time.time()
                await link.action(
                    "Originate",
                    [
                        ("Channel", f"PJSIP/{NOBODY}@carrier"),
                        *(("Context", "legs"), ("Exten", "offer"), ("Priority", "1")),
                        *(("ChannelId", f"bench-{number}"), ("Async", "true")),
                    ],
                )
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await until(lambda known=arrived: len(self.at.network.arrivals) > known)  # type: ignore[misc]
                self._note(ORIGINATE, self.at.network.arrivals[-1].at - began)
                await self.at.network.legs_of(NOBODY)[-1].wait_hang_up(PATIENCE_SECONDS)
        finally:
            await link.stop()

    async def accepted_second(self) -> None:
        """A call in which the first interpreter refuses and the second accepts."""
        technician, arrived = await self._request(ANSWERED)
        await self._happened(EventKind.ROOM_COMPLETE)
        events, arrivals = self._events(), self.at.network.arrivals[arrived:]
        if [one.number for one in arrivals] != [REFUSING, ACCEPTING]:
            raise RuntimeError("the interpreters were not rung in the order of the roster")
        entered = max(_moments(events, EventKind.ROOM_ENTERED))
        self._note(KEY_TO_INVITE, arrivals[0].at - _moments(events, EventKind.REQUESTED)[0])
        self._note(REFUSAL_TO_INVITE, arrivals[1].at - _moments(events, EventKind.OFFER_REFUSED)[0])
        self._note(ACCEPT_TO_ROOM, entered - _moments(events, EventKind.OFFER_ACCEPTED)[0])
        await technician.hang_up()
        await self._happened(EventKind.CALL_ENDED)
        await self.at.network.legs_of(ACCEPTING)[-1].wait_hang_up(PATIENCE_SECONDS)

    async def given_up(self) -> None:
        """A call whose technician gives up while an interpreter is rung."""
        technician, _ = await self._request(RUNG_ON)
        await self._happened(EventKind.OFFER_RINGING)
        offered = self.at.network.legs_of(RINGING)[-1]
        began = time.time()
        await technician.hang_up()
        await offered.wait_hang_up(PATIENCE_SECONDS)
        if offered.ended_at is None or offered.answered_at is not None:
            raise RuntimeError("the interpreter's telephone did not ring until the end")
        self._note(HANG_UP_TO_CANCEL, offered.ended_at - began)
        await self._happened(EventKind.CALL_ENDED)
        told = next(one for one in self._events() if one.kind is EventKind.LEG_ENDED)
        self._note(REPORTED, told.at.timestamp() - began)

    async def wave(self) -> None:
        """A call for which the policy rings a wave; its technician gives up while it rings."""
        technician, arrived = await self._request(RUNG_TOGETHER)
        asked = next(one for one in self._events() if one.kind is EventKind.REQUESTED)
        offered = len(_moments(self._events(), EventKind.OFFERED))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(self.at.network.arrivals) >= arrived + offered)
        arrivals = [one.at for one in self.at.network.arrivals[arrived : arrived + offered]]
        self._note(KEY_TO_WAVE, min(arrivals) - asked.at.timestamp())
        self._note(KEY_TO_WHOLE_WAVE, max(arrivals) - asked.at.timestamp())
        self.wave_phones.append(offered)
        await technician.hang_up()
        await self._happened(EventKind.CALL_ENDED)
        for leg in self.at.network.legs:
            await leg.wait_hang_up(PATIENCE_SECONDS)

    async def _request(self, wanted: LanguageTag) -> tuple[PhoneLeg, int]:
        """Ring and key a whole request; the leg, and how many INVITEs there were before."""
        arrived, calls = len(self.at.network.arrivals), len(self.at.calls())
        code = next(one.code for one in load_languages() if one.tag == wanted)
        number = TECHNICIANS[calls % len(TECHNICIANS)]
        technician = await self.at.network.call(number, LINE)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(self.at.calls()) > calls)
        await technician.key(PIN)
        await self._happened(EventKind.IDENTIFIED)
        for keys in (code, "1", "1"):
            await technician.key(keys)
        await self._happened(EventKind.OFFERED)
        return technician, arrived

    def _events(self) -> list[Event]:
        call, _ = self.at.calls()[-1]
        return [stored.event for stored in self.at.events(call)]

    async def _happened(self, kind: EventKind) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: any(event.kind is kind for event in self._events()))

    def _note(self, what: str, seconds: float) -> None:
        self.took.setdefault(what, []).append(seconds * 1000)


def _moments(events: Sequence[Event], kind: EventKind) -> list[float]:
    return [event.at.timestamp() for event in events if event.kind is kind]


def summary(took: Sequence[float]) -> dict[str, float]:
    """Least, median, 99th percentile (nearest rank) and most, in milliseconds."""
    ordered = sorted(took)
    return {
        "min_ms": round(ordered[0], 1),
        "median_ms": round(statistics.median(ordered), 1),
        "p99_ms": round(ordered[math.ceil(len(ordered) * 0.99) - 1], 1),
        "max_ms": round(ordered[-1], 1),
    }


async def measure(calls: int) -> tuple[dict[str, dict[str, float]], float, str]:
    """Place so many calls of each kind; the figures, the phones of a wave, Asterisk's version."""
    with tempfile.TemporaryDirectory(prefix="stt-bench-") as folder:
        bench = Bench(Installation(Path(folder)))
        try:
            await bench.prepare()
            await bench.baseline(calls)
            await bench.serve("longest_idle")
            await _series(bench, calls, bench.accepted_second, bench.given_up)
            await bench.serve("default")
            await _series(bench, calls, bench.wave)
        finally:
            await bench.at.stop()
        figures = {what: summary(took) for what, took in bench.took.items()}
        return figures, statistics.median(bench.wave_phones), bench.at.asterisk_version


async def _series(bench: Bench, calls: int, *kinds: Callable[[], Awaitable[None]]) -> None:
    """Calls of these kinds in turn. The first of each warms up and is not counted."""
    before = dict(bench.took)
    for number in range(calls + 1):
        for call in kinds:
            await call()
        if number == 0:
            bench.took = {what: list(took) for what, took in before.items()}
            bench.wave_phones.clear()
        print(f"call {number} of {calls}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print. Options: `--json`, `--calls`."""
    parser = argparse.ArgumentParser(prog="python -m bench.lab_call", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--calls", type=int, default=20, help="measured of each kind")
    chosen = parser.parse_args(arguments)
    if chosen.calls < 1:
        parser.error("--calls is at least 1")
    before = os.getloadavg()[0]
    figures, phones, asterisk = ending.run(measure(chosen.calls))
    load = [round(before, 2), round(os.getloadavg()[0], 2)]
    print(f"machine: {machine()}; Asterisk {asterisk}; load {load[0]} before, {load[1]} after")
    for what, found in figures.items():
        told = ", ".join(f"{name.removesuffix('_ms')} {value}" for name, value in found.items())
        print(f"{what:<52} {told} ms")
    ratios = {
        what: round(figures[what]["median_ms"] / max(figures[base]["median_ms"], 0.1), 1)
        for what, base in RATIO_TO.items()
    }
    for what, ratio in ratios.items():
        print(f"{what:<52} {ratio} times the {RATIO_TO[what]}")
    print(f"the default policy's first wave rang {phones:g} telephones")
    if chosen.json:
        told_all = {
            "machine": machine(),
            "asterisk": asterisk,
            "load": load,
            "calls": chosen.calls,
            "wave_phones": phones,
            "figures": figures,
            "ratios": ratios,
        }
        print(json.dumps(told_all))


if __name__ == "__main__":
    main()
