# SPDX-License-Identifier: EUPL-1.2
"""A telephone of three hundred lines, to ask one Asterisk what it does with one call.

It speaks as much SIP and G.711 as that takes: it calls, keys, answers, hangs up, and tells how loud
and at which pitch the far end is. The laboratory's network plays whole scenarios; this probe is for
what no network would send, such as a call from somebody who is not the carrier.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import re
import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence

_SILENCE = b"\xd5" * 160
"""20 ms of A-law silence."""


def _alaw(byte: int) -> int:
    """One A-law byte as a linear sample (ITU-T G.711)."""
    byte ^= 0x55
    exponent, mantissa = (byte & 0x70) >> 4, byte & 0x0F
    sample = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return sample if byte & 0x80 else -sample


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, receive: Callable[[bytes, tuple[str, int]], None]) -> None:
        self.receive = receive
        self.closed = asyncio.Event()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.receive(data, addr)


def header(message: str, name: str) -> str:
    """The first header of that name, or ``""``."""
    found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", message, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else ""


class SipProbe:
    """A telephone at `host`:`port` that rings and is rung by the Asterisk at `pbx`."""

    def __init__(self, host: str, port: int, pbx: tuple[str, int]) -> None:
        self.host, self.port, self.pbx = host, port, pbx
        self.answers: list[int] = []
        """Status codes of final and provisional answers, in order."""
        self.invites: list[str] = []
        """The INVITEs that came in."""
        self.picks_up = True
        """Whether it answers those, or says that it is busy."""
        self.speaks = True
        """Whether it sends audio; a telephone that fell into the river does not."""
        self.hung_up = asyncio.Event()
        """The far end has hung up."""
        self.answered = asyncio.Event()
        self.heard = bytearray()
        """The A-law audio that came in."""
        self._more = asyncio.Event()
        self._final: asyncio.Future[int] | None = None
        self._tag = os.urandom(4).hex()
        self._dialog: dict[str, str] = {}
        self._call_id = ""
        """The latest call's."""
        self._tasks: list[asyncio.Task[None]] = []
        self._far_media = ("", 0)
        self._packets = 0
        """The RTP timestamp, in packets of 20 ms."""
        self._sequence = 0
        self._keying = False

    async def open(self) -> None:
        """Open the sockets."""
        loop = asyncio.get_running_loop()
        self._sip, self._sip_side = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_sip), local_addr=(self.host, self.port)
        )
        self._rtp, self._rtp_side = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._on_rtp), local_addr=(self.host, 0)
        )

    async def close(self) -> None:
        """Hang up and close the sockets."""
        if self._dialog and not self.hung_up.is_set():
            self.hang_up()
            await asyncio.sleep(0)
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for transport, protocol in ((self._sip, self._sip_side), (self._rtp, self._rtp_side)):
            transport.close()
            await protocol.closed.wait()

    # --- calling -------------------------------------------------------------------------------

    async def call(
        self,
        number: str,
        *,
        caller: str = "+351210000001",
        name: str = "",
        sender: str = "",
        headers: Sequence[str] = (),
        within_seconds: float = 5.0,
    ) -> int:
        """Ring `number` and return the final status code; 0 when nothing at all came back.

        `sender`, when given, is the whole value of From but for its tag, and `headers` are lines
        of the INVITE; both are sent as they are, whatever they hold. A byte that is no UTF-8 is
        written as ``surrogateescape`` does.
        """
        self.hung_up.clear()
        self.answered.clear()
        self._final = asyncio.get_running_loop().create_future()
        self._call_id = os.urandom(8).hex()
        to = f"<sip:{number}@{self.pbx[0]}:{self.pbx[1]}>"
        self._dialog = {
            "uri": f"sip:{number}@{self.pbx[0]}:{self.pbx[1]}",
            "from": (sender or f'"{name}" <sip:{caller}@{self.host}:{self.port}>')
            + f";tag={self._tag}",
            "to": to,
            "call-id": self._call_id,
        }
        self._send_request("INVITE", 1, self._sdp(), headers)
        try:
            async with asyncio.timeout(within_seconds):
                return await self._final
        except TimeoutError:
            return 0

    def hang_up(self) -> None:
        """End the call."""
        if self._dialog:
            self._send_request("BYE", 2, "")
            self._dialog = {}

    # --- keying --------------------------------------------------------------------------------

    async def key(self, digits: str, *, milliseconds: int = 100, pause: int = 80) -> None:
        """Press keys at a person's pace (RFC 4733); returns when the last one has been sent."""
        for digit in digits:
            self._keying = True
            for passed in range(20, milliseconds + 1, 20):
                self._send_key(digit, passed, began=passed == 20)
                await asyncio.sleep(0.02)
            for _ in range(3):
                self._send_key(digit, milliseconds, ends=True)
            self._keying = False
            self._packets += milliseconds // 20
            await asyncio.sleep(pause / 1000)

    async def flood(self, digits: str) -> None:
        """Press keys as fast as packets can be sent, until the far end hangs up."""
        self._keying = True
        for sent, digit in enumerate(digits):
            if self.hung_up.is_set():
                break
            self._send_key(digit, 20, began=True)
            self._send_key(digit, 40, ends=True)
            self._packets += 2
            # Only so often does the machine get time to read them, or its buffer drops them.
            if sent % 10 == 0:
                await asyncio.sleep(0.001)
        self._keying = False

    def _send_key(
        self, digit: str, milliseconds: int, *, began: bool = False, ends: bool = False
    ) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        head = struct.pack(
            "!BBHII", 0x80, 101 | began << 7, self._sequence, self._packets * 160 & 0xFFFFFFFF, 7
        )
        event = struct.pack("!BBH", "0123456789*#".index(digit), ends << 7 | 10, milliseconds * 8)
        self._rtp.sendto(head + event, self._far_media)

    # --- hearing -------------------------------------------------------------------------------

    def level(self, seconds: float, hz: float = 0.0) -> float:
        """How loud the last `seconds` were, in sample units; with `hz`, at that pitch alone.

        The single-pitch measure is the magnitude of one DFT bin.
        """
        samples = [_alaw(byte) for byte in self.heard[-int(seconds * 8000) :]]
        if not samples:
            return 0.0
        if not hz:
            return math.sqrt(sum(s * s for s in samples) / len(samples))
        turn = 2 * math.pi * hz / 8000
        real = sum(s * math.cos(turn * n) for n, s in enumerate(samples))
        imaginary = sum(s * math.sin(turn * n) for n, s in enumerate(samples))
        return 2 * math.hypot(real, imaginary) / len(samples)

    async def until_heard(self, seconds: float) -> None:
        """Wait until this much audio has come in since now."""
        wanted = len(self.heard) + int(seconds * 8000)
        async with asyncio.timeout(seconds + 20):
            while len(self.heard) < wanted:
                self._more.clear()
                await self._more.wait()

    # --- the wire ------------------------------------------------------------------------------

    def _sdp(self) -> str:
        port = self._rtp.get_extra_info("sockname")[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=sendrecv\r\n"
        )

    def _send_request(
        self,
        method: str,
        sequence: int,
        body: str,
        further: Sequence[str] = (),
        *,
        refused: bool = False,
    ) -> None:
        """Send it. The ACK of a refusal belongs to its INVITE's transaction (RFC 3261, 17.1.1.3),
        or the refusal is repeated for seconds.
        """
        dialog = self._dialog
        branch = dialog["branch"] if refused else f"z9hG4bK{os.urandom(6).hex()}"
        if method == "INVITE":
            dialog["branch"] = branch
        lines = [
            f"{method} {dialog['uri']} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch={branch};rport",
            f"From: {dialog['from']}",
            f"To: {dialog['to']}",
            f"Call-ID: {dialog['call-id']}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:probe@{self.host}:{self.port}>",
            "Max-Forwards: 70",
            *further,
        ]
        self._sip.sendto(_message(lines, body), self.pbx)

    def _reply(self, request: str, status: str, body: str = "") -> None:
        to = header(request, "To")
        if ";tag=" not in to:
            to += f";tag={self._tag}"
        vias = re.findall(r"^Via:.*?\r?$", request, re.IGNORECASE | re.MULTILINE)
        lines = [
            f"SIP/2.0 {status}",
            *(via.strip() for via in vias),
            f"From: {header(request, 'From')}",
            f"To: {to}",
            f"Call-ID: {header(request, 'Call-ID')}",
            f"CSeq: {header(request, 'CSeq')}",
            f"Contact: <sip:probe@{self.host}:{self.port}>",
        ]
        self._sip.sendto(_message(lines, body), self.pbx)

    def _on_sip(self, data: bytes, _: tuple[str, int]) -> None:
        message = data.decode(errors="replace")
        if message.startswith("SIP/2.0"):
            self._on_answer(message)
        elif message.startswith("INVITE"):
            self._on_invite(message)
        elif message.startswith(("BYE", "CANCEL")):
            self._reply(message, "200 OK")
            self.hung_up.set()
        elif not message.startswith("ACK"):
            self._reply(message, "200 OK")

    def _on_answer(self, message: str) -> None:
        if header(message, "Call-ID") != self._call_id:
            # Of an earlier call from the same port: its tag would spoil this one's dialog.
            return
        status = int(message.split()[1])
        if header(message, "CSeq").endswith("BYE"):
            self.hung_up.set()
            return
        self.answers.append(status)
        if status < 200 or not self._dialog:
            return
        self._dialog["to"] = header(message, "To")
        if status == 200:
            contact = re.search(r"<(sip:[^>]+)>", header(message, "Contact"))
            self._dialog["uri"] = contact[1] if contact else self._dialog["uri"]
        self._send_request("ACK", 1, "", refused=status >= 300)
        if status == 200:
            self._start_media(message)
        if self._final and not self._final.done():
            self._final.set_result(status)

    def _on_invite(self, message: str) -> None:
        call_id = header(message, "Call-ID")
        if any(header(earlier, "Call-ID") == call_id for earlier in self.invites):
            return
        self.invites.append(message)
        self._reply(message, "180 Ringing")
        if self.picks_up:
            self._call_id = call_id
            self._dialog = {
                "uri": header(message, "Contact").strip("<>"),
                "from": f"{header(message, 'To')};tag={self._tag}",
                "to": header(message, "From"),
                "call-id": call_id,
            }
            self._reply(message, "200 OK", self._sdp())
            self._start_media(message)
        else:
            self._reply(message, "486 Busy Here")

    def _start_media(self, message: str) -> None:
        host = re.search(r"^c=IN IP4 (\S+)", message, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", message, re.MULTILINE)
        if host and port and not self.answered.is_set():
            self.answered.set()
            self._far_media = (host[1], int(port[1]))
            for task in self._tasks:
                task.cancel()
            self._tasks.append(asyncio.create_task(self._send_audio()))

    async def _send_audio(self) -> None:
        begin = time.monotonic()
        for packet in range(10**6):
            if not self._keying:
                self._sequence = (self._sequence + 1) & 0xFFFF
                timestamp = self._packets * 160 & 0xFFFFFFFF
                head = struct.pack("!BBHII", 0x80, 8, self._sequence, timestamp, 7)
                if self.speaks:
                    self._rtp.sendto(head + _SILENCE, self._far_media)
                self._packets += 1
            await asyncio.sleep(max(0.0, begin + packet * 0.02 - time.monotonic()))

    def _on_rtp(self, data: bytes, _: tuple[str, int]) -> None:
        if len(data) > 12 and data[1] & 0x7F == 8:
            self.heard += data[12:]
            self._more.set()


def _message(lines: list[str], body: str) -> bytes:
    if body:
        lines = [*lines, "Content-Type: application/sdp"]
    lines = [*lines, f"Content-Length: {len(body)}", "", body]
    return "\r\n".join(lines).encode(errors="surrogateescape")


@contextlib.asynccontextmanager
async def probe(host: str, port: int, pbx: tuple[str, int]) -> AsyncIterator[SipProbe]:
    """A probe that is open within the block."""
    phone = SipProbe(host, port, pbx)
    await phone.open()
    try:
        yield phone
    finally:
        await phone.close()
