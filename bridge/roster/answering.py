# SPDX-License-Identifier: EUPL-1.2
"""How likely an interpreter is to accept within ten seconds, learned for person × hour. Pure.

Each offer either was accepted within `PROMPTLY` seconds or was not. One that we stopped earlier,
because somebody else was faster, can't be left out: in a wave, a phone is mostly watched to the
end when it accepts, so the chances would look better than they are. It counts as what may be
expected of it (`expected_acceptance`; the expectation step of Dempster, Laird and Rubin, "Maximum
likelihood from incomplete data via the EM algorithm", 1977). That asks how soon people press who
do press, which is learned too (`Pace`): were it taken for granted that any second is as likely as
another, while people need four to take a phone out of a pocket, each phone stopped after four would
count as one that hardly anybody would have taken, and the more phones ring together, the more so.

That of the service, `m0`, is what its pace says of the first `PROMPTLY` seconds. That of a person
is a Beta posterior's mean; the prior of each stage is what the stage above it knows:

    person:         m1 = (s_i + k1 m0) / (n_i + k1)
    person x hour:  m2 = (s_ih + k2 m1) / (n_ih + k2)

`s` of `n` offers were accepted; `k` is how many offers the prior is worth. So a person never rung
is judged as the service is, an hour never tried as the person is, and each offer moves the figure
a little further from the prior. (The mean of a Beta posterior with prior Beta(k m, k (1-m)) after
s of n: Gelman et al., Bayesian Data Analysis, 3rd ed., section 2.4.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.vocabulary import InterpreterId

PROMPTLY = 10.0
"""Seconds from the start of the ringing to the key that accepts."""
HOURS = 24
"""Hours of the service's local day."""
_SECONDS = int(PROMPTLY)


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


def expected_acceptance(chance: float, passed: float) -> float:
    """How likely an offer that we stopped would have been accepted promptly.

    By Bayes' rule, for somebody who accepts promptly with this chance, when `passed` (0 to 1) of
    those who do have done so by then.
    """
    return chance * (1.0 - passed) / (1.0 - chance * passed)


class Pace:
    """How soon after the start of the ringing people accept who do so promptly. Mutable.

    Of the whole service, by the second. Of the phones that nobody has stopped or answered by the
    start of a second, so many are accepted or declined in it; those stopped before would have been
    alike, for whoever stopped them did not know what would become of them. The share accepted by
    then follows from these (the cumulative incidence of Aalen and Johansen, "An empirical
    transition matrix for non-homogeneous Markov chains based on censored observations", 1978).
    The prior has them accepted in any second alike.
    """

    def __init__(self, prior: Prior = Prior()) -> None:
        offers, each = prior.service_weight, prior.chance / _SECONDS
        self._rang = [offers * (1.0 - each * second) for second in range(_SECONDS)]
        self._accepted = [offers * each] * _SECONDS
        self._declined = [0.0] * _SECONDS
        self._known: list[float] | None = None

    def accepted(self, after: float) -> None:
        """A phone was accepted after so many seconds, be it promptly or not."""
        self._over(after, self._accepted)

    def declined(self, after: float) -> None:
        """A phone was refused after so many seconds, or rang out."""
        self._over(after, self._declined)

    def stopped(self, after: float) -> None:
        """We stopped a phone after so many seconds."""
        self._watched(after)

    def passed(self, after: float) -> float:
        """The share, 0 to 1, of prompt acceptances that come within so many seconds."""
        second = int(max(after, 0.0))
        if second >= _SECONDS:
            return 1.0
        before, then = self._shares[second : second + 2]
        return (before + (max(after, 0.0) - second) * (then - before)) / self.chance

    @property
    def chance(self) -> float:
        """That a phone is accepted promptly, were it rung for so long: between 0 and 1."""
        return self._shares[-1]

    def _over(self, after: float, how: list[float]) -> None:
        """Somebody pressed a key, or nobody did; the second of it counts as rung to its end."""
        second = max(math.ceil(after) - 1, 0)
        self._watched(second + 1)
        if second < _SECONDS:
            how[second] += 1.0

    def _watched(self, seconds: float) -> None:
        for second in range(min(math.ceil(seconds), _SECONDS)):
            self._rang[second] += min(seconds - second, 1.0)
        self._known = None

    @property
    def _shares(self) -> list[float]:
        """How many of all phones are accepted within 0, 1, … `PROMPTLY` seconds."""
        if self._known is None:
            self._known = self._incidence()
        return self._known

    def _incidence(self) -> list[float]:
        ringing, share, shares = 1.0, 0.0, [0.0]
        for rang, accepted, declined in zip(
            self._rang, self._accepted, self._declined, strict=True
        ):
            share += ringing * accepted / rang
            ringing *= 1.0 - (accepted + declined) / rang
            shares.append(share)
        return shares


class Answering:
    """The tallies of everybody, and the chances read from them. Mutable: it follows the log."""

    def __init__(self, prior: Prior = Prior()) -> None:
        self.prior = prior
        self.pace = Pace(prior)
        self._people: dict[InterpreterId, Tally] = {}
        self._hours: dict[tuple[InterpreterId, int], Tally] = {}

    @classmethod
    def of(
        cls,
        tallies: Iterable[tuple[InterpreterId, int, Tally]],
        prior: Prior = Prior(),
    ) -> Answering:
        """Start from tallies of people in hours; the pace is the prior's."""
        made = cls(prior)
        for who, hour, tally in tallies:
            made.add(who, hour, tally)
        return made

    def accepted(self, who: InterpreterId, hour: int, after: float) -> None:
        """They accepted an offer of this hour of the local day after so many seconds of ringing."""
        self.pace.accepted(after)
        self.add(who, hour, Tally(1, float(after <= PROMPTLY)))

    def declined(self, who: InterpreterId, hour: int, after: float) -> None:
        """They refused after so many seconds, or their phone rang out."""
        self.pace.declined(after)
        self.add(who, hour, Tally(1, 0.0))

    def stopped(self, who: InterpreterId, hour: int, after: float) -> None:
        """We stopped their phone after so many seconds: somebody was faster, or nobody waited."""
        expected = expected_acceptance(self.chance(who, hour), self.pace.passed(after))
        self.pace.stopped(after)
        self.add(who, hour, Tally(1, expected))

    def add(self, who: InterpreterId, hour: int, tally: Tally) -> None:
        """Count a tally of one person in one hour. Raises `ValueError` for no such hour."""
        if not 0 <= hour < HOURS:
            raise ValueError("an hour of the day is 0 to 23")
        self._people[who] = self._people.get(who, Tally()) + tally
        self._hours[who, hour] = self._hours.get((who, hour), Tally()) + tally

    def service_chance(self) -> float:
        """Of anybody, at any hour."""
        return self.pace.chance

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
