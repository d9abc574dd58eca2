# SPDX-License-Identifier: EUPL-1.2
"""How often each language is asked for and how long a call lasts, from counts and a prior. Pure.

On day one nothing was counted. The prior then is that a language is asked for in proportion to
the interpreters who speak it, for a service recruits where it is asked; and that the service as a
whole is asked so often that its interpreters are busy for a given share of their windows. Counts
take over as hours pass (a Gamma prior on a Poisson rate, whose posterior mean is
(prior hours x prior rate + calls) / (prior hours + hours): Gelman et al., Bayesian Data Analysis,
3rd ed., section 2.6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.vocabulary import LanguageTag


@dataclass(frozen=True, slots=True)
class RatePrior:
    """What is believed before the first call."""

    occupancy: float = 0.2
    """The share of promised time that interpreters spend in calls."""
    weight_hours: float = 10.0
    """How many hours of service the prior rates are worth."""
    call_minutes: float = 12.0
    """The mean length of a call, without the pause after it."""
    weight_calls: float = 50.0
    """How many calls that mean is worth."""
    load_weight_hours: float = 2.0
    """How many hours of service the prior load is worth; all languages together soon count."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Arrivals by language, the mean call, and how busy all of it makes the service."""

    calls_an_hour: Mapping[LanguageTag, float]
    call_hours: float
    load: float
    """Time in calls asked for, of all languages together, for each hour of windows promised."""

    def offered(self) -> dict[LanguageTag, float]:
        """The load of each language in erlangs."""
        return {tag: rate * self.call_hours for tag, rate in self.calls_an_hour.items()}


def estimate(
    speakers: Mapping[LanguageTag, int],
    on_duty: float,
    calls: Mapping[LanguageTag, int],
    hours: float,
    served: int,
    minutes: float,
    prior: RatePrior = RatePrior(),
) -> Rates:
    """Rates from what was counted.

    `speakers` is how many interpreters speak each language; `on_duty` how many interpreters the
    windows promise on average; `calls` the requests of each language in `hours` of service, and
    `minutes` what those calls lasted together, without the pauses after them.
    """
    known = sorted({*speakers, *calls})
    spoken = sum(speakers.values()) or 1
    call_hours = (
        (prior.weight_calls * prior.call_minutes + minutes) / (prior.weight_calls + served) / 60.0
    )
    expected = prior.occupancy * on_duty / (prior.call_minutes / 60.0)
    rates = {
        tag: (prior.weight_hours * expected * speakers.get(tag, 0) / spoken + calls.get(tag, 0))
        / (prior.weight_hours + hours)
        for tag in known
    }
    asked = (prior.load_weight_hours * expected + sum(calls.values())) / (
        prior.load_weight_hours + hours
    )
    return Rates(rates, call_hours, asked * call_hours / on_duty if on_duty else 0.0)
