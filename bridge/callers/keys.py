# SPDX-License-Identifier: EUPL-1.2
"""Keyed hashes by which callers and codes are found again, so that neither is stored.

Portugal has too few numbers for a plain hash to hide one; the *pepper*, a secret kept outside the
database, is what hides them (see `bridge.agencies.secrets`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from bridge.vocabulary import PhoneNumber


@dataclass(frozen=True, slots=True)
class CallerKey:
    """Who rings, without the number."""

    digest: str = field(repr=False)
    withheld: bool = False
    """Whether this stands for everybody who shows no number: they can't be told apart."""


@dataclass(frozen=True, slots=True)
class CodeKey:
    """What was keyed as an agency's code (or as the code of a call), without its digits."""

    digest: str = field(repr=False)


class CallerKeys:
    """Makes the keys: HMAC-SHA256 with the pepper, in hex."""

    def __init__(self, pepper: str) -> None:
        """`pepper` is the one of `PinHasher`, which refuses a short one."""
        self._pepper = pepper.encode()

    def caller(self, number: PhoneNumber | None) -> CallerKey:
        """The key of a caller; all who withhold their number share one."""
        if number is None:
            return CallerKey(self._keyed(b"withheld", ""), withheld=True)
        return CallerKey(self._keyed(b"caller", number.e164))

    def dialler(self, number: PhoneNumber | None) -> CallerKey:
        """The key under which a caller's tries of conversations' codes are counted.

        Another one than for PINs: a hospital's telephones show one number, and a migrant there who
        mistypes a code shall lock out no technician.
        """
        if number is None:
            return CallerKey(self._keyed(b"dialler-withheld", ""), withheld=True)
        return CallerKey(self._keyed(b"dialler", number.e164))

    def code(self, digits: str) -> CodeKey:
        """The key of a keyed code, whether or not there is such a code."""
        return CodeKey(self._keyed(b"code", digits))

    def _keyed(self, purpose: bytes, text: str) -> str:
        message = purpose + b"\0" + text.encode("utf-8", "replace")
        return hmac.new(self._pepper, message, hashlib.sha256).hexdigest()
