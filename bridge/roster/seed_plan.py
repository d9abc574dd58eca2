# SPDX-License-Identifier: EUPL-1.2
"""The fictional interpreters: who they are, what they speak and when they are there. Pure.

Telephone numbers follow one scheme, so that a fictional one is known at sight: a Portuguese mobile
prefix (91, 92, 93, 96, in turn), four zeros, and the interpreter's place in the list with three
digits: ``+351 91 0000 001``. Portugal keeps no range for fiction, so they are of valid form and
pass the dialling gate; only the lab's telephone network is ever asked to ring them.

The spread of languages is made to look like that of a real pool: many speakers of what is asked
most, one or two of what is rare, and most interpreters speak one to three. So are the hours: most
keep weekdays from 9 to 19 or half of them, some evenings and Saturdays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time

from bridge.hours.model import WORKING_WEEK, Weekday, Window
from bridge.roster.skills import Gender, Level, Subject
from bridge.vocabulary import LanguageTag, PhoneNumber

INTERPRETERS = 104
"""As many as the real service has."""

ALWAYS = (Window(frozenset(Weekday), time(), time(), on_holidays=True),)
"""Windows of somebody who is there at every hour of every day."""


@dataclass(frozen=True, slots=True)
class DemoInterpreter:
    """A fictional interpreter."""

    name: str = field(repr=False)
    number: PhoneNumber
    languages: tuple[LanguageTag, ...]
    """The first is their own."""
    levels: tuple[Level | None, ...]
    """In each of the languages; `None`: nothing is proven."""
    gender: Gender
    subjects: frozenset[Subject]
    windows: tuple[Window, ...]
    pin: str = field(repr=False)


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
        languages = tuple(dict.fromkeys(spoken))
        people.append(
            DemoInterpreter(
                name=_name(place, own),
                number=_number(place),
                languages=languages,
                levels=tuple(_level(place, nth) for nth in range(len(languages))),
                # The given names alternate: see `_NAMES`.
                gender=Gender.FEMALE if place % 2 == 0 else Gender.MALE,
                subjects=_subjects(place),
                windows=_WEEKS[place * 7 % len(_WEEKS)],
                pin=f"{(271_828 + place * 7_919) % 1_000_000:06d}",
            )
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


# --- what they can and when ---------------------------------------------------------------------


def _level(place: int, nth: int) -> Level | None:
    """Best in their own language; about one in eight proved nothing in a further one."""
    if nth and place % 8 == 5:
        return None
    return Level(min((0, 1, 1, 2, 0, 3, 1, 2, 4, 1)[place % 10] + nth, 4))


def _subjects(place: int) -> frozenset[Subject]:
    """One to three, health the most common."""
    every = tuple(Subject)
    chosen = [every[place % len(every)], every[place * 3 // 2 % len(every)], Subject.HEALTH]
    return frozenset(chosen[place % 3 :])


def _daily(*hours: tuple[int, int], days: frozenset[Weekday] = WORKING_WEEK) -> tuple[Window, ...]:
    return tuple(Window(days, time(opens % 24), time(closes % 24)) for opens, closes in hours)


_SATURDAY = frozenset({Weekday.SAT})
_WEEKEND = frozenset({Weekday.SAT, Weekday.SUN})
_WEEKS: tuple[tuple[Window, ...], ...] = (
    _daily((9, 19)),
    _daily((9, 13), (14, 19)),
    _daily((9, 14)),
    _daily((13, 19)),
    _daily((10, 18)),
    _daily((9, 19), days=frozenset({Weekday.MON, Weekday.WED, Weekday.FRI})),
    _daily((9, 19)) + _daily((9, 17), days=_SATURDAY),
    _daily((9, 19), days=frozenset({Weekday.TUE, Weekday.THU})) + _daily((9, 13), days=_SATURDAY),
    _daily((9, 12), (17, 22)),
    _daily((9, 19)) + _daily((18, 23), days=_WEEKEND),
    _daily((9, 17)) + _daily((22, 26), days=frozenset({Weekday.FRI})),
)
"""Weeks in local time; the last one runs across a midnight."""


# --- names -------------------------------------------------------------------------------------

_NAMES: Mapping[str, tuple[str, str]] = {
    # Given names, women's and men's in turn, and family names that go together; people from one
    # part of the world.
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
