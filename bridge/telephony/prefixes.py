# SPDX-License-Identifier: EUPL-1.2
"""Whether a prefix that an agency is to be given opens anything at the gate.

The gate judges numbers, not prefixes. So numbers that begin with the prefix are made up, and the
gate is asked about each, with the prefix and without it: what it lets through, and why it refuses
the others, is its word alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

from bridge.telephony.gate import (
    NATIONAL,
    BadPrefix,
    DialRules,
    NotPermitted,
    Refusal,
    is_emergency,
    permit,
)
from bridge.vocabulary import BadNumber, PhoneNumber

_NEVER = {
    Refusal.EMERGENCY: "emergency numbers pass for nobody; leave it out",
    Refusal.WORLDWIDE: "satellite and other worldwide numbers pass for nobody; leave it out",
    Refusal.PERSONAL: "personal numbers pass for nobody; leave it out",
    Refusal.UNUSUAL: "pagers and other unusual numbers pass for nobody; leave it out",
}
"""What not even a number's own digits in full would open, the gravest first."""
_TOO_SHORT = (
    "it is too short to open anything; write a country's code in full, as in +34, and three more "
    "digits where national or dear numbers are meant, as in +351808"
)
_ALREADY = "the numbers that begin so pass without it; leave it out"
_NO_NUMBERS = "no telephone number in use begins so; check it and write it again"

_MOST_MIDDLE = 3
"""So many digits after the prefix are tried in all their combinations: numbering plans seldom look
further."""
_LONGEST = 15
"""Digits of an E.164 number."""


def refuse_if_shut(prefix: str) -> None:
    """Raise `BadPrefix` when the gate lets nothing through for this prefix that it would not let
    through without: the message is a clause for people that says why, and what to do.

    `prefix` is one that `DialRules` takes; else it raises the same. May take some seconds.
    """
    rules = DialRules((prefix,))
    if is_emergency(prefix):
        raise BadPrefix(_NEVER[Refusal.EMERGENCY])
    reasons: set[Refusal] = set()
    passes_already = in_full = False
    for number in _beginning(prefix):
        reason = _reason(number, rules)
        if reason is None:
            if _reason(number, NATIONAL) is not None:
                return
            passes_already = True
        else:
            reasons.add(reason)
            in_full = in_full or _reason(number, DialRules((number.e164,))) is None
    if in_full or _is_cut_short(prefix):
        raise BadPrefix(_TOO_SHORT)
    if passes_already:
        raise BadPrefix(_ALREADY)
    raise BadPrefix(next((_NEVER[one] for one in _NEVER if one in reasons), _NO_NUMBERS))


def _reason(number: PhoneNumber, rules: DialRules) -> Refusal | None:
    """What the gate says: why it refuses this number, or `None`."""
    try:
        permit(number, rules)
    except NotPermitted as refused:
        return refused.reason
    return None


def _beginning(prefix: str) -> Iterator[PhoneNumber]:
    """Numbers in use that begin with a prefix, of all kinds, made of each country's examples.

    Hardly a prefix of any is missed, since what follows it is tried in every way for some digits.
    """
    code = _country_code(prefix)
    if code is None:
        return
    examples, lengths = _plan(int(code))
    given = len(prefix) - 1 - len(code)
    for middle in range(_MOST_MIDDLE + 1):
        place = given + middle
        ends = {one[place:length] for one in examples for length in lengths if length >= place}
        for digits in product("0123456789", repeat=middle):
            for end in sorted(ends):
                try:
                    number = PhoneNumber.parse(f"{prefix}{''.join(digits)}{end}")
                except BadNumber:
                    continue
                # A trunk's zero after the country's code is dropped in reading.
                if number.e164.startswith(prefix):
                    yield number


def _country_code(prefix: str) -> str | None:
    """The country's code with which a prefix begins; none begins with another's."""
    digits = prefix.removeprefix("+")
    begun = (digits[:length] for length in (1, 2, 3))
    return next(
        (one for one in begun if phonenumbers.region_codes_for_country_code(int(one))), None
    )


def _is_cut_short(prefix: str) -> bool:
    """Whether it is only the beginning of countries' codes."""
    known = (str(one) for one in phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
    return _country_code(prefix) is None and any(f"+{one}".startswith(prefix) for one in known)


def _plan(code: int) -> tuple[set[str], set[int]]:
    """National numbers under a country's code, longer than any, and how long they can be."""
    examples: set[str] = set()
    lengths: set[int] = set()
    for region in phonenumbers.region_codes_for_country_code(code):
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        if metadata is None or metadata.general_desc is None:
            continue
        lengths.update(one for one in metadata.general_desc.possible_length if one > 0)
        of_kinds = (
            phonenumbers.example_number_for_type(region, kind) for kind in PhoneNumberType.values()
        )
        for one in (*of_kinds, phonenumbers.example_number_for_non_geo_entity(code)):
            if one is not None and one.country_code == code:
                national = phonenumbers.national_significant_number(one)
                examples.add(national.ljust(_LONGEST, national[-1]))
    return examples, lengths
