# SPDX-License-Identifier: EUPL-1.2
"""Rules for prompts: languages of the line, what they fall back to, how long and how loud.

The rules are data (`rules.toml`, which also says why); this module reads them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

COMPLETE_LANGUAGES = ("pt", "en")
"""The languages in which every prompt exists: pages and prompts are in these two."""


class BadRules(ValueError):
    """The rules cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long prompts of one kind may last."""

    kind: str
    most_seconds: float
    keys: tuple[str, ...] = ()
    """Patterns of keys as in file names; the kinds ``migrant`` and ``other`` have none."""


@dataclass(frozen=True, slots=True)
class PromptRules:
    """What holds for all prompts of this installation."""

    line: tuple[str, ...] = COMPLETE_LANGUAGES
    """The languages of the line: what a migrant may hear is wanted in each."""
    otherwise: tuple[str, ...] = ("en", "pt")
    """What is spoken, in turn, to whose language cannot be and has no fallback of its own."""
    fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is spoken, in turn, instead of a language that cannot be."""
    limits: tuple[Limit, ...] = (Limit("migrant", 10.0), Limit("other", 12.0))
    level_db: float = -20.0
    """The wanted level of the spoken parts, in dB relative to full scale."""
    level_tolerance_db: float = 1.5

    def fallback(self, tag: str) -> tuple[str, ...]:
        """The languages to try, in turn, for a language that cannot be spoken."""
        return self.fallbacks.get(tag, self.otherwise)

    def limit(self, key: str, *, for_migrants: bool) -> Limit:
        """How long the prompt of this key may last."""
        for one in self.limits:
            if any(fnmatchcase(key, pattern) for pattern in one.keys):
                return one
        kind = "migrant" if for_migrants else "other"
        return next(one for one in self.limits if one.kind == kind)


def parse_rules(text: str) -> PromptRules:
    """Read the text of a `rules.toml`. Raises `BadRules`."""
    try:
        table = tomllib.loads(text)
        limits = tuple(
            Limit(kind, float(entry["most_seconds"]), tuple(entry.get("keys", ())))
            for kind, entry in table["limits"].items()
        )
        fallbacks = {tag: tuple(chain) for tag, chain in table["fallbacks"].items()}
        level = table["level"]
        rules = PromptRules(
            tuple(table["line"]),
            tuple(table["otherwise"]),
            fallbacks,
            limits,
            float(level["wanted_db"]),
            float(level["tolerance_db"]),
        )
    except tomllib.TOMLDecodeError as error:
        raise BadRules(f"the rules for prompts are not TOML: {error}") from None
    except KeyError as error:
        raise BadRules(f"the rules for prompts lack {error}") from None
    except (TypeError, ValueError, AttributeError):
        raise BadRules("the rules for prompts are not laid out as they should be") from None
    _refuse_gaps(rules)
    return rules


@cache
def load_rules() -> PromptRules:
    """The rules of this installation. Raises `BadRules`."""
    source = resources.files("bridge.prompts").joinpath("rules.toml")
    return parse_rules(source.read_text(encoding="utf-8"))


def _refuse_gaps(rules: PromptRules) -> None:
    for language in COMPLETE_LANGUAGES:
        if language not in rules.line:
            raise BadRules(f"the line must speak {language}")
    for kind in ("migrant", "other"):
        if not any(limit.kind == kind for limit in rules.limits):
            raise BadRules(f"the rules for prompts have no limit for {kind!r}")
    for tag, chain in {**rules.fallbacks, "otherwise": rules.otherwise}.items():
        if not chain:
            raise BadRules(f"{tag} falls back to nothing")
        for language in chain:
            if language == tag or language not in rules.line or language in rules.fallbacks:
                raise BadRules(f"{tag} falls back to {language!r}, which the line cannot speak")
