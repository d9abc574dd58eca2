# SPDX-License-Identifier: EUPL-1.2
"""Prefixes for agencies: what the gate would never honour is not taken."""

from __future__ import annotations

import phonenumbers
import pytest

from bridge.telephony.gate import NATIONAL, BadPrefix, DialRules, NotPermitted, permit
from bridge.telephony.prefixes import refuse_if_shut

TOO_SHORT = "too short"
ALREADY = "pass without it"
NOBODY = "pass for nobody"
IN_USE = "no telephone number in use"


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        # The beginning of countries' codes is no country.
        ("+3", TOO_SHORT),
        ("+35", TOO_SHORT),
        ("+351", TOO_SHORT),
        # 800 passes already, and 808 asks for its three digits.
        ("+3518", TOO_SHORT),
        ("+35180", TOO_SHORT),
        ("+35170", TOO_SHORT),
        # All that begins so is dear: one digit of it is too little.
        ("+449", TOO_SHORT),
        ("+35121", ALREADY),
        ("+3519", ALREADY),
        ("+351800", ALREADY),
        ("+351112", f"emergency numbers {NOBODY}"),
        ("+3511120", f"emergency numbers {NOBODY}"),
        ("+112", f"emergency numbers {NOBODY}"),
        ("+881", f"worldwide numbers {NOBODY}"),
        ("+8816", f"worldwide numbers {NOBODY}"),
        ("+870", f"worldwide numbers {NOBODY}"),
        ("+800", f"worldwide numbers {NOBODY}"),
        ("+351884", f"personal numbers {NOBODY}"),
        ("+4470", f"personal numbers {NOBODY}"),
        ("+999", IN_USE),
        ("+210", IN_USE),
        ("+3510", IN_USE),
        ("+340", IN_USE),
        ("+3518082572571", IN_USE),
    ],
)
def test_a_prefix_that_opens_nothing_is_refused_with_why_and_what_to_do(
    prefix: str, says: str
) -> None:
    with pytest.raises(BadPrefix, match=says) as refused:
        refuse_if_shut(prefix)
    assert ";" in str(refused.value)


@pytest.mark.parametrize(
    "prefix",
    [
        *("+34", "+1", "+7", "+39", "+44", "+1876", "+441534", "+34803", "+3480", "+238"),
        *("+351808", "+351707", "+351760", "+3517601", "+351808257257", "+34911234567"),
    ],
)
def test_a_prefix_that_opens_something_is_taken(prefix: str) -> None:
    refuse_if_shut(prefix)


@pytest.mark.parametrize("prefix", ["", "+", "34", "+0", "+34x"])
def test_what_is_no_prefix_is_refused_as_the_gate_refuses_it(prefix: str) -> None:
    with pytest.raises(BadPrefix, match="a plus sign and digits"):
        refuse_if_shut(prefix)


@pytest.mark.parametrize("code", list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_every_country_can_be_given_except_the_home_and_no_country(code: int) -> None:
    shut = code == 351 or code in phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS
    try:
        refuse_if_shut(f"+{code}")
    except BadPrefix:
        assert shut
    else:
        assert not shut


@pytest.mark.parametrize("region", ["ES", "GB", "US", "BR", "UA", "CV", "JE", "JM", "MD", "IN"])
@pytest.mark.parametrize("digits", range(1, 8))
def test_whatever_opens_a_number_is_taken(region: str, digits: int) -> None:
    """The gate is asked the other way round: from a number to its prefixes."""
    for kind in phonenumbers.PhoneNumberType.values():
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        e164 = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        prefix = e164[: len(str(example.country_code)) + 1 + digits]
        if _passes(e164, DialRules((prefix,))) and not _passes(e164, NATIONAL):
            refuse_if_shut(prefix)


def _passes(e164: str, rules: DialRules) -> bool:
    try:
        permit(e164, rules)
    except NotPermitted:
        return False
    return True
