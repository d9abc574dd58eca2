# SPDX-License-Identifier: EUPL-1.2
"""The gate: what passes, what never does, what an agency can be given besides."""

from __future__ import annotations

import copy
import dataclasses
import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.hours.directory import load_directory
from bridge.telephony.gate import (
    NATIONAL,
    BadPrefix,
    DialBudget,
    DialRules,
    NotPermitted,
    PermittedNumber,
    Refusal,
    is_emergency,
    permit,
)
from bridge.vocabulary import BadNumber, PhoneNumber

ORDINARY = re.compile(r"\+351(?:2[0-9]{8}|30[0-9]{7}|800[0-9]{6}|9[0-9]{8})")
"""Geographic, nomadic, free for the caller, mobile."""


def refusal(text: str | PhoneNumber, rules: DialRules = NATIONAL) -> Refusal | None:
    try:
        permit(text, rules)
    except NotPermitted as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    "text",
    [
        "210 000 012",
        "+351 21 000 00 12",
        "00351210000012",
        "960000012",
        "910 000 001",
        "300 003 990",
        "800 123 456",
        PhoneNumber("+351960000012"),
    ],
)
def test_ordinary_national_numbers_pass(text: str | PhoneNumber) -> None:
    assert ORDINARY.fullmatch(permit(text).number.e164)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Refusal.NOT_A_NUMBER),
        ("116 117", Refusal.NOT_A_NUMBER),
        ("21000001", Refusal.NOT_A_NUMBER),
        ("21000001210", Refusal.NOT_A_NUMBER),
        ("707 123 456", Refusal.SHARED_COST),
        ("708 123 456", Refusal.SHARED_COST),
        ("808 257 257", Refusal.SHARED_COST),
        ("760 123 456", Refusal.PREMIUM),
        ("762 123 456", Refusal.PREMIUM),
        ("601 123 456", Refusal.PREMIUM),
        ("884 123 456", Refusal.PERSONAL),
        ("600 110 000", Refusal.UNUSUAL),
        ("622 212 345", Refusal.UNUSUAL),
        ("802 123 456", Refusal.UNUSUAL),
        ("+34 911 234 567", Refusal.INTERNATIONAL),
        ("00 44 1534 456789", Refusal.INTERNATIONAL),
        ("+34 803 123 456", Refusal.PREMIUM),
        ("+44 70 1234 5678", Refusal.PERSONAL),
        ("+881 612 345 678", Refusal.WORLDWIDE),
        ("+882 342 1234", Refusal.WORLDWIDE),
        ("+870 301 234 567", Refusal.WORLDWIDE),
        ("+979 123 456 789", Refusal.WORLDWIDE),
        ("+800 1234 5678", Refusal.WORLDWIDE),
    ],
)
def test_everything_else_is_refused_with_its_reason(text: str, reason: Refusal) -> None:
    assert refusal(text) is reason


@pytest.mark.parametrize("reason", Refusal)
def test_every_refusal_names_the_remedy_and_no_number(reason: Refusal) -> None:
    sentence = str(NotPermitted(reason))
    assert ";" in sentence
    assert not re.search(r"[0-9]{4}", sentence)


def test_the_services_of_the_directory_can_be_rung() -> None:
    numbers = [number for one in load_directory().services for number in one.numbers]
    assert numbers
    assert [refusal(number) for number in numbers] == [None] * len(numbers)


# --- emergency ---------------------------------------------------------------------------------

_SEPARATORS = st.text("  -.()/#*\t", max_size=2)
_DIGITS = ("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩")
_COUNTRY = st.sampled_from(["", "0", "00", "+", "351", "+351", "00351", "+3510", "00 351 00"])


@given(
    st.sampled_from(["112", "115", "117"]),
    _COUNTRY,
    st.lists(_SEPARATORS, min_size=4, max_size=4),
    st.lists(st.sampled_from(_DIGITS), min_size=3, max_size=3),
    st.sampled_from([(), ("+34",), ("+351112",), ("+1",), ("+112",)]),
)
def test_an_emergency_number_passes_in_no_form(
    digits: str, country: str, between: list[str], alphabets: list[str], allowed: tuple[str, ...]
) -> None:
    written = country + between[0]
    for digit, alphabet, after in zip(digits, alphabets, between[1:], strict=True):
        written += alphabet[int(digit)] + after
    assert is_emergency(written)
    assert refusal(written, DialRules(allowed)) is Refusal.EMERGENCY


@pytest.mark.parametrize("text", ["112#", "tel:112", "sos 112", "1121", "112112", "+351112345678"])
def test_what_a_network_would_put_through_to_112_is_refused_too(text: str) -> None:
    assert refusal(text) is Refusal.EMERGENCY


def _examples() -> list[str]:
    """Every example number of every country and kind that the numbering plans name."""
    kinds = [value for name, value in vars(phonenumbers.PhoneNumberType).items() if name.isupper()]
    found = [
        phonenumbers.example_number_for_type(region, kind)
        for region in phonenumbers.SUPPORTED_REGIONS
        for kind in kinds
    ]
    found += [
        phonenumbers.example_number_for_non_geo_entity(code)
        for code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    ]
    form = phonenumbers.PhoneNumberFormat.E164
    return sorted({phonenumbers.format_number(one, form) for one in found if one is not None})


EXAMPLES = _examples()


def test_no_telephone_number_in_use_is_taken_for_an_emergency() -> None:
    assert len(EXAMPLES) > 1000
    assert [one for one in EXAMPLES if is_emergency(one)] == []


# --- any text ----------------------------------------------------------------------------------

