# SPDX-License-Identifier: EUPL-1.2
"""How many interpreters are promised, accepted and freed in a second, and whether any is twice.

``python -m bench.reserve --json`` prints, as its last line, ``{"sqlite": {"cycles_per_s",
"p50_ms", "p99_ms", "double_bookings"}, "postgresql": {…}}``.

Two processes with 32 requesters each go through cycles for a minute on each database. A cycle is
what a call does: in one transaction it reads who is promised and promises the first of its
language who is not, in a second one the interpreter accepts, in a third one is freed. Nobody
waits between them, and all requesters of a language want the same interpreter first, so that they
meet as often as they can. A cycle that finds nobody free is counted apart and not timed.

Whether anybody was promised twice is read from what the requesters were told, not from the
database: an interpreter is promised from the moment at which a requester was told so until the
moment before it asked for the release, and no two such spans of one interpreter may overlap.
PostgreSQL runs as in service, its commits waiting for the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from bench.machine import machine
from bridge.conference.store import open_call
from bridge.roster.seed_plan import plan
from bridge.roster.store import accept_reservation, add_interpreter, release, reserve, reserved
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.vocabulary import CallId, InterpreterId, LanguageTag, LegId, PhoneNumber, new_call_id
from lab.postgres import PostgresCluster

DATABASES = ("sqlite", "postgresql")
PROCESSES = 2
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Held:
    """One promise as a requester saw it; nanoseconds of the machine's one monotonic clock."""

    interpreter: int
    told: int
    """When the requester was told that the promise is made."""
    given_up: int
    """When the requester was about to ask for the release."""


def double_bookings(history: Iterable[Held]) -> int:
    """How many promises began while another one of the same interpreter surely lasted."""
    found = 0
    latest: dict[int, int] = {}
    for one in sorted(history, key=lambda held: held.told):
        if one.told < latest.get(one.interpreter, one.told):
            found += 1
        latest[one.interpreter] = max(latest.get(one.interpreter, one.given_up), one.given_up)
    return found


# --- one process -------------------------------------------------------------------------------


class Requesters:
    """The requesters of one process."""

    def __init__(
        self, url: str, owner: str, speakers: dict[str, list[int]], calls: Sequence[str]
    ) -> None:
        # Patient: a try that waits its whole time for SQLite's lock is part of the measurement.
        self._database = SqlDatabase(url, lock_seconds=5.0, tries=10)
        self._owner = owner
        self._speakers = speakers
        self._calls = [CallId(call) for call in calls]
        self.held: list[Held] = []
        self.cycles: list[float] = []
        """Seconds that each took."""
        self.unfilled = 0
        self.refused = 0
        """How often somebody who looked free was promised to another at the same moment."""

    async def run(self, seconds: float) -> float:
        """Cycle until the time is over; returns how long it took, the last cycles included."""
        begun = time.monotonic()
        try:
            await asyncio.gather(
                *(
                    self._request(place, call, begun + seconds)
                    for place, call in enumerate(self._calls)
                )
            )
        finally:
            await self._database.dispose()
        return time.monotonic() - begun

    async def _request(self, place: int, call: CallId, until: float) -> None:
        dice = random.Random(f"{self._owner}-{place}")  # noqa: S311
        languages = sorted(self._speakers)
        weights = [len(self._speakers[tag]) for tag in languages]
        turn = 0
        while (begun := time.monotonic()) < until:
            turn += 1
            leg = LegId(f"{self._owner}-{place}-{turn}")
            [language] = dice.choices(languages, weights)
            who = await self._promise(call, leg, self._speakers[language])
            if who is None:
                self.unfilled += 1
                continue
            told = time.monotonic_ns()
            await self._database.run(partial(_accept, leg=leg))
            given_up = time.monotonic_ns()
            freed = await self._database.run(partial(_free, leg=leg))
            if freed != who:
                raise RuntimeError("another interpreter was freed than was promised")
            self.held.append(Held(who, told, given_up))
            self.cycles.append(time.monotonic() - begun)

    async def _promise(self, call: CallId, leg: LegId, ranked: Sequence[int]) -> int | None:
        def work(conn: Connection) -> int | None:
            taken = reserved(conn)
            for who in ranked:
                one = InterpreterId(who)
                if one in taken:
                    continue
                if reserve(conn, one, call, leg, _now(), self._owner):
                    return who
                self.refused += 1
            return None

        return await self._database.run(work)


def _free(conn: Connection, leg: LegId) -> InterpreterId | None:
    return release(conn, leg, _now())


def _accept(conn: Connection, leg: LegId) -> None:
    if not accept_reservation(conn, leg, _now()):
        raise RuntimeError("a promise was gone before it was released")


def _now() -> datetime:
    return datetime.now(UTC)


def work(url: str, owner: str, seconds: float, plan_file: Path) -> None:
    """What one of the processes does: say that it is ready, wait for a line, cycle, report."""
    told = json.loads(plan_file.read_text())
    requesters = Requesters(url, owner, told["speakers"], told["calls"][owner])
    print("ready", flush=True)
    sys.stdin.readline()
    took = asyncio.run(requesters.run(seconds))
    report = {
        "held": [[one.interpreter, one.told, one.given_up] for one in requesters.held],
        "cycles": requesters.cycles,
        "unfilled": requesters.unfilled,
        "refused": requesters.refused,
        "took": took,
    }
    plan_file.with_name(f"{owner}.json").write_text(json.dumps(report))


