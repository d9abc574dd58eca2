# SPDX-License-Identifier: EUPL-1.2
"""A roster, agencies and technicians for the demo and for tests: fictional and always the same.

The interpreters, and the scheme of their telephone numbers, are in `seed_plan.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from bridge.agencies import store as agencies
from bridge.agencies.model import Agency, AgencyKind
from bridge.agencies.secrets import PinHasher
from bridge.roster.lists_store import add_to_list
from bridge.roster.model import Presence
from bridge.roster.people_store import (
    find_interpreter_by_number,
    pin_code,
    set_gender,
    set_level,
    set_pin,
    set_subjects,
)
from bridge.roster.requirements import ListEntry, ListKind
from bridge.roster.seed_lines import write_operators, write_wishes
from bridge.roster.seed_plan import ALWAYS, INTERPRETERS, DemoInterpreter, plan
from bridge.roster.store import (
    add_interpreter,
    find_by_number,
    mark_call_ended,
    set_languages,
)
from bridge.roster.windows_store import set_windows
from bridge.vocabulary import InterpreterId, LanguageTag

__all__ = ["INTERPRETERS", "DemoCredential", "DemoInterpreter", "credentials", "plan", "seed"]


@dataclass(frozen=True, slots=True)
class DemoCredential:
    """What a fictional technician keys."""

    agency: str
    kind: AgencyKind
    code: str
    technician: str
    pin: str


def seed(
    conn: Connection,
    tags: Sequence[LanguageTag],
    hasher: PinHasher,
    at: datetime,
    *,
    always_open: bool = False,
) -> tuple[DemoCredential, ...]:
    """Write the fictional roster, speaking exactly `tags`, and the rest; return what to key.

    Doing it again changes nothing that is there, except that the PINs returned fit again even
    when the pepper was changed. Rows of real people are never touched. Hashing the PINs takes
    about three seconds the first time.

    With `always_open` everybody's window is open at every hour, so that whoever tries the service
    out at night finds interpreters too; it holds for those who are written for the first time.
    """
    people = plan(tags)
    ids = [
        _write_interpreter(conn, place, one, at, always_open) for place, one in enumerate(people)
    ]
    _write_pins(conn, hasher, list(zip(ids, people, strict=True)))
    for known in credentials():
        if _write_credential(conn, known, hasher, tags) and known.code in _LISTS:
            _write_lists(conn, known.code, ids, at)
    write_operators(conn, tags)
    return credentials()


def _write_interpreter(
    conn: Connection, place: int, one: DemoInterpreter, at: datetime, always_open: bool
) -> InterpreterId:
    who = find_by_number(conn, one.number)
    if who is not None:
        set_languages(conn, who, one.languages)
        return who
    who = add_interpreter(
        conn, one.name, one.number, one.languages, presence=Presence.AVAILABLE, vetted=True
    )
    for language, level in zip(one.languages, one.levels, strict=True):
        set_level(conn, who, language, level)
    set_gender(conn, who, one.gender)
    set_subjects(conn, who, one.subjects)
    set_windows(conn, who, ALWAYS if always_open else one.windows)
    # Spread over the week before, so that "longest idle first" has something to order.
    mark_call_ended(conn, who, at - timedelta(minutes=37 * (1 + place * 29 % 251)))
    return who


def _write_pins(
    conn: Connection, hasher: PinHasher, people: Sequence[tuple[InterpreterId, DemoInterpreter]]
) -> None:
    """Give everybody a PIN, again when the pepper has changed; the first one's tells."""
    who, first = people[0]
    found = find_interpreter_by_number(conn, first.number)
    if found is not None and hasher.verify(found[1], pin_code(who), first.pin):
        return
    for who, one in people:
        set_pin(conn, who, hasher.hash(pin_code(who), one.pin))


_LISTS = {
    "1135": (
        (ListKind.PREFERRED, 3, "knows the house", None),
        (ListKind.PREFERRED, 20, "asked for by the midwives", timedelta(days=180)),
    ),
    "4084": ((ListKind.DO_NOT_SEND, 12, "relative of a party", timedelta(days=90)),),
}
"""For an agency's code: kind, place in the plan, reason, and how long it holds."""


