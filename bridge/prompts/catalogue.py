# SPDX-License-Identifier: EUPL-1.2
"""The catalogue of everything the service says: texts by key and language.

Scripts name prompts by key; `render.py` turns the texts into sound files; people record better
ones. Some keys are derived: ``digit-0`` to ``digit-9``, ``language-<tag>`` for the name of each
language, and the families of the catalogue such as ``minutes-1`` to ``minutes-59``, whose texts
follow one pattern with exceptions.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from bridge.languages.model import Languages, load_languages
from bridge.prompts.rules import COMPLETE_LANGUAGES, PromptRules, load_rules

Recorded = Callable[[str], bool]
"""Tells whether a person has recorded the prompt of this name (``kea/goodbye``)."""

GREETING = "migrant-greeting"
"""Whoever can be told this in their own language is spoken to in it."""


class BadCatalogue(ValueError):
    """The catalogue cannot be used; the message says which prompt and why."""


class NoSuchPrompt(LookupError):
    """The catalogue has no such prompt in that language."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One text in one language: what a sound file of this name says."""

    key: str
    language: str
    text: str
    reviewed: bool = True
    """Whether a speaker of the language has read it."""

    @property
    def name(self) -> str:
        """Where its sound file is, without suffix: ``uk/goodbye``."""
        return f"{self.language}/{self.key}"


class Catalogue:
    """All prompts. Immutable; iterates in the order of the catalogue."""

    def __init__(
        self,
        prompts: Iterable[Prompt],
        voices: Mapping[str, str],
        rules: PromptRules | None = None,
        recorded: Recorded | None = None,
    ) -> None:
        """Index the prompts; `voices` gives espeak-ng's voice for a language that has one.

        `recorded` is asked each time anew, so a recording counts from when it is there.

        Raises `BadCatalogue` for an empty text, two prompts of one name, or a key that lacks one
        of the complete languages.
        """
        self._prompts: dict[tuple[str, str], Prompt] = {}
        self._voices = dict(voices)
        self.rules = PromptRules() if rules is None else rules
        self._recorded: Recorded = _nothing_recorded if recorded is None else recorded
        for prompt in prompts:
            if not prompt.text.strip():
                raise BadCatalogue(f"the prompt {prompt.name} has no text")
            if (prompt.key, prompt.language) in self._prompts:
                raise BadCatalogue(f"the prompt {prompt.name} is there twice")
            self._prompts[prompt.key, prompt.language] = prompt
        for key in self.keys:
            for language in COMPLETE_LANGUAGES:
                if (key, language) not in self._prompts:
                    raise BadCatalogue(f"the prompt {language}/{key} is missing")

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key, once."""
        return tuple(dict.fromkeys(key for key, _ in self._prompts))

    def text(self, key: str, language: str) -> str:
        """What is said. Raises `NoSuchPrompt`."""
        return self.prompt(key, language).text

    def prompt(self, key: str, language: str) -> Prompt:
        """The prompt of this key in this language. Raises `NoSuchPrompt`."""
        try:
            return self._prompts[key, language]
        except KeyError:
            raise NoSuchPrompt(f"there is no prompt {language}/{key}") from None

    def voice(self, language: str) -> str:
        """The voice of espeak-ng for a language; empty where there is none."""
        return self._voices.get(language, "")

    def with_recordings(self, recorded: Recorded) -> Catalogue:
        """The same catalogue, knowing what people have recorded."""
        return Catalogue(self, self._voices, self.rules, recorded)

    def is_recorded(self, key: str, language: str) -> bool:
        """Whether a person has recorded this prompt."""
        return self._recorded(f"{language}/{key}")

    def can_say(self, key: str, language: str) -> bool:
        """Whether the prompt can really be heard: it has a text, and a voice or a recording."""
        return (key, language) in self._prompts and bool(
            self.voice(language) or self.is_recorded(key, language)
        )

    def is_heard(self, key: str, language: str) -> bool:
        """Whether anything is heard where this prompt is said in `language`, if only in a fallback.

        A recording is heard also where the catalogue has no text: an installation's own prompt.
        """
        spoken = self.said_in(key, language)
        return self.can_say(key, spoken) or self.is_recorded(key, spoken)

    def said_in(self, key: str, language: str) -> str:
        """The language in which this prompt is said to whom it should be said in `language`.

        That language where it can be; else the first of its fallbacks that can; else `language`.
        """
        for candidate in (language, *self.rules.fallback(language)):
            if self.can_say(key, candidate):
                return candidate
        return language

    def spoken_to_migrant(self, tag: str) -> tuple[str, ...]:
        """The prompt languages in which to speak to a speaker of `tag`, to be taken in turn.

        Only the migrant's own language where its greeting can be said (that of the tag without
        region counts); else those it falls back to, one of which may be understood.
        """
        for candidate in (tag, tag.partition("-")[0]):
            if self.can_say(GREETING, candidate):
                return (candidate,)
        instead = tuple(one for one in self.rules.fallback(tag) if self.can_say(GREETING, one))
        return instead or self.rules.otherwise

    @property
    def keys_for_migrants(self) -> tuple[str, ...]:
        """What a migrant may hear: the keys with a text in a further language of the line."""
        further = set(self.rules.line) - set(COMPLETE_LANGUAGES)
        return tuple(dict.fromkeys(key for key, language in self._prompts if language in further))

    def __contains__(self, key_and_language: object) -> bool:
        return key_and_language in self._prompts

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self._prompts.values())

    def __len__(self) -> int:
        return len(self._prompts)


def parse_catalogue(
    texts: Iterable[str], languages: Languages, rules: PromptRules | None = None
) -> Catalogue:
    """Read the texts of the files in ``words/``. Raises `BadCatalogue`."""
    try:
        table = _together(tomllib.loads(text) for text in texts)
        digits: Mapping[str, list[str]] = table["digits"]
        written: Mapping[str, Mapping[str, object]] = table["prompts"]
        prompts = [
            *(_prompt(key, tag, entry) for key, by in written.items() for tag, entry in by.items()),
            *_digits(digits),
            *_families(table.get("families", {}), table.get("numbers", {})),
            *_names(languages),
        ]
    except tomllib.TOMLDecodeError as error:
        raise BadCatalogue(f"the catalogue of prompts is not TOML: {error}") from None
    except KeyError as error:
        raise BadCatalogue(f"the catalogue of prompts lacks {error}") from None
    except (TypeError, AttributeError):
        raise BadCatalogue("the catalogue of prompts is not laid out as it should be") from None
    voices = {one.tag: one.espeak for one in (languages.home, *languages) if one.espeak}
    return Catalogue(prompts, voices, rules)


@cache
def load_catalogue() -> Catalogue:
    """The prompts of this installation, without recordings.

    Raises `BadCatalogue`, `BadLanguages` or `BadRules`.
    """
    folder = resources.files("bridge.prompts").joinpath("words")
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda one: one.name
    )
    texts = [one.read_text(encoding="utf-8") for one in files]
    return parse_catalogue(texts, load_languages(), load_rules())


def spell(digits: str) -> tuple[str, ...]:
    """The keys that say these digits one by one. Raises `ValueError` for anything but digits."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("only digits can be spelt")
    return tuple(f"digit-{digit}" for digit in digits)


