# SPDX-License-Identifier: EUPL-1.2
"""What the fictional agencies want, and the fictional operators of the line.

Numbers are recognised by their zeros, as those in `seed_plan.py`: agencies have landlines
``+351 21 000 03..`` and operators mobiles ``+351 96 000 08..``, each with two digits of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from bridge.agencies import store as agencies
from bridge.agencies.model import Agency, AgencyField, FieldName
from bridge.operators import store as operators
from bridge.vocabulary import LanguageTag, PhoneNumber

_PROCESS = AgencyField(FieldName.PROCESS_NUMBER, 5, 9)
_FIELDS: Mapping[str, tuple[AgencyField, ...]] = {
    "3073": (_PROCESS,),
    "4084": (_PROCESS, AgencyField(FieldName.DEPARTMENT, 2, 2)),
    "5096": (AgencyField(FieldName.COST_CENTRE, 3, 6),),
}
_FAVOURITES: Mapping[str, str] = {
    "1024": "uk ar hi bn ne cmn fr",
    "1135": "bn hi ne uk",
    "1246": "bn ne hi ar uk pov",
    "2051": "uk ro cmn ne",
    "3073": "uk ar ro hi bn",
    "6107": "bn ne hi ur pa uk ar fr en",
}
"""For an agency's code, what its keys 1 to 9 stand for."""

_OPERATORS = (
    ("Helena Queirós", "uk ru ro"),
    ("Mamadu Injai", "pov kea fr"),
    ("Salma Barreto", "ar en es"),
)


def write_wishes(
    conn: Connection, agency: Agency, place: int, tags: Collection[LanguageTag]
) -> None:
    """Write what a new fictional agency wants; `place` is its own in the list, from 0."""
    agencies.add_number(conn, PhoneNumber.parse(f"+3512100003{place + 1:02d}"), agency.id)
    agencies.set_fields(conn, agency.id, _FIELDS.get(agency.code, ()))
    agencies.set_favourites(conn, agency.id, _known(_FAVOURITES.get(agency.code, ""), tags))


def write_operators(conn: Connection, tags: Collection[LanguageTag]) -> None:
    """Write the operators who are not there yet, on duty until somebody says otherwise."""
    for place, (name, languages) in enumerate(_OPERATORS):
        number = PhoneNumber.parse(f"+3519600008{place + 1:02d}")
        if operators.find_operator(conn, number) is None:
            who = operators.add(conn, name, number, _known(languages, tags))
            operators.set_duty(conn, who, True)


def _known(languages: str, tags: Collection[LanguageTag]) -> list[LanguageTag]:
    return [LanguageTag(tag) for tag in languages.split() if tag in tags]
