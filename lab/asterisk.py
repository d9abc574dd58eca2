# SPDX-License-Identifier: EUPL-1.2
"""Find an Asterisk, run it without root, and stop it again."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bridge.telephony.asterisk.version import AsteriskVersion, require_supported

CACHE = Path(__file__).resolve().parent.parent / ".cache" / "asterisk"
"""Where `make setup` unpacks Asterisk: the folder ``root`` within."""

_LOG_TAIL_LINES = 12


class AsteriskMissing(RuntimeError):
    """No usable Asterisk on this machine; the message names the remedy."""


class AsteriskFailed(RuntimeError):
    """Asterisk did not start, or died; the message says why as far as Asterisk told."""


@dataclass(frozen=True, slots=True)
class AsteriskInstall:
    """An Asterisk that can be run: the command, and the folders its configuration must name."""

    command: tuple[str, ...]
    version: AsteriskVersion
    modules_dir: Path
    data_dir: Path
    music_dir: Path
    """Where the packaged music for waiting is."""


def find_asterisk(cache: Path = CACHE) -> AsteriskInstall:
    """The system's packaged Asterisk when it is new enough, else the one unpacked in `cache`.

    Raises `AsteriskMissing` naming ``make setup`` when there is neither, and `UnsupportedAsterisk`
    when the unpacked one is too old.
    """
    packaged = shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if packaged:
        with contextlib.suppress(RuntimeError):
            return _install((packaged,), Path("/"))
    root = cache / "root"
    binary = root / "usr/sbin/asterisk"
    if not binary.exists():
        raise AsteriskMissing("there is no Asterisk here; run: make setup")
    loader = _one(root, "usr/lib64/ld-linux-*.so.*", "usr/lib/ld-linux-*.so.*")
    libraries = _one(root, "usr/lib/*-linux-gnu*")
    command = (str(loader), "--library-path", str(libraries), str(binary))
    return _install(command, root)


def _one(root: Path, *patterns: str) -> Path:
    for pattern in patterns:
        for found in sorted(root.glob(pattern)):
            return found
    raise AsteriskMissing(
        f"the Asterisk in {root} is incomplete; remove that folder and run: make setup"
    )


def _install(command: tuple[str, ...], root: Path) -> AsteriskInstall:
    try:
        shown = subprocess.run(
            [*command, "-V"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as reason:
        raise AsteriskMissing(
            f"the Asterisk in {root} does not run; remove that folder and run: make setup"
        ) from reason
    return AsteriskInstall(
        command=command,
        version=require_supported(shown.stdout),
        modules_dir=_one(root, "usr/lib/*-linux-gnu*/asterisk/modules", "usr/lib/asterisk/modules"),
        data_dir=_one(root, "usr/share/asterisk", "var/lib/asterisk"),
        music_dir=_one(root, "usr/share/asterisk/moh", "var/lib/asterisk/moh"),
    )


class AsteriskProcess:
    """One running Asterisk with the configuration `conf` (an ``asterisk.conf``).

    Its folder gets ``console.log``; Asterisk's own log is where the configuration says.
    """

    def __init__(self, install: AsteriskInstall, conf: Path) -> None:
        self.install = install
        self.conf = conf
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """The process id. Raises `AsteriskFailed` when it is not running."""
        if self._process is None or self._process.returncode is not None:
            raise AsteriskFailed("Asterisk is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    async def start(self, *, within_seconds: float = 60.0) -> None:
        """Start, and return when Asterisk says it is fully booted.

        Raises `AsteriskFailed` with the end of the log when it dies, cannot open a port, or is not
        ready in time; then nothing is left running.
        """
        socket_path = self._directories()["astrundir"] / "asterisk.ctl"
        if len(str(socket_path)) > 100:
            raise AsteriskFailed(
                f"the path {socket_path} is too long for a socket; use a shorter folder"
            )
        with (self.conf.parent / "console.log").open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *self.install.command,
                *("-C", str(self.conf), "-f"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(within_seconds):
                await self._until_booted()
        except TimeoutError:
            await self.stop()
            raise AsteriskFailed(
                f"Asterisk was not ready within {within_seconds:g} s:\n{self.log_tail()}"
            ) from None
        except BaseException:
            await self.stop()
            raise
        if taken := self._bind_errors():
            await self.stop()
            raise AsteriskFailed(
                f"a port is already taken; choose another or stop what holds it:\n{taken}"
            )

    async def _until_booted(self) -> None:
        while True:
            if not self.running:
                raise AsteriskFailed(f"Asterisk died while starting:\n{self.log_tail()}")
            with contextlib.suppress(AsteriskFailed):
                if "fully booted" in await self.rx("core waitfullybooted"):
                    return
            await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End the process, politely and then firmly; returns when it is gone."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        # A console asks it to stop at once: ended this way it also removes its socket.
        with contextlib.suppress(AsteriskFailed, TimeoutError):
            async with asyncio.timeout(5):
                await self.rx("core stop now")
        for send in (process.terminate, process.kill):
            try:
                async with asyncio.timeout(5):
                    await process.wait()
                break
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    send()
        await process.wait()

    async def kill(self) -> None:
        """End the process without warning (SIGKILL), as a crash would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def rx(self, cli: str) -> str:
        """What Asterisk's console answers to a command. Raises `AsteriskFailed` when it is gone."""
        console = await asyncio.create_subprocess_exec(
            *self.install.command,
            *("-C", str(self.conf), "-rx", cli),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            output, _ = await console.communicate()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                console.kill()
            await console.wait()
            raise
        if console.returncode:
            raise AsteriskFailed(output.decode(errors="replace").strip())
        return output.decode(errors="replace")

    def log_tail(self) -> str:
        """The last lines that Asterisk wrote, for an error that a person reads."""
        lines: list[str] = []
        for source in (self._directories()["astlogdir"] / "messages", self._console_log()):
            if source.exists():
                text = source.read_text(errors="replace")
                lines += [line for line in text.splitlines() if line.strip()]
        return "\n".join(lines[-_LOG_TAIL_LINES:]) or "(Asterisk said nothing)"

    def _console_log(self) -> Path:
        return self.conf.parent / "console.log"

    def _bind_errors(self) -> str:
        log = self._directories()["astlogdir"] / "messages"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(line for line in text.splitlines() if "in use" in line.lower())

    def _directories(self) -> dict[str, Path]:
        """The folders that the configuration names."""
        found: dict[str, Path] = {}
        for line in self.conf.read_text().splitlines():
            name, arrow, value = line.partition("=>")
            if arrow and name.strip().startswith("ast"):
                found[name.strip()] = Path(value.strip())
        return found


def main() -> int:
    """Say which Asterisk the laboratory would run; exit code 1 when there is none."""
    try:
        install = find_asterisk()
    except RuntimeError as reason:
        print(f"error: {reason}", file=sys.stderr)
        return 1
    print(f"Asterisk {install.version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