def language_name(tag: str) -> str:
    """The key that says the name of a language."""
    return f"language-{tag}"


def service_name(service: str) -> str:
    """The key that says the name of a service."""
    return f"service-{service}"


def service_address(service: str) -> str:
    """The key that says where a service is."""
    return f"address-{service}"


def reading_list(catalogue: Catalogue, language: str) -> str:
    """What a person has to read aloud to record all prompts of a language: a name and its text.

    One line each, a tab between; the recorded file is to be called as the line begins, with the
    suffix ``.wav`` (8 kHz, mono, 16 bit). Raises `NoSuchPrompt` when the language has none.
    """
    lines = [
        f"{prompt.name}\t{prompt.text}" + ("" if prompt.reviewed else "\t(not yet reviewed)")
        for prompt in catalogue
        if prompt.language == language
    ]
    if not lines:
        raise NoSuchPrompt(f"there are no prompts in the language {language!r}")
    return "\n".join(lines) + "\n"


def _nothing_recorded(name: str) -> bool:
    return False


def _together(files: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The tables of all files as if they stood in one; no entry may stand in two."""
    together: dict[str, dict[str, Any]] = {}
    for file in files:
        for name, table in file.items():
            known = together.setdefault(name, {})
            for key in known.keys() & table.keys():
                raise BadCatalogue(f"{name}.{key} stands in two files of the catalogue")
            known.update(table)
    return together


def _prompt(key: str, language: str, entry: object) -> Prompt:
    if isinstance(entry, str):
        return Prompt(key, language, entry)
    if not (
        isinstance(entry, dict)
        and isinstance(entry.get("text"), str)
        and isinstance(entry.get("reviewed"), bool)
    ):
        raise BadCatalogue(f"the prompt {language}/{key} is neither a text nor {{text, reviewed}}")
    return Prompt(key, language, entry["text"], entry["reviewed"])


def _digits(digits: Mapping[str, list[str]]) -> Iterator[Prompt]:
    for language, words in digits.items():
        if len(words) != 10:
            raise BadCatalogue(f"there must be ten digits in {language}")
        for digit, word in enumerate(words):
            yield Prompt(f"digit-{digit}", language, word, language in COMPLETE_LANGUAGES)


def _families(
    families: Mapping[str, Mapping[str, Any]], numbers: Mapping[str, Mapping[str, list[str]]]
) -> Iterator[Prompt]:
    """The prompts of all families: a text per number, written out or made from ``each``.

    In ``each``, the name of a list of number words in braces stands for the word of the number.
    """
    for family, entry in families.items():
        first, last = entry["from"], entry["to"]
        for language, texts in entry.items():
            if language in ("from", "to"):
                continue
            for value in range(first, last + 1):
                text = texts.get(str(value))
                if text is None:
                    text = _worded(family, texts["each"], numbers.get(language, {}), value)
                yield Prompt(f"{family}-{value}", language, text, texts.get("reviewed", True))


def _worded(family: str, each: str, words: Mapping[str, list[str]], value: int) -> str:
    """`each` with the word of this number, which the catalogue must have."""
    known = {form: texts[value] for form, texts in words.items() if value < len(texts)}
    try:
        return each.format_map(known)
    except KeyError as error:
        raise BadCatalogue(f"the family {family} has no word {error} for {value}") from None
    except (ValueError, LookupError, AttributeError):
        raise BadCatalogue(f"the family {family} has a bad pattern: {each!r}") from None


def _names(languages: Languages) -> Iterator[Prompt]:
    for language in languages:
        yield Prompt(language_name(language.tag), "pt", language.pt)
        yield Prompt(language_name(language.tag), "en", language.en)
