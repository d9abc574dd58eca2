# SPDX-License-Identifier: EUPL-1.2
"""Which Asterisk releases the bridge may work with.

Releases below the minimum carry published security holes in the manager interface, so the bridge
refuses them instead of warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MINIMUM_RELEASE = (22, 10, 1)
MINIMUM_CERTIFIED = (22, 8, 4)
NEEDED = "Asterisk 22.10.1 or newer, or certified-22.8-cert4 or newer"

_CERTIFIED = re.compile(r"certified[-/](\d+)\.(\d+)-cert(\d+)", re.ASCII)
_RELEASE = re.compile(r"(?:Asterisk(?: PBX)?\s+|^)(?:GIT-)?(\d+)\.(\d+)\.(\d+)", re.ASCII)
_CANDIDATE = re.compile(r"[-~](?:rc|beta|pre|alpha)", re.ASCII)


class UnsupportedAsterisk(RuntimeError):
    """An Asterisk that must not be used; the message says what was found and what is needed."""


@dataclass(frozen=True, slots=True)
class AsteriskVersion:
    """A released version: ``22.10.1``, or ``certified-22.8-cert4`` where `patch` is the 4."""

    major: int
    minor: int
    patch: int
    certified: bool = False
    candidate: bool = False
    """A release candidate or other pre-release: older than the release of the same number."""

    @classmethod
    def parse(cls, text: str) -> AsteriskVersion:
        """Read what ``asterisk -V`` prints, or what the manager interface calls its version.

        Packaging suffixes (``22.10.1+dfsg``) are ignored. Raises `UnsupportedAsterisk` for text
        that names no version.
        """
        if match := _CERTIFIED.search(text):
            major, minor, patch = (int(part) for part in match.groups())
            return cls(major, minor, patch, certified=True)
        if match := _RELEASE.search(text.strip()):
            major, minor, patch = (int(part) for part in match.groups())
            candidate = bool(_CANDIDATE.match(text.strip(), match.end()))
            return cls(major, minor, patch, candidate=candidate)
        found = "".join(c if c.isprintable() else " " for c in text.strip())[:60] or "nothing"
        raise UnsupportedAsterisk(f"cannot tell the Asterisk version from {found!r}; need {NEEDED}")

    @property
    def supported(self) -> bool:
        """Whether the bridge may work with it."""
        least = MINIMUM_CERTIFIED if self.certified else MINIMUM_RELEASE
        numbers = (self.major, self.minor, self.patch)
        return numbers > least or (numbers == least and not self.candidate)

    def __str__(self) -> str:
        if self.certified:
            return f"certified-{self.major}.{self.minor}-cert{self.patch}"
        return f"{self.major}.{self.minor}.{self.patch}{'-rc' if self.candidate else ''}"


def require_supported(text: str) -> AsteriskVersion:
    """The version that `text` names. Raises `UnsupportedAsterisk` when it is too old."""
    version = AsteriskVersion.parse(text)
    if not version.supported:
        raise UnsupportedAsterisk(f"found Asterisk {version}; need {NEEDED}")
    return version
