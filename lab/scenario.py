# SPDX-License-Identifier: EUPL-1.2
"""Scenarios as data: who is there, what the technicians do, and what must be true at the end.

A scenario is one TOML file in ``lab/scenarios/``; ``lab/README.md`` lists what may stand in it.
`lab.scenario_file` reads it into the frozen dataclasses below, and `unmet` compares what happened
with what was expected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.agencies.model import AgencyField, FieldName
from bridge.calllog.model import Event, EventKind, Scalar
from bridge.conference.model import Outcome
from bridge.roster.model import Presence
from bridge.roster.skills import Gender, Level
from bridge.vocabulary import InterpreterId, LanguageTag, Role
from lab.hours import LineHours
from lab.phones import Answers, Behaviour
from lab.steps import Step

AGENCY_CODE = "4021"
PIN = "583046"
"""Agency code and PIN of the lab's technician, for whoever fills the lab's database."""
WRONG_PIN = "583047"
INTERPRETER_PIN = "270419"
"""The PIN of every interpreter of the lab who rings the line."""
MIGRANT_NUMBER = "+351960000901"
OPERATOR_NUMBER = "+351210000909"
GUEST_NUMBER = "+351960000911"
INTERPRETER_NUMBER = "+35191000080{place}"
CALLER_NUMBER = "+35121000070{place}"
MIGRANT_CALLER_NUMBER = "+35196000095{place}"
ON_DUTY_NUMBER = "+35121000092{place}"
"""Numbers of the scenario's people, by their place in it; all fictional."""


ANSWERS_WITH_KEY = Answers(keys="1")
"""What the telephone of a colleague does unless something else is said."""


# --- who is there --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Technician:
    """Somebody who rings the line."""

    name: str
    """What the scenario calls them."""
    number: str = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    shown_name: str = ""
    """The caller name that their carrier sends: hostile text in some scenarios."""
    phone: Behaviour | None = None
    """What their telephone does when it is rung; `None`: it is nobody's then."""
    recognised: bool = False
    """Whether the agency has registered their telephone."""


@dataclass(frozen=True, slots=True)
class Migrant:
    """A migrant who rings the line."""

    name: str
    """What the scenario calls them."""
    number: str = field(repr=False)
    steps: tuple[Step, ...] = field(repr=False)
    phone: Behaviour | None = None
    """What their telephone does when it is rung; `None`: it is nobody's then."""


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody of the support line who is on duty. Of equals, the first named is rung first."""

    name: str
    """What the scenario calls them."""
    number: str = field(repr=False)
    languages: tuple[LanguageTag, ...]
    """What they speak besides Portuguese."""
    phone: Behaviour = ANSWERS_WITH_KEY


@dataclass(frozen=True, slots=True)
class AgencySetup:
    """How the technicians' agency wants things."""

    prompt_language: str = "pt"
    favourites: tuple[LanguageTag, ...] = ()
    fields: tuple[AgencyField, ...] = ()


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Somebody on the scenario's roster. Of equals, the first named is the first to be rung."""

    name: str
    """What the scenario calls them."""
    number: str = field(repr=False)
    languages: tuple[LanguageTag, ...]
    phone: Behaviour
    misses: int = 0
    """So many rings pass unanswered before the telephone does what it does."""
    presence: Presence = Presence.AVAILABLE
    presence_minutes: int | None = None
    """How long that holds; `None` for ever."""
    always_open: bool = False
    """Whether they keep a window, which is open at every hour: then they can be booked."""
    wrap_up_seconds: float | None = None
    """Their pause after a call; `None` for the usual one."""
    tone: Role = Role.INTERPRETER
    """Whose tone they speak with: another than the usual, where two interpreters are in a room."""
    level: Level | None = None
    """Of each of their languages; `None`: nothing is proven."""
    gender: Gender | None = None
    """As a caller may wish for it; `None`: not said."""
    steps: tuple[Step, ...] = field(default=(), repr=False)
    """What they do themselves, on a telephone of theirs, with which they may ring the line."""


Person = Technician | Migrant | Interpreter
"""Whoever does something by himself."""


# --- what must be true at the end ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that must be in the log."""

    kind: EventKind
    interpreter: str = ""
    """The scenario's name for the interpreter it is about; empty for any."""
    data: Mapping[str, Scalar] = field(default_factory=dict)
    """What its data must hold, among other things."""

    def fits(self, event: Event, interpreters: Mapping[str, InterpreterId]) -> bool:
        """Whether this is the event meant."""
        if event.kind is not self.kind:
            return False
        if self.interpreter and event.data.get("interpreter") != interpreters[self.interpreter]:
            return False
        return all(event.data.get(name) == value for name, value in self.data.items())

    def __str__(self) -> str:
        about = {"interpreter": self.interpreter} if self.interpreter else {}
        told = ", ".join(f"{name}={value}" for name, value in {**about, **self.data}.items())
        return f"{self.kind}({told})" if told else str(self.kind)


@dataclass(frozen=True, slots=True)
class HearEachOther:
    """These hear each other, and nobody hears himself, where a person's steps say `Listen`."""

    who: tuple[str, ...]
    """Roles, the names of people, or the keys of services."""

    def pairs(self) -> tuple[tuple[str, str, bool], ...]:
        """Listener, speaker, and whether the first must hear the second."""
        return tuple((one, other, one != other) for one in self.who for other in self.who)