_NUMBERS = st.one_of(
    st.text(max_size=25),
    st.text("+0123456789 -()#*", max_size=20),
    st.from_regex(r"(\+351|00351)?[236789][0-9]{8}", fullmatch=True),
    st.from_regex(r"(\+|00)[1-9][0-9]{6,14}", fullmatch=True),
    st.sampled_from(EXAMPLES),
)
_RULES = st.lists(
    st.one_of(
        st.sampled_from(["+34", "+351", "+1", "+44", "+351808", "+3517", "+8", "+881", "+979"]),
        st.sampled_from(EXAMPLES).flatmap(
            lambda one: st.integers(2, len(one)).map(lambda end: one[:end])
        ),
    ),
    max_size=3,
).map(lambda found: DialRules(tuple(found)))


@given(_NUMBERS)
def test_any_text_is_refused_or_an_ordinary_national_number(text: str) -> None:
    try:
        permitted = permit(text)
    except NotPermitted:
        return
    assert ORDINARY.fullmatch(permitted.number.e164)
    assert permit(permitted.number) == permitted


@given(_NUMBERS, _RULES)
def test_more_rules_open_only_what_they_say(text: str, rules: DialRules) -> None:
    try:
        e164 = permit(text, rules).number.e164
    except NotPermitted:
        return
    parsed = phonenumbers.parse(e164)
    kind, country = phonenumbers.number_type(parsed), parsed.country_code
    assert not is_emergency(e164)
    assert country not in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    assert kind != phonenumbers.PhoneNumberType.PERSONAL_NUMBER
    if not ORDINARY.fullmatch(e164):
        given_digits = [len(one) - 1 for one in rules.allowed if e164.startswith(one)]
        assert given_digits
        beyond = max(given_digits) - len(str(country))
        dear = kind in {
            phonenumbers.PhoneNumberType.PREMIUM_RATE,
            phonenumbers.PhoneNumberType.SHARED_COST,
            phonenumbers.PhoneNumberType.UAN,
        }
        assert beyond >= (3 if dear or country == 351 else 0)


@given(st.from_regex(r"(2[12]|9[1236]|30|800)[0-9]{6,7}", fullmatch=True), _RULES)
def test_rules_only_ever_add(text: str, rules: DialRules) -> None:
    if refusal(text) is None:
        assert permit(text, rules) == permit(text)
    else:
        assert refusal(text) is Refusal.NOT_A_NUMBER


@pytest.mark.parametrize("example", EXAMPLES[::7])
def test_a_number_named_in_full_passes_unless_it_passes_for_nobody(example: str) -> None:
    try:
        PhoneNumber.parse(example)
    except BadNumber:
        assert refusal(example, DialRules((example,))) is Refusal.NOT_A_NUMBER
        return
    never = {Refusal.PERSONAL, Refusal.WORLDWIDE, Refusal.UNUSUAL}
    assert refusal(example, DialRules((example,))) in {None, *never}


@pytest.mark.parametrize(
    ("text", "allowed", "reason"),
    [
        ("+34 911 234 567", "+34", None),
        ("+34 803 123 456", "+34", Refusal.PREMIUM),
        ("+34 803 123 456", "+3480", Refusal.PREMIUM),
        ("+34 803 123 456", "+34803", None),
        ("808 257 257", "+351808", None),
        ("808 257 257", "+351", Refusal.SHARED_COST),
        ("707 123 456", "+351808", Refusal.SHARED_COST),
        ("884 123 456", "+351884", Refusal.PERSONAL),
        # The same code, another country, another price.
        ("+1 201 555 0123", "+1", None),
        ("+1 876 523 0123", "+1", Refusal.INTERNATIONAL),
        ("+1 876 523 0123", "+1876", None),
        ("+44 1534 456789", "+44", Refusal.INTERNATIONAL),
        ("+881 612 345 678", "+881612", Refusal.WORLDWIDE),
    ],
)
def test_what_an_agency_can_be_given(text: str, allowed: str, reason: Refusal | None) -> None:
    assert refusal(text, DialRules((allowed,))) is reason


@pytest.mark.parametrize("prefix", ["", "+", "34", "0034", "+0", "+34 9", "+34x", "+" + "1" * 16])
def test_what_is_no_prefix_is_refused(prefix: str) -> None:
    with pytest.raises(BadPrefix, match=r"\+34"):
        DialRules((prefix,))


# --- only the gate makes one -------------------------------------------------------------------


def test_nobody_else_can_make_one() -> None:
    number = PhoneNumber("+351760123456")
    with pytest.raises(TypeError, match="permit only"):
        PermittedNumber(number, object())
    with pytest.raises(TypeError, match="permit only"):
        PermittedNumber(number, None)
    permitted = permit("+351210000012")
    with pytest.raises((TypeError, ValueError)):
        dataclasses.replace(permitted, number=number)  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        permitted.number = number  # type: ignore[misc]
    assert copy.deepcopy(permitted) == permitted
    assert "+351" not in repr(permitted)


# --- how often ---------------------------------------------------------------------------------


def test_the_budget_counts_to_its_last_number() -> None:
    budget = DialBudget(technician=2, agency=3)
    assert budget.refusal(1, 2) is None
    assert budget.refusal(2, 2) is Refusal.TECHNICIAN_CAP
    assert budget.refusal(0, 3) is Refusal.AGENCY_CAP
    assert DialBudget.of(None) == DialBudget()
    assert DialBudget.of(5) == DialBudget(5, 5)
    assert DialBudget.of(1000) == DialBudget(DialBudget().technician, 1000)
    assert DialBudget.of(0).refusal(0, 0) is Refusal.TECHNICIAN_CAP
