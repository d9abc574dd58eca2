# SPDX-License-Identifier: EUPL-1.2
"""The one gate for dialling out: no number reaches a carrier unless this module let it through.

`PermittedNumber` can only be made here, and the switch takes nothing else.

What passes by default are the national numbers that cost what a call to a neighbour costs:
geographic ones (2…), mobile ones (9…), nomadic ones (30…) and those that are free for the caller
(800…). The nomadic range has to pass, since public services answer in it (the Citizen Contact
Centre is 300 003 990) and a call to it is priced as one to a fixed telephone; it is not to be
confused with 707, 708, 760 and 808, whose whole point is that they earn money.

An agency may be given more by prefixes (`DialRules`). Emergency numbers, satellite telephones and
the other worldwide networks, and personal numbers, which follow a person to wherever it is
dearest, pass for nobody.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import InitVar, dataclass
from datetime import timedelta
from enum import StrEnum

import phonenumbers
from phonenumbers import PhoneNumberType

from bridge.vocabulary import HOME_REGION, BadNumber, PhoneNumber

_HOME_CODE = phonenumbers.country_code_for_region(HOME_REGION)
_ORDINARY = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.TOLL_FREE,
    }
)
_ORDINARY_AT_HOME = ("2", "30", "800", "9")
"""Beginnings of the national numbers that pass: the kinds above are wider at their edges."""
_WORLDWIDE = "001"
"""What `phonenumbers` calls the region of networks that belong to no country."""
_EMERGENCY = frozenset({"112", "115", "117"})
"""The European number, the one that it replaced, and forest fires."""
_PREFIX = re.compile(r"\+[1-9][0-9]{0,14}", re.ASCII)
_CLASS_DIGITS = 3
"""A prefix opens a dear class only when it says so many digits of the national number: ``+34``
is Spain, not Spain's premium services."""
_KEY = object()


class Refusal(StrEnum):
    """Why a number is not dialled."""

    EMERGENCY = "emergency"
    NOT_A_NUMBER = "not_a_number"
    INTERNATIONAL = "international"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    WORLDWIDE = "worldwide"
    """Satellite telephones and other networks that belong to no country."""
    UNUSUAL = "unusual"
    """A pager, a voicemail box, or a kind of number nobody knows."""
    TECHNICIAN_CAP = "technician_cap"
    AGENCY_CAP = "agency_cap"


_SENTENCES = {
    Refusal.EMERGENCY: "emergency numbers are never dialled by the bridge; ring 112 yourself",
    Refusal.NOT_A_NUMBER: "this is not a telephone number in use; check it and key it again",
    Refusal.INTERNATIONAL: "international numbers are not permitted; ask a coordinator for leave",
    Refusal.PREMIUM: "premium numbers are not permitted; ask a coordinator for leave",
    Refusal.SHARED_COST: "shared-cost numbers are not permitted; ask a coordinator for leave",
    Refusal.PERSONAL: "personal numbers are not permitted; give the person's mobile number",
    Refusal.WORLDWIDE: "satellite and other worldwide numbers are not permitted; give another one",
    Refusal.UNUSUAL: "numbers of this kind are not permitted; give a fixed or a mobile one",
    Refusal.TECHNICIAN_CAP: "too many numbers dialled by one technician; wait a while",
    Refusal.AGENCY_CAP: "too many numbers dialled for one agency; wait, or ask a coordinator",
}
_DEAR = {
    PhoneNumberType.PREMIUM_RATE: Refusal.PREMIUM,
    PhoneNumberType.SHARED_COST: Refusal.SHARED_COST,
    # 707 and 708: one number for a whole company, charged to the caller.
    PhoneNumberType.UAN: Refusal.SHARED_COST,
}


