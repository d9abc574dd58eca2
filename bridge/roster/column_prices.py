# SPDX-License-Identifier: EUPL-1.2
"""What taking one more free speaker costs each language, kept from one request to the next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from bridge.roster.scarcity import prices_up_to
from bridge.vocabulary import LanguageTag

Array = np.ndarray[Any, np.dtype[Any]]
NO_PLACE = 0
"""The place of no language, which costs nothing."""


class Prices:
    """The price (scarcity.py) of every language, computed again only where something changed.

    Columns name a language by its place, a small whole number.
    """

    def __init__(self) -> None:
        """Of no language."""
        self._places: dict[LanguageTag, int] = {}
        self._free = [0]
        self._load = [0.0]
        self._tables: list[list[float] | None] = [None]
        """`scarcity.prices_up_to` of each language at its load, once it was needed."""
        self._prices = np.zeros(1)
        self._stale: set[int] = set()

    def place(self, tag: LanguageTag) -> int:
        """The place of a language; a new one's, if it has none."""
        place = self._places.get(tag)
        if place is None:
            place = self._places[tag] = len(self._free)
            self._free.append(0)
            self._load.append(0.0)
            self._tables.append(None)
            self._prices = np.append(self._prices, 0.0)
        return place

    def set_load(self, offered: Mapping[LanguageTag, float]) -> None:
        """The load of each language, in erlangs, became known anew."""
        for tag, place in self._places.items():
            self._load[place] = offered.get(tag, 0.0)
            self._tables[place] = None
            self._stale.add(place)

    def count(self, places: Iterable[int], more: int) -> None:
        """So many more speakers of these languages are free; negative for fewer."""
        for place in places:
            self._free[place] += more
        self._stale.update(places)

    def sums(self, places: Sequence[Array], count: int) -> Array:
        """What `count` people cost, each of whom has an entry in each row of places.

        Added row after row, as the plain ranking does: the sums are the same to the last bit.
        """
        if self._stale:
            for place in self._stale:
                self._prices[place] = self._price(place)
            self._stale.clear()
        prices = self._prices
        return reduce(add, [prices[row] for row in places]) if places else np.zeros(count)

    def _price(self, place: int) -> float:
        free, table = self._free[place], self._tables[place]
        if table is None or len(table) <= free:
            table = self._tables[place] = prices_up_to(2 * free + 8, self._load[place])
        return table[free]