@dataclass(frozen=True, slots=True)
class Expectations:
    """What must be true when everybody has hung up."""

    events: tuple[Expected, ...] = ()
    """In this order, with others between them, in one and the same call."""
    never: frozenset[EventKind] = frozenset()
    """Kinds that no call may have."""
    counts: Mapping[EventKind, int] = field(default_factory=dict)
    """How often a kind occurs, over all calls."""
    outcomes: tuple[Outcome, ...] = ()
    """The outcomes of all calls, in any order; a call cut off by a killed bridge has none."""
    in_a_row: tuple[EventKind, ...] = ()
    """One right after the other, with nothing between them, in one and the same call."""
    across: tuple[Expected, ...] = ()
    """In this order, with others between them, over all calls together."""
    hear_each_other: HearEachOther | None = None
    hear_prompts: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    """Prompts (``pt/lost-migrant``) that somebody of this role hears, on any of his legs."""
    presence: Mapping[str, Presence] = field(default_factory=dict)
    """What an interpreter's presence is in the end."""
    fields: Mapping[FieldName, str] = field(default_factory=dict, repr=False)
    """What is kept of the keyed fields of an agency, over all calls."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story, told to a coordinator and to a machine."""

    name: str
    """The file's name without its suffix."""
    title: str
    description: str
    """A paragraph that a coordinator can read."""
    technicians: tuple[Technician, ...]
    interpreters: tuple[Interpreter, ...]
    migrant: Behaviour | None
    """The migrant's phone, at `MIGRANT_NUMBER`; `None` when he sits beside the technician."""
    operator: Behaviour | None
    """The phone of the person on duty, at `OPERATOR_NUMBER`; `None` when nobody is."""
    guest: Behaviour | None
    """The phone of a fourth person, at `GUEST_NUMBER`; `None` when it is nobody's."""
    ring_seconds: float
    """How long an interpreter's phone rings."""
    relay: bool
    """Whether the agency lets two interpreters serve a call with a language between them."""
    policy: str
    """How the bridge chooses whom to ring, and how many at once: a name of its policies."""
    expect: Expectations
    migrants: tuple[Migrant, ...] = ()
    """Those who ring the line by themselves."""
    operators: tuple[Operator, ...] = ()
    services: Mapping[str, Behaviour] = field(default_factory=dict)
    """The telephones of services to which the line puts callers through, by their keys."""
    agency: AgencySetup = AgencySetup()
    hours: LineHours = LineHours.OPEN
    """How it stands with the line."""
    closed_services: frozenset[str] = frozenset()
    """The services that are closed; all others are open."""

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who does something by himself."""
        interpreters = (one for one in self.interpreters if one.steps)
        return (*self.technicians, *self.migrants, *interpreters)


def unmet(
    expect: Expectations,
    calls: Sequence[Sequence[Event]],
    interpreters: Mapping[str, InterpreterId],
) -> list[str]:
    """What of the expectations about events is not true, as sentences; nothing when all is.

    `calls` are the events of each call in order; `interpreters` the ids behind the scenario's
    names. Who hears whom is not looked at here.
    """
    problems: list[str] = []
    if expect.events:
        progress = max(
            (_in_order(expect.events, events, interpreters) for events in calls), default=0
        )
        if progress < len(expect.events):
            problems.append(
                f"no call has {expect.events[progress]} after the {progress} expected before it"
            )
    if expect.in_a_row and not any(_has_run(expect.in_a_row, events) for events in calls):
        problems.append(f"no call has {', '.join(expect.in_a_row)} one right after the other")
    together = sorted((event for events in calls for event in events), key=lambda one: one.at)
    progress = _in_order(expect.across, together, interpreters)
    if progress < len(expect.across):
        problems.append(
            f"over all calls, {expect.across[progress]} does not come after the {progress} "
            "expected before it"
        )
    counts = Counter(event.kind for events in calls for event in events)
    problems += [f"{kind} must not happen" for kind in sorted(expect.never) if counts[kind]]
    problems += [
        f"{kind} happens {counts[kind]} times, not {wanted}"
        for kind, wanted in expect.counts.items()
        if counts[kind] != wanted
    ]
    ends = Counter(
        str(event.data.get("outcome"))
        for events in calls
        for event in events
        if event.kind is EventKind.CALL_ENDED
    )
    if ends != Counter(outcome.value for outcome in expect.outcomes):
        wanted = ", ".join(sorted(expect.outcomes)) or "none"
        problems.append(f"the outcomes are {', '.join(sorted(ends.elements()))}, not {wanted}")
    return problems


def _in_order(
    expected: Sequence[Expected], events: Sequence[Event], interpreters: Mapping[str, InterpreterId]
) -> int:
    """How many of the expected events were found, one after the other."""
    found = 0
    for event in events:
        if found < len(expected) and expected[found].fits(event, interpreters):
            found += 1
    return found


def _has_run(kinds: Sequence[EventKind], events: Sequence[Event]) -> bool:
    """Whether these kinds stand side by side somewhere among a call's events."""
    told = [event.kind for event in events]
    return any(
        told[start : start + len(kinds)] == list(kinds)
        for start in range(len(told) - len(kinds) + 1)
    )
