# SPDX-License-Identifier: EUPL-1.2
"""A person's own softphone at the network: it registers, is rung, and dials the lines."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lab.asterisk import find_asterisk
from lab.demo import DemoFailed, sip_port
from lab.leg import UNALLOCATED
from lab.network import PORTS, TelephoneNetwork
from lab.phones import Answers
from lab.ports import PortLease
from lab.softphones import Softphone, softphone_section

NUMBER = "+351910000001"
LINE = "+351218106191"
PASSWORD = "only-for-the-lab"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 8\r\n"
)


class Client(asyncio.DatagramProtocol):
    """As much of a softphone as it takes to register, to dial, and to be busy."""

    def __init__(self, network: TelephoneNetwork, account: str, password: str) -> None:
        self.network = network
        self.account = account
        self.password = password
        self.invited = asyncio.Event()
        self.closed = asyncio.Event()
        self._answers: asyncio.Queue[str] = asyncio.Queue()
        self._sequence = 0

    def use(self, transport: asyncio.DatagramTransport) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        message = data.decode()
        if message.startswith("SIP/2.0"):
            self._answers.put_nowait(message)
        elif message.startswith("INVITE"):
            self.invited.set()
            kept = re.findall(r"^(?:Via|From|To|Call-ID|CSeq): .*$", message, re.MULTILINE)
            lines = ["SIP/2.0 486 Busy Here", *(line.strip() for line in kept), "Content-Length: 0"]
            self.transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), addr)

    async def request(self, method: str, user: str, body: str = "") -> int:
        """Send a request, with the password when asked for it; the final status."""
        target = f"sip:{user}{'@' if user else ''}127.0.0.1:{self.network.sip_port}"
        authorization = ""
        while True:
            self._send(method, target, body, authorization)
            answer = await self._final()
            status = int(answer.split()[1])
            if status != 401 or authorization:
                return status
            authorization = self._authorization(method, target, answer)

    def _send(self, method: str, target: str, body: str, authorization: str) -> None:
        self._sequence += 1
        me = f"sip:{self.account}@127.0.0.1"
        branch = f"z9hG4bK{self.port}{self._sequence}"
        lines = [
            f"{method} {target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch={branch}",
            "Max-Forwards: 70",
            f"From: <{me}>;tag=a{self.port}",
            f"To: <{me if method == 'REGISTER' else target}>",
            f"Call-ID: {branch}@127.0.0.1",
            f"CSeq: {self._sequence} {method}",
            f"Contact: <sip:{self.account}@127.0.0.1:{self.port}>",
            *([authorization] if authorization else []),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        message = "\r\n".join(lines) + "\r\n\r\n" + body
        self.transport.sendto(message.encode(), ("127.0.0.1", self.network.sip_port))

    async def _final(self) -> str:
        async with asyncio.timeout(10):
            while True:
                answer = await self._answers.get()
                # Older answers are sent again, since nobody acknowledges them here.
                ours = re.search(rf"^CSeq: {self._sequence} ", answer, re.MULTILINE)
                if ours and int(answer.split()[1]) >= 200:
                    return answer

    def _authorization(self, method: str, target: str, answer: str) -> str:
        """The digest of RFC 2617 with ``qop=auth``."""
        asked = dict(re.findall(r'(realm|nonce|opaque)="([^"]*)"', answer))

        def digest(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        who = digest(f"{self.account}:{asked['realm']}:{self.password}")
        proof = digest(f"{who}:{asked['nonce']}:00000001:c:auth:{digest(f'{method}:{target}')}")
        return (
            f'Authorization: Digest username="{self.account}", realm="{asked["realm"]}", '
            f'nonce="{asked["nonce"]}", uri="{target}", response="{proof}", algorithm=MD5, '
            f'qop=auth, nc=00000001, cnonce="c", opaque="{asked.get("opaque", "")}"'
        )


@pytest.fixture
async def network(tmp_path: Path) -> AsyncIterator[TelephoneNetwork]:
    with PortLease(PORTS) as lease:
        network = TelephoneNetwork(
            find_asterisk(),
            tmp_path / "n",
            lease,
            softphones=[Softphone("interpreter", NUMBER, PASSWORD)],
            lines=[LINE],
        )
        await network.start()
        try:
            yield network
        finally:
            await network.stop()


@asynccontextmanager
async def _client(network: TelephoneNetwork, password: str = PASSWORD) -> AsyncIterator[Client]:
    transport, client = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Client(network, "interpreter", password), local_addr=("127.0.0.1", 0)
    )
    client.use(transport)
    try:
        yield client
    finally:
        transport.close()
        await client.closed.wait()


async def test_a_registered_softphone_is_rung_instead_of_the_played_phone(
    network: TelephoneNetwork,
) -> None:
    network.phone(NUMBER, Answers(after_seconds=0.0))
    async with _client(network) as client:
        assert await client.request("REGISTER", "") == 200
        assert await network.registered("interpreter")

        leg = await network.place("+351210000001", NUMBER)
        await leg.wait_hang_up(10.0)
        assert client.invited.is_set()
        assert leg.answered_at is None
        assert leg.cause == 17


async def test_without_a_registration_the_played_phone_answers(network: TelephoneNetwork) -> None:
    network.phone(NUMBER, Answers(after_seconds=0.0))
    async with _client(network, "the-wrong-password") as client:
        assert await client.request("REGISTER", "") == 401
        assert not await network.registered("interpreter")
        leg = await network.call("+351210000001", NUMBER)
        assert leg.answered_at is not None
        assert not client.invited.is_set()


async def test_a_softphone_dials_the_lines_and_nothing_else(network: TelephoneNetwork) -> None:
    # The trunk leads back to the network itself, where the line is no number of anybody's: what
    # counts is that the call came to the trunk under the account's number.
    async with _client(network) as client:
        for dialled in ("218106191", "+351218106191"):
            assert await client.request("INVITE", dialled, SDP) == 404
        assert [(one.number, one.shown) for one in network.arrivals] == [(LINE, NUMBER)] * 2
        for leg in network.legs_of(LINE):
            # The softphone may have its answer before the network says that the call is over.
            await leg.wait_hang_up(10.0)
            assert leg.cause == UNALLOCATED

        assert await client.request("INVITE", "112", SDP) == 404
        assert await client.request("INVITE", "+351910000002", SDP) == 404
        assert len(network.arrivals) == 2


async def test_a_stranger_cannot_dial(network: TelephoneNetwork) -> None:
    async with _client(network, "the-wrong-password") as client:
        assert await client.request("INVITE", LINE, SDP) == 401
        assert network.arrivals == []


async def test_the_demo_registers_softphones_at_the_usual_port_unless_it_is_taken() -> None:
    with PortLease(64) as lease, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        free, taken = lease.port(), lease.port()
        other.bind(("127.0.0.1", taken))
        assert sip_port(None, "127.0.0.1", usual=free) == free
        assert sip_port(None, "127.0.0.1", usual=taken) is None
        assert sip_port(free, "127.0.0.1", usual=taken) == free
        with pytest.raises(DemoFailed, match=r"taken.*--sip-port"):
            sip_port(taken, "127.0.0.1", usual=free)


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("pbx", PASSWORD, "not a trunk's"),
        ("a]\n[b", PASSWORD, "small letters"),
        ("Technician", PASSWORD, "small letters"),
        ("technician", "short", "8 to 64"),
        ("technician", "long enough\n[pbx]", "8 to 64"),
    ],
)
def test_an_account_that_would_break_the_configuration_is_refused(
    name: str, password: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        softphone_section(Softphone(name, NUMBER, password))
