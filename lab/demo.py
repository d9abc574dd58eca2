# SPDX-License-Identifier: EUPL-1.2
"""`make demo`: a whole service on this machine, one full call, and an invitation to ring it.

The call is real: a technician's phone dials the line over SIP, keys agency code, PIN and language,
the first interpreter refuses, the second accepts, the migrant is rung, and the three talk. What
each of them heard is measured from what their phones recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bridge.calllog.model import Event, EventKind
from bridge.calllog.timeline import line_of
from bridge.clock import SystemClock
from bridge.languages.model import load_languages
from bridge.roster.people_store import load_people
from bridge.roster.seed import DemoCredential, seed
from bridge.vocabulary import CallId, InterpreterId, JobNumber, Role
from lab import ending
from lab.asterisk import AsteriskFailed, AsteriskMissing
from lab.audio import ROLE_TONES
from lab.demo_report import LANGUAGE, Report
from lab.installation import LINE, BridgeFailed, Installation
from lab.leg import LegTooLate, PhoneLeg
from lab.network import MIGRANT_TONE
from lab.phones import Answers, Behaviour, NeverAnswers
from lab.ports import NoFreePorts, is_free
from lab.runner import until
from lab.softphones import Softphone
from lab.voices import Turn, VoiceFailed, beep_window, conversation, render

TECHNICIAN = "+351210000001"
LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- only where the user of the demo asked for it
MIGRANT = "+351912345678"
KEPT = Path(__file__).resolve().parent.parent / "var" / "demo"
"""Where the last demo's recording and log stay."""
PATIENCE_SECONDS = 60.0
SIP_PORT = 5060
"""Where softphones look for a service by themselves; ours when nobody else has it."""

REFUSES = Answers(after_seconds=1.5, hears_seconds=2.0, keys="2", speaks=False)
ACCEPTS = Answers(after_seconds=1.5, hears_seconds=3.5, keys="1", speaks=False)
TAKES_TIME = Answers(after_seconds=12.0, hears_seconds=2.0, keys="1", speaks=False)
"""Leaves whoever has a softphone at hand time to be first."""
CONFIRMS = Answers(after_seconds=2.0, hears_seconds=2.0, keys="5", speaks=False)


class DemoFailed(RuntimeError):
    """Something that should have held did not; the message says what."""


