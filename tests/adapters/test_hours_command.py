# SPDX-License-Identifier: EUPL-1.2
"""The opening hours of lines and services, as the coordinator asks for them."""

from __future__ import annotations

from tests.adapters.coordinator import read, refused, run


def test_hours_of_a_line_on_a_holiday() -> None:
    found = read("hours", "--line", "218106191", "--at", "2026-12-08T10:00")
    assert found["open"] is False
    assert found["why"] == "Imaculada Conceição"
    assert found["opens_at"] == "2026-12-09T09:00:00+00:00"
    assert "closes_at" not in found


def test_hours_of_a_service_that_is_open() -> None:
    found = read("hours", "--service", "stt", "--at", "2026-11-23T10:00")
    assert (found["open"], found["closes_at"]) == (True, "2026-11-23T19:00:00+00:00")
    shown = run("hours", "--service", "stt", "--at", "2026-11-23T10:00").stdout
    assert "open: window Mon–Fri 09:00–19:00" in shown
    assert "closes Mon 2026-11-23 19:00" in shown


def test_hours_without_a_place_are_refused() -> None:
    assert refused("hours") == "name either a line or a service"
    assert "that is no number of a line" in refused("hours", "--line", "112")
