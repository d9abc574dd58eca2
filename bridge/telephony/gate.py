# SPDX-License-Identifier: EUPL-1.2
"""The one gate for dialling out: no number reaches a carrier unless this module let it through.

`PermittedNumber` can only be made here, and `Switch.originate` takes nothing else. National
numbers of geographic, mobile and nomadic ranges pass by default; premium, shared-cost and
international numbers do not, and emergency numbers never.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import phonenumbers
from phonenumbers import PhoneNumberType

from bridge.vocabulary import HOME_REGION, BadNumber, PhoneNumber

_PERMITTED_TYPES = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
    }
)
_KEY = object()


class NotPermitted(ValueError):
    """The number must not be dialled; the message says why, without the number."""


@dataclass(frozen=True, slots=True)
class PermittedNumber:
    """A number that may be dialled. Only `permit` makes one."""

    number: PhoneNumber
    _key: object = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self._key is not _KEY:
            raise TypeError("a PermittedNumber is made by bridge.telephony.gate.permit only")


def permit(text: str | PhoneNumber) -> PermittedNumber:
    """Let a number through to the carrier, or raise `NotPermitted` with the reason."""
    raw = text.e164 if isinstance(text, PhoneNumber) else text
    if is_emergency(raw):
        raise NotPermitted("emergency numbers are never dialled by the bridge; ring 112 yourself")
    try:
        number = PhoneNumber.parse(raw)
    except BadNumber as reason:
        raise NotPermitted(str(reason)) from None
    parsed = phonenumbers.parse(number.e164)
    if phonenumbers.region_code_for_number(parsed) != HOME_REGION:
        raise NotPermitted("international numbers are not permitted")
    if phonenumbers.number_type(parsed) not in _PERMITTED_TYPES:
        raise NotPermitted("premium and shared-cost numbers are not permitted")
    return PermittedNumber(number, _KEY)


def is_emergency(text: str) -> bool:
    """Whether the text, spoken or keyed in the home region, is an emergency number."""
    return phonenumbers.is_emergency_number(text, HOME_REGION)
