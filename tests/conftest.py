# SPDX-License-Identifier: EUPL-1.2
"""Every test belongs to a layer by its folder, and the summary says how many ran in each.

* ``unit``: rules and parts alone, on virtual time; no network, no sleep.
* ``adapters``: one adapter against the real thing or its recorded bytes: a database, a socket.
* ``lab``: real Asterisks, real SIP and RTP on loopback.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from lab.ending import end_as_on_ctrl_c
from tests.workers import ByLayer, in_order

# A machine may be busy: how long an example takes says nothing.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

LAYERS = ("unit", "adapters", "lab")
_HERE = Path(__file__).resolve().parent


def _layer(path: Path) -> str:
    """The folder directly below ``tests/`` in which a test's file is."""
    parts = path.resolve().relative_to(_HERE).parts
    return parts[0] if parts else ""


def pytest_configure() -> None:
    # Say that the main thread has no event loop. Otherwise Python 3.11 makes one as soon as
    # pytest-asyncio asks for it, nobody closes it, and some later test is blamed for the warning.
    asyncio.set_event_loop(None)
    # Whoever stops the tests leaves no Asterisk running.
    end_as_on_ctrl_c()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _layer(item.path) not in LAYERS:
            raise pytest.UsageError(
                f"{item.path.name} is in no layer; move it below tests/{{{','.join(LAYERS)}}}/"
            )
    items[:] = in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByLayer:
    return ByLayer(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran in each layer, and how they ended."""
    counts: dict[str, Counter[str]] = {layer: Counter() for layer in LAYERS}
    seen: set[tuple[str, str]] = set()
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            layer = report.nodeid.removeprefix("tests/").partition("/")[0]
            if layer in counts and (report.nodeid, outcome) not in seen:
                seen.add((report.nodeid, outcome))
                counts[layer][outcome] += 1
    terminalreporter.section("tests by layer")
    for layer, outcomes in counts.items():
        told = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.items()) or "none"
        terminalreporter.write_line(f"{layer:<9} {told}")