# --- all of them -------------------------------------------------------------------------------


def measure(url: str, seconds: float, requesters: int, interpreters: int) -> dict[str, float]:
    """Run the processes on a database with our tables and no rows; the figures."""
    owners = [f"process-{place}" for place in range(PROCESSES)]
    with tempfile.TemporaryDirectory(prefix="stt-bench-") as folder:
        plan_file = Path(folder) / "plan.json"
        told = asyncio.run(_prepare(url, owners, requesters, interpreters))
        plan_file.write_text(json.dumps(told))
        with contextlib.ExitStack() as stack:
            workers = [stack.enter_context(_worker(url, one, seconds, plan_file)) for one in owners]
            for worker in workers:
                _expect_ready(worker)
            for worker in workers:
                _let_go(worker)
            _wait(workers, seconds)
        reports = [json.loads((Path(folder) / f"{one}.json").read_text()) for one in owners]
    held = [Held(*entry) for report in reports for entry in report["held"]]
    cycles = sorted(one for report in reports for one in report["cycles"])
    unfilled, refused = (
        sum(report[name] for report in reports) for name in ("unfilled", "refused")
    )
    print(
        f"{len(cycles):,} cycles, {unfilled:,} found nobody free, "
        f"{refused:,} times another was faster",
        file=sys.stderr,
    )
    if not cycles:
        raise RuntimeError("no cycle was finished: give it more --seconds")
    return {
        "cycles_per_s": round(len(cycles) / max(report["took"] for report in reports), 1),
        "p50_ms": _percentile(cycles, 50),
        "p99_ms": _percentile(cycles, 99),
        "double_bookings": double_bookings(held),
    }


async def _prepare(
    url: str, owners: Sequence[str], requesters: int, interpreters: int
) -> dict[str, object]:
    """Write the roster and a call for each requester; what the processes have to know."""
    people = plan([LanguageTag(f"l{place:02}") for place in range(68)])
    database = SqlDatabase(url)

    def write(conn: Connection) -> dict[str, object]:
        speakers: dict[str, list[int]] = {}
        for place in range(interpreters):
            languages = people[place % len(people)].languages
            number = PhoneNumber(f"+351910{place:06d}")
            who = add_interpreter(conn, f"Person {place}", number, languages, vetted=True)
            for tag in languages:
                speakers.setdefault(tag, []).append(int(who))
        calls: dict[str, list[str]] = {owner: [] for owner in owners}
        for place in range(requesters):
            owner = owners[place % len(owners)]
            call = new_call_id()
            open_call(conn, call, "218106191", _now(), owner)
            calls[owner].append(call)
        return {"speakers": speakers, "calls": calls}

    try:
        return await database.run(write)
    finally:
        await database.dispose()


@contextlib.contextmanager
def _worker(
    url: str, owner: str, seconds: float, plan_file: Path
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.reserve", "--worker", url, owner, str(seconds), plan_file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _expect_ready(worker: subprocess.Popen[str]) -> None:
    if worker.stdout is None or worker.stdout.readline().strip() != "ready":
        raise RuntimeError("a process did not start: see its message above")


def _let_go(worker: subprocess.Popen[str]) -> None:
    if worker.stdin is not None:
        worker.stdin.write("\n")
        worker.stdin.flush()


def _wait(workers: Sequence[subprocess.Popen[str]], seconds: float) -> None:
    begun = time.monotonic()
    for worker in workers:
        while True:
            try:
                code = worker.wait(timeout=10.0)
            except subprocess.TimeoutExpired:
                passed = time.monotonic() - begun
                print(f"… {passed:.0f} s of {seconds:.0f} s", file=sys.stderr)
                if passed > seconds + _PATIENCE_SECONDS:
                    raise RuntimeError("a process does not come to its end") from None
                continue
            if code != 0:
                raise RuntimeError("a process failed: see its message above")
            break


def _percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest rank, in milliseconds."""
    rank = max(1, -(-len(ordered) * percent // 100))
    return round(ordered[rank - 1] * 1000.0, 2)


def _measure_on(name: str, chosen: argparse.Namespace) -> dict[str, float]:
    sizes = chosen.seconds, chosen.requesters, chosen.interpreters
    print(f"{name}: {chosen.seconds:.0f} s in {PROCESSES} processes", file=sys.stderr)
    if name == "postgresql":
        cluster = PostgresCluster(durable=True)
        cluster.start()
        try:
            return measure(cluster.new(), *sizes)
        finally:
            cluster.stop()
    with tempfile.TemporaryDirectory(prefix="stt-bench-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/bridge.sqlite3"
        upgrade(url)
        return measure(url, *sizes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print. Options: `--json`, `--seconds`, `--requesters`, `--interpreters`."""
    parser = argparse.ArgumentParser(prog="python -m bench.reserve", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the figures as the last line")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each database")
    parser.add_argument("--requesters", type=int, default=64)
    parser.add_argument("--interpreters", type=int, default=500)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.worker:
        url, owner, seconds, plan_file = chosen.worker
        work(url, owner, float(seconds), Path(plan_file))
        return
    print(f"machine: {machine()}")
    figures = {}
    for name in chosen.databases:
        figures[name] = found = _measure_on(name, chosen)
        print(
            f"{name:>10}: {found['cycles_per_s']} cycles/s, p50 {found['p50_ms']} ms, "
            f"p99 {found['p99_ms']} ms, {found['double_bookings']} double bookings"
        )
    if chosen.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
