# SPDX-License-Identifier: EUPL-1.2
"""Callers who mean harm, as raw SIP, at a real PBX with a real bridge: nothing changes.

Whatever a caller calls himself, the call is attended as any other, or SIP refuses it. Nothing of
it becomes a header of an event, a step of the dialplan, a line of a log, or a row of the record;
and the next ordinary call goes as ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Connection, select

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.calllog.model import EventKind
from bridge.conference.store import call as call_table
from bridge.languages.model import load_languages
from bridge.roster import store as roster
from bridge.roster.model import Presence
from bridge.vocabulary import LanguageTag, PhoneNumber
from lab.installation import LINE, Installation
from lab.phones import NeverAnswers
from lab.ports import PortLease
from lab.runner import until
from lab.scenario import AGENCY_CODE, PIN
from tests.lab.hostile_ground import GREETED, PATIENCE_SECONDS, Ground, Watcher, told

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "canary"
"""A file that a shell would make, if anything a caller says came to one."""
MARK = "Malvina"
"""Stands in every hostile text, and must turn up nowhere."""
INJECTION = f"{MARK}{{0}}Conference: 99{{0}}Uniqueid: evil{{0}}Event: Hangup{{0}}{{0}}Event: Evil"
"""What would be three further headers and a further event if {0} ended a line."""
UKRAINIAN = next(one.code for one in load_languages() if one.tag == "uk")
INTERPRETER = "+351910000801"
LONG = MARK + "x" * 4096
MOST_LANGUAGES = 4
"""So often a language is chosen in one call, at the most."""
MOST_TURNS = 12 * MOST_LANGUAGES
"""So often something is chosen from a menu, at the most: twelve turns at that of each."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    with PortLease() as lease:
        ports = lease.port(), lease.port()
        installation = Installation(
            tmp_path_factory.mktemp("h"), further_sources=[f"127.0.0.1:{port}" for port in ports]
        )
        try:
            await installation.start()

            def fill(conn: Connection) -> None:
                hasher = installation.hasher
                agency = agencies.add_agency(conn, AGENCY_CODE, "Ensaio", AgencyKind.HEALTH)
                agencies.add_technician(
                    conn,
                    agency,
                    "Técnica do Ensaio",
                    pin_lookup=hasher.lookup(AGENCY_CODE, PIN),
                    pin_hash=hasher.hash(AGENCY_CODE, PIN),
                )
                roster.add_interpreter(
                    conn,
                    "Intérprete",
                    PhoneNumber.parse(INTERPRETER),
                    [LanguageTag("uk")],
                    presence=Presence.AVAILABLE,
                    vetted=True,
                )

            await installation.new_database(fill)
            await installation.start_bridge()
            async with Watcher.at(installation) as watcher:
                ground = Ground(installation, watcher, *ports)
                await ground.rings_as_usual()
                yield ground
        finally:
            await installation.stop()


# --- names and numbers ---------------------------------------------------------------------------

