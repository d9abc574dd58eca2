# SPDX-License-Identifier: EUPL-1.2
"""Finding out who rings, against guessing: a technician by code and PIN, or by number and PIN, an
interpreter by number and PIN.

Wrong, unknown and locked out are answered alike, and after the same slow proof.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import Connection

from bridge.agencies.model import Agency, Technician
from bridge.agencies.secrets import PinHasher
from bridge.agencies.store import Credential, agency_of_number, find_credential
from bridge.callers import store as callers
from bridge.callers.keys import CallerKeys
from bridge.callers.store import Attempt
from bridge.clock import Clock
from bridge.roster.people_store import find_interpreter_by_number, pin_code
from bridge.storage.database import Database
from bridge.vocabulary import InterpreterId, PhoneNumber


class Unfinished(Enum):
    """What was keyed as a PIN is the beginning of a code and a PIN."""

    CODE_FIRST = "code_first"


@dataclass(frozen=True, slots=True)
class _Looked:
    """What the tables say before the PIN is proved."""

    found: Credential | None
    attempt: Attempt
    allowed: bool
    claimed_at: datetime


class TechnicianIdentification:
    """Identifies the technician of one call, who may try a few times."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hasher: PinHasher,
        keys: CallerKeys,
        caller: PhoneNumber | None,
    ) -> None:
        """`caller` is the number that rings; `None` when it is withheld."""
        self._database = database
        self._clock = clock
        self._hasher = hasher
        self._keys = keys
        self._caller = caller
        self._begun: tuple[str, str] | None = None

    async def identify(self, code: str | None, pin: str) -> Technician | Unfinished | None:
        """Who this is; `None` for nobody. Without a code: somebody of the caller's own agency.

        A PIN that begins with that agency's code is taken for the beginning of all ten digits; so
        whoever has such a PIN keys the code before it.
        """
        own = await self._database.run(self._own_agency)
        if code is None and own is not None and pin.startswith(own.code):
            self._begun = (own.code, pin.removeprefix(own.code))
            return Unfinished.CODE_FIRST
        return await self._try(own, code or (own.code if own is not None else ""), pin)

    async def finish(self, digits: str) -> Technician | None:
        """Who this is, by the digits that were lacking after `CODE_FIRST`."""
        code, beginning = self._begun or ("", "")
        self._begun = None
        own = await self._database.run(self._own_agency)
        return await self._try(own, code, beginning + digits)

    async def _try(self, own: Agency | None, code: str, pin: str) -> Technician | None:
        looked = await self._database.run(lambda conn: self._look(conn, own, code, pin))
        stored = None if looked.found is None else looked.found.pin_hash
        # Proved even when it cannot count any more: nobody shall hear that by the clock.
        proved = await asyncio.to_thread(self._hasher.verify, stored, code, pin)
        if not (looked.allowed and proved and looked.found is not None):
            return None
        await self._database.run(
            lambda conn: callers.right(conn, looked.attempt, looked.claimed_at)
        )
        return looked.found.technician

    def _own_agency(self, conn: Connection) -> Agency | None:
        return None if self._caller is None else agency_of_number(conn, self._caller)

    def _look(self, conn: Connection, own: Agency | None, code: str, pin: str) -> _Looked:
        attempt = Attempt(
            self._keys.caller(self._caller),
            self._keys.code(code),
            own=own is not None and own.code == code,
        )
        found = find_credential(conn, self._hasher.lookup(code, pin))
        at = self._clock.now()
        # Counted before it is proved: many calls at once have no more tries than one.
        return _Looked(found, attempt, callers.claim(conn, attempt, at), at)


class InterpreterIdentification:
    """Identifies the interpreter whose telephone rings us, or seems to: numbers can be forged."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hasher: PinHasher,
        keys: CallerKeys,
        number: PhoneNumber,
    ) -> None:
        """`number` is the number that rings."""
        self._database = database
        self._clock = clock
        self._hasher = hasher
        self._number = number
        self._attempt = Attempt(keys.caller(number))

    async def identify(self, pin: str) -> InterpreterId | None:
        """Who this is; `None` for nobody, slow alike for all."""
        at = self._clock.now()

        def look(conn: Connection) -> tuple[InterpreterId, str | None, bool]:
            found = find_interpreter_by_number(conn, self._number)
            who, stored = found if found is not None else (InterpreterId(0), None)
            return who, stored, callers.claim(conn, self._attempt, at)

        who, stored, allowed = await self._database.run(look)
        proved = await asyncio.to_thread(self._hasher.verify, stored, pin_code(who), pin)
        if not (allowed and proved):
            return None
        await self._database.run(lambda conn: callers.right(conn, self._attempt, at))
        return who
