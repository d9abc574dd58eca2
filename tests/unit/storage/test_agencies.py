# SPDX-License-Identifier: EUPL-1.2
"""Technicians are recognised by code and PIN, and by nothing else."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bridge.agencies import store
from bridge.agencies.model import AgencyField, AgencyKind, BadField, FieldName, Technician
from bridge.agencies.secrets import PinHasher
from bridge.vocabulary import AgencyId, LanguageTag
from tests.storage_samples import PEPPER, identified, number

HASHER = PinHasher(PEPPER)


def _add(conn: Connection, code: str = "1024", pin: str = "271828") -> Technician:
    agency = store.find_agency(conn, code)
    if agency is None:
        agency = store.add_agency(conn, code, f"Agency {code}", AgencyKind.HEALTH)
    return store.add_technician(
        conn,
        agency,
        "Person",
        pin_lookup=HASHER.lookup(code, pin),
        pin_hash=HASHER.hash(code, pin),
    )


def test_code_and_pin_find_the_technician(conn: Connection) -> None:
    one, other = _add(conn), _add(conn, "2051", "271828")
    assert identified(conn, "1024", "271828", HASHER) == one
    assert identified(conn, "2051", "271828", HASHER) == other
    assert one.agency.code == "1024"


@pytest.mark.parametrize(
    ("code", "pin"),
    [
        ("1024", "271829"),
        ("1024", ""),
        ("1025", "271828"),
        ("", ""),
        ("10242", "71828"),
        ("1024\0", "271828"),
        ("1024", "27182\ud800"),
        ("' OR 1=1 --", "271828"),
    ],
)
def test_anything_else_finds_nobody(conn: Connection, code: str, pin: str) -> None:
    _add(conn)
    assert identified(conn, code, pin, HASHER) is None


def test_a_lookup_key_alone_finds_nobody(conn: Connection) -> None:
    """A row whose proof belongs to another PIN, as after a forged lookup key."""
    agency = store.add_agency(conn, "1024", "Agency", AgencyKind.OTHER)
    store.add_technician(
        conn,
        agency,
        "Person",
        pin_lookup=HASHER.lookup("1024", "000000"),
        pin_hash=HASHER.hash("1024", "271828"),
    )
    assert identified(conn, "1024", "000000", HASHER) is None


def test_two_technicians_of_an_agency_have_two_pins(conn: Connection) -> None:
    _add(conn)
    with pytest.raises(IntegrityError):
        _add(conn)


def test_nothing_stored_shows_code_or_pin_and_no_hash_repeats(conn: Connection) -> None:
    _add(conn)
    found = store.find_credential(conn, HASHER.lookup("1024", "271828"))
    assert found is not None
    assert found.pin_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "271828" not in found.pin_hash + HASHER.lookup("1024", "271828")
    assert "argon2" not in repr(found)
    assert HASHER.hash("1024", "271828") != HASHER.hash("1024", "271828")


def test_the_pepper_decides() -> None:
    other = PinHasher(PEPPER + "!")
    assert other.lookup("1024", "271828") != HASHER.lookup("1024", "271828")
    assert not other.verify(HASHER.hash("1024", "271828"), "1024", "271828")


def test_code_and_pin_do_not_run_together() -> None:
    assert HASHER.lookup("102", "4271828") != HASHER.lookup("1024", "271828")


@pytest.mark.parametrize("stored", [None, "", "$argon2id$nonsense", "plain"])
def test_no_usable_hash_is_never_a_match(stored: str | None) -> None:
    assert not HASHER.verify(stored, "1024", "271828")


def test_an_unknown_technician_costs_the_same_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts the slow proofs instead of timing them."""
    proofs: list[str] = []
    hasher = PinHasher(PEPPER)
    slow = hasher._argon2.verify

    def counted(stored: str, keyed: bytes) -> bool:
        proofs.append(stored.rpartition("$")[0].rpartition("$")[0])
        return slow(stored, keyed)

    monkeypatch.setattr(type(hasher._argon2), "verify", lambda _self, *given: counted(*given))
    hasher.verify(HASHER.hash("1024", "271828"), "1024", "271828")
    hasher.verify(None, "1024", "271828")
    assert len(proofs) == 2
    assert proofs[0] == proofs[1]