def _write_lists(conn: Connection, code: str, ids: Sequence[InterpreterId], at: datetime) -> None:
    agency = agencies.find_agency(conn, code)
    for kind, place, reason, lasts in _LISTS[code]:
        ends = None if lasts is None else at + lasts
        of = None if agency is None else agency.id
        add_to_list(conn, ListEntry(kind, ids[place], of, reason, ends), at)


_RELAY = frozenset({AgencyKind.HEALTH, AgencyKind.MIGRATION})
"""Agencies of these kinds may be served by two interpreters and a language between."""


def _write_credential(
    conn: Connection, known: DemoCredential, hasher: PinHasher, tags: Sequence[LanguageTag]
) -> bool:
    """Whether the agency was written for the first time."""
    found = agencies.find_agency(conn, known.code)
    agency = _write_agency(conn, known, tags) if found is None else found
    lookup = hasher.lookup(known.code, known.pin)
    if agencies.find_credential(conn, lookup) is not None:
        return False
    table = agencies.technician
    stored = {"pin_lookup": lookup, "pin_hash": hasher.hash(known.code, known.pin)}
    same = conn.execute(
        update(table)
        .where(table.c.agency_id == agency.id, table.c.name == known.technician)
        .values(stored)
    )
    if same.rowcount == 0:
        agencies.add_technician(conn, agency, known.technician, **stored)
    return found is None


def _write_agency(conn: Connection, known: DemoCredential, tags: Sequence[LanguageTag]) -> Agency:
    agency = agencies.add_agency(conn, known.code, known.agency, known.kind)
    agencies.set_relay_allowed(conn, agency.id, known.kind in _RELAY)
    place = [code for code, *_ in _AGENCIES].index(known.code)
    write_wishes(conn, agency, place, tags)
    return agency


# --- agencies ----------------------------------------------------------------------------------

_AGENCIES: tuple[tuple[str, str, AgencyKind, tuple[tuple[str, str], ...]], ...] = (
    (
        "1024",
        "Hospital de Santa Aurora",
        AgencyKind.HEALTH,
        (("Marta Figueira", "271828"), ("Rui Sarmento", "314159")),
    ),
    ("1135", "Centro de Saúde da Ribeira Nova", AgencyKind.HEALTH, (("Inês Valadas", "141421"),)),
    ("1246", "Maternidade do Vale", AgencyKind.HEALTH, (("Joana Pimentel", "173205"),)),
    (
        "2051",
        "Agrupamento de Escolas da Serra",
        AgencyKind.SCHOOL,
        (("Paulo Nogueira", "223606"), ("Teresa Bento", "161803")),
    ),
    ("2162", "Escola Básica do Cais", AgencyKind.SCHOOL, (("Luísa Amaro", "244948"),)),
    (
        "3073",
        "Segurança Social, Balcão do Rossio",
        AgencyKind.SOCIAL_SECURITY,
        (("António Meireles", "264575"), ("Sara Coutinho", "282842")),
    ),
    ("4084", "Tribunal da Comarca do Pinhal", AgencyKind.JUSTICE, (("Hugo Serpa", "316227"),)),
    ("4195", "Posto Policial da Foz", AgencyKind.JUSTICE, (("Filipa Roque", "331662"),)),
    (
        "5096",
        "Câmara Municipal de Monte Claro",
        AgencyKind.MUNICIPALITY,
        (("Nuno Caldeira", "346410"), ("Beatriz Leitão", "360555")),
    ),
    ("6107", "Loja de Apoio ao Migrante", AgencyKind.MIGRATION, (("Daniel Vaz", "374165"),)),
    ("6218", "Balcão de Acolhimento do Sul", AgencyKind.MIGRATION, (("Rita Morgado", "387298"),)),
    ("7119", "Associação Casa Aberta", AgencyKind.OTHER, (("Vera Antunes", "412310"),)),
)


def credentials() -> tuple[DemoCredential, ...]:
    """What every fictional technician keys, the same at every run: for demos and tests only."""
    return tuple(
        DemoCredential(agency, kind, code, technician, pin)
        for code, agency, kind, people in _AGENCIES
        for technician, pin in people
    )
