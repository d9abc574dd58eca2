# SPDX-License-Identifier: EUPL-1.2
"""What is built for others holds all that the product needs, without a checkout beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.storage_samples import PEPPER

ROOT = Path(__file__).resolve().parents[2]
WRITE = """
import sys
from pathlib import Path
from bridge.telephony.asterisk.config import APOLOGIES, PbxPlan, write_configuration

here = Path(sys.argv[1])
for folder in ("modules", "data", "music", "prompts/pt", "prompts/en"):
    (here / folder).mkdir(parents=True)
(here / "music" / "song.wav").touch()
for language in ("pt", "en"):
    for key in APOLOGIES:
        (here / "prompts" / language / f"{key}.wav").touch()
plan = PbxPlan(
    modules_dir=here / "modules",
    data_dir=here / "data",
    music_dir=here / "music",
    prompts_dir=here / "prompts",
    recordings_dir=here / "recordings",
    reader_secret="reader-secret-0123456789",
    writer_secret="writer-secret-0123456789",
    trunk_host="192.0.2.1",
)
print(write_configuration(plan, here / "etc"))
"""
COMMAND = "from bridge.cli import main; main()"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the wheel's files."""
    made = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(made)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = made.glob("*.whl")
    target = made / "installed"
    with zipfile.ZipFile(wheel) as files:
        files.extractall(target)
    return target


def python(installed: Path, cwd: Path, *arguments: str) -> str:
    """Run Python on the wheel and what it depends on, with no path into this checkout."""
    packages = sysconfig.get_paths()["purelib"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("STT_")},
        "PYTHONPATH": os.pathsep.join([str(installed), packages]),
        "STT_PEPPER": PEPPER,
        "STT_DATABASE_URL": f"sqlite+aiosqlite:///{cwd}/bridge.sqlite3",
    }
    # -S: the environment's own hint at this checkout is not followed.
    command = [sys.executable, "-S", "-c", *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment, text=True, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_s_own_files_are_used(installed: Path, tmp_path: Path) -> None:
    found = python(installed, tmp_path, "import bridge; print(bridge.__file__)")
    assert Path(found.strip()).is_relative_to(installed)


def test_the_wheel_holds_whatever_lies_in_the_package(installed: Path) -> None:
    package = ROOT / "bridge"
    kept = {
        path.relative_to(ROOT)
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.suffix for path in kept} >= {".toml", ".typ", ".md"}
    assert sorted(str(path) for path in kept if not (installed / path).is_file()) == []


def test_the_wheel_writes_the_pbx_s_configuration(installed: Path, tmp_path: Path) -> None:
    conf = Path(python(installed, tmp_path, WRITE, str(tmp_path / "pbx")).strip())
    assert conf.is_file()
    kept = {path.name for path in (ROOT / "dialplan").iterdir() if path.suffix == ".conf"}
    assert kept <= {path.name for path in conf.parent.iterdir()}


def test_the_wheel_makes_its_tables_and_fills_them(installed: Path, tmp_path: Path) -> None:
    python(installed, tmp_path, COMMAND, "database", "upgrade")
    assert "Hospital" in python(installed, tmp_path, COMMAND, "database", "seed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("languages", "list"), "ucraniano"),
        (("hours", "--line", "218106191", "--at", "2026-12-08T10:00"), "Imaculada"),
        (("prompts", "transcript", "--path", "technician"), "língua"),
    ],
)
def test_the_wheel_has_its_words_languages_and_hours(
    installed: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert said in python(installed, tmp_path, COMMAND, *words)
