# SPDX-License-Identifier: EUPL-1.2
"""Whom to ring for a request, in which order, and why not the others. Pure."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bridge.roster.model import Interpreter, Presence, Roster
from bridge.vocabulary import InterpreterId, LanguageTag

_NEVER = datetime.min.replace(tzinfo=UTC)


class Skip(StrEnum):
    """Why an interpreter who speaks the language is not rung; each has exactly one reason."""

    NOT_VETTED = "not_vetted"
    OFF = "off"
    ON_BREAK = "on_break"
    BUSY = "busy"
    ALREADY_TRIED = "already_tried"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An interpreter who may be rung, with the figure that ranked them."""

    interpreter: InterpreterId
    idle_since: datetime | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The decision trace of one look at the roster: everybody who speaks the language is in it."""

    language: LanguageTag
    candidates: tuple[Candidate, ...]
    """First to be rung first."""
    skipped: tuple[tuple[InterpreterId, Skip], ...]


def rank(
    roster: Roster,
    language: LanguageTag,
    *,
    reserved: Set[InterpreterId],
    tried: Set[InterpreterId] = frozenset(),
) -> Ranking:
    """Rank the speakers of `language`: longest idle first, then the lower id.

    `reserved` are those promised to a call now; `tried` those whom this hunt has rung already.
    """
    candidates: list[Candidate] = []
    skipped: list[tuple[InterpreterId, Skip]] = []
    for number in roster.speakers.get(language, ()):
        interpreter = roster.interpreters[number]
        reason = _reason_to_skip(interpreter, reserved, tried)
        if reason is None:
            candidates.append(Candidate(number, interpreter.last_call_ended))
        else:
            skipped.append((number, reason))
    candidates.sort(key=lambda one: (one.idle_since or _NEVER, one.interpreter))
    return Ranking(language, tuple(candidates), tuple(skipped))


def _reason_to_skip(
    interpreter: Interpreter, reserved: Set[InterpreterId], tried: Set[InterpreterId]
) -> Skip | None:
    """The first reason that holds, from the lasting to the passing."""
    if not interpreter.vetted:
        return Skip.NOT_VETTED
    if interpreter.presence is Presence.OFF:
        return Skip.OFF
    if interpreter.presence is Presence.ON_BREAK:
        return Skip.ON_BREAK
    if interpreter.id in tried:
        return Skip.ALREADY_TRIED
    if interpreter.id in reserved:
        return Skip.BUSY
    return None