class Demo:
    """One demo on one installation."""

    def __init__(self, installation: Installation, *, invites: bool) -> None:
        """With `invites` there are accounts for people's own softphones."""
        self._at = installation
        self._invites = invites
        self._credential: DemoCredential
        self._numbers: Mapping[InterpreterId, str] = {}
        self._rung = 0
        self.report = Report(installation.asterisk_version)

    @property
    def credential(self) -> DemoCredential:
        """The technician of the demo."""
        return self._credential

    async def prepare(self) -> None:
        """Start everything and teach every interpreter's phone what to do."""
        say("Writing the fictional roster …")
        await self._at.new_database(self._fill)
        if self._invites:
            self._at.network.softphones = self._softphones()
        say(f"Starting the telephone network and the PBX (Asterisk {self._at.asterisk_version}) …")
        await self._at.start()
        for number in self._numbers.values():
            self._at.network.phone(number, self._as_rung)
        self._at.network.phone(MIGRANT, CONFIRMS, MIGRANT_TONE)
        say("Starting the bridge …")
        await self._at.start_bridge()

    def _fill(self, conn: Connection) -> None:
        tags = [language.tag for language in load_languages()]
        found = seed(conn, tags, self._at.hasher, SystemClock().now(), always_open=True)
        self._credential = found[0]
        people = load_people(conn)
        self._numbers = {one.id: one.phones[0].e164 for one in people}
        self.report.interpreters = len(people)
        self.report.languages = len({tag for one in people for tag in one.skills})

    def _as_rung(self) -> Behaviour:
        """Several telephones ring at once: the first refuses, the second accepts, the rest ring on
        until they are left alone.
        """
        self._rung += 1
        return {1: REFUSES, 2: ACCEPTS}.get(self._rung, NeverAnswers())

    def _softphones(self) -> tuple[Softphone, ...]:
        """Accounts for people's own softphones; their passwords live as long as the demo.

        Whose the interpreter's is, `hand_over` says.
        """
        return tuple(
            Softphone(role.value, number, secrets.token_hex(6))
            for role, number in (
                (Role.TECHNICIAN, TECHNICIAN),
                (Role.INTERPRETER, ""),
                (Role.MIGRANT, MIGRANT),
            )
        )

    def hand_over(self) -> None:
        """People ring now: the interpreter's softphone is one that will be rung, and the played
        interpreters take their time.

        It belongs to somebody whose telephone rang in vain. Of the three rung, nothing was held
        against that one, who is therefore among the next to be rung.
        """
        call, _ = self._at.calls()[0]
        in_vain = next(
            event for event in self._events(call) if event.kind is EventKind.OFFER_CANCELLED
        )
        mine = self._numbers[InterpreterId(int(in_vain.data["interpreter"] or 0))]
        network = self._at.network
        network.softphones = tuple(
            replace(one, number=one.number or mine) for one in network.softphones
        )
        for number in self._numbers.values():
            network.phone(number, TAKES_TIME)

    async def place_call(self, turns: tuple[Turn, ...]) -> None:
        """The whole call; fills the report. Raises `DemoFailed` or `LegTooLate`."""
        language = load_languages().by_tag(LANGUAGE)
        if language is None:
            raise DemoFailed(f"the list of languages lacks {LANGUAGE!r}")
        say(f"A technician dials {LINE} and asks for {language.en} …\n")
        technician = await self._at.network.call(TECHNICIAN, LINE)
        await until(lambda: bool(self._at.calls()))
        call, job = self._at.calls()[-1]
        self.report.job_number = str(job)
        telling = asyncio.create_task(self._tell(call))
        try:
            await technician.key(self._credential.code + self._credential.pin)
            await self._happened(call, EventKind.IDENTIFIED)
            number = f"{MIGRANT.removeprefix('+351')}#"
            for entry in (language.code, "1", "2", number, "1", "2"):
                await technician.key(entry)
            await self._happened(call, EventKind.ROOM_COMPLETE)
            legs = {
                Role.TECHNICIAN: technician,
                Role.INTERPRETER: self._accepted_leg(call),
                Role.MIGRANT: self._at.network.legs_of(MIGRANT)[-1],
            }
            spoken = await self._talk(legs, turns)
            await technician.hang_up()
            await self._happened(call, EventKind.CALL_ENDED)
        finally:
            await asyncio.sleep(0.3)
            telling.cancel()
        await self._listen(legs, spoken)
        self._measure(call)

    def _accepted_leg(self, call: CallId) -> PhoneLeg:
        accepted = next(
            event for event in self._events(call) if event.kind is EventKind.OFFER_ACCEPTED
        )
        who = InterpreterId(int(accepted.data["interpreter"] or 0))
        return self._at.network.legs_of(self._numbers[who])[-1]

    async def _talk(
        self, legs: Mapping[Role, PhoneLeg], turns: tuple[Turn, ...]
    ) -> list[tuple[Role, tuple[float, float]]]:
        """Everybody speaks in turn; who, and between which moments his beep sounded."""
        spoken = []
        await asyncio.sleep(0.5)
        for turn in turns:
            said = await legs[turn.line.role].say(turn.file)
            spoken.append((turn.line.role, beep_window(said)))
            await asyncio.sleep(0.4)
        return spoken

    async def _listen(
        self,
        legs: Mapping[Role, PhoneLeg],
        spoken: list[tuple[Role, tuple[float, float]]],
    ) -> None:
        tapes = {role: await leg.heard() for role, leg in legs.items()}
        for listener, tape in tapes.items():
            self.report.hears[listener.value] = {
                speaker.value: all(
                    tape.hears(ROLE_TONES[speaker], *window)
                    for role, window in spoken
                    if role is speaker
                )
                for speaker in legs
            }
        await asyncio.to_thread(_keep, tapes[Role.TECHNICIAN].path, "technician-heard.wav")

    def _measure(self, call: CallId) -> None:
        events = self._events(call)
        self.report.events = [event.kind.value for event in events]

        def first(kind: EventKind) -> datetime:
            return next(event.at for event in events if event.kind is kind)

        entered = [
            event.at
            for event in events
            if event.kind is EventKind.ROOM_ENTERED and event.data.get("role") != Role.MIGRANT
        ]
        arrival = self._at.network.arrivals[0].at
        to_offer = arrival - first(EventKind.REQUESTED).timestamp()
        to_room = max(entered) - first(EventKind.OFFER_ACCEPTED)
        self.report.last_key_to_offer_ms = round(to_offer * 1000, 1)
        self.report.accept_to_room_ms = round(to_room.total_seconds() * 1000, 1)

    # --- watching the call ---------------------------------------------------------------------

    def _events(self, call: CallId) -> list[Event]:
        return [stored.event for stored in self._at.events(call)]

    async def _happened(self, call: CallId, kind: EventKind) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until(lambda: any(one.kind is kind for one in self._events(call)))
        except TimeoutError:
            raise DemoFailed(
                f"{kind} did not happen within {PATIENCE_SECONDS:.0f} s;"
                f" the bridge's log ends:\n{self._at.log_tail()}"
            ) from None

    async def _tell(self, call: CallId) -> None:
        """Print the call's timeline as it happens."""
        told = 0
        start: datetime | None = None
        while True:
            for stored in self._at.events(call, after=told):
                start = start or stored.event.at
                say(line_of(stored, start))
                told = stored.seq
            await asyncio.sleep(0.1)

    async def tell_further_calls(self, known: set[JobNumber]) -> None:
        """Print the timelines of the calls that people place themselves."""
        telling: set[asyncio.Task[None]] = set()
        try:
            while True:
                for call, job in self._at.calls():
                    if job not in known:
                        known.add(job)
                        say(f"\nCall {job}:")
                        telling.add(asyncio.create_task(self._tell(call)))
                await asyncio.sleep(0.2)
        finally:
            for task in telling:
                task.cancel()


