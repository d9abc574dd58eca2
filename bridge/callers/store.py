# SPDX-License-Identifier: EUPL-1.2
"""The rows of callers' tries and languages, found by keyed hashes: no number, no code is here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, delete, or_, select, update

from bridge.callers.keys import CallerKey, CodeKey
from bridge.callers.model import (
    CODE_SPAN,
    FORGIVEN_AFTER,
    REMEMBERED,
    CodeTries,
    Tries,
)
from bridge.storage.schema import UtcDateTime, insert_into, json_type, metadata
from bridge.vocabulary import LanguageTag

caller_lock = Table(
    "caller_lock",
    metadata,
    Column("caller", String, primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("last_at", UtcDateTime),
    Column("locked_until", UtcDateTime),
)
"""The wrong tries of a caller in a row; no row means none."""

code_lock = Table(
    "code_lock",
    metadata,
    Column("code", String, primary_key=True),
    Column("wrong", json_type(), nullable=False),
    Column("last_at", UtcDateTime),
    Column("closed_until", UtcDateTime),
)
"""The wrong tries of a code by foreign numbers: `wrong` holds their moments, ISO 8601, of the last
day, of which there are `MOST_CODE_TRIES` at most."""

caller_language = Table(
    "caller_language",
    metadata,
    Column("caller", String, primary_key=True),
    Column("language", String, nullable=False),
    Column("used_at", UtcDateTime, nullable=False, index=True),
)
"""The language in which a caller was last spoken to."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who tries what."""

    caller: CallerKey
    code: CodeKey | None = None
    """The code that was keyed, or the one of the agency whose number this is."""
    own: bool = False
    """Whether the call comes from a number of the very agency whose code it is."""


def may_try(conn: Connection, who: Attempt, at: datetime) -> bool:
    """Whether a try counts now. Whoever may not is answered like, and as late as, a wrong one."""
    if not _tries(conn, who.caller).may_try(at):
        return False
    return who.own or who.code is None or _code_tries(conn, who.code).may_try(at)


def claim(conn: Connection, who: Attempt, at: datetime) -> bool:
    """Begin a try: it counts as wrong until `right` takes that back. `False`: it can't count.

    To be done before the PIN is proved, in a transaction of its own: so many calls at once have no
    more tries than one after the other.
    """
    tries = _locked_tries(conn, who.caller)
    of_code = None if who.own or who.code is None else _locked_code(conn, who.code)
    if not tries.may_try(at) or not (of_code is None or of_code.may_try(at)):
        return False
    _write_tries(conn, who.caller, tries.one_more(at, withheld=who.caller.withheld))
    if of_code is not None and who.code is not None:
        _write_code(conn, who.code, of_code.one_more(at), at)
    return True


def right(conn: Connection, who: Attempt, claimed_at: datetime) -> None:
    """The try that was claimed at this moment was right: the caller's wrong ones are forgiven.

    Those of others at the same code are not.
    """
    conn.execute(delete(caller_lock).where(caller_lock.c.caller == who.caller.digest))
    if who.code is not None and not who.own:
        of_code = _locked_code(conn, who.code)
        _write_code(conn, who.code, of_code.taken_back(claimed_at), claimed_at)


def language_of(conn: Connection, caller: CallerKey) -> LanguageTag | None:
    """The language a caller last chose; `None` for whoever withholds their number."""
    if caller.withheld:
        return None
    tag: LanguageTag | None = conn.execute(
        select(caller_language.c.language).where(caller_language.c.caller == caller.digest)
    ).scalar_one_or_none()
    return tag


def remember_language(
    conn: Connection, caller: CallerKey, language: LanguageTag, at: datetime
) -> None:
    """Remember a caller's language from now on; nothing is remembered of a withheld number."""
    if caller.withheld:
        return
    new: Any = insert_into(conn, caller_language).values(
        caller=caller.digest, language=language, used_at=at
    )
    conn.execute(
        new.on_conflict_do_update(
            index_elements=[caller_language.c.caller],
            set_={"language": new.excluded.language, "used_at": new.excluded.used_at},
        )
    )


def forget_language(conn: Connection, caller: CallerKey) -> None:
    """Greet this caller in all languages again."""
    conn.execute(delete(caller_language).where(caller_language.c.caller == caller.digest))


def forget(conn: Connection, at: datetime) -> int:
    """Drop the languages of `REMEMBERED` ago and the tries that are forgiven; say how many."""
    old = caller_language.c.used_at <= at - REMEMBERED
    dropped = conn.execute(delete(caller_language).where(old)).rowcount
    dropped += conn.execute(
        delete(caller_lock).where(
            _past(caller_lock.c.last_at, at - FORGIVEN_AFTER),
            _past(caller_lock.c.locked_until, at - FORGIVEN_AFTER),
        )
    ).rowcount
    dropped += conn.execute(
        delete(code_lock).where(
            _past(code_lock.c.last_at, at - CODE_SPAN), _past(code_lock.c.closed_until, at)
        )
    ).rowcount
    return dropped


def _past(column: Column[Any], at: datetime) -> Any:
    return or_(column.is_(None), column <= at)


# --- tries -------------------------------------------------------------------------------------


def _tries(conn: Connection, caller: CallerKey, *, lock: bool = False) -> Tries:
    asked = select(caller_lock).where(caller_lock.c.caller == caller.digest)
    row = conn.execute(asked.with_for_update() if lock else asked).one_or_none()
    return Tries() if row is None else Tries(row.wrong, row.last_at, row.locked_until)


def _locked_tries(conn: Connection, caller: CallerKey) -> Tries:
    """The tries as they are once everybody else is done with them."""
    new: Any = insert_into(conn, caller_lock).values(caller=caller.digest, wrong=0)
    conn.execute(new.on_conflict_do_nothing(index_elements=[caller_lock.c.caller]))
    return _tries(conn, caller, lock=True)


def _write_tries(conn: Connection, caller: CallerKey, now: Tries) -> None:
    new: Any = insert_into(conn, caller_lock).values(
        caller=caller.digest, wrong=now.wrong, last_at=now.last, locked_until=now.locked_until
    )
    conn.execute(
        new.on_conflict_do_update(
            index_elements=[caller_lock.c.caller],
            set_={name: new.excluded[name] for name in ("wrong", "last_at", "locked_until")},
        )
    )


def _code_tries(conn: Connection, code: CodeKey, *, lock: bool = False) -> CodeTries:
    asked = select(code_lock).where(code_lock.c.code == code.digest)
    row = conn.execute(asked.with_for_update() if lock else asked).one_or_none()
    if row is None:
        return CodeTries()
    return CodeTries(tuple(map(datetime.fromisoformat, row.wrong)), row.closed_until)


def _locked_code(conn: Connection, code: CodeKey) -> CodeTries:
    new: Any = insert_into(conn, code_lock).values(code=code.digest, wrong=[])
    conn.execute(new.on_conflict_do_nothing(index_elements=[code_lock.c.code]))
    return _code_tries(conn, code, lock=True)


def _write_code(conn: Connection, code: CodeKey, now: CodeTries, at: datetime) -> None:
    moments = [one.isoformat() for one in now.wrong]
    conn.execute(
        update(code_lock)
        .where(code_lock.c.code == code.digest)
        .values(wrong=moments, last_at=at, closed_until=now.closed_until)
    )
