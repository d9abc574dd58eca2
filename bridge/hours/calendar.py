# SPDX-License-Identifier: EUPL-1.2
"""The public holidays of Portugal, as the `holidays` library computes them from the law.

Only days off by law count: not carnival, not Christmas Eve. The years in which four of them were
suspended (2013 to 2015) are right too. A municipality's own holiday is one more day of whoever sits
there; the library knows those of the district capitals, any other is a closure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from holidays.countries.portugal import Portugal

from bridge.hours.model import BadHours

_ISLANDS = {"20", "30"}
"""The library's codes of the two autonomous regions, which have no municipal holiday."""

MUNICIPALITIES: Mapping[str, str] = MappingProxyType(
    {name: code for name, code in Portugal.subdivisions_aliases.items() if code not in _ISLANDS}
)
"""The municipalities whose own holiday is known, and the library's code of each."""


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """Portugal's public holidays, and a municipality's if one is named. A `Holidays`.

    Raises `BadHours` for a municipality whose holiday is not known.
    """

    municipality: str = ""

    def __post_init__(self) -> None:
        if self.municipality and self.municipality not in MUNICIPALITIES:
            raise BadHours(
                f"the holiday of {self.municipality!r} is not known, only those of the district "
                "capitals; enter its date as a closure"
            )

    def __call__(self, day: date) -> str | None:
        """The holiday's Portuguese name, or `None` on a day that is none."""
        return _holidays_of(self.municipality, day.year).get(day)


@lru_cache(maxsize=1024)
def _holidays_of(municipality: str, year: int) -> Mapping[date, str]:
    found = Portugal(
        subdiv=MUNICIPALITIES.get(municipality), years=year, expand=False, language="pt_PT"
    )
    return MappingProxyType(dict(found.items()))
