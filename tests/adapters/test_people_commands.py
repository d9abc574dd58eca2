# SPDX-License-Identifier: EUPL-1.2
"""Presences, lists and shares, as the coordinator keeps them, on a real SQLite file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from bridge.commands.base import in_database
from bridge.roster import people_store, standing_store
from bridge.roster import store as roster
from bridge.roster.lists_store import load_lists
from bridge.roster.model import Presence
from bridge.roster.store import OfferOutcome
from bridge.vocabulary import LegId
from tests.adapters.coordinator import (
    ANA,
    EVA,
    NOW,
    OFF,
    filled_database,
    instant,
    noon,
    phones,
    read,
    reasons,
    refused,
    run,
)
from tests.storage_samples import make_call


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return filled_database(tmp_path, monkeypatch)


def test_presence_is_set_by_a_coordinator_until_a_time(database: Path) -> None:
    assert "is on break until" in run("presence", str(ANA), "on_break", "--until", noon(1)).stdout
    person = in_database(lambda conn: people_store.load_person(conn, ANA))
    assert person is not None
    assert (person.presence.state, person.presence.until) == (Presence.ON_BREAK, instant(noon(1)))
    shortly = noon(1).replace("T12:00", "T11:59")
    assert reasons(read("who", "--language", "uk", "--at", shortly))[ANA] == "on_break"
    assert ANA in phones(read("who", "--language", "uk", "--at", noon(2)))[0]
    assert "there is no interpreter 77" in refused("presence", "77", "off")
    assert "is past" in refused("presence", "1", "off", "--until", "2020-01-06T12:00")


def test_available_ends_not_answering(database: Path) -> None:
    run("presence", str(OFF), "available")
    standing = in_database(lambda conn: standing_store.load_standing(conn, OFF, NOW))
    assert standing.available_since is not None
    assert OFF in phones(read("who", "--language", "uk", "--at", noon()))[0]


def test_list_entries_come_and_go(database: Path) -> None:
    run("list", "add", "preferred", str(EVA), "--agency", "4021", "--until", noon())
    run("list", "add", "only", str(ANA))
    shown = read("list", "show")
    assert [(one["list"], one["interpreter"], one["agency"]) for one in shown] == [
        ("preferred", EVA, "4021"),
        ("only", ANA, None),
    ]
    assert len(read("list", "show", "--agency", "5555")) == 1
    assert reasons(read("who", "--language", "uk", "--at", noon()))[EVA] == "not_on_only_list"
    run("list", "remove", "only", str(ANA))
    assert "is not on the list only of all agencies" in refused("list", "remove", "only", str(ANA))
    assert [entry.interpreter for entry in in_database(load_lists)] == [EVA]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("do-not-send", "1"), "give a --reason"),
        (("preferred", "77"), "there is no interpreter 77"),
        (("preferred", "1", "--agency", "0000"), "no agency has the code"),
        (("preferred", "1", "--until", "2020-01-06T12:00"), "is past"),
    ],
)
def test_a_list_refuses_in_one_sentence(
    database: Path, words: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("list", "add", *words)
    assert read("list", "show") == []


def test_shares_tell_who_gets_how_much_of_the_work(database: Path) -> None:
    even = read("shares")
    assert {one["share"] for one in even["interpreters"]} == {1.0}
    assert even["gini"] == 0
    at = NOW - timedelta(minutes=30)

    def offer(conn: Connection) -> None:
        leg = LegId("leg-1")
        assert roster.reserve(conn, EVA, make_call(conn), leg, at, "p")
        roster.end_offer(conn, leg, at, OfferOutcome.REFUSED, 12.0)
        roster.release(conn, leg, at)

    in_database(offer)
    shown = read("shares")
    assert shown["interpreters"][-1]["interpreter"] == EVA
    assert shown["interpreters"][-1]["offered_minutes"] == 12
    assert shown["interpreters"][-1]["share"] > 1 > shown["interpreters"][0]["share"]
    assert shown["gini"] > 0
    assert "100% is an even share" in run("shares").output
