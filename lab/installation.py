# SPDX-License-Identifier: EUPL-1.2
"""A whole installation on one machine: telephone network, PBX, and the bridge as a process.

Demo, lab tests and benchmarks use this same class. The two Asterisks are started once; the bridge
can be started, stopped and killed on a database of its own as often as a scenario needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine, create_engine, select

from bridge.agencies.secrets import PinHasher
from bridge.calllog import store as calllog
from bridge.calllog.model import StoredEvent
from bridge.conference.store import call as call_table
from bridge.hours.localtime import LISBON
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import upgrade
from bridge.telephony.asterisk.config import PbxPlan, write_configuration
from bridge.telephony.gate import PermittedNumber
from bridge.vocabulary import CallId, JobNumber
from lab.asterisk import AsteriskProcess, find_asterisk
from lab.hours import LineHours, directory_text
from lab.network import PORTS as NETWORK_PORTS
from lab.network import TelephoneNetwork
from lab.onlooker import Onlooker, allow_onlooker
from lab.ports import PortLease

T = TypeVar("T")

LINES = ("+351808257257", "+351218106191")
LINE = "218106191"
"""The line that the lab's technicians dial."""
PBX_RTP_PORTS = 400
PROMPTS = Path("var/prompts")
READY = "the bridge is ready"


class BridgeFailed(RuntimeError):
    """The bridge did not start, or died; the message holds the end of its log."""


