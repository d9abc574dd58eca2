# SPDX-License-Identifier: EUPL-1.2
"""The repository keeps its own promises: licence lines, sizes, links, catalogues, floors."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.calllog.model import EventKind
from bridge.settings import AsteriskSettings, Settings

ROOT = Path(__file__).resolve().parents[2]
SPDX = "SPDX-License-Identifier: EUPL-1.2"
MOST_LINES = 450
_UNTRACKED = {".git", ".venv", ".cache", "var", "dist", "__pycache__"}
_RECORDED = Path("tests/fixtures")
"""Recorded bytes, which have to stay as they came."""
_WITHOUT_LICENCE_LINE = {".gitignore", "alembic.ini", "py.typed"}


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the repository, relative to its root; without git, every file that could be."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
        ).stdout.decode()
        found = [Path(name) for name in listed.split("\0") if name]
    except (OSError, subprocess.SubprocessError):
        found = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        found = [path for path in found if not _UNTRACKED.intersection(path.parts)]
    return tuple(path for path in found if (ROOT / path).is_file())


@cache
def text_of(path: Path) -> str:
    """The file's text; empty for what is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads(text_of(Path("pyproject.toml")))


def test_the_files_are_found() -> None:
    assert Path("bridge/vocabulary.py") in tracked()
    assert Path("README.md") in tracked()


def test_every_source_file_names_the_licence() -> None:
    without = [
        str(path)
        for path in tracked()
        if path.name not in _WITHOUT_LICENCE_LINE
        and not path.is_relative_to(_RECORDED)
        and text_of(path).strip()
        and SPDX not in "\n".join(text_of(path).splitlines()[:5])
    ]
    assert without == []


def test_no_module_is_too_long_to_read() -> None:
    long = {}
    for path in tracked():
        if path.suffix == ".py" and (lines := text_of(path).count("\n")) > MOST_LINES:
            long[str(path)] = lines
    assert long == {}


# --- documents -----------------------------------------------------------------------------------

_FENCE = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def _documents() -> Iterator[Path]:
    return (path for path in tracked() if path.suffix == ".md")


def _prose(path: Path) -> str:
    return _FENCE.sub("", text_of(path))


def _anchors(path: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    found = set()
    for heading in _HEADING.findall(_prose(path)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)|`", r"\1", heading).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def test_every_link_within_the_documents_leads_somewhere() -> None:
    broken, seen = [], 0
    for document in _documents():
        for target in _LINK.findall(_prose(document)):
            if "://" in target or target.startswith("mailto:"):
                continue
            seen += 1
            name, _, anchor = target.partition("#")
            file = (ROOT / document.parent / name).resolve() if name else ROOT / document
            leads = file.exists() and file.is_relative_to(ROOT)
            if leads and anchor:
                leads = anchor in _anchors(file.relative_to(ROOT))
            if not leads:
                broken.append(f"{document}: {target}")
    assert broken == []
    assert seen > 20


_PATH_IN_PROSE = re.compile(r"`((?:bridge|dialplan|docs|lab|requirements|scripts|tests)/[\w./-]*)`")


def test_every_file_that_the_documents_name_exists() -> None:
    missing = [
        f"{document}: {name}"
        for document in _documents()
        for name in _PATH_IN_PROSE.findall(_prose(document))
        if not (ROOT / name).exists()
    ]
    assert missing == []


def _first_cells(document: str) -> list[str]:
    """What stands in backticks in the first column of a document's tables."""
    return re.findall(r"^ *\| `([^`]+)`", text_of(Path(document)), re.MULTILINE)


def test_every_kind_of_event_is_in_the_catalogue_once() -> None:
    catalogue = text_of(Path("docs/events.md")).partition("## Catalogue")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([^`]+)`", catalogue, re.MULTILINE)
    assert listed == [kind.value for kind in EventKind]


def _package(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return match[0]


def test_every_dependency_is_explained_once() -> None:
    runtime = pyproject()["project"]["dependencies"]
    development = pyproject()["dependency-groups"]["dev"]
    named = [_package(one) for one in (*runtime, *development)]
    assert sorted(_first_cells("docs/dependencies.md")) == sorted(named)


@pytest.mark.parametrize("requirements", ["runtime.txt", "dev.txt"])
def test_what_is_explained_is_what_is_locked(requirements: str) -> None:
    # Where a package is locked twice, for older and newer Pythons, the first is for 3.11.
    locked: dict[str, str] = {}
    for name, version in re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)", text_of(Path("requirements") / requirements), re.MULTILINE
    ):
        locked.setdefault(name, version)
    explained = dict(
        re.findall(
            r"^\| `([^`]+)` \| [^|]+ \| ([\w.]+),",
            text_of(Path("docs/dependencies.md")),
            re.MULTILINE,
        )
    )
    common = locked.keys() & explained.keys()
    assert {name: explained[name] for name in common} == {name: locked[name] for name in common}
    assert common


def test_every_setting_is_in_the_readme() -> None:
    names = [f"STT_{name}".upper() for name in Settings.model_fields if name != "asterisk"]
    names += [f"STT_ASTERISK__{name}".upper() for name in AsteriskSettings.model_fields]
    readme = text_of(Path("README.md"))
    assert [name for name in names if f"`{name}`" not in readme] == []
    assert set(re.findall(r"`(STT_[A-Z_]+)`", readme)) <= set(names)


def test_decisions_are_numbered_and_complete() -> None:
    folder = Path("docs/adr")
    pages = sorted(p for p in tracked() if p.parent == folder and p.name != "README.md")
    assert [page.name[:4] for page in pages] == [f"{n:04d}" for n in range(len(pages))]
    for page in pages:
        assert text_of(page).splitlines()[1].startswith(f"# {page.name[:4]}. "), page
        headings = re.findall(r"^## (.+)$", text_of(page), re.MULTILINE)
        assert headings == ["Status", "Context", "Decision", "Consequences"], page
    index = text_of(folder / "README.md")
    assert [page.name for page in pages if f"({page.name})" not in index] == []


# --- floors --------------------------------------------------------------------------------------


def _floors() -> list[str]:
    layers = pyproject()["tool"]["importlinter"]["contracts"][0]["layers"]
    return [name.strip(" ()") for layer in layers for name in re.split(r"[|:]", layer)]


def test_every_module_of_the_product_stands_on_a_floor() -> None:
    floors = _floors()
    homeless = []
    for path in tracked():
        if path.parts[0] != "bridge" or path.suffix != ".py" or path.name == "__init__.py":
            continue
        module = ".".join(path.with_suffix("").parts)
        if sum(module == floor or module.startswith(f"{floor}.") for floor in floors) != 1:
            homeless.append(module)
    assert homeless == []


# --- people --------------------------------------------------------------------------------------

_MOBILE = re.compile(r"(?<![\w.])(?:\+351|00351|351)?[ ]?9[1236](?:[ ]?\d){7}(?![\w.])")
_PLAINLY_FICTIONAL = re.compile(r"000|12345")
_PUBLIC = {Path("bridge/hours/directory.toml")}
"""Numbers that public services print on their own pages."""


def test_no_mobile_number_could_be_somebodys() -> None:
    """Portugal keeps no numbers for fiction; ours are recognised by their run of digits."""
    found = {
        f"{path}: {number}"
        for path in tracked()
        if path.parts[0] != "requirements" and path not in _PUBLIC
        for number in _MOBILE.findall(text_of(path))
        if not _PLAINLY_FICTIONAL.search(number.replace(" ", ""))
    }
    assert found == set()
