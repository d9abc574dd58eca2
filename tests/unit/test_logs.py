# SPDX-License-Identifier: EUPL-1.2
"""What an error leaves in the log: where it happened, and nothing of what was being handled."""

from __future__ import annotations

import json as json_module
import logging
from collections.abc import Iterator

import pytest
import structlog

from bridge.logs import configure

NUMBER = "+351910000123"


@pytest.fixture
def _as_before() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("_as_before")
@pytest.mark.parametrize("json", [True, False])
def test_no_variable_of_a_frame_is_written(capsys: pytest.CaptureFixture[str], json: bool) -> None:
    configure(json=json)

    def ring(number: str) -> None:
        assert number
        raise RuntimeError("the switch refused")

    try:
        ring(NUMBER)
    except RuntimeError:
        structlog.get_logger("test").exception("somebody could not be rung")
    log = capsys.readouterr().err
    assert "somebody could not be rung" in log
    assert "the switch refused" in log
    assert "in ring" in log
    assert NUMBER not in log


@pytest.mark.usefixtures("_as_before")
def test_what_a_library_says_is_a_line_like_ours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a process that has just begun.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger(), "level", logging.WARNING)
    configure(json=True)
    structlog.get_logger("bridge").info("the bridge is ready")
    logging.getLogger("somebodys.library").warning("a run of %s was skipped", "keep_promises")
    logging.getLogger("somebodys.library").info("nobody needs to know")
    ours, theirs = map(json_module.loads, capsys.readouterr().err.splitlines())
    assert ours["event"] == "the bridge is ready"
    assert theirs["event"] == "a run of keep_promises was skipped"
    assert (theirs["level"], theirs["logger"]) == ("warning", "somebodys.library")
    assert ours.keys() <= theirs.keys()
