# SPDX-License-Identifier: EUPL-1.2
"""Who may be rung for a request, and for everybody else the one reason why not. Pure.

The reasons stand in one order, from what lasts to what passes, and the first that holds is the
reason: so a coordinator reading the trace sees what would have to change, and a person who is on
a do-not-send list is never said to be merely busy.

Reasons fall into two kinds. *Own* reasons depend on the person and the moment only, so an index
can keep them; *asked* reasons depend on the request. Both kinds share the one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from bridge.roster.model import Presence
from bridge.roster.people import Interpreter, Limits, Opening, opening
from bridge.roster.requirements import Lists, Requirements
from bridge.roster.skills import Level
from bridge.roster.standing import Booked, Standing
from bridge.vocabulary import InterpreterId

Number = str | int | float | None
"""A figure beside a reason; moments are ISO 8601 text in UTC."""


class Skip(IntEnum):
    """Why an interpreter who speaks the language is not rung, in the order of precedence."""

    NOT_VETTED = 0
    DO_NOT_SEND = 1
    NOT_ON_ONLY_LIST = 2
    LEVEL = 3
    """Below the level required."""
    GENDER = 4
    SUBJECT = 5
    EXCLUDED = 6
    """The caller asked for somebody else."""
    OUTSIDE_WINDOW = 7
    OFF = 8
    ON_BREAK = 9
    NOT_ANSWERING = 10
    DAILY_LIMIT = 11
    OFFER_LIMIT = 12
    RESTING = 13
    """So many minutes without a pause that one must follow."""
    BOOKED_SOON = 14
    """A call that was agreed with them begins before another would be over."""
    ALREADY_TRIED = 15
    BUSY = 16
    """Promised to a call."""
    WRAP_UP = 17
    UNREACHED = 18
    """Their telephone could not be reached a moment ago, whoever's fault that was."""

    @property
    def label(self) -> str:
        """The reason as written in events and shown in traces: ``outside_window``."""
        return self.name.lower()


DESPITE_A_BOOKING = frozenset(
    {
        Skip.OFF,
        Skip.ON_BREAK,
        Skip.NOT_ANSWERING,
        Skip.DAILY_LIMIT,
        Skip.OFFER_LIMIT,
        Skip.RESTING,
        Skip.BOOKED_SOON,
        Skip.WRAP_UP,
        Skip.UNREACHED,
    }
)
"""What keeps nobody from a call that was booked with them: they agreed to it, and were reminded."""
DESPITE_THE_CUT = frozenset({Skip.WRAP_UP})
"""What keeps nobody from going on with a call that was cut off: it is what the pause is from."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Somebody who speaks the language and is not rung."""

    interpreter: InterpreterId
    reason: Skip
    numbers: tuple[tuple[str, Number], ...] = ()
    """What the reason was read from."""


def kept_free(limits: Limits, call_minutes: float) -> timedelta:
    """How long before a booked call nobody rings its interpreter for another.

    A call that begins now lasts the mean of a call, and the pause follows it.
    """
    return timedelta(minutes=call_minutes) + limits.wrap_up


def own_reason(
    interpreter: Interpreter,
    standing: Standing,
    opening: Opening,
    at: datetime,
    call_minutes: float,
) -> Skip | None:
    """The first own reason that holds at a moment, whatever is asked.

    `call_minutes` is the mean length of a call.
    """
    limits = interpreter.limits
    if not interpreter.vetted:
        return Skip.NOT_VETTED
    if not opening.open:
        return Skip.OUTSIDE_WINDOW
    presence = interpreter.presence.at(at)
    if presence is Presence.OFF:
        return Skip.OFF
    if presence is Presence.ON_BREAK:
        return Skip.ON_BREAK
    if standing.unanswered_streak >= limits.unanswered_in_a_row:
        return Skip.NOT_ANSWERING
    if _day_is_full(interpreter, standing, at):
        return Skip.DAILY_LIMIT
    if standing.offers_within_hour(at) >= limits.offers_an_hour:
        return Skip.OFFER_LIMIT
    if _must_rest(interpreter, standing, at):
        return Skip.RESTING
    if _booked_soon(interpreter, standing, at, call_minutes):
        return Skip.BOOKED_SOON
    if standing.reserved:
        return Skip.BUSY
    if standing.wrap_up_until is not None and at < standing.wrap_up_until:
        return Skip.WRAP_UP
    if standing.unreached_until is not None and at < standing.unreached_until:
        return Skip.UNREACHED
    return None


def own_reason_holds_until(
    interpreter: Interpreter,
    standing: Standing,
    opening: Opening,
    at: datetime,
    call_minutes: float,
) -> datetime:
    """Until when `own_reason` surely stays what it is, if nothing happens but time.

    The next moment after `at` at which a window, a presence, a pause or a limit ends, or the time
    kept for a booked call begins or ends.
    """
    limits, ended = interpreter.limits, standing.last_call_ended
    until = opening.until
    for one in (
        interpreter.presence.until,
        standing.day_ends,
        standing.wrap_up_until,
        standing.unreached_until,
        standing.offers_full_until(limits.offers_an_hour),
        None if ended is None else ended + limits.rest,
        *_around_booked(interpreter, standing, call_minutes),
    ):
        if one is not None and at < one and (one < until or until <= at):
            until = one
    return until


