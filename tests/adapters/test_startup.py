# SPDX-License-Identifier: EUPL-1.2
"""What an administrator sees when the bridge cannot start: one line that names the remedy."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url
from typer.testing import CliRunner

from bridge.cli import app
from bridge.prompts.catalogue import load_catalogue
from bridge.storage.migrate import upgrade
from bridge.storage.sole_use import sole_use
from bridge.telephony.asterisk.frames import Frame
from tests.adapters.fake_ami import FakeAmi, FakePeer, frame
from tests.postgres import PostgresCluster

SECRET = "0123456789abcdef0123456789abcdef"
OWN_LINES = """
[[line]]
key = "ajuda"
pt = "Linha de Ajuda"
en = "Help Line"
greeting = "my-greeting"
languages = ["pt", "xx"]
services = ["camara"]
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]

[[service]]
key = "camara"
pt = "Câmara"
en = "Town hall"
hours = [{ days = "Mon-Fri", open = ["09:00-19:00"] }]
"""


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sound files for every prompt; what they sound like does not matter here."""
    folder = tmp_path_factory.mktemp("prompts")
    for prompt in load_catalogue():
        path = folder / f"{prompt.name}.wav"
        path.parent.mkdir(exist_ok=True)
        with wave.open(str(path), "wb") as sound:
            sound.setparams((1, 2, 8000, 0, "NONE", ""))
            sound.writeframes(b"\0\0" * 80)
    return folder


@pytest.fixture
def settings(tmp_path: Path, prompts: Path) -> dict[str, str]:
    """Settings with which nothing is wrong but that no Asterisk listens."""
    url = f"sqlite+aiosqlite:///{tmp_path}/bridge.sqlite3"
    upgrade(url)
    return {
        "STT_DATABASE_URL": url,
        "STT_PEPPER": SECRET,
        "STT_PROMPTS_DIR": str(prompts),
        "STT_RECORDINGS_DIR": str(tmp_path / "recordings"),
        "STT_ASTERISK__AMI_PORT": "1",
        "STT_ASTERISK__AGI_PORT": "0",
        "STT_ASTERISK__READER_SECRET": SECRET,
        "STT_ASTERISK__WRITER_SECRET": SECRET,
    }


async def serve(settings: dict[str, str]) -> tuple[int, list[str]]:
    """Run `stt-bridge serve` until it gives up; its exit code and what it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("STT_")}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge.cli", "serve"),
        env={**clean, **settings},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(60):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return process.returncode or 0, said.decode().splitlines()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"STT_PEPPER": "short"}, "STT_PEPPER is shorter than 32 characters"),
        ({"STT_CALLER_ID": "hello"}, "STT_CALLER_ID is not a telephone number"),
        (
            {"STT_OPERATOR_NUMBER": "760 123 456"},
            "STT_OPERATOR_NUMBER cannot be rung: premium numbers are not permitted; give a",
        ),
        ({"STT_OPERATOR_NUMBER": "hello"}, "STT_OPERATOR_NUMBER cannot be rung: this is not"),
        ({"STT_LEVELS": "A,B,a"}, "STT_LEVELS: a scale of levels is one to 63 names"),
        ({"STT_RING_SECONDS": "-1"}, "STT_RING_SECONDS: Input should be greater than 0"),
        ({"STT_DATABASE_URL": "mysql://x"}, "STT_DATABASE_URL names no database"),
        ({"STT_DATABASE_URL": "sqlite+aiosqlite:////nowhere/x"}, "STT_DATABASE_URL"),
        ({"STT_PROMPTS_DIR": "/nowhere"}, "run `stt-bridge prompts build`"),
        ({}, "start Asterisk or correct the address"),
    ],
)
async def test_one_line_names_the_remedy(
    settings: dict[str, str], change: dict[str, str], expected: str
) -> None:
    code, said = await serve(settings | change)
    assert code == 1
    assert len(said) == 1, said
    assert said[0].startswith("error: ")
    assert expected in said[0]
    assert SECRET not in said[0]


@pytest.mark.parametrize("level", ["debug", "INFO", "Warning", "error"])
def test_a_level_of_the_log_is_known_by_its_name(
    level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def configure(*, json: bool, level: str) -> None:
        asked.append(level)
        raise ValueError("far enough")

    monkeypatch.setattr("bridge.logs.configure", configure)
    CliRunner().invoke(app, ["serve", "--log-level", level])
    assert asked == [level.lower()]


def test_a_level_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    result = CliRunner().invoke(app, ["serve", "--log-level", "foo"], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert "'foo' is not one of 'debug', 'info', 'warning', 'error'" in result.output


async def test_one_missing_prompt_is_named(settings: dict[str, str], tmp_path: Path) -> None:
    partial = tmp_path / "partial"
    for prompt in load_catalogue():
        whole = Path(settings["STT_PROMPTS_DIR"]) / f"{prompt.name}.wav"
        if prompt.name != "pt/goodbye":
            (partial / prompt.language).mkdir(parents=True, exist_ok=True)
            (partial / f"{prompt.name}.wav").symlink_to(whole)
    code, said = await serve(settings | {"STT_PROMPTS_DIR": str(partial)})
    assert (code, len(said)) == (1, 1)
    assert "pt/goodbye" in said[0]


async def test_lines_that_nobody_would_hear_are_told_one_by_one(
    settings: dict[str, str], tmp_path: Path
) -> None:
    """An installation's own file of lines and services, with nothing recorded for it."""
    own = tmp_path / "own.toml"
    own.write_text(OWN_LINES, encoding="utf-8")
    code, said = await serve(settings | {"STT_DIRECTORY": str(own)})
    assert code == 1
    recordings = settings["STT_RECORDINGS_DIR"]
    for line, name in zip(said, ("my-greeting", "language-xx", "service-camara"), strict=True):
        assert line.removeprefix("error: ").startswith("STT_DIRECTORY: the ")
        assert f"record it as {recordings}/pt/{name}.wav" in line