NAMES = {
    "quotes and backslashes": f'{MARK} \\"x\\" \\\\',
    "carriage returns": INJECTION.format("\r"),
    "escaped line ends": INJECTION.format("\\r\\n"),
    "percent-encoded line ends": INJECTION.format("%0d%0a"),
    "NUL": INJECTION.format("\0"),
    "Unicode line separators": INJECTION.format("\u2028"),
    "Unicode paragraph separators": INJECTION.format("\u2029"),
    "NEL": INJECTION.format("\u0085"),
    "other controls": INJECTION.format("\x0b\x0c\x1c\x1d\x1e"),
    "no UTF-8": INJECTION.format("\udc85\udcff"),
    "dialplan": f"{MARK},1,Hangup()&PJSIP/+351910000801@carrier;${{LONGEST}}$[1+1]",
    "shell": f"{MARK} ${{SHELL(touch {{canary}})}}`touch {{canary}}`$(touch {{canary}})|&",
    "SIP": f"{MARK} <sip:evil@127.0.0.1>;tag=evil;isup-oli=27, <sip:x@y>",
    "markup": f"{MARK} <script>alert(1)</script> '; DROP TABLE call; --",
    "withheld": f"Anonymous {MARK}",
    "4 kB": LONG,
    "4 kB of multi-byte letters": MARK + "\u00e9\u4e2d" * 800,
}
"""Display names that are valid SIP, or that Asterisk takes for it."""
NO_SIP = {
    "a bare quote": f'{MARK} "x',
    "a backslash before the closing quote": f"{MARK} \\",
    "line ends": INJECTION.format("\r\n"),
    "line feeds": INJECTION.format("\n"),
    "folded lines": f"{MARK}\r\n Conference: 99\r\n\tUniqueid: evil",
    "escaped line ends of the wire": INJECTION.format("\\\r\\\n"),
}
"""Display names that make the message no SIP: Asterisk drops it without a word, as UDP allows."""
HEADER_TEXTS = {what: text for what, text in NAMES.items() if "\r" not in text}
"""In other headers NUL makes the message no SIP; two carriage returns would end its head."""
IDENTITIES: tuple[str, ...] = (
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "Remote-Party-ID",
    "Diversion",
)
IDENTITIES += ("History-Info", "Contact", "Reply-To", "Call-Info", "Referred-By")
TEXTS = ("Subject", "User-Agent", "Organization", "Alert-Info", "X-Asterisk", "Privacy", "Date")
USERS = {
    "anonymous": "anonymous",
    "emergency": "112",
    "emergency abroad": "+351112",
    "operator's key": "0",
    "percent-encoded NUL": "21%000000",
    "percent-encoded shell": "%24%7BSHELL(touch%20{canary})%7D",
    "percent-encoded variable": "%24%7BLONGEST%7D",
    "percent-encoded separators": "21%2C1%2CHangup%28%29%26PJSIP%2F112%40carrier",
    "separators": "21&PJSIP/1,1",
    "parameters": "21;phone-context=evil;x=y",
    "letters of another script": "%D9%A1%D9%A2%EF%BC%91",
    "4 kB": "2" * 4096,
}
USERS_NO_SIP = {
    "dialplan": "${{SHELL(touch {canary})}}",
    "a quote": '21"0',
    "NUL": "21\0",
    "line ends": "21\r\nConference: 99",
    "a line separator": "21\u2028Conference",
    "nothing": "",
}
LINES = {
    "percent-encoded line ends": "218106191%0d%0aConference:%2099",
    "percent-encoded dialplan": "218106191%2C1%26%24%7BOPERATOR%7D",
    "another context": "room-evil",
    "percent-encoded context": "line%40legs",
    "emergency": "112",
    "4 kB": "2" * 4096,
}


async def _changes_nothing(ground: Ground, tmp_path: Path, status: int, **call: object) -> None:
    since, calls = len(ground.watcher.frames), len(ground.installation.calls())
    logged = ground.installation.log_file.read_bytes()
    assert await ground.rings(**call) == status  # type: ignore[arg-type]
    answered = int(status == 200)
    assert len(ground.installation.calls()) == calls + answered
    if answered:
        assert told(ground.record()) == GREETED
    assert ground.installation.log_file.read_bytes() == logged
    assert not (tmp_path / CANARY).exists()
    await ground.rings_as_usual()
    await ground.nothing_was_injected(since, answered + 1)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_a_hostile_name_changes_nothing(ground: Ground, tmp_path: Path, name: str) -> None:
    name = name.replace("{canary}", str(tmp_path / CANARY))
    await _changes_nothing(ground, tmp_path, 200, name=name)


@pytest.mark.parametrize("name", NO_SIP.values(), ids=NO_SIP)
async def test_a_name_that_is_no_sip_reaches_nobody(
    ground: Ground, tmp_path: Path, name: str
) -> None:
    await _changes_nothing(ground, tmp_path, 0, name=name, within_seconds=0.5)


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
async def test_a_hostile_number_changes_nothing(ground: Ground, tmp_path: Path, user: str) -> None:
    user = user.replace("{canary}", str(tmp_path / CANARY))
    await _changes_nothing(ground, tmp_path, 200, sender=f'"{MARK}" <sip:{user}@127.0.0.1>')


async def test_line_ends_in_a_number_are_no_headers(ground: Ground, tmp_path: Path) -> None:
    user = "21%0d%0aConference%3A%2099%0d%0aUniqueid%3A%20evil"
    await _changes_nothing(ground, tmp_path, 200, sender=f'"{MARK}" <sip:{user}@127.0.0.1>')


