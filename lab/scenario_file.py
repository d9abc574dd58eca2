# SPDX-License-Identifier: EUPL-1.2
"""Reads scenarios from TOML, with an error that names file and place for what cannot be meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bridge.calllog.model import EventKind, Scalar
from bridge.conference.model import Outcome
from bridge.ivr.languages import Languages, load_languages
from bridge.roster.model import Presence
from bridge.roster.policies import POLICIES
from bridge.roster.skills import split_pair
from bridge.vocabulary import BadNumber, LanguageTag, PhoneNumber, Role
from lab.phones import KEYS, LONGEST_SECONDS, Answers, BadBehaviour, Behaviour, read_behaviour
from lab.scenario import (
    AGENCY_CODE,
    CALLER_NUMBER,
    GUEST_NUMBER,
    INTERPRETER_NUMBER,
    INTERPRETER_PIN,
    MIGRANT_NUMBER,
    PIN,
    WRONG_PIN,
    BeRung,
    BringForward,
    Call,
    During,
    Expectations,
    Expected,
    HangUp,
    HearEachOther,
    Interpreter,
    Key,
    KillBridge,
    Meet,
    Mute,
    Pause,
    RemindIn,
    Scenario,
    StartBridge,
    Step,
    Technician,
    Vanish,
    WaitFor,
    WaitHangUp,
    WaitPresence,
)

SCENARIOS = Path(__file__).resolve().parent / "scenarios"

E = TypeVar("E", bound=StrEnum)


class BadScenario(ValueError):
    """A scenario file cannot be understood; the message names the file and the place."""


def load_scenarios(directory: Path = SCENARIOS) -> tuple[Scenario, ...]:
    """Every scenario of a folder, by name. Raises `BadScenario`."""
    return tuple(load_scenario(path) for path in sorted(directory.glob("*.toml")))


def load_scenario(path: Path) -> Scenario:
    """Read one scenario. Raises `BadScenario`; `OSError` when the file cannot be read."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise BadScenario(f"{path.name} is not TOML: {reason}") from None
    return _Reader(path, load_languages()).scenario(table)


_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([A-Za-z-]+))?\}")
_KNOWN = {
    "scenario": frozenset(
        {"title", "description", "technicians", "interpreters", "migrant", "operator"}
        | {"guest"}
        | {"ring_seconds", "policy", "relay", "expect"}
    ),
    "technician": frozenset({"name", "shown_name", "phone", "steps"}),
    "interpreter": frozenset(
        {"name", "languages", "presence", "presence_minutes", "always_open", "wrap_up_seconds"}
        | {"phone", "steps", "tone"}
    ),
    "expect": frozenset(
        {"events", "never", "counts", "outcomes", "in_a_row", "across", "presence"}
        | {"hear_each_other", "during", "hear_prompts"}
    ),
}
_PROMPT = re.compile(r"[a-z]{2,3}/[a-z0-9-]+")


