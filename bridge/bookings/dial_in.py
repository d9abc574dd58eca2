# SPDX-License-Identifier: EUPL-1.2
"""The codes with which migrants ring us into a call that waits for them, or is booked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from sqlalchemy import Connection

from bridge.bookings.store import keeps_code
from bridge.conference.store import find_by_dial_in

DIAL_IN_DIGITS = 6
_MOST_DRAWS = 50
"""Of a code that no other call has; a million codes and a few calls need one or two."""


def drawn_codes() -> Iterator[str]:
    """Codes that nobody can guess, to be tried one after the other until one is free."""
    for _ in range(_MOST_DRAWS):
        yield f"{secrets.randbelow(10**DIAL_IN_DIGITS):0{DIAL_IN_DIGITS}}"


def free_code(conn: Connection) -> str | None:
    """A code that no open call and no booking to come has; `None` when none was found.

    It is nobody's until it is written, which belongs into the same transaction.
    """
    return next(
        (
            code
            for code in drawn_codes()
            if find_by_dial_in(conn, code) is None and not keeps_code(conn, code)
        ),
        None,
    )