async def test_no_caller_can_report_the_end_of_anothers_leg(ground: Ground) -> None:
    since, before = len(ground.watcher.frames), len(ground.installation.calls())
    async with ground.caller() as phone, ground.caller(ground.other_port) as attacker:
        try:
            assert await phone.call(LINE) == 200
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until(lambda: len(ground.installation.calls()) == before + 1)
            called = ground.installation.calls()[-1][0]
            leg = dict(ground.watcher.events(since)[0])["Uniqueid"]
            user = f"2%0d%0a%0d%0aEvent%3AHangup%0d%0aUniqueid%3A{leg}%0d%0aChannelState%3A6%0d%0a"
            assert await attacker.call(LINE, sender=f"<sip:{user}@127.0.0.1>") == 200
            async with asyncio.timeout(PATIENCE_SECONDS):
                await until(lambda: len(ground.installation.calls()) == before + 2)
            attacker.hang_up()
            await ground.happened(EventKind.CALL_ENDED)
            record = [stored.event.kind for stored in ground.installation.events(called)]
            assert record == [EventKind.CALL_ANSWERED]
        finally:
            phone.hang_up()
            attacker.hang_up()
            await ground.nobody_connected()


FORGED = "+351210000777"
"""Whose telephone a name pretends to be."""


@pytest.mark.parametrize(
    "name",
    [
        f"<sip:{FORGED}@",
        f"<sip:{FORGED}@127.0.0.1>",
        f"sip:{FORGED}@127.0.0.1",
        f":{FORGED}@",
        f"x, <sip:{FORGED}@127.0.0.1>;x",
        f'\\" <sip:{FORGED}@127.0.0.1>',
        FORGED,
    ],
)
async def test_no_name_is_taken_for_a_number(ground: Ground, name: str) -> None:
    """Where a name has the sign that begins an address, the number counts as withheld."""
    caller, before = next(ground.callers), len(ground.installation.calls())
    async with ground.caller() as phone:
        assert await phone.call(LINE, sender=f'"{name}" <sip:{caller}@127.0.0.1>') == 200
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(ground.installation.calls()) > before)
        called = ground.installation.calls()[-1][0]
        number = select(call_table.c.technician_number).where(call_table.c.id == called)
        found = ground.installation.read(lambda conn: conn.execute(number).scalar_one())
        phone.hang_up()
    await ground.nobody_connected()
    assert found == (None if "<" in name else PhoneNumber.parse(caller).e164)


@pytest.mark.parametrize("user", USERS_NO_SIP.values(), ids=USERS_NO_SIP)
async def test_a_number_that_is_no_sip_reaches_nobody(
    ground: Ground, tmp_path: Path, user: str
) -> None:
    user = user.replace("{canary}", str(tmp_path / CANARY))
    sender = f'"{MARK}" <sip:{user}@127.0.0.1>'
    await _changes_nothing(ground, tmp_path, 0, sender=sender, within_seconds=0.5)


@pytest.mark.parametrize(
    "sender",
    [
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        "<tel:+351112>",
        f'"{MARK}"\r\n <sip:+351210000001@127.0.0.1>\r\n\t;x=y',
        f"sip:{MARK}@evil.invalid",
    ],
)
async def test_an_unusual_sender_changes_nothing(
    ground: Ground, tmp_path: Path, sender: str
) -> None:
    await _changes_nothing(ground, tmp_path, 200, sender=sender)


@pytest.mark.parametrize("text", HEADER_TEXTS.values(), ids=HEADER_TEXTS)
async def test_other_headers_change_nothing(ground: Ground, tmp_path: Path, text: str) -> None:
    text = text.replace("{canary}", str(tmp_path / CANARY))
    # Ten copies of 4 kB would be no datagram any more.
    names = IDENTITIES[:2] if len(text) > 1000 else IDENTITIES
    headers = [f'{name}: "{text}" <sip:{number}@127.0.0.1>' for name, number in _numbered(names)]
    headers += [f"{name}: {text}" for name in TEXTS[: len(names)]]
    status = 0 if "\0" in text else 200
    await _changes_nothing(ground, tmp_path, status, headers=headers, within_seconds=2.0)


