# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL of our own for tests and benches: in a temporary folder, on a free loopback port.

Nothing on the machine is touched: a cluster that may already run there is neither used nor seen.
"""

from __future__ import annotations

import itertools
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bridge.storage.migrate import upgrade

PASSWORD = "only-for-tests"  # noqa: S105
"""Of a server that only this machine reaches, and that is gone a moment later."""
_SERVERS = Path("/usr/lib/postgresql")
_PATIENCE_SECONDS = 60.0


class PostgresMissing(RuntimeError):
    """PostgreSQL can't be started here; the message names the remedy."""


def find_binaries(root: Path = _SERVERS) -> Path:
    """The folder with `initdb` and `postgres` of the newest PostgreSQL installed."""
    found = [
        folder / "bin"
        for folder in root.glob("*")
        if re.fullmatch(r"\d+", folder.name) and (folder / "bin" / "initdb").exists()
    ]
    if not found:
        raise PostgresMissing("PostgreSQL's server programs are missing: run `make setup`.")
    return max(found, key=lambda bin_folder: int(bin_folder.parent.name))


class PostgresCluster:
    """A private server; `start` it, take `url`s, `stop` it."""

    def __init__(self, *, durable: bool = False) -> None:
        """With `durable` a commit waits for the disk, as in service; tests do without."""
        self._durable = durable
        self._bin = find_binaries()
        self._as = _other_user()
        self._folder = Path(tempfile.mkdtemp(prefix="stt-postgres-"))
        self._server: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        self.port = 0

    def start(self) -> None:
        """Make the cluster, start it and prepare a database with all our tables."""
        try:
            self._make()
            # Somebody may take the port between our look and the server's: then try another one.
            if not any(self._serve() for _ in range(5)):
                raise RuntimeError(f"PostgreSQL does not start: {self._log()}")  # noqa: TRY301
            self._admin("CREATE DATABASE template_ours")
            upgrade(self.url("template_ours"))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and remove everything."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """The URL of a database of this cluster."""
        return f"postgresql+psycopg://tester:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def new(self, *, tables: bool = True) -> str:
        """Make a new database, with our tables or empty, and return its URL."""
        name = f"test_{next(self._names)}"
        template = "template_ours" if tables else "template1"
        self._admin(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def _make(self) -> None:
        if self._as:
            user = pwd.getpwnam(self._as["user"])
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        password = self._folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        made = subprocess.run(
            [
                self._bin / "initdb",
                f"--pgdata={self._folder / 'data'}",
                "--username=tester",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            cwd=self._folder,
            capture_output=True,
            check=False,
            **self._as,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr.decode(errors='replace')}")

    def _serve(self) -> bool:
        """Start the server on a free port; `False` when it ended at once."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
            "max_connections": 60,
            "shared_buffers": "16MB",
            "timezone": "Europe/Lisbon",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("wb") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self._folder / "data", *settings],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._as,
            )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if self._server.poll() is not None:
                return False
            try:
                self._admin("SELECT 1")
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return True
        raise RuntimeError(f"PostgreSQL does not answer: {self._log()}")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="tester",
            password=PASSWORD,
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(statement.encode())

    def _log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-2000:]


def _other_user() -> dict[str, Any]:
    """As root, whom PostgreSQL refuses: the arguments that run a process as somebody else."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": name, "group": user.pw_gid, "extra_groups": []}
    raise PostgresMissing("PostgreSQL refuses to run as root and there is no user postgres.")
