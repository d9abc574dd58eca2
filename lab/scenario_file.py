# SPDX-License-Identifier: EUPL-1.2
"""Reads scenarios from TOML, with an error that names file and place for what cannot be meant."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

from bridge.agencies.model import AgencyField, BadField, FieldName
from bridge.calllog.model import EventKind, Scalar
from bridge.conference.model import Outcome
from bridge.hours.directory import load_directory
from bridge.languages.model import load_languages
from bridge.roster.model import Presence
from bridge.roster.policies import POLICIES
from bridge.roster.skills import REGISTER, BadLevel, Gender, Level, split_pair
from bridge.vocabulary import LanguageTag, Role
from lab.hours import LineHours
from lab.phones import Answers, Behaviour
from lab.scenario import (
    ANSWERS_WITH_KEY,
    CALLER_NUMBER,
    INTERPRETER_NUMBER,
    MIGRANT_CALLER_NUMBER,
    ON_DUTY_NUMBER,
    AgencySetup,
    Expectations,
    Expected,
    HearEachOther,
    Interpreter,
    Migrant,
    Operator,
    Scenario,
    Technician,
)
from lab.steps import Listen, Step
from lab.steps_file import PROMPT, StepReader
from lab.tables import BadScenario

SCENARIOS = Path(__file__).resolve().parent / "scenarios"


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


_SCENARIO = frozenset(
    {"title", "description", "technicians", "interpreters", "migrants", "operators", "services"}
    | {"migrant", "operator", "guest", "agency", "hours", "closed_services"}
    | {"ring_seconds", "policy", "relay", "expect"}
)
_TECHNICIAN = frozenset({"name", "shown_name", "phone", "recognised", "steps"})
_MIGRANT = frozenset({"name", "phone", "steps"})
_OPERATOR = frozenset({"name", "languages", "phone"})
_INTERPRETER = frozenset(
    {"name", "languages", "presence", "presence_minutes", "always_open", "wrap_up_seconds"}
    | {"phone", "misses", "steps", "tone", "level", "gender"}
)
_AGENCY = frozenset({"prompt_language", "favourites", "fields"})
_EXPECT = frozenset(
    {"events", "never", "counts", "outcomes", "in_a_row", "across", "presence", "fields"}
    | {"hear_each_other", "hear_prompts"}
)


class _Reader(StepReader):
    """Reads one file."""

    def scenario(self, table: Mapping[str, object]) -> Scenario:
        """The scenario of the file. Raises `BadScenario`."""
        self._only(table, _SCENARIO, "the scenario")
        interpreters = tuple(
            self._interpreter(place, one)
            for place, one in enumerate(self._tables(table, "interpreters"), start=1)
        )
        technicians = tuple(
            self._technician(place, one)
            for place, one in enumerate(self._tables(table, "technicians"), start=1)
        )
        migrants = tuple(
            self._migrant(place, one)
            for place, one in enumerate(self._tables(table, "migrants"), start=1)
        )
        operators = tuple(
            self._operator(place, one)
            for place, one in enumerate(self._tables(table, "operators"), start=1)
        )
        if not technicians and not migrants:
            raise self._bad("technicians", "somebody must ring the line")
        callers: list[Technician | Migrant | Operator] = [*technicians, *migrants, *operators]
        for group, names in (
            ("interpreters", [one.name for one in interpreters]),
            ("technicians", [one.name for one in callers]),
        ):
            if len(set(names)) != len(names) or len(names) > 9:
                raise self._bad(group, "needs up to nine different names")
        services = self._services(table)
        others = {one.name for one in callers} | set(services)
        expect = self._table(table.get("expect"), "expect")
        people: list[Technician | Migrant | Interpreter] = [*technicians, *migrants, *interpreters]
        listening = any(Listen() in one.steps for one in people)
        if listening is not ("hear_each_other" in expect):
            raise self._bad("expect.hear_each_other", "goes with a step that says listen = true")
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
            expect=self._expectations(expect, {one.name for one in interpreters}, others),
            migrants=migrants,
            operators=operators,
            services=services,
            agency=self._agency(self._table(table.get("agency", {}), "agency")),
            hours=self._one_of(LineHours, table.get("hours", "open"), "hours"),
            closed_services=self._service_keys(table.get("closed_services", []), "closed_services"),
        )

    def _policy(self, value: object) -> str:
        if not isinstance(value, str) or value not in POLICIES:
            raise self._bad("policy", f"is one of {', '.join(POLICIES)}")
        return value

    # --- people ---

    def _technician(self, place: int, table: Mapping[str, object]) -> Technician:
        where = f"technicians[{place}]"
        self._only(table, _TECHNICIAN, where)
        shown = table.get("shown_name", "")
        if not isinstance(shown, str):
            raise self._bad(where, "shown_name is text")
        return Technician(
            name=self._text(table, "name", where),
            number=CALLER_NUMBER.format(place=place),
            steps=self._some_steps(table, where),
            shown_name=shown,
            phone=self._phone(table, "phone"),
            recognised=self._yes_or_no(table.get("recognised", False), f"{where}.recognised"),
        )

    def _migrant(self, place: int, table: Mapping[str, object]) -> Migrant:
        where = f"migrants[{place}]"
        self._only(table, _MIGRANT, where)
        return Migrant(
            name=self._text(table, "name", where),
            number=MIGRANT_CALLER_NUMBER.format(place=place),
            steps=self._some_steps(table, where),
            phone=self._phone(table, "phone"),
        )

    def _some_steps(self, table: Mapping[str, object], where: str) -> tuple[Step, ...]:
        steps = self._steps(table, where)
        if not steps:
            raise self._bad(where, "needs steps")
        return steps

    def _operator(self, place: int, table: Mapping[str, object]) -> Operator:
        where = f"operators[{place}]"
        self._only(table, _OPERATOR, where)
        return Operator(
            name=self._text(table, "name", where),
            number=ON_DUTY_NUMBER.format(place=place),
            languages=self._spoken(table.get("languages", []), f"{where}.languages"),
            phone=self._phone(table, "phone") or ANSWERS_WITH_KEY,
        )

    def _interpreter(self, place: int, table: Mapping[str, object]) -> Interpreter:
        where = f"interpreters[{place}]"
        self._only(table, _INTERPRETER, where)
        return Interpreter(
            name=self._text(table, "name", where),
            number=INTERPRETER_NUMBER.format(place=place),
            languages=self._spoken(table.get("languages"), f"{where}.languages"),
            phone=self._phone(table, "phone") or ANSWERS_WITH_KEY,
            misses=self._whole(table.get("misses"), where) or 0,
            presence=self._one_of(Presence, table.get("presence", "available"), where),
            presence_minutes=self._whole(table.get("presence_minutes"), where),
            always_open=self._yes_or_no(table.get("always_open", False), f"{where}.always_open"),
            tone=self._one_of(Role, table.get("tone", Role.INTERPRETER.value), where),
            wrap_up_seconds=None
            if "wrap_up_seconds" not in table
            else self._seconds(table["wrap_up_seconds"], where),
            level=None if "level" not in table else self._level(table["level"], f"{where}.level"),
            gender=None
            if "gender" not in table
            else self._one_of(Gender, table["gender"], f"{where}.gender"),
            steps=self._steps(table, where),
        )

    def _level(self, value: object, where: str) -> Level:
        try:
            return REGISTER.parse(str(value))
        except BadLevel as reason:
            raise self._bad(where, str(reason)) from None

    def _spoken(self, value: object, where: str) -> tuple[LanguageTag, ...]:
        tags = self._texts(value, where)
        for tag in tags:
            if not all(one in self._languages for one in split_pair(LanguageTag(tag)) or (tag,)):
                raise self._bad(where, f"{tag!r} is not a language of the service")
        return tuple(LanguageTag(tag) for tag in tags)

    # --- agency and services ---

    def _agency(self, table: Mapping[str, object]) -> AgencySetup:
        self._only(table, _AGENCY, "agency")
        language = table.get("prompt_language", "pt")
        if language not in ("pt", "en"):
            raise self._bad("agency.prompt_language", "is pt or en")
        return AgencySetup(
            prompt_language=str(language),
            favourites=self._spoken(table.get("favourites", []), "agency.favourites"),
            fields=tuple(self._field(one) for one in self._tables(table, "fields")),
        )

    def _field(self, table: Mapping[str, object]) -> AgencyField:
        where = "agency.fields"
        self._only(table, frozenset({"name", "least", "most"}), where)
        least, most = self._whole(table.get("least"), where), self._whole(table.get("most"), where)
        if least is None or most is None:
            raise self._bad(where, "says least and most")
        try:
            return AgencyField(self._one_of(FieldName, table.get("name"), where), least, most)
        except BadField as reason:
            raise self._bad(where, str(reason)) from None

    def _services(self, table: Mapping[str, object]) -> dict[str, Behaviour]:
        phones = self._table(table.get("services", {}), "services")
        known = self._service_keys(list(phones), "services")
        return {key: self._phone(phones, key) or Answers() for key in sorted(known)}

    def _service_keys(self, value: object, where: str) -> frozenset[str]:
        keys = frozenset(self._texts(value, where))
        known = {one.key for one in load_directory().services}
        if unknown := sorted(keys - known):
            raise self._bad(where, f"there is no service {unknown[0]!r}")
        return keys

    # --- expectations ---

    def _expectations(
        self, table: Mapping[str, object], names: set[str], others: set[str]
    ) -> Expectations:
        """`names` are those of the interpreters, `others` of whoever else may be listened to."""
        self._only(table, _EXPECT, "expect")
        counts = self._table(table.get("counts", {}), "expect.counts")
        for kind, count in counts.items():
            if isinstance(count, bool) or not isinstance(count, int) or count < 0:
                raise self._bad(f"expect.counts.{kind}", "is a whole number")
        hearing = self._texts(table.get("hear_each_other", []), "expect.hear_each_other")
        if unknown := sorted(set(hearing) - names - others - set(Role)):
            raise self._bad("expect.hear_each_other", f"nobody is called {unknown[0]!r}")
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
            hear_each_other=HearEachOther(tuple(hearing)) if hearing else None,
            fields={
                self._one_of(FieldName, name, "expect.fields"): str(value)
                for name, value in self._table(table.get("fields", {}), "expect.fields").items()
            },
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
            if not all(PROMPT.fullmatch(one) for one in wanted):
                raise self._bad(where, "prompts are written language/key")
            heard[self._one_of(Role, role, where)] = wanted
        return heard

    def _expected(self, value: object, names: set[str], where: str) -> Expected:
        if isinstance(value, str):
            return Expected(self._one_of(EventKind, value, where))
        table = dict(self._table(value, where))
        kind = self._one_of(EventKind, table.pop("kind", None), where)
        # In one event it says whether an interpreter is wanted, and not who it is.
        interpreter = (
            "" if isinstance(table.get("interpreter"), bool) else table.pop("interpreter", "")
        )
        if not isinstance(interpreter, str) or (interpreter and interpreter not in names):
            raise self._bad(where, f"there is no interpreter {interpreter!r}")
        data: dict[str, Scalar] = {}
        for name, one in table.items():
            if not isinstance(one, str | int | float | bool):
                raise self._bad(where, f"{name} is text, a number, true or false")
            data[name] = one
        return Expected(kind, interpreter, data)
