# SPDX-License-Identifier: EUPL-1.2
"""How likely an interpreter is to accept within ten seconds, learned for person × hour. Pure.

Each offer either was accepted within `PROMPTLY` seconds or was not. One that we stopped earlier,
because somebody else was faster, can't be left out: in a wave, a phone is mostly watched to the
end when it accepts, so the chances would look better than they are. It counts as what may be
expected of it (`expected_acceptance`; the expectation step of Dempster, Laird and Rubin, "Maximum
likelihood from incomplete data via the EM algorithm", 1977).

The chance is a Beta posterior's mean; the prior of each stage is what the stage above it knows:

    service:        m0 = (s + k0 p0) / (n + k0)
    person:         m1 = (s_i + k1 m0) / (n_i + k1)
    person x hour:  m2 = (s_ih + k2 m1) / (n_ih + k2)

`s` of `n` offers were accepted; `k` is how many offers the prior is worth. So a person never rung
is judged as the service is, an hour never tried as the person is, and each offer moves the figure
a little further from the prior. (The mean of a Beta posterior with prior Beta(k m, k (1-m)) after
s of n: Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4.)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.vocabulary import InterpreterId

PROMPTLY = 10.0
"""Seconds from the start of the ringing to the key that accepts."""
HOURS = 24
"""Hours of the service's local day."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before anything was rung; each weight is a number of offers."""

    chance: float = 0.6
    service_weight: float = 20.0
    person_weight: float = 6.0
    hour_weight: float = 8.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Offers that ended, and how many of them were accepted promptly."""

    offers: int = 0
    accepted: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.offers + other.offers, self.accepted + other.accepted)


def shrink(tally: Tally, chance: float, weight: float) -> float:
    """The posterior's mean after `tally`, under a prior of this mean worth `weight` offers."""
    return (tally.accepted + weight * chance) / (tally.offers + weight)


def expected_acceptance(chance: float, rang: float) -> float:
    """How likely an offer stopped after `rang` seconds would have been accepted promptly.

    By Bayes' rule, for somebody who accepts promptly with this chance and then after a time
    that is as likely any of the first `PROMPTLY` seconds. Nothing once these are over.
    """
    passed = min(max(rang / PROMPTLY, 0.0), 1.0)
    return chance * (1.0 - passed) / (1.0 - chance * passed)


class Answering:
    """The tallies of everybody, and the chances read from them. Mutable: it follows the log."""

    def __init__(self, prior: Prior = Prior()) -> None:
        self.prior = prior
        self._service = Tally()
        self._people: dict[InterpreterId, Tally] = {}
        self._hours: dict[tuple[InterpreterId, int], Tally] = {}

    @classmethod
    def of(
        cls,
        tallies: Iterable[tuple[InterpreterId, int, Tally]],
        prior: Prior = Prior(),
    ) -> Answering:
        """Start from tallies for person and hour, as counted in the call log."""
        made = cls(prior)
        for who, hour, tally in tallies:
            made.add(who, hour, tally)
        return made

    def observe(self, who: InterpreterId, hour: int, accepted: float) -> None:
        """One offer ended: 1 for accepted promptly, 0 for not, between for stopped early."""
        self.add(who, hour, Tally(1, accepted))

    def add(self, who: InterpreterId, hour: int, tally: Tally) -> None:
        """Count a tally of one person in one hour. Raises `ValueError` for no such hour."""
        if not 0 <= hour < HOURS:
            raise ValueError("an hour of the day is 0 to 23")
        self._service += tally
        self._people[who] = self._people.get(who, Tally()) + tally
        self._hours[who, hour] = self._hours.get((who, hour), Tally()) + tally

    def service_chance(self) -> float:
        """Of anybody, at any hour."""
        return shrink(self._service, self.prior.chance, self.prior.service_weight)

    def tallies(self, who: InterpreterId, hour: int) -> tuple[Tally, Tally]:
        """Of this person, and of this person in this hour."""
        return self._people.get(who, _NONE), self._hours.get((who, hour), _NONE)

    def knows(self, who: InterpreterId) -> bool:
        """Whether anything was counted for this person."""
        return who in self._people

    def chance(self, who: InterpreterId, hour: int) -> float:
        """Of this person in this hour of the local day: strictly between 0 and 1."""
        base, slope = self.line(who, hour)
        return base + slope * self.service_chance()

    def line(self, who: InterpreterId, hour: int) -> tuple[float, float]:
        """The chance as a straight line of `service_chance`: its base and its slope.

        The service's chance moves with every offer to anybody; these two only with theirs.
        """
        person, now = self.tallies(who, hour)
        weight, hours = self.prior.person_weight, self.prior.hour_weight
        offers, hour_offers = person.offers + weight, now.offers + hours
        return (
            (now.accepted + hours * (person.accepted / offers)) / hour_offers,
            hours * (weight / offers) / hour_offers,
        )


UNKNOWN = (0.0, 1.0)
"""The `line` of somebody of whom nothing is counted: as likely as the service."""
_NONE = Tally()