def say(line: str) -> None:
    """Print at once, also into a pipe."""
    print(line, flush=True)


def sip_port(wanted: int | None, bind: str, *, usual: int = SIP_PORT) -> int | None:
    """The port where softphones register; `None` leaves the choice to the laboratory.

    Without a wish that is the `usual` one when it is free. Raises `DemoFailed` when a wished one
    is not.
    """
    if wanted is None:
        return usual if is_free(bind, usual) else None
    if not is_free(bind, wanted):
        raise DemoFailed(
            f"port {wanted} of {bind} is taken or not allowed; choose another --sip-port,"
            " or leave it out"
        )
    return wanted


def listening(bind: str) -> str:
    """Where the telephone network listens, so that softphones reach it at `bind`.

    The PBX finds the network on loopback, so for any other address it listens on all. Raises
    `DemoFailed` when `bind` is no address of this machine.
    """
    if bind == LOOPBACK:
        return bind
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((bind, 0))
    except OSError:
        raise DemoFailed(
            f"{bind} is no address of this machine; give --bind one of its own"
        ) from None
    return EVERYWHERE


def _keep(file: Path, name: str) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    if file.exists():
        shutil.copy(file, KEPT / name)


def _invite(demo: Demo, installation: Installation, bind: str, *, asked_for: bool) -> None:
    credential = demo.credential
    network = installation.network
    language = load_languages().by_tag(LANGUAGE)
    code = language.code if language else ""
    usual = network.sip_port == SIP_PORT or asked_for
    taken = "" if usual else f"; {SIP_PORT} is taken"
    say(f"""
The service stays up. Ring it with a softphone of your own:
  register at      {bind}:{network.sip_port} (UDP{taken}) as""")
    for one in network.softphones:
        say(f"                   {one.name:<12} password {one.password}")
    say(f"""  dial             {LINE}
  then key         {credential.code} {credential.pin}   agency code and PIN
                   {code} then 1           {language.en if language else ""}, confirmed
                   1                   the migrant is beside you; or
                   2, a number and #   ring the migrant ({MIGRANT.removeprefix("+351")} is the
                                       migrant account above, else a played phone);
                                       then 1 (right) and 2 (leave no message)
The technician's ear during the call above: {KEPT / "technician-heard.wav"}
The bridge's log: {installation.log_file}
Ctrl-C stops everything.""")


