# SPDX-License-Identifier: EUPL-1.2
"""What is there before a scenario begins: the rows of the database, and the telephones."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.agencies.secrets import PinHasher
from bridge.hours.directory import load_directory
from bridge.hours.localtime import LISBON
from bridge.hours.store import add_closure
from bridge.operators import store as operators
from bridge.roster import store as roster
from bridge.roster.people import Limits
from bridge.roster.people_store import pin_code, set_gender, set_level, set_limits, set_pin
from bridge.roster.seed_plan import ALWAYS
from bridge.roster.windows_store import set_windows
from bridge.vocabulary import InterpreterId, PhoneNumber, Role
from lab.audio import ROLE_TONES
from lab.hours import LineHours
from lab.leg import Tone
from lab.network import MIGRANT_TONE, TECHNICIAN_TONE, TelephoneNetwork
from lab.phones import Behaviour, NeverAnswers
from lab.scenario import (
    AGENCY_CODE,
    GUEST_NUMBER,
    INTERPRETER_PIN,
    MIGRANT_NUMBER,
    OPERATOR_NUMBER,
    PIN,
    Interpreter,
    Operator,
    Scenario,
)

OPERATOR_TONE = Tone(ROLE_TONES[Role.OPERATOR])
SERVICE_TONE = Tone(ROLE_TONES[Role.GUEST])
"""A service speaks with the tone of a guest: no scenario has both."""


def service_number(key: str) -> str:
    """The number of a service, in E.164. Raises `LookupError` for one without a number."""
    numbers = load_directory().service(key).numbers
    if not numbers:
        raise LookupError(f"the service {key} has no number to ring")
    return numbers[0].e164


def register(scenario: Scenario, network: TelephoneNetwork) -> None:
    """Teach everybody's telephone what to do when it is rung."""
    for interpreter in scenario.interpreters:
        tone = Tone(ROLE_TONES[interpreter.tone])
        network.phone(interpreter.number, _after(interpreter.misses, interpreter.phone), tone)
    for technician in scenario.technicians:
        if technician.phone is not None:
            network.phone(technician.number, technician.phone, TECHNICIAN_TONE)
    for migrant in scenario.migrants:
        if migrant.phone is not None:
            network.phone(migrant.number, migrant.phone, MIGRANT_TONE)
    for operator in scenario.operators:
        network.phone(operator.number, operator.phone, OPERATOR_TONE)
    for key, phone in scenario.services.items():
        network.phone(service_number(key), phone, SERVICE_TONE)
    for number, behaviour, sound in (
        (MIGRANT_NUMBER, scenario.migrant, MIGRANT_TONE),
        (OPERATOR_NUMBER, scenario.operator, OPERATOR_TONE),
        (GUEST_NUMBER, scenario.guest, Tone(ROLE_TONES[Role.GUEST])),
    ):
        if behaviour is not None:
            network.phone(number, behaviour, sound)


def _after(misses: int, behaviour: Behaviour) -> Callable[[], Behaviour]:
    """What a telephone does, each time it rings, that somebody is away from at first."""
    rings = itertools.count()
    return lambda: NeverAnswers() if next(rings) < misses else behaviour


def fill(conn: Connection, scenario: Scenario, hasher: PinHasher) -> dict[str, InterpreterId]:
    """Write the agency, its technician, operators and interpreters.

    Returns the ids of the interpreters by their names in the scenario.
    """
    _agency(conn, scenario, hasher)
    for one in scenario.operators:
        _operator(conn, one)
    if scenario.hours is LineHours.CLOSURE:
        today = datetime.now(UTC).astimezone(LISBON).date()
        for line in load_directory().lines:
            for place in (line.key, line.technicians):
                add_closure(conn, place, today, "Formação da equipa")
    return {
        one.name: _interpreter(conn, place, one, hasher)
        for place, one in enumerate(scenario.interpreters)
    }


def _agency(conn: Connection, scenario: Scenario, hasher: PinHasher) -> None:
    setup = scenario.agency
    agency = agencies.add_agency(conn, AGENCY_CODE, "Hospital do Ensaio", AgencyKind.HEALTH)
    agencies.set_relay_allowed(conn, agency.id, scenario.relay)
    agencies.set_prompt_language(conn, agency.id, setup.prompt_language)
    agencies.set_favourites(conn, agency.id, setup.favourites)
    agencies.set_fields(conn, agency.id, setup.fields)
    for technician in scenario.technicians:
        if technician.recognised:
            agencies.add_number(conn, PhoneNumber.parse(technician.number), agency.id)
    agencies.add_technician(
        conn,
        agency,
        "Técnica do Ensaio",
        pin_lookup=hasher.lookup(AGENCY_CODE, PIN),
        pin_hash=hasher.hash(AGENCY_CODE, PIN),
    )


def _operator(conn: Connection, one: Operator) -> None:
    number = PhoneNumber.parse(one.number)
    who = operators.add(conn, "Operador do Ensaio", number, one.languages)
    operators.set_duty(conn, who, True)


def _interpreter(
    conn: Connection, place: int, one: Interpreter, hasher: PinHasher
) -> InterpreterId:
    now = datetime.now(UTC)
    who = roster.add_interpreter(
        conn,
        f"Intérprete {place + 1}",
        PhoneNumber.parse(one.number),
        one.languages,
        presence=one.presence,
        vetted=True,
    )
    # The first named is the longest idle.
    roster.mark_call_ended(conn, who, now - timedelta(hours=24 - place))
    for language in one.languages:
        set_level(conn, who, language, one.level)
    set_gender(conn, who, one.gender)
    if one.presence_minutes is not None:
        until = now + timedelta(minutes=one.presence_minutes)
        roster.set_presence(conn, who, one.presence, until=until, at=now)
    if one.always_open:
        set_windows(conn, who, ALWAYS)
    if one.wrap_up_seconds is not None:
        set_limits(conn, who, Limits(wrap_up=timedelta(seconds=one.wrap_up_seconds)))
    if one.steps:
        set_pin(conn, who, hasher.hash(pin_code(who), INTERPRETER_PIN))
    return who
