# SPDX-License-Identifier: EUPL-1.2
"""What taking one more free speaker away from a language costs: the expected rise in loss. Pure.

**Erlang B** is the share of calls lost in a group of `n` servers offered `a` erlangs (calls an
hour times hours a call) when calls arrive at random and nobody waits: A. K. Erlang, "Solution of
some problems in the theory of probabilities of significance in automatic telephone exchanges",
1917. Its recurrence in `n` is exact and stable:

    B(0, a) = 1        B(n, a) = a B(n-1, a) / (n + a B(n-1, a))

**The price of a language** with arrival rate λ and `n` free speakers is, per hour, λ (B(n-1, a) -
B(n, a)); over one call it is `a` times the bracket, for a = λ x mean call. That is a number of
calls: how many calls in this language are expected to be lost because one speaker fewer is free
while the call lasts. For the only free speaker it is a / (1 + a): the chance that somebody asks
before an exponential call ends. An interpreter's scarcity is the sum of the prices of the other
languages they speak.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.vocabulary import LanguageTag


def erlang_b(servers: int, offered: float) -> float:
    """The share of calls lost by `servers` under `offered` erlangs.

    Raises `ValueError` for negative arguments. Without servers everything is lost; without
    calls, and with a server, nothing.
    """
    if servers < 0 or offered < 0:
        raise ValueError("Erlang B needs no fewer than nothing of servers and of load")
    loss = 1.0
    for count in range(1, servers + 1):
        loss = offered * loss / (count + offered * loss)
    return loss


def price(free: int, offered: float) -> float:
    """The calls expected to be lost in a language when one of its `free` speakers is taken.

    Nothing for a language without a free speaker: there is nobody to take. `offered` is the
    language's load in erlangs. Raises `ValueError` as `erlang_b`.
    """
    if free == 0:
        return 0.0
    fewer = erlang_b(free - 1, offered)
    return offered * (fewer - erlang_b(free, offered))


def prices_up_to(most: int, offered: float) -> list[float]:
    """`price` for 0 to `most` free speakers, in one go: the very same numbers."""
    prices = [0.0]
    fewer = 1.0
    for free in range(1, most + 1):
        loss = offered * fewer / (free + offered * fewer)
        prices.append(offered * (fewer - loss))
        fewer = loss
    return prices


def scarcity(
    spoken: Iterable[LanguageTag], asked: LanguageTag, prices: Mapping[LanguageTag, float]
) -> float:
    """What taking a speaker of these languages for a call in `asked` costs the others."""
    return sum(prices.get(language, 0.0) for language in sorted(spoken) if language != asked)
