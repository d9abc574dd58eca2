# SPDX-License-Identifier: EUPL-1.2
"""The prompts that a list of lines and services makes heard. Pure.

A line greets with the prompt that it names, offers its languages, and tells names and addresses of
its services. Who writes a list of their own may name what the catalogue has no text for, or give a
service of the catalogue another name or address; then only a recording says it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.hours.directory import Directory, Line, Place
from bridge.ivr.door import door_languages
from bridge.ivr.script import prompt_of
from bridge.prompts.catalogue import Catalogue, service_address, service_name

HOME = "pt"
"""Greetings, names and addresses are said in Portuguese to everybody."""


@dataclass(frozen=True, slots=True)
class NamedPrompt:
    """A prompt, and what of the list it says."""

    key: str
    language: str
    what: str
    """For people: ``the greeting of the line lam``."""
    otherwise: str = ""
    """What can be written in the list instead of recording it; empty: nothing."""
    written: str = ""
    """What the list says that callers are to hear, word for word; empty: only which prompt."""

    @property
    def name(self) -> str:
        """Where its sound file is, without suffix: ``pt/door-greeting``."""
        return f"{self.language}/{self.key}"


def named_by(directory: Directory, catalogue: Catalogue) -> tuple[NamedPrompt, ...]:
    """What callers hear because this list names it, each prompt once.

    A line without languages serves technicians only, who hear nothing of it.
    """
    services = {service.key: service for service in directory.services}
    found: dict[str, NamedPrompt] = {}
    for line in directory.lines:
        if not line.languages:
            continue
        for one in (
            _greeting(line),
            *_languages(line, catalogue),
            *(each for key in line.services for each in _service(services[key], catalogue)),
        ):
            found.setdefault(one.name, one)
    return tuple(found.values())


def silent(directory: Directory, catalogue: Catalogue) -> tuple[NamedPrompt, ...]:
    """Those of `named_by` that nothing says: they have no recording, and no text or another one."""
    named = named_by(directory, catalogue)
    return tuple(
        one
        for one in named
        if not catalogue.is_heard(one.key, one.language) or says_another(one, catalogue)
    )


def says_another(one: NamedPrompt, catalogue: Catalogue) -> bool:
    """Whether callers would hear the catalogue's text, and it is not what the list says.

    A recording says what the list does: whoever made it read the list.
    """
    if not one.written or (one.key, one.language) not in catalogue:
        return False
    spoken = catalogue.text(one.key, one.language)
    return spoken.split() != one.written.split() and not catalogue.is_recorded(
        one.key, one.language
    )


def _greeting(line: Line) -> NamedPrompt:
    usual = Line.greeting
    return NamedPrompt(
        line.greeting,
        HOME,
        f"the greeting of the line {line.key}",
        f'write greeting = "{usual}"',
    )


def _languages(line: Line, catalogue: Catalogue) -> Iterator[NamedPrompt]:
    for language in door_languages(catalogue, line.languages):
        for prompt in language.prompts:
            key, spoken = prompt_of(prompt, HOME)
            what = f"the language {language.tag!r} of the line {line.key}"
            tags = "take a tag that `stt-bridge languages list` knows"
            yield NamedPrompt(key, spoken, what, tags)


def _service(service: Place, catalogue: Catalogue) -> Iterator[NamedPrompt]:
    name = service_name(service.key)
    usual = catalogue.text(name, HOME) if (name, HOME) in catalogue else ""
    instead = f'write pt = "{usual}"' if usual else ""
    yield NamedPrompt(name, HOME, f"the name of the service {service.key}", instead, service.pt)
    if service.address:
        what = f"the address of the service {service.key}"
        address = service_address(service.key)
        yield NamedPrompt(address, HOME, what, "leave the address out", service.address)