async def run(arguments: argparse.Namespace) -> int:
    """Run the demo; the exit code."""
    with tempfile.TemporaryDirectory(prefix="stt-demo-") as folder:
        wanted = arguments.sip_port
        # Without softphones there is nobody who would look for a port that is easy to remember.
        bind = listening(arguments.bind)
        port = None if arguments.once and not wanted else sip_port(wanted, bind)
        installation = Installation(Path(folder), bind=bind, network_port=port)
        demo = Demo(installation, invites=not arguments.once)
        try:
            turns = await asyncio.to_thread(render, conversation(LANGUAGE), KEPT / "voices")
            await demo.prepare()
            await demo.place_call(turns)
            failures = demo.report.failures()
            _summarise(demo.report, failures)
            if arguments.report:
                text = json.dumps(asdict(demo.report), indent=2) + "\n"
                await asyncio.to_thread(arguments.report.write_text, text)
            if arguments.once or failures:
                return 1 if failures else 0
            demo.hand_over()
            _invite(demo, installation, arguments.bind, asked_for=bool(wanted))
            await demo.tell_further_calls({job for _, job in installation.calls()})
        finally:
            await installation.stop()
            await asyncio.to_thread(_keep, installation.log_file, "bridge.log")
    return 0


def _summarise(report: Report, failures: list[str]) -> None:
    say(f"\nJob {report.job_number}: who heard whom, measured from the phones' recordings")
    roles = [Role.TECHNICIAN.value, Role.INTERPRETER.value, Role.MIGRANT.value]
    say("  hears         " + "".join(f"{role:<14}" for role in roles))
    for listener in roles:
        told = ("yes" if report.hears[listener][speaker] else "no" for speaker in roles)
        say(f"  {listener:<14}" + "".join(f"{answer:<14}" for answer in told))
    say(f"  last key to the first offer's INVITE   {report.last_key_to_offer_ms} ms")
    say(f"  acceptance to both in the room         {report.accept_to_room_ms} ms")
    for failure in failures:
        say(f"  NOT AS IT SHOULD BE: {failure}")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError("a port is a number from 1 to 65535")
    return int(text)


def main() -> int:
    """Read the arguments and run the demo."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after the call")
    parser.add_argument("--report", type=Path, help="write what the call showed as JSON")
    parser.add_argument(
        "--bind",
        default="127.0.0.1",
        help="address at which softphones register; anything but loopback lets others in",
    )
    parser.add_argument(
        "--sip-port",
        type=_port,
        help=f"port at which softphones register; {SIP_PORT} when it is free, else another",
    )
    began = time.monotonic()
    try:
        code = ending.run(run(parser.parse_args()))
    except KeyboardInterrupt:
        say("\nStopped.")
        return 0
    except (
        AsteriskFailed,
        AsteriskMissing,
        BridgeFailed,
        DemoFailed,
        LegTooLate,
        NoFreePorts,
        VoiceFailed,
    ) as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1
    say(f"\nDone in {time.monotonic() - began:.0f} s.")
    return code


if __name__ == "__main__":
    sys.exit(main())
