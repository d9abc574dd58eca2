# SPDX-License-Identifier: EUPL-1.2
"""The telephone network in a box: a second Asterisk that is the carrier and every telephone.

Its dialplan decides nothing. Each INVITE comes to us over FastAGI and we play the phone of that
number; each call from a phone is originated towards the PBX over real SIP. A number that nobody
registered is unallocated, as in the real network.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.telephony.asterisk.ami import AmiLink, AmiRefused, AmiUnavailable
from bridge.telephony.asterisk.config import render
from bridge.telephony.asterisk.fastagi import AgiSession, FastAgiServer
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.switch import Ending
from bridge.vocabulary import BadNumber, PhoneNumber, Role
from lab.asterisk import AsteriskInstall, AsteriskProcess
from lab.audio import ROLE_TONES
from lab.leg import CAUSES, UNALLOCATED, LegTooLate, PhoneLeg, ReceivedKey, Sound, Tone
from lab.phones import Behaviour, behave
from lab.ports import PortLease
from lab.softphones import Softphone, softphone_section

TEMPLATES = Path(__file__).resolve().parent / "conf"
RTP_PORTS = 400
"""Two for each leg, so about 200 calls at once."""
PORTS = RTP_PORTS + 64
"""How many ports a lease for a network should hold."""
LONGEST_CALL_SECONDS = 3600
TECHNICIAN_TONE = Tone(ROLE_TONES[Role.TECHNICIAN])
INTERPRETER_TONE = Tone(ROLE_TONES[Role.INTERPRETER])
MIGRANT_TONE = Tone(ROLE_TONES[Role.MIGRANT])

_DIALLED = re.compile(r"[+0-9*#]{1,32}")
_NOT_PLAIN = re.compile(r'[\\",()\[\]=]')
"""What separates or groups the variables of an Originate."""
_PBX_CONTEXT = "from-pbx"


@dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """An INVITE that the network received for one of its numbers."""

    number: str
    at: float
    """Seconds since the epoch."""
    leg: str
    """The id of the leg that it became."""
    shown: str
    """The number that the called telephone shows."""
    name: str
    """The name that it shows; empty without one."""


@dataclass(frozen=True, slots=True)
class _Phone:
    behaviour: Behaviour | Callable[[], Behaviour]
    sound: Sound


class TelephoneNetwork:
    """A telephone network with one trunk, to the PBX at `pbx`.

    `directory` is used for configuration, log and recordings. `lease` provides the ports; it stays
    the caller's to close. `lines` are the numbers that softphones may dial, in E.164. `bind` is
    the address for SIP; anything but loopback lets other machines register softphones.
    `spoken_to` tells whether the PBX has begun to say something to a leg, where that can be known.
    """

    def __init__(
        self,
        install: AsteriskInstall,
        directory: Path,
        lease: PortLease,
        *,
        pbx: tuple[str, int] | None = None,
        lines: Iterable[str] = (),
        softphones: Sequence[Softphone] = (),
        bind: str = "127.0.0.1",
        sip_port: int | None = None,
        recorded: bool = True,
        spoken_to: Callable[[PhoneLeg], bool] = lambda _: True,
    ) -> None:
        self.host = "127.0.0.1"
        """Where the PBX finds the network."""
        self.sip_port = sip_port if sip_port is not None else lease.port()
        self.legs: list[PhoneLeg] = []
        """Every call of every phone, oldest first."""
        self.arrivals: list[Arrival] = []
        """Every INVITE for a number of the network, in order."""
        self.softphones = tuple(softphones)
        self._install = install
        self._directory = directory.resolve()
        self._ami_port = lease.port()
        self._rtp = lease.rtp_range(RTP_PORTS)
        self._pbx = pbx if pbx is not None else (self.host, self.sip_port)
        self._lines = frozenset(_same(line) for line in lines)
        self._bind = bind
        self._recorded = recorded
        self._spoken_to = spoken_to
        self._phones: dict[str, _Phone] = {}
        self._by_id: dict[str, PhoneLeg] = {}
        self._invited: dict[str, float] = {}
        self._serial = itertools.count(1)
        self._arrived = asyncio.Condition()
        self._secret = secrets.token_hex(16)
        self._agi = FastAgiServer(self._serve, "127.0.0.1")
        self._ami = AmiLink(
            "127.0.0.1",
            self._ami_port,
            "network",
            self._secret,
            on_event=self._on_event,
            events=True,
        )
        self._asterisk: AsteriskProcess | None = None

    # --- life ------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start the network; returns when it takes calls.

        Raises `lab.asterisk.AsteriskFailed` naming the reason; then nothing is left running.
        """
        (self._directory / "heard").mkdir(parents=True, exist_ok=True)
        try:
            await self._agi.start()
            self._asterisk = AsteriskProcess(self._install, self._write())
            await self._asterisk.start()
            await self._ami.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Hang up every phone and stop the network. May be called again."""
        live = [leg for leg in self.legs if not leg.ended]
        if self._asterisk is not None and self._asterisk.running:
            await asyncio.gather(*(leg.hang_up() for leg in live))
        await self._ami.stop()
        await self._agi.stop()
        if self._asterisk is not None:
            await self._asterisk.stop()
        for leg in live:
            leg.is_over(None)

    @property
    def asterisk(self) -> AsteriskProcess:
        """The running Asterisk. Raises `RuntimeError` before `start`."""
        if self._asterisk is None:
            raise RuntimeError("the telephone network has not been started")
        return self._asterisk

    def _write(self) -> Path:
        softphones = "\n".join(softphone_section(one) for one in self.softphones)
        etc = self._directory / "etc"
        values = {
            "modules_dir": str(self._install.modules_dir),
            "data_dir": str(self._install.data_dir),
            "ami_port": str(self._ami_port),
            "ami_secret": self._secret,
            "agi_port": str(self._agi.port),
            "rtp_first": str(self._rtp[0]),
            "rtp_last": str(self._rtp[1]),
            "bind": self._bind,
            "sip_port": str(self.sip_port),
            "pbx_host": self._pbx[0],
            "pbx_port": str(self._pbx[1]),
            "longest_seconds": str(LONGEST_CALL_SECONDS),
        }
        return render(TEMPLATES, etc, values, {"softphones": softphones})

    # --- telephones ------------------------------------------------------------------------------

    def phone(
        self,
        number: str,
        behaviour: Behaviour | Callable[[], Behaviour],
        sound: Sound = INTERPRETER_TONE,
    ) -> None:
        """Register a telephone, or change what it does from its next call on.

        A function is asked each time that the telephone is rung.
        """
        self._phones[_same(number)] = _Phone(behaviour, sound)

    async def place(
        self,
        from_number: str,
        to_number: str,
        caller_name: str = "",
        *,
        sound: Sound = TECHNICIAN_TONE,
        shown: str = "",
    ) -> PhoneLeg:
        """Start a call from a phone through the PBX and return at once.

        The called telephone is shown `from_number` (or `shown`, if given) and `caller_name`,
        whatever text they hold: a carrier passes on what a stranger sends. Control characters
        cannot be sent this way and raise `ValueError`. Raises `AmiRefused` or `AmiUnavailable`
        when the network itself fails.
        """
        if not _DIALLED.fullmatch(to_number):
            raise ValueError("a number to dial is 1 to 32 of + 0-9 * #")
        leg = self._new_leg(
            from_number, f"caller-{next(self._serial)}-{secrets.token_hex(4)}", sound
        )
        try:
            await self._originate(leg, to_number, shown or from_number, caller_name)
        except (AmiRefused, AmiUnavailable):
            leg.is_over(None)
            raise
        return leg

    async def _originate(self, leg: PhoneLeg, to_number: str, shown: str, name: str) -> None:
        await self._ami.action(
            "Originate",
            [
                ("Channel", f"PJSIP/{to_number}@pbx"),
                ("Context", "caller"),
                ("Exten", "s"),
                ("Priority", "1"),
                ("ChannelId", leg.id),
                ("Timeout", "120000"),
                ("Async", "true"),
                *_shown(shown, name),
            ],
        )

    async def call(
        self,
        from_number: str,
        to_number: str,
        caller_name: str = "",
        *,
        sound: Sound = TECHNICIAN_TONE,
        shown: str = "",
        within_seconds: float = 15.0,
    ) -> PhoneLeg:
        """As `place`, and return when the call is answered.

        Raises `lab.leg.LegTooLate` when it is not.
        """
        leg = await self.place(from_number, to_number, caller_name, sound=sound, shown=shown)
        await leg.wait_answered(within_seconds)
        return leg

    def legs_of(self, number: str) -> list[PhoneLeg]:
        """Every call of this number, made or received, oldest first."""
        wanted = _same(number)
        return [leg for leg in self.legs if _same(leg.number) == wanted]

    async def wait_arrival(
        self, number: str, *, count: int = 1, within_seconds: float = 15.0
    ) -> PhoneLeg:
        """Wait until a number was rung for the `count`-th time and return that leg.

        Raises `lab.leg.LegTooLate`.
        """
        wanted = _same(number)

        def arrived() -> list[PhoneLeg]:
            rung = [one for one in self.arrivals if _same(one.number) == wanted]
            return [self._by_id[one.leg] for one in rung if one.leg in self._by_id]

        try:
            async with asyncio.timeout(within_seconds), self._arrived:
                await self._arrived.wait_for(lambda: len(arrived()) >= count)
        except TimeoutError:
            raise LegTooLate(
                f"the phone was rung {len(arrived())} times within {within_seconds:g} s, "
                f"not {count}"
            ) from None
        return arrived()[count - 1]

    async def registered(self, softphone: str) -> bool:
        """Whether a softphone account is registered now."""
        shown = await self.asterisk.rx(f"pjsip show aor {softphone}")
        return "Contact:" in shown and f"{softphone}/sip:" in shown

    # --- what Asterisk asks ----------------------------------------------------------------------

    async def _serve(self, session: AgiSession) -> None:
        match session.script:
            case "phone":
                await self._ring(session)
            case "softphone":
                await self._dialled_by_softphone(session)
            case "caller":
                leg = self._by_id.get(session.variables.get("agi_uniqueid", ""))
                if leg is not None:
                    await leg.attach(session, answered=True)
                    await leg.wait_hang_up()

    async def _ring(self, session: AgiSession) -> None:
        """An INVITE came from the PBX: play the phone that was rung."""
        dialled = session.variables.get("agi_extension", "")
        number = _same(dialled)
        phone = self._phones.get(number)
        engaged = any(not (leg.ended or leg.left) for leg in self.legs_of(number))
        leg = self._new_leg(
            number, session.variables.get("agi_uniqueid", ""), phone.sound if phone else Tone(0)
        )
        await leg.attach(session, answered=False)
        await self._note_arrival(session, leg)
        if await self._softphone_takes(session, number):
            return
        if phone is None:
            await leg.refuse(UNALLOCATED)
        elif engaged:
            await leg.refuse(CAUSES[Ending.BUSY])
        else:
            does = phone.behaviour() if callable(phone.behaviour) else phone.behaviour
            await behave(does, leg)

    async def _softphone_takes(self, session: AgiSession, number: str) -> bool:
        """Whether a person's own softphone is registered for the number and is rung now."""
        for one in self.softphones:
            if _same(one.number) == number:
                reply = await session.command(
                    "GET FULL VARIABLE", f"${{PJSIP_DIAL_CONTACTS({one.name})}}"
                )
                if reply.value:
                    await session.command("SET VARIABLE", "LAB_SOFTPHONE", one.name)
                    return True
        return False

    async def _dialled_by_softphone(self, session: AgiSession) -> None:
        """A softphone dialled: our lines go to the PBX, everything else is unallocated."""
        number = _same(session.variables.get("agi_extension", ""))
        channel = session.variables.get("agi_channel", "")
        account = next(
            (one for one in self.softphones if channel.startswith(f"PJSIP/{one.name}-")), None
        )
        if account is None or number not in self._lines:
            await session.command("SET VARIABLE", "LAB_CAUSE", str(UNALLOCATED))
            return
        await session.command("SET VARIABLE", "LAB_SHOWN", account.number)
        await session.command("SET VARIABLE", "LAB_LINE", number)

    async def _note_arrival(self, session: AgiSession, leg: PhoneLeg) -> None:
        shown = session.variables.get("agi_callerid", "")
        name = session.variables.get("agi_calleridname", "")
        async with self._arrived:
            self.arrivals.append(
                Arrival(
                    leg.number,
                    self._invited.pop(leg.id, time.time()),
                    leg.id,
                    shown,
                    "" if name == "unknown" else name,
                )
            )
            self._arrived.notify_all()

    def _new_leg(self, number: str, leg_id: str, sound: Sound) -> PhoneLeg:
        path: Path | None = self._directory / "heard" / f"{len(self.legs) + 1:04d}.wav"
        path = path if self._recorded else None
        leg = PhoneLeg(self._ami, number, leg_id, sound, path, self._spoken_to)
        self.legs.append(leg)
        self._by_id[leg_id] = leg
        return leg

    # --- what Asterisk tells ---------------------------------------------------------------------

    def _on_event(self, event: Frame) -> None:
        match event.event:
            case "Newchannel":
                if event.get("Context") == _PBX_CONTEXT:
                    self._invited[event.get("Uniqueid")] = _moment(event)
            case "Hangup":
                self._invited.pop(event.get("Uniqueid"), None)
                if leg := self._by_id.get(event.get("Uniqueid")):
                    cause = event.get("Cause")
                    leg.is_over(int(cause) if cause.isascii() and cause.isdigit() else None)
            case "OriginateResponse":
                leg = self._by_id.get(event.get("Uniqueid"))
                if leg is not None and event.get("Response") == "Failure":
                    # The Hangup event, which knows the cause, follows if there was a channel.
                    asyncio.get_running_loop().call_later(1.0, leg.is_over, None)
            case "DTMFEnd":
                if event.get("Direction") == "Received" and (
                    leg := self._by_id.get(event.get("Uniqueid"))
                ):
                    leg.received.append(ReceivedKey(event.get("Digit"), _moment(event)))


def _shown(number: str, name: str) -> list[tuple[str, str]]:
    """What the called telephone is shown, as channel variables that no text can break out of."""
    values = {
        "num": number,
        "num-pres": "allowed_not_screened",
        "name": name,
        "name-pres": "allowed_not_screened",
    }
    return [
        ("Variable", f"CONNECTEDLINE({part},i)={_NOT_PLAIN.sub(_escape, value)}")
        for part, value in values.items()
    ]


def _escape(match: re.Match[str]) -> str:
    return "\\" + match[0]


def _moment(event: Frame) -> float:
    """When Asterisk says that the event happened."""
    with suppress(ValueError):
        return float(event.get("Timestamp"))
    return time.time()


def _same(number: str) -> str:
    """One spelling for all the ways to write a number; what is no number stays as it is."""
    try:
        return PhoneNumber.parse(number).e164
    except BadNumber:
        return number