async def test_a_file_in_another_encoding_is_named_with_the_remedy(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_bytes(OWN_LINES.encode("latin-1"))
    code, said = await serve(settings | {"STT_DIRECTORY": str(own)})
    told = f"error: STT_DIRECTORY: {own} is not in UTF-8; save it in that encoding"
    assert (code, said) == (1, [told])
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes("STT_POLICY=não".encode("latin-1"))
    code, said = await serve(settings)
    assert (code, said) == (1, ["error: .env is not in UTF-8; save it in that encoding"])


async def test_tables_that_are_missing(settings: dict[str, str], tmp_path: Path) -> None:
    empty = f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite3"
    code, said = await serve(settings | {"STT_DATABASE_URL": empty})
    assert (code, len(said)) == (1, 1)
    assert "stt-bridge database upgrade" in said[0]


@pytest.fixture
def locked(settings: dict[str, str]) -> Iterator[None]:
    """Another program holds the database's write lock."""
    path = settings["STT_DATABASE_URL"].removeprefix("sqlite+aiosqlite:///")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    yield
    holder.close()


@pytest.mark.usefixtures("locked")
async def test_a_locked_database(settings: dict[str, str]) -> None:
    code, said = await serve(settings)
    assert (code, len(said)) == (1, 1)
    assert "The database is locked: close the other program" in said[0]


async def test_a_database_on_which_another_bridge_runs(settings: dict[str, str]) -> None:
    other = sole_use(settings["STT_DATABASE_URL"], "other")
    await other.take()
    code, said = await serve(settings)
    await other.release()
    assert code == 1
    assert "waiting for its end" in said[0]
    assert said[1:] == [
        "error: Another bridge runs on this database: stop one of the two, or give each a database "
        "of its own (STT_DATABASE_URL)."
    ]


async def test_a_bridge_whose_database_was_taken_over_ends_with_one_sentence(
    settings: dict[str, str], postgres: PostgresCluster
) -> None:
    url = postgres.new()
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    other = sole_use(url, "other")

    async def new(peer: FakePeer, action: Frame) -> None:
        await peer.ok(action, ("AsteriskVersion", "22.10.1"))

    async def nobody(peer: FakePeer, action: Frame) -> None:
        await peer.ok(action, ("EventList", "start"))
        about = ("ActionID", action.get("ActionID"))
        await peer.send(frame(("Event", f"{action.get('Action')}Complete"), about))

    async with FakeAmi() as ami:
        ami.replies["CoreSettings"] = new
        ami.replies["CoreShowChannels"] = ami.replies["ConfbridgeListRooms"] = nobody
        change = {"STT_DATABASE_URL": url, "STT_ASTERISK__AMI_PORT": str(ami.port)}
        running = asyncio.create_task(serve(settings | change))
        await ami.action("ConfbridgeListRooms")
        taking = asyncio.create_task(other.take(60.0))
        with psycopg.connect(plain, autocommit=True) as admin:
            await asyncio.sleep(1.0)
            assert not taking.done()
            # Either of the two may be faster to take it next: until it was the other.
            held = (
                "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
                "WHERE locktype = 'advisory' AND application_name <> 'stt-bridge other'"
            )
            while not taking.done():
                admin.execute(held)
                await asyncio.sleep(0.2)
        await taking
        code, said = await running
    await other.release()
    assert code == 1
    assert said[-1] == (
        "error: Another bridge took this database over while it was out of reach from here: stop "
        "one of the two, or give each a database of its own (STT_DATABASE_URL)."
    )


async def test_an_asterisk_that_is_too_old(settings: dict[str, str]) -> None:
    async def old(peer: FakePeer, action: Frame) -> None:
        await peer.ok(action, ("AsteriskVersion", "20.5.0"))

    async with FakeAmi() as ami:
        ami.replies["CoreSettings"] = old
        code, said = await serve(settings | {"STT_ASTERISK__AMI_PORT": str(ami.port)})
    assert (code, len(said)) == (1, 1)
    assert "20.5.0" in said[0]
    assert "22.10.1" in said[0]


async def test_a_port_that_is_taken(settings: dict[str, str]) -> None:
    async def new(peer: FakePeer, action: Frame) -> None:
        await peer.ok(action, ("AsteriskVersion", "22.10.1"))

    taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    async with taken, FakeAmi() as ami:
        ami.replies["CoreSettings"] = new
        change = {"STT_ASTERISK__AMI_PORT": str(ami.port), "STT_ASTERISK__AGI_PORT": str(port)}
        code, said = await serve(settings | change)
    assert (code, len(said)) == (1, 1)
    assert f"127.0.0.1:{port}" in said[0]
    assert "STT_ASTERISK__AGI_PORT" in said[0]