def _around_booked(
    interpreter: Interpreter, standing: Standing, call_minutes: float
) -> Iterable[datetime]:
    """When the time kept for each booked call begins and ends."""
    if not standing.booked:
        return ()
    before = kept_free(interpreter.limits, call_minutes)
    return (
        moment for booked in standing.booked for moment in (booked.begins - before, booked.ends)
    )


def asked_reason(
    interpreter: Interpreter,
    requirements: Requirements,
    lists: Lists,
    tried: Set[InterpreterId] = frozenset(),
) -> Skip | None:
    """The first reason in what is asked, whatever the moment.

    The interpreter must speak the language (`KeyError` otherwise).
    """
    who = interpreter.id
    if who in lists.do_not_send:
        return Skip.DO_NOT_SEND
    if lists.only is not None and who not in lists.only:
        return Skip.NOT_ON_ONLY_LIST
    level, gender, subject = requirements.level, requirements.gender, requirements.subject
    if (
        requirements.level_is_binding
        and level is not None
        and interpreter.skills[requirements.language] > level.value
    ):
        return Skip.LEVEL
    if gender is not None and gender.required and interpreter.gender is not gender.value:
        return Skip.GENDER
    if subject is not None and subject.required and subject.value not in interpreter.subjects:
        return Skip.SUBJECT
    if who in requirements.excluded:
        return Skip.EXCLUDED
    if who in tried:
        return Skip.ALREADY_TRIED
    return None


def may_keep(
    interpreter: Interpreter, requirements: Requirements, lists: Lists, starts_at: datetime
) -> bool:
    """Whether somebody may still be given a call that was booked with them for a moment.

    What passes, such as presence or a pause, keeps nobody from it (`DESPITE_A_BOOKING`).
    """
    speaks = requirements.language in interpreter.skills
    return (
        interpreter.vetted
        and speaks
        and asked_reason(interpreter, requirements, lists) is None
        and opening(interpreter.schedule, starts_at).open
    )


def first(own: Skip | None, asked: Skip | None) -> Skip | None:
    """The one reason of two, either of which may be missing."""
    if own is None or asked is None:
        return own if asked is None else asked
    return min(own, asked)


def explain(
    reason: Skip,
    interpreter: Interpreter,
    standing: Standing,
    opening: Opening,
    requirements: Requirements,
    at: datetime,
) -> Skipped:
    """A reason with the numbers it was read from."""
    limits = interpreter.limits
    numbers: tuple[tuple[str, Number], ...] = ()
    if reason is Skip.LEVEL and requirements.level is not None:
        level: Level = interpreter.skills[requirements.language]
        numbers = (("level", int(level)), ("required", int(requirements.level.value)))
    elif reason is Skip.OUTSIDE_WINDOW:
        numbers = (("opens_not_before", _text(opening.until)),)
    elif reason in {Skip.OFF, Skip.ON_BREAK}:
        until = interpreter.presence.until
        lasting = until is not None and at < until
        numbers = (("until", _text(until) if lasting else None),)
    elif reason is Skip.NOT_ANSWERING:
        numbers = (("unanswered_in_a_row", standing.unanswered_streak),)
    elif reason is Skip.DAILY_LIMIT:
        numbers = (
            ("minutes_today", round(standing.minutes_today, 1)),
            ("limit", limits.daily_minutes),
        )
    elif reason is Skip.OFFER_LIMIT:
        numbers = (
            ("offers_within_hour", standing.offers_within_hour(at)),
            ("limit", limits.offers_an_hour),
        )
    elif reason is Skip.RESTING and standing.last_call_ended is not None:
        numbers = (
            ("consecutive_minutes", round(standing.consecutive_minutes, 1)),
            ("until", _text(standing.last_call_ended + limits.rest)),
        )
    elif reason is Skip.BOOKED_SOON:
        following = _next_booked(standing, at)
        numbers = (("begins", _text(None if following is None else following.begins)),)
    elif reason is Skip.WRAP_UP:
        numbers = (("until", _text(standing.wrap_up_until)),)
    elif reason is Skip.UNREACHED:
        numbers = (
            ("unreached_in_a_row", standing.unreached_streak),
            ("until", _text(standing.unreached_until)),
        )
    return Skipped(interpreter.id, reason, numbers)


def _day_is_full(interpreter: Interpreter, standing: Standing, at: datetime) -> bool:
    today = standing.day_ends is None or at < standing.day_ends
    return today and standing.minutes_today >= interpreter.limits.daily_minutes


def _must_rest(interpreter: Interpreter, standing: Standing, at: datetime) -> bool:
    limits, ended = interpreter.limits, standing.last_call_ended
    return (
        ended is not None
        and standing.consecutive_minutes >= limits.consecutive_minutes
        and at < ended + limits.rest
    )


def _booked_soon(
    interpreter: Interpreter, standing: Standing, at: datetime, call_minutes: float
) -> bool:
    following = _next_booked(standing, at)
    if following is None:
        return False
    return following.begins - kept_free(interpreter.limits, call_minutes) <= at


def _next_booked(standing: Standing, at: datetime) -> Booked | None:
    """The first booked call that is not over."""
    for one in standing.booked:
        if at < one.ends:
            return one
    return None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
