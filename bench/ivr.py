# SPDX-License-Identifier: EUPL-1.2
"""How long an experienced technician stands at the menus: real calls over real SIP.

One installation of the laboratory. A technician rings from a telephone of her agency and keys the
ten keys she knows by heart (PIN, language, confirm, where the migrant is) as fast as Asterisk sends
them. ``python -m bench.ivr --json`` prints, as its last line, the median of
``answer_to_last_key_s``, of the part of it that was not spent on keys (``forced_wait_s``), and the
number of ``keys``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from bench.machine import machine
from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.callers.flood import MANY_BEHIND_ONE_NUMBER
from bridge.calllog.model import Event, EventKind
from bridge.languages.model import load_languages
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.vocabulary import LanguageTag, PhoneNumber
from lab import ending
from lab.installation import LINE, Installation
from lab.leg import GAP_MS, KEY_MS
from lab.phones import NeverAnswers
from lab.runner import until
from lab.scenario import AGENCY_CODE, PIN

TECHNICIAN = "+351210000701"
INTERPRETER = "+351910000701"
WANTED = LanguageTag("uk")
PATIENCE_SECONDS = 30.0
MOST_CALLS = MANY_BEHIND_ONE_NUMBER.in_ten_minutes - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of all keys."""

    answer_to_last_key: float
    """Seconds from the moment the line answered to the moment the last key was recognised."""
    keys: int

    @property
    def forced_wait(self) -> float:
        """The part of it in which no key was being pressed; the last key's own gap does not count.

        A key is recognised when its tone ends.
        """
        pressing = self.keys * KEY_MS + (self.keys - 1) * GAP_MS
        return self.answer_to_last_key - pressing / 1000


class Bench:
    """Calls one after the other on one installation."""

    def __init__(self, at: Installation) -> None:
        self._at = at

    async def prepare(self) -> None:
        """Start everything; the agency's telephone is known to the bridge."""
        await self._at.new_database(self._fill)
        await self._at.start()
        self._at.network.phone(INTERPRETER, NeverAnswers())
        await self._at.start_bridge()

    def _fill(self, conn: Connection) -> None:
        hasher = self._at.hasher
        agency = agencies.add_agency(conn, AGENCY_CODE, "Hospital do Ensaio", AgencyKind.HEALTH)
        agencies.add_number(conn, PhoneNumber.parse(TECHNICIAN), agency.id)
        agencies.add_technician(
            conn,
            agency,
            "Técnica do Ensaio",
            pin_lookup=hasher.lookup(AGENCY_CODE, PIN),
            pin_hash=hasher.hash(AGENCY_CODE, PIN),
        )
        roster.add_interpreter(
            conn,
            "Intérprete do Ensaio",
            PhoneNumber.parse(INTERPRETER),
            [WANTED],
            presence=Presence.AVAILABLE,
            vetted=True,
        )

    async def entry(self) -> Entry:
        """Ring, key everything at once, and give up when the hunt begins."""
        code = next(one.code for one in load_languages() if one.tag == WANTED)
        keys, calls = f"{PIN}{code}11", len(self._at.calls())
        technician = await self._at.network.call(TECHNICIAN, LINE)
        answered = datetime.now(UTC).timestamp()
        if technician.answered_at is not None:
            answered = technician.answered_at
        await technician.key(keys)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(self._at.calls()) > calls)
            await until(lambda: self._first(EventKind.REQUESTED) is not None)
        requested = self._first(EventKind.REQUESTED)
        await technician.hang_up()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: self._first(EventKind.CALL_ENDED) is not None)
        if requested is None:
            raise RuntimeError("the request was never written")
        return Entry(requested.at.timestamp() - answered, len(keys))

    def _first(self, kind: EventKind) -> Event | None:
        call, _ = self._at.calls()[-1]
        events = (stored.event for stored in self._at.events(call))
        return next((one for one in events if one.kind is kind), None)


async def measure(calls: int) -> tuple[list[Entry], str]:
    """Place so many calls, after one that warms up; the entries, and Asterisk's version."""
    with tempfile.TemporaryDirectory(prefix="stt-bench-") as folder:
        at = Installation(Path(folder))
        bench = Bench(at)
        try:
            await bench.prepare()
            entries = []
            for number in range(calls + 1):
                entries.append(await bench.entry())
                print(f"call {number} of {calls}", file=sys.stderr)
        finally:
            await at.stop()
        return entries[1:], at.asterisk_version


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print. Options: `--json`, `--calls`."""
    parser = argparse.ArgumentParser(prog="python -m bench.ivr", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--calls", type=int, default=10, help="how many are measured")
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.calls <= MOST_CALLS:
        parser.error(
            f"--calls is from 1 to {MOST_CALLS}; more from one number are held at the door"
        )
    entries, asterisk = ending.run(measure(chosen.calls))
    took = [one.answer_to_last_key for one in entries]
    waits = [one.forced_wait for one in entries]
    print(f"machine: {machine()}; Asterisk {asterisk}; load {os.getloadavg()[0]:.2f}")
    for what, values in (("answer to last key", took), ("of it not on keys", waits)):
        spread = f"min {min(values):.2f}, max {max(values):.2f}"
        print(f"{what:<20} median {statistics.median(values):.2f} s ({spread})")
    if chosen.json:
        figures = {
            "answer_to_last_key_s": round(statistics.median(took), 3),
            "forced_wait_s": round(statistics.median(waits), 3),
            "keys": entries[0].keys,
        }
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