class NotPermitted(ValueError):
    """The number must not be dialled; the message says why and what to do, without the number."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(_SENTENCES[reason])
        self.reason = reason
        self.why = _SENTENCES[reason].partition(";")[0]
        """What is wrong alone, for whoever has a better remedy to name."""


class BadPrefix(ValueError):
    """What should be allowed is not the beginning of E.164 numbers; the message is for people."""


@dataclass(frozen=True, slots=True)
class DialRules:
    """What may be dialled besides ordinary national numbers. Raises `BadPrefix`.

    `allowed` are beginnings of E.164 numbers. A country's code alone (``+34``) opens the ordinary
    numbers of the country that is foremost under it: ``+44`` is not Jersey and ``+1`` not Jamaica,
    whose numbers look alike and cost more. A longer one opens the ordinary numbers that begin so,
    and with at least three digits after the country's code (``+351808``) those of premium and
    shared cost as well.
    """

    allowed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for prefix in self.allowed:
            if not _PREFIX.fullmatch(prefix):
                raise BadPrefix(
                    "a prefix is a plus sign and digits: write a country as in +34, "
                    "a national range as in +351808"
                )


NATIONAL = DialRules()
"""Ordinary national numbers and nothing else."""


@dataclass(frozen=True, slots=True)
class PermittedNumber:
    """A number that may be dialled. Only `permit` makes one; nothing can put another into it."""

    number: PhoneNumber
    # Not kept, and without a default: so `dataclasses.replace` can't make a copy that dials
    # something else.
    key: InitVar[object]

    def __post_init__(self, key: object) -> None:
        if key is not _KEY:
            raise TypeError("a PermittedNumber is made by bridge.telephony.gate.permit only")


def permit(text: str | PhoneNumber, rules: DialRules = NATIONAL) -> PermittedNumber:
    """Let a number through to the carrier, or raise `NotPermitted` with the reason."""
    raw = text.e164 if isinstance(text, PhoneNumber) else text
    if is_emergency(raw):
        raise NotPermitted(Refusal.EMERGENCY)
    try:
        number = PhoneNumber.parse(raw)
    except BadNumber:
        raise NotPermitted(Refusal.NOT_A_NUMBER) from None
    reason = _refusal(number, rules)
    if reason is not None:
        raise NotPermitted(reason)
    return PermittedNumber(number, _KEY)


def is_emergency(text: str) -> bool:
    """Whether the text, keyed or written in the home region, is an emergency number in any form.

    What begins like one counts too, for networks put it through as such; no telephone number in
    use does, once its zeros and our own country's code are taken away.
    """
    plain = unicodedata.normalize("NFKC", text)
    digits = "".join(str(unicodedata.digit(one)) for one in plain if one.isdecimal())
    national = digits.lstrip("0").removeprefix(str(_HOME_CODE)).lstrip("0")
    if national in _EMERGENCY:
        return True
    return phonenumbers.connects_to_emergency_number(national, HOME_REGION)


def _refusal(number: PhoneNumber, rules: DialRules) -> Refusal | None:
    """Why a number in use is not dialled; `None` when it may be."""
    parsed = phonenumbers.parse(number.e164)
    region = phonenumbers.region_code_for_number(parsed)
    kind = phonenumbers.number_type(parsed)
    if region == _WORLDWIDE or region is None:
        return Refusal.WORLDWIDE
    if kind == PhoneNumberType.PERSONAL_NUMBER:
        return Refusal.PERSONAL
    if kind not in _ORDINARY and kind not in _DEAR:
        return Refusal.UNUSUAL
    country = int(parsed.country_code or 0)
    code = f"+{country}"
    given = [prefix for prefix in rules.allowed if number.e164.startswith(prefix)]
    longest = max((len(prefix) - len(code) for prefix in given), default=-1)
    if kind in _DEAR:
        return None if longest >= _CLASS_DIGITS else _DEAR[kind]
    if region == HOME_REGION:
        usual = number.e164.removeprefix(code).startswith(_ORDINARY_AT_HOME)
        return None if usual or longest >= _CLASS_DIGITS else Refusal.UNUSUAL
    foremost = phonenumbers.region_code_for_country_code(country)
    if longest > 0 or (longest == 0 and region == foremost):
        return None
    return Refusal.INTERNATIONAL


# --- how often ---------------------------------------------------------------------------------

BUDGET_SPAN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DialBudget:
    """How many numbers that people keyed are dialled within any `BUDGET_SPAN`.

    A stolen PIN is worth what can be dialled with it before somebody notices. A busy technician
    has a call every five minutes, and dials a number or two in each.
    """

    technician: int = 24
    agency: int = 120

    @classmethod
    def of(cls, hourly_dial_cap: int | None) -> DialBudget:
        """The budget of an agency with a cap of its own, or with none."""
        usual = cls()
        if hourly_dial_cap is None:
            return usual
        return cls(min(usual.technician, hourly_dial_cap), hourly_dial_cap)

    def refusal(self, by_technician: int, for_agency: int) -> Refusal | None:
        """Whether one more is too many after so many within the span; `None` when it is not."""
        if by_technician >= self.technician:
            return Refusal.TECHNICIAN_CAP
        return Refusal.AGENCY_CAP if for_agency >= self.agency else None