class Installation:
    """Network, PBX and bridge, in a directory of their own on free ports of this machine."""

    def __init__(
        self,
        directory: Path,
        *,
        bind: str = "127.0.0.1",
        operator: PermittedNumber | None = None,
        settings: Mapping[str, str] | None = None,
        network_port: int | None = None,
        further_sources: Sequence[str] = (),
        silence_seconds: int = 60,
    ) -> None:
        """Make it; `start` starts it.

        `settings` are further environment variables for the bridge (``STT_…``). `network_port` is
        the UDP port of the telephone network, where softphones register; a free one by default.
        `further_sources` (``address:port``) may call the PBX beside the network, as if they were
        the carrier. A telephone that sends nothing for `silence_seconds` is hung up by the PBX.
        """
        self.directory = directory.resolve()
        self._install = find_asterisk()
        self.asterisk_version = str(self._install.version)
        self._lease = PortLease(NETWORK_PORTS + PBX_RTP_PORTS + 64)
        self._sip_port = self._lease.port()
        self._ami_port = self._lease.port()
        self._agi_port = self._lease.port()
        self._reader_secret = secrets.token_hex(16)
        self._writer_secret = secrets.token_hex(16)
        self._pepper = secrets.token_hex(32)
        self._operator = operator
        self._further_sources = tuple(further_sources)
        self._silence_seconds = silence_seconds
        self.settings = dict(settings or {})
        """Further settings of the bridge; changes count from its next start."""
        self.hours = LineHours.OPEN
        """How it stands with the lines; as with the settings, it counts from the next start."""
        self.closed_services: frozenset[str] = frozenset()
        """The services that are closed, by their keys in the directory."""
        self.network = TelephoneNetwork(
            self._install,
            self.directory / "network",
            self._lease,
            pbx=("127.0.0.1", self._sip_port),
            lines=LINES,
            bind=bind,
            sip_port=network_port,
            spoken_to=lambda leg: bool(self.onlooker.begun_since(leg.number, leg.made_at)),
        )
        self._onlooker_secret = secrets.token_hex(16)
        self.onlooker = Onlooker(self._ami_port, self._onlooker_secret)
        self._pbx: AsteriskProcess | None = None
        self._bridge: asyncio.subprocess.Process | None = None
        self._runs = 0
        self._reading: Engine | None = None

    # --- the two Asterisks ---------------------------------------------------------------------

    async def start(self) -> None:
        """Start the network and the PBX. Raises `AsteriskFailed`; then nothing is left running."""
        self.directory.mkdir(parents=True, exist_ok=True)
        rtp_first, rtp_last = self._lease.rtp_range(PBX_RTP_PORTS)
        plan = PbxPlan(
            modules_dir=self._install.modules_dir,
            data_dir=self._install.data_dir,
            music_dir=self._install.music_dir,
            prompts_dir=PROMPTS,
            recordings_dir=PROMPTS.parent / "recordings",
            reader_secret=self._reader_secret,
            writer_secret=self._writer_secret,
            trunk_host=self.network.host,
            trunk_port=self.network.sip_port,
            trunk_sources=(
                f"{self.network.host}:{self.network.sip_port}",
                *self._further_sources,
            ),
            sip_port=self._sip_port,
            rtp_first=rtp_first,
            rtp_last=rtp_last,
            ami_port=self._ami_port,
            agi_port=self._agi_port,
            operator=self._operator,
            apology_music_seconds=3,
            silence_seconds=self._silence_seconds,
        )
        try:
            configuration = write_configuration(plan, self.directory / "pbx")
            allow_onlooker(configuration.with_name("manager.conf"), self._onlooker_secret)
            self._pbx = AsteriskProcess(self._install, configuration)
            await asyncio.gather(self._pbx.start(), self.network.start())
            await self.onlooker.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything that was started."""
        await self.stop_bridge()
        await self.onlooker.stop()
        await self.network.stop()
        if self._pbx is not None:
            await self._pbx.stop()
        self._lease.close()

    @property
    def pbx(self) -> AsteriskProcess:
        """The PBX. Raises `RuntimeError` before `start`."""
        if self._pbx is None:
            raise RuntimeError("the PBX has not been started")
        return self._pbx

    @property
    def pbx_address(self) -> tuple[str, int]:
        """Where the PBX takes SIP."""
        return "127.0.0.1", self._sip_port

    def manager(self, user: str) -> tuple[str, int, str, str]:
        """Host, port, user and secret of the PBX's manager interface, for looking on or comparing.

        `user` is ``bridge-reader`` or ``bridge-writer``.
        """
        secret = self._reader_secret if user == "bridge-reader" else self._writer_secret
        return "127.0.0.1", self._ami_port, user, secret

    # --- the bridge ----------------------------------------------------------------------------

    @property
    def log_file(self) -> Path:
        """The log of the bridge that runs now, or ran last."""
        return self.directory / f"bridge-{self._runs}.log"

    @property
    def hasher(self) -> PinHasher:
        """Hashes PINs as this installation's bridge does."""
        return PinHasher(self._pepper)

    async def new_database(self, fill: Callable[[Connection], T]) -> T:
        """Give the next bridge an empty database and write `fill` into it."""
        self._runs += 1
        self.directory.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(upgrade, self.database_url)
        database = SqlDatabase(self.database_url)
        try:
            filled = await database.run(fill)
        finally:
            await database.dispose()
        if self._reading is not None:
            self._reading.dispose()
        # Plain read transactions: looking on must not take the bridge's write lock.
        self._reading = create_engine(f"sqlite:///{self._database_file}")
        return filled

    async def start_bridge(self, *, within_seconds: float = 30.0) -> None:
        """Start the bridge on the present database; returns when it takes calls.

        Raises `BridgeFailed`.
        """
        today = datetime.now(UTC).astimezone(LISBON).date()
        self._directory_file.write_text(
            directory_text(today, self.hours, self.closed_services), encoding="utf-8"
        )
        with self.log_file.open("ab") as log:
            self._bridge = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bridge.cli", "serve", "--json-log"),
                env={**os.environ, **self.bridge_settings()},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        already = self.log_file.read_text().count(READY)
        try:
            async with asyncio.timeout(within_seconds):
                while self.log_file.read_text().count(READY) <= already:
                    if self._bridge.returncode is not None:
                        raise BridgeFailed(f"the bridge did not start:\n{self.log_tail()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            await self.stop_bridge()
            raise BridgeFailed(f"the bridge was not ready in time:\n{self.log_tail()}") from None

    async def stop_bridge(self) -> None:
        """Ask the bridge to stop, and wait until it has."""
        await self._end_bridge(signal.SIGTERM)

    async def kill_bridge(self) -> None:
        """End the bridge as a crash would: `kill -9`."""
        await self._end_bridge(signal.SIGKILL)

    async def _end_bridge(self, with_signal: signal.Signals) -> None:
        process, self._bridge = self._bridge, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(with_signal)
        try:
            async with asyncio.timeout(15):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def stand_still(self, seconds: float) -> None:
        """Let nothing happen for so long, here, in the bridge or in either Asterisk.

        As on a machine that is paused: nobody does anything, and the clocks go on.
        """
        pids = [self.pbx.pid, self.network.asterisk.pid]
        if self._bridge is not None and self._bridge.returncode is None:
            pids.append(self._bridge.pid)
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(seconds)
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)

    def bridge_settings(self) -> dict[str, str]:
        """The environment variables with which this installation's bridge runs."""
        return {
            "STT_DATABASE_URL": self.database_url,
            "STT_PEPPER": self._pepper,
            "STT_PROMPTS_DIR": str(PROMPTS.resolve()),
            "STT_RECORDINGS_DIR": str((PROMPTS.parent / "recordings").resolve()),
            "STT_DIRECTORY": str(self._directory_file),
            "STT_OPERATOR_NUMBER": self._operator.number.e164 if self._operator else "",
            "STT_ASTERISK__AMI_PORT": str(self._ami_port),
            "STT_ASTERISK__READER_SECRET": self._reader_secret,
            "STT_ASTERISK__WRITER_SECRET": self._writer_secret,
            "STT_ASTERISK__AGI_PORT": str(self._agi_port),
            **self.settings,
        }

    def log_tail(self, lines: int = 15) -> str:
        """The end of the bridge's log."""
        text = self.log_file.read_text() if self.log_file.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    # --- looking at the record -----------------------------------------------------------------

    @property
    def _directory_file(self) -> Path:
        return self.directory / "directory.toml"

    @property
    def _database_file(self) -> Path:
        return self.directory / f"bridge-{self._runs}.sqlite3"

    @property
    def database_url(self) -> str:
        """The database of the present bridge."""
        return f"sqlite+aiosqlite:///{self._database_file}"

    def read(self, look: Callable[[Connection], T]) -> T:
        """Look into the present database without disturbing the bridge."""
        if self._reading is None:
            raise RuntimeError("there is no database yet")
        with self._reading.connect() as conn:
            return look(conn)

    def calls(self) -> list[tuple[CallId, JobNumber]]:
        """All calls so far, the oldest first."""
        rows = select(call_table.c.id, call_table.c.serial).order_by(call_table.c.serial)
        return self.read(
            lambda conn: [
                (CallId(row.id), JobNumber.of_serial(row.serial)) for row in conn.execute(rows)
            ]
        )

    def events(self, call: CallId, after: int = 0) -> list[StoredEvent]:
        """The events of a call after the `after`-th."""
        return self.read(lambda conn: calllog.events_since(conn, call, after))