def _numbered(names: Sequence[str]) -> list[tuple[str, str]]:
    numbers = ("112", "anonymous", "+351910000801", "%24%7BLONGEST%7D", "21%0d%0aX:1")
    return [(name, numbers[place % len(numbers)]) for place, name in enumerate(names)]


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
async def test_a_hostile_line_is_refused(ground: Ground, tmp_path: Path, line: str) -> None:
    await _changes_nothing(ground, tmp_path, 404, line=line)


# --- keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["1234567890", "0", "#", "*", "9#", "0123456789*#"])
async def test_thousands_of_keys_during_the_greeting_are_bounded_and_end_politely(
    ground: Ground, keys: str
) -> None:
    logged = ground.installation.log_file.read_bytes()
    before = len(ground.installation.calls())
    async with ground.caller() as phone:
        assert await phone.call(LINE, caller=next(ground.callers)) == 200
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(ground.installation.calls()) > before)
        await phone.flood((keys * 5000)[:5000])
        async with asyncio.timeout(PATIENCE_SECONDS * 3):
            await phone.hung_up.wait()
    await ground.happened(EventKind.CALL_ENDED)
    kinds = Counter(event.kind for event in ground.record())
    # A key that stands alone chooses a language of the line, where nobody is on duty.
    assert kinds.pop(EventKind.IDENTIFICATION_FAILED, 0) <= 3
    assert kinds.pop(EventKind.MIGRANT_RANG, 0) <= MOST_LANGUAGES
    assert kinds.pop(EventKind.DIRECTED, 0) <= MOST_TURNS
    assert kinds.pop(EventKind.NOBODY_ON_DUTY, 0) <= MOST_TURNS
    assert kinds == Counter(
        {EventKind.CALL_ANSWERED: 1, EventKind.LEG_ENDED: 1, EventKind.CALL_ENDED: 1}
    )
    assert ground.installation.log_file.read_bytes() == logged
    await ground.nobody_connected()
    await ground.rings_as_usual()


@pytest.mark.parametrize("keys", ["1", "0", "0123456789*#"])
async def test_thousands_of_keys_while_interpreters_ring_are_bounded_and_end_politely(
    ground: Ground, keys: str
) -> None:
    logged = ground.installation.log_file.read_bytes()
    ground.installation.network.phone(INTERPRETER, NeverAnswers())
    rung = len(ground.installation.network.arrivals)
    before = len(ground.installation.calls())
    async with ground.caller() as phone:
        assert await phone.call(LINE, caller=next(ground.callers)) == 200
        async with asyncio.timeout(PATIENCE_SECONDS):
            await until(lambda: len(ground.installation.calls()) > before)
        await phone.until_heard(0.3)
        await phone.key(AGENCY_CODE + PIN)
        await ground.happened(EventKind.IDENTIFIED)
        for key in (UKRAINIAN, "1", "1"):
            await phone.until_heard(0.3)
            await phone.key(key)
        leg = await ground.installation.network.wait_arrival(INTERPRETER, count=rung + 1)
        await phone.flood((keys * 5000)[:5000])
        async with asyncio.timeout(PATIENCE_SECONDS * 3):
            await phone.hung_up.wait()
    await ground.happened(EventKind.CALL_ENDED)
    await leg.wait_hang_up(PATIENCE_SECONDS)
    kinds = Counter(event.kind for event in ground.record())
    assert kinds[EventKind.OFFERED] == kinds[EventKind.RELEASED] == 1
    assert kinds[EventKind.OFFER_CANCELLED] == 1
    assert sum(kinds.values()) < 20
    assert ground.installation.log_file.read_bytes() == logged
    await ground.nobody_connected()
    await ground.rings_as_usual()


# --- logs and rows -------------------------------------------------------------------------------


async def test_no_name_is_in_the_bridges_log_or_database(ground: Ground) -> None:
    assert await ground.rings(name=f"{MARK} ${{LONGEST}}") == 200
    kept = [ground.installation.log_file, *ground.installation.directory.glob("*.sqlite3*")]
    assert len(kept) >= 2
    for file in kept:
        assert MARK.encode() not in file.read_bytes(), file.name


async def test_no_name_is_in_asterisks_log(ground: Ground) -> None:
    assert await ground.rings(name=LONG) == 200
    log = ground.installation.pbx.conf.parent / "state/log/messages"
    assert MARK.encode() not in log.read_bytes()
