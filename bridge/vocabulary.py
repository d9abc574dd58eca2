# SPDX-License-Identifier: EUPL-1.2
"""Value objects every feature shares: numbers, ids, roles and the words of the service.

Nothing here does I/O. A person's telephone number never shows in `repr` or `str`: whoever needs
the digits asks for `.e164` and answers for where they go.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

import phonenumbers

CallId = NewType("CallId", str)
LegId = NewType("LegId", str)
RoomId = NewType("RoomId", str)
AgencyId = NewType("AgencyId", int)
TechnicianId = NewType("TechnicianId", int)
InterpreterId = NewType("InterpreterId", int)
LanguageTag = NewType("LanguageTag", str)
"""A BCP 47 language tag, spelt as in `languages.toml` (``uk``, ``pov``, ``zh-Hans``)."""

HOME_REGION = "PT"
"""The region a number written without a country code belongs to."""


class Role(StrEnum):
    """Who sits at the far end of a leg."""

    TECHNICIAN = "technician"
    MIGRANT = "migrant"
    INTERPRETER = "interpreter"
    OPERATOR = "operator"
    GUEST = "guest"
    """A fourth person, whose number somebody in the room keyed: a relative, a doctor."""


class BadNumber(ValueError):
    """The text is not a telephone number that could be rung."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number in E.164 form (``+351210000000``).

    Build one with `parse`; the constructor trusts its argument.
    """

    e164: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, region: str = HOME_REGION) -> PhoneNumber:
        """Read a number as a person or a carrier writes it.

        Raises `BadNumber` for anything that is not a possible number of `region` or, with a
        ``+`` or ``00``, of the world. Short numbers such as 112 are not telephone numbers here.
        """
        try:
            parsed = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            raise BadNumber("not a telephone number") from None
        if not phonenumbers.is_valid_number(parsed):
            raise BadNumber("not a telephone number in use")
        return cls(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))

    @property
    def masked(self) -> str:
        """The number as it may be shown: country code and the last two digits only."""
        return f"{self.e164[:4]}•••••{self.e164[-2:]}"

    def __str__(self) -> str:
        return self.masked


@dataclass(frozen=True, slots=True, order=True)
class JobNumber:
    """The number of a call that is spoken to people and keyed back by them.

    Seven digits: a serial of six and a Luhn check digit, so that one wrong key is noticed.
    Serials beyond 999,999 simply grow longer.
    """

    digits: str

    @classmethod
    def of_serial(cls, serial: int) -> JobNumber:
        """The job number of the `serial`-th call (1-based). Raises `ValueError` below 1."""
        if serial < 1:
            raise ValueError("a job number's serial starts at 1")
        body = f"{serial:06d}"
        return cls(body + _luhn_digit(body))

    @classmethod
    def parse(cls, text: str) -> JobNumber:
        """Read a keyed job number. Raises `ValueError`, also when the check digit disagrees."""
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError("a job number holds nothing but digits; check it and try again")
        if len(digits) < 7:
            raise ValueError("a job number has at least seven digits; check it and try again")
        if _luhn_digit(digits[:-1]) != digits[-1]:
            raise ValueError(
                "the job number's last digit does not fit the others; check it and try again"
            )
        return cls(digits)

    def __str__(self) -> str:
        return self.digits


def _luhn_digit(body: str) -> str:
    """The check digit of ISO/IEC 7812-1 annex B for a string of digits."""
    total = 0
    for position, character in enumerate(reversed(body)):
        digit = int(character)
        if position % 2 == 0:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return str(-total % 10)


def new_call_id() -> CallId:
    """A call id that no other process will make."""
    return CallId(f"call-{uuid.uuid4().hex}")


def new_leg_id(role: Role) -> LegId:
    """A leg id that no other process will make.

    The switch is given this id before the leg exists, so the first event about the leg already
    finds its owner.
    """
    return LegId(f"{role.value}-{uuid.uuid4().hex}")


def room_of(call: CallId) -> RoomId:
    """The room in which a call's legs meet: one for each call."""
    return RoomId(call.replace("call-", "room-", 1))