def test_a_short_pepper_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"STT_PEPPER .* set it to a long random secret"):
        PinHasher("x" * 31)
    PinHasher("x" * 32)


def test_relay_is_allowed_by_agency(conn: Connection) -> None:
    agency = store.add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH)
    assert not agency.relay_allowed
    store.set_relay_allowed(conn, agency.id, True)
    found = store.find_agency(conn, "1024")
    assert found is not None
    assert found.relay_allowed
    assert store.load_agency(conn, agency.id) == found
    store.add_technician(conn, found, "Person", pin_lookup="k", pin_hash="h")
    known = store.find_credential(conn, "k")
    assert known is not None
    assert known.technician.agency == found
    assert store.load_agency(conn, AgencyId(99)) is None
    with pytest.raises(LookupError):
        store.set_relay_allowed(conn, AgencyId(99), True)


# --- what differs from agency to agency --------------------------------------------------------

HOME, OFFICE = number(1), number(2)


def test_an_agency_is_known_by_its_numbers(conn: Connection) -> None:
    one = store.add_agency(conn, "1024", "Hospital", AgencyKind.HEALTH)
    other = store.add_agency(conn, "2051", "School", AgencyKind.SCHOOL)
    assert store.agency_of_number(conn, HOME) is None
    store.add_number(conn, HOME, one.id)
    store.add_number(conn, HOME, one.id)
    store.add_number(conn, OFFICE, one.id)
    assert store.agency_of_number(conn, HOME) == one
    assert store.numbers_of(conn, one.id) == (HOME, OFFICE)
    with pytest.raises(ValueError, match="another agency's"):
        store.add_number(conn, HOME, other.id)
    assert not store.remove_number(conn, HOME, other.id)
    assert store.remove_number(conn, HOME, one.id)
    assert store.agency_of_number(conn, HOME) is None


def test_what_was_set_comes_back_with_the_technician(conn: Connection) -> None:
    known = _add(conn)
    fields = (AgencyField(FieldName.DEPARTMENT, 2, 4), AgencyField(FieldName.PROCESS_NUMBER, 5, 9))
    which = known.agency.id
    store.set_fields(conn, which, fields)
    store.set_favourites(conn, which, [LanguageTag("uk"), LanguageTag("ar")])
    store.set_prompt_language(conn, which, "en")
    store.set_dial_allowed(conn, which, ["+34", "+351808", "+34"], hourly_cap=7)
    found = identified(conn, "1024", "271828", HASHER)
    assert found is not None
    agency = found.agency
    assert agency == store.load_agency(conn, which) == store.load_agencies(conn)[0]
    assert (agency.fields, agency.favourites) == (fields, ("uk", "ar"))
    assert (agency.prompt_language, agency.dial_allowed) == ("en", ("+34", "+351808"))
    assert agency.hourly_dial_cap == 7


def test_what_makes_no_sense_is_refused(conn: Connection) -> None:
    which = _add(conn).agency.id
    tags = [LanguageTag(f"x{n}") for n in range(10)]
    for favourites in (tags, [tags[0], tags[0]]):
        with pytest.raises(ValueError, match="at most 9"):
            store.set_favourites(conn, which, favourites)
    field = AgencyField(FieldName.DEPARTMENT, 1, 20)
    with pytest.raises(ValueError, match="once"):
        store.set_fields(conn, which, [field, field])
    for least, most in ((0, 3), (4, 3), (1, 21)):
        with pytest.raises(BadField, match="1 to 20"):
            AgencyField(FieldName.COST_CENTRE, least, most)
    with pytest.raises(ValueError, match="pt or en"):
        store.set_prompt_language(conn, which, "fr")
    with pytest.raises(LookupError):
        store.set_favourites(conn, AgencyId(99), [])
