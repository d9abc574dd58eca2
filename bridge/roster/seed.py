# SPDX-License-Identifier: EUPL-1.2
"""A roster, agencies and technicians for the demo and for tests: fictional and always the same.

Telephone numbers follow one scheme, so that a fictional one is known at sight: a Portuguese mobile
prefix (91, 92, 93, 96, in turn), four zeros, and the interpreter's place in the list with three
digits: ``+351 91 0000 001``. Portugal keeps no range for fiction, so they are of valid form and
pass the dialling gate; only the lab's telephone network is ever asked to ring them.

The spread of languages is made to look like that of a real pool: many speakers of what is asked
most, one or two of what is rare, and most interpreters speak one to three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, update

from bridge.agencies import store as agencies
from bridge.agencies.model import AgencyKind
from bridge.agencies.secrets import PinHasher
from bridge.roster.model import Presence
from bridge.roster.store import (
    add_interpreter,
    find_by_number,
    mark_call_ended,
    set_languages,
)
from bridge.vocabulary import LanguageTag, PhoneNumber

INTERPRETERS = 104
"""As many as the real service has."""


@dataclass(frozen=True, slots=True)
class DemoInterpreter:
    """A fictional interpreter."""

    name: str = field(repr=False)
    number: PhoneNumber
    languages: tuple[LanguageTag, ...]
    """The first is their own."""


@dataclass(frozen=True, slots=True)
class DemoCredential:
    """What a fictional technician keys."""

    agency: str
    kind: AgencyKind
    code: str
    technician: str
    pin: str


def seed(
    conn: Connection, tags: Sequence[LanguageTag], hasher: PinHasher, at: datetime
) -> tuple[DemoCredential, ...]:
    """Write the fictional roster, speaking exactly `tags`, and the agencies; return what to key.

    Doing it again changes nothing that is there, except that the PINs returned fit again even
    when the pepper was changed. Rows of real people are never touched. Hashing the PINs takes
    about half a second the first time.
    """
    for place, one in enumerate(plan(tags)):
        who = find_by_number(conn, one.number)
        if who is None:
            who = add_interpreter(
                conn,
                one.name,
                one.number,
                one.languages,
                presence=Presence.AVAILABLE,
                vetted=True,
            )
            # Spread over the week before, so that "longest idle first" has something to order.
            mark_call_ended(conn, who, at - timedelta(minutes=37 * (1 + place * 29 % 251)))
        else:
            set_languages(conn, who, one.languages)
    for known in credentials():
        _write_credential(conn, known, hasher)
    return credentials()


def _write_credential(conn: Connection, known: DemoCredential, hasher: PinHasher) -> None:
    agency = agencies.find_agency(conn, known.code)
    if agency is None:
        agency = agencies.add_agency(conn, known.code, known.agency, known.kind)
    lookup = hasher.lookup(known.code, known.pin)
    if agencies.find_credential(conn, lookup) is not None:
        return
    table = agencies.technician
    stored = {"pin_lookup": lookup, "pin_hash": hasher.hash(known.code, known.pin)}
    same = conn.execute(
        update(table)
        .where(table.c.agency_id == agency.id, table.c.name == known.technician)
        .values(stored)
    )
    if same.rowcount == 0:
        agencies.add_technician(conn, agency, known.technician, **stored)


# --- who speaks what ---------------------------------------------------------------------------

_ASKED_MOST: Mapping[str, int] = {
    # More interpreters whose own language it is, beyond the one that every language has.
    "uk": 4,
    "ru": 1,
    "ro": 2,
    "ar": 4,
    "kea": 2,
    "pov": 2,
    "hi": 3,
    "bn": 3,
    "ne": 3,
    "ur": 2,
    "pa": 1,
    "cmn": 2,
    "zh": 2,
    "fr": 1,
    "en": 1,
    "wo": 1,
    "fa": 1,
}

_ALSO_SPOKEN: Mapping[str, tuple[str, ...]] = {
    # What people with this language of their own most often speak besides.
    "uk": ("ru", "pl"),
    "be": ("ru",),
    "ka": ("ru",),
    "hy": ("ru",),
    "az": ("ru", "tr"),
    "kk": ("ru",),
    "uz": ("ru",),
    "ro": ("it", "es"),
    "ro-MD": ("ro", "ru"),
    "lt": ("ru", "en"),
    "bg": ("ru",),
    "cs": ("sk", "en"),
    "sk": ("cs",),
    "sr": ("hr", "en"),
    "hr": ("sr",),
    "kea": ("fr", "en"),
    "pov": ("fr", "ff"),
    "ff": ("fr", "pov"),
    "mnk": ("pov", "en"),
    "wo": ("fr", "ff"),
    "bm": ("fr", "mnk"),
    "ln": ("fr",),
    "ha": ("en",),
    "yo": ("en",),
    "ar": ("fr", "en"),
    "kmr": ("ar", "tr"),
    "ckb": ("ar",),
    "so": ("ar", "en"),
    "sw": ("en",),
    "ti": ("am", "ar"),
    "am": ("en",),
    "fa": ("en",),
    "prs": ("fa", "ps"),
    "ps": ("ur", "prs"),
    "hi": ("en", "ur"),
    "ur": ("pa", "hi"),
    "pa": ("hi", "en"),
    "bn": ("hi", "en"),
    "ne": ("hi", "en"),
    "gu": ("hi",),
    "cmn": ("en",),
    "yue": ("cmn",),
    "tet": ("id",),
    "es": ("fr", "it"),
    "fr": ("en", "es"),
    "it": ("es",),
}


def plan(tags: Sequence[LanguageTag]) -> tuple[DemoInterpreter, ...]:
    """The fictional interpreters for these languages: every language has at least one.

    The same languages in whatever order give the same plan. Raises `ValueError` for no language
    and for more languages than interpreters.
    """
    known = sorted(set(tags))
    if not 1 <= len(known) <= INTERPRETERS:
        raise ValueError(f"the demo roster speaks 1 to {INTERPRETERS} languages")
    people = []
    for place, own in enumerate(_own_languages(known)):
        besides = [LanguageTag(tag) for tag in _ALSO_SPOKEN.get(own, ("en",))]
        # A third speak one language, a third up to two, a third up to three.
        spoken = [own, *(tag for tag in besides[: place % 3] if tag in known and tag != own)]
        people.append(
            DemoInterpreter(_name(place, own), _number(place), tuple(dict.fromkeys(spoken)))
        )
    return tuple(people)


def _own_languages(known: Sequence[LanguageTag]) -> list[LanguageTag]:
    """One language for each interpreter: each once, then those that are asked most again."""
    own = list(known)
    waiting = {tag: _ASKED_MOST[tag] for tag in known if tag in _ASKED_MOST}
    while len(own) < INTERPRETERS and waiting:
        for tag in list(waiting):
            own.append(tag)
            waiting[tag] -= 1
            if waiting[tag] == 0:
                del waiting[tag]
    while len(own) < INTERPRETERS:
        own.append(known[len(own) % len(known)])
    return own[:INTERPRETERS]


def _number(place: int) -> PhoneNumber:
    prefix = ("91", "92", "93", "96")[place % 4]
    return PhoneNumber.parse(f"+351{prefix}0000{place + 1:03d}")


# --- names -------------------------------------------------------------------------------------

_NAMES: Mapping[str, tuple[str, str]] = {
    # Given names and family names that go together; people from one part of the world.
    "east": (
        "Oksana Dmytro Iryna Serhii Natalia Andrei Larisa Mihai Elena Pavel Ioana Viktor",
        "Kovalenko Melnyk Petrova Ivanov Popescu Rusu Novak Horvat Georgieva Lazarov Balan",
    ),
    "south": (
        "Anjali Rajesh Sunita Imran Farzana Bikash Gita Harpreet Nasrin Arjun Sita Kamal",
        "Sharma Rahman Thapa Singh Akhter Gurung Patel Hossain Kaur Khan Perera Nair",
    ),
    "arab": (
        "Amina Yusuf Layla Karim Samira Hassan Nour Tariq Mariam Idris Zahra Selim",
        "Haddad Mansour Rahimi Aziz Yilmaz Karimi Saleh Demir Tesfaye Warsame Noori Barzani",
    ),
    "africa": (
        "Fatou Mamadu Binta Carlos Aissatou Djibril Celeste Ousmane Teresa Ibrahima Nilza Sory",
        "Djaló Baldé Tavares Semedo Diop Camará Monteiro Keita Sané Évora Mbemba Lopes",
    ),
    "east_asia": (
        "Mei Hiroshi Linh Jun Malee Wei Rosa Kenji Dewi Min Yan Somchai",
        "Chen Tanaka Nguyen Wang Kim Soares Santos Li Sato Wijaya Lam Suwan",
    ),
    "west": (
        "Clara Martin Sofia Lukas Helena Pierre Ingrid Marco Julia Erik Carmen Thomas",
        "Moreau Weber Rossi García Lindqvist Jansen Virtanen Fischer Dubois Bianchi Taylor Costa",
    ),
}

_PARTS: Mapping[str, str] = {
    "east": "ru be pl uk bg cs sk sr hr ro hu sq lt lv et ro-MD ka hy az kk uz sl mk",
    "south": "hi ne ur pa gu bn ta ml te si mr kn",
    "arab": "ar fa prs ps kmr ckb ku tr he ti so am",
    "africa": "kea pov ff mnk wo bm ha yo ln sw",
    "east_asia": "cmn zh yue ja ko vi th fil id tet ms my km lo",
}


def _name(place: int, own: LanguageTag) -> str:
    part = next((name for name, tags in _PARTS.items() if own in tags.split()), "west")
    given, family = (names.split() for names in _NAMES[part])
    return f"{given[place % len(given)]} {family[(place * 5 + place // 12) % len(family)]}"


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