class _Reader:
    """Reads one file; every error names it and the place in it."""

    def __init__(self, path: Path, languages: Languages) -> None:
        self._path = path
        self._languages = languages

    def scenario(self, table: Mapping[str, object]) -> Scenario:
        self._only(table, "scenario", "the scenario")
        interpreters = tuple(
            self._interpreter(place, one)
            for place, one in enumerate(self._tables(table, "interpreters"), start=1)
        )
        technicians = tuple(
            self._technician(place, one)
            for place, one in enumerate(self._tables(table, "technicians"), start=1)
        )
        if not technicians:
            raise self._bad("technicians", "somebody must ring the line")
        for group, names in (
            ("interpreters", [one.name for one in interpreters]),
            ("technicians", [one.name for one in technicians]),
        ):
            if len(set(names)) != len(names) or len(names) > 9:
                raise self._bad(group, "needs up to nine different names")
        expect = self._table(table.get("expect"), "expect")
        return Scenario(
            name=self._path.stem,
            title=self._text(table, "title", "the scenario"),
            description=" ".join(self._text(table, "description", "the scenario").split()),
            technicians=technicians,
            interpreters=interpreters,
            migrant=self._phone(table, "migrant"),
            operator=self._phone(table, "operator"),
            guest=self._phone(table, "guest"),
            ring_seconds=self._seconds(table.get("ring_seconds", 20.0), "ring_seconds"),
            relay=self._yes_or_no(table.get("relay", False), "relay"),
            policy=self._policy(table.get("policy", "longest_idle")),
            expect=self._expectations(expect, {one.name for one in interpreters}),
        )

    # --- people ---

    def _technician(self, place: int, table: Mapping[str, object]) -> Technician:
        where = f"technicians[{place}]"
        self._only(table, "technician", where)
        steps = self._steps(table, where)
        if not steps:
            raise self._bad(where, "needs steps")
        shown = table.get("shown_name", "")
        if not isinstance(shown, str):
            raise self._bad(where, "shown_name is text")
        return Technician(
            name=self._text(table, "name", where),
            number=CALLER_NUMBER.format(place=place),
            steps=steps,
            shown_name=shown,
            phone=self._phone(table, "phone"),
        )

    def _interpreter(self, place: int, table: Mapping[str, object]) -> Interpreter:
        where = f"interpreters[{place}]"
        self._only(table, "interpreter", where)
        tags = self._texts(table.get("languages"), f"{where}.languages")
        for tag in tags:
            if not all(one in self._languages for one in split_pair(LanguageTag(tag)) or (tag,)):
                raise self._bad(f"{where}.languages", f"{tag!r} is not a language of the service")
        phone = self._phone(table, "phone")
        return Interpreter(
            name=self._text(table, "name", where),
            number=INTERPRETER_NUMBER.format(place=place),
            languages=tuple(LanguageTag(tag) for tag in tags),
            phone=Answers(keys="1") if phone is None else phone,
            presence=self._one_of(Presence, table.get("presence", "available"), where),
            presence_minutes=self._whole(table.get("presence_minutes"), where),
            always_open=self._yes_or_no(table.get("always_open", False), f"{where}.always_open"),
            tone=self._one_of(Role, table.get("tone", Role.INTERPRETER.value), where),
            wrap_up_seconds=None
            if "wrap_up_seconds" not in table
            else self._seconds(table["wrap_up_seconds"], where),
            steps=self._steps(table, where),
        )

    def _steps(self, table: Mapping[str, object], where: str) -> tuple[Step, ...]:
        return tuple(
            self._step(one, f"{where}.steps[{index}]")
            for index, one in enumerate(self._tables(table, "steps"), start=1)
        )

    def _phone(self, table: Mapping[str, object], name: str) -> Behaviour | None:
        if name not in table:
            return None
        try:
            return read_behaviour(self._table(table[name], name))
        except BadBehaviour as reason:
            raise self._bad(name, str(reason)) from None

    # --- steps ---

    def _step(self, table: Mapping[str, object], where: str) -> Step:
        count = table.get("count", 1)
        by = None if "by" not in table else self._one_of(Role, table["by"], where)
        rest = {name: value for name, value in table.items() if name not in ("count", "by")}
        misplaced = ("count" in table and "wait_for" not in table) or (by and "key" not in table)
        if len(rest) != 1 or misplaced:
            raise self._bad(where, "a step does one thing")
        ((verb, value),) = rest.items()
        match verb, value:
            case "call", True:
                return Call()
            case "call", str():
                return Call(self._number(value, where))
            case "key", str():
                return Key(self._keys(value, where), by)
            case "pause", _:
                return Pause(self._seconds(value, where))
            case "wait_for", _:
                if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                    raise self._bad(where, "count is a whole number from 1")
                return WaitFor(self._one_of(EventKind, value, where), count)
            case "meet", str() if value:
                return Meet(value)
            case "hang_up", True:
                return HangUp()
            case "wait_hang_up", True:
                return WaitHangUp()
            case "kill_bridge", True:
                return KillBridge()
            case "start_bridge", True:
                return StartBridge()
            case "be_rung", True:
                return BeRung()
            case "vanish", _:
                return Vanish(self._one_of(Role, value, where))
            case "mute", _:
                return Mute(self._one_of(Role, value, where))
            case "bring_forward", _:
                return BringForward(self._seconds(value, where))
            case "remind_in", _:
                return RemindIn(self._seconds(value, where))
            case "wait_presence", _:
                return WaitPresence(self._one_of(Presence, value, where))
        raise self._bad(where, f"nobody knows how to do {verb} = {value!r}")

    def _keys(self, text: str, where: str) -> str:
        """The keys meant, with ``{identity}`` and its like filled in."""

        def fill(match: re.Match[str]) -> str:
            match match[1], match[2]:
                case "identity", None:
                    return AGENCY_CODE + PIN
                case "wrong_identity", None:
                    return AGENCY_CODE + WRONG_PIN
                case "interpreter_pin", None:
                    return INTERPRETER_PIN
                case "migrant", None:
                    return MIGRANT_NUMBER.removeprefix("+351")
                case "guest", None:
                    return GUEST_NUMBER.removeprefix("+351")
                case "unknown_language", None:
                    codes = (str(code) for code in range(10, 90))
                    return next(one for one in codes if self._languages.by_code(one) is None)
                case "language", tag if tag and (language := self._languages.by_tag(tag)):
                    return language.code
            raise self._bad(where, f"{match[0]} stands for nothing")

        keys = _PLACEHOLDER.sub(fill, text)
        if not keys or not KEYS.issuperset(keys):
            raise self._bad(where, "keys are 0-9, * and #")
        return keys

    # --- expectations ---

    def _expectations(self, table: Mapping[str, object], names: set[str]) -> Expectations:
        self._only(table, "expect", "expect")
        counts = self._table(table.get("counts", {}), "expect.counts")
        for kind, count in counts.items():
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise self._bad(f"expect.counts.{kind}", "is a whole number")
        hearing = self._texts(table.get("hear_each_other", []), "expect.hear_each_other")
        if unknown := sorted(set(hearing) - names - set(Role)):
            raise self._bad("expect.hear_each_other", f"nobody is called {unknown[0]!r}")
        during = self._one_of(During, table.get("during", During.ROOM.value), "expect.during")
        never = self._texts(table.get("never", []), "expect.never")
        outcomes = self._texts(table.get("outcomes", []), "expect.outcomes")
        in_a_row = self._texts(table.get("in_a_row", []), "expect.in_a_row")
        presence = self._table(table.get("presence", {}), "expect.presence")
        if unknown := sorted(set(presence) - names):
            raise self._bad("expect.presence", f"there is no interpreter {unknown[0]!r}")
        return Expectations(
            events=self._in_order(table, "events", names),
            across=self._in_order(table, "across", names),
            in_a_row=tuple(self._one_of(EventKind, one, "expect.in_a_row") for one in in_a_row),
            hear_prompts=self._prompts(table),
            presence={
                name: self._one_of(Presence, one, "expect.presence")
                for name, one in presence.items()
            },
            never=frozenset(self._one_of(EventKind, one, "expect.never") for one in never),
            counts={
                self._one_of(EventKind, kind, "expect.counts"): int(str(count))
                for kind, count in counts.items()
            },
            outcomes=tuple(self._one_of(Outcome, one, "expect.outcomes") for one in outcomes),
            hear_each_other=HearEachOther(tuple(hearing), during) if hearing else None,
        )

    def _in_order(
        self, table: Mapping[str, object], name: str, names: set[str]
    ) -> tuple[Expected, ...]:
        where = f"expect.{name}"
        events = table.get(name, [])
        if not isinstance(events, list):
            raise self._bad(where, "is a list")
        return tuple(
            self._expected(one, names, f"{where}[{place}]")
            for place, one in enumerate(events, start=1)
        )

    def _prompts(self, table: Mapping[str, object]) -> dict[Role, tuple[str, ...]]:
        where = "expect.hear_prompts"
        heard: dict[Role, tuple[str, ...]] = {}
        for role, prompts in self._table(table.get("hear_prompts", {}), where).items():
            wanted = tuple(self._texts(prompts, where))
            if not all(_PROMPT.fullmatch(one) for one in wanted):
                raise self._bad(where, "prompts are written language/key")
            heard[self._one_of(Role, role, where)] = wanted
        return heard

    def _expected(self, value: object, names: set[str], where: str) -> Expected:
        if isinstance(value, str):
            return Expected(self._one_of(EventKind, value, where))
        table = dict(self._table(value, where))
        kind = self._one_of(EventKind, table.pop("kind", None), where)
        interpreter = table.pop("interpreter", "")
        if not isinstance(interpreter, str) or (interpreter and interpreter not in names):
            raise self._bad(where, f"there is no interpreter {interpreter!r}")
        data: dict[str, Scalar] = {}
        for name, one in table.items():
            if not isinstance(one, str | int | float | bool):
                raise self._bad(where, f"{name} is text, a number, true or false")
            data[name] = one
        return Expected(kind, interpreter, data)

    # --- small things ---

    def _bad(self, where: str, why: str) -> BadScenario:
        return BadScenario(f"{self._path.name}, {where}: {why}")

    def _only(self, table: Mapping[str, object], kind: str, where: str) -> None:
        unknown = sorted(set(table) - _KNOWN[kind])
        if unknown:
            raise self._bad(where, f"may not have {', '.join(unknown)}")

    def _table(self, value: object, where: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise self._bad(where, "is missing, or is not a table")
        return value

    def _tables(self, table: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
        value = table.get(name, [])
        if not isinstance(value, list):
            raise self._bad(name, "is written [[" + name + "]]")
        return [self._table(one, f"{name}[{place}]") for place, one in enumerate(value, start=1)]

    def _text(self, table: Mapping[str, object], name: str, where: str) -> str:
        value = table.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self._bad(where, f"needs {name}")
        return value.strip()

    def _texts(self, value: object, where: str) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self._bad(where, "is a list of texts")
        return value

    def _seconds(self, value: object, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._bad(where, "is a number of seconds")
        if not 0 <= value <= LONGEST_SECONDS:
            raise self._bad(where, f"lies between 0 and {LONGEST_SECONDS:.0f} seconds")
        return float(value)

    def _whole(self, value: object, where: str) -> int | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self._bad(where, "minutes are a whole number from 1")
        return value

    def _yes_or_no(self, value: object, where: str) -> bool:
        if not isinstance(value, bool):
            raise self._bad(where, "is true or false")
        return value

    def _policy(self, value: object) -> str:
        if not isinstance(value, str) or value not in POLICIES:
            raise self._bad("policy", f"is one of {', '.join(POLICIES)}")
        return value

    def _number(self, text: str, where: str) -> str:
        try:
            return PhoneNumber.parse(text).e164
        except BadNumber as reason:
            raise self._bad(where, str(reason)) from None

    def _one_of(self, kinds: type[E], value: object, where: str) -> E:
        try:
            return kinds(str(value))
        except ValueError:
            known = ", ".join(one.value for one in kinds)
            raise self._bad(where, f"{value!r} is none of {known}") from None
