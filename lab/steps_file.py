# SPDX-License-Identifier: EUPL-1.2
"""Reads the steps of a scenario's people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from bridge.calllog.model import EventKind
from bridge.ivr.technician import keypad
from bridge.languages.model import Languages
from bridge.roster.model import Presence
from bridge.vocabulary import Role
from lab.phones import KEYS
from lab.scenario import (
    AGENCY_CODE,
    GUEST_NUMBER,
    INTERPRETER_PIN,
    MIGRANT_NUMBER,
    PIN,
    WRONG_PIN,
)
from lab.steps import (
    DIAL_IN,
    BeRung,
    BringForward,
    Call,
    HangUp,
    Hear,
    Key,
    KillBridge,
    Listen,
    Meet,
    Mute,
    OpenLine,
    Pause,
    RemindIn,
    StartBridge,
    Step,
    Vanish,
    WaitFor,
    WaitHangUp,
    WaitPresence,
)
from lab.tables import TableReader

_PLACEHOLDER = re.compile(r"\{([a-z_]+)(?::([^{}]+))?\}")
PROMPT = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?/[a-z0-9-]+")
"""How a prompt is written: its language and its key."""


class StepReader(TableReader):
    """Reads steps, and the keys in them."""

    def __init__(self, path: Path, languages: Languages) -> None:
        super().__init__(path)
        self._languages = languages

    def _steps(self, table: Mapping[str, object], where: str) -> tuple[Step, ...]:
        return tuple(
            self._step(one, f"{where}.steps[{index}]")
            for index, one in enumerate(self._tables(table, "steps"), start=1)
        )

    def _step(self, table: Mapping[str, object], where: str) -> Step:
        count = table.get("count", 1)
        by = None if "by" not in table else self._one_of(Role, table["by"], where)
        asked = self._asked(table.get("asked", []), where)
        besides = ("count", "by", "asked")
        rest = {name: value for name, value in table.items() if name not in besides}
        misplaced = (
            ("count" in table and "wait_for" not in table)
            or (by and "key" not in table and "hear" not in table)
            or (asked and "key" not in table)
        )
        if len(rest) != 1 or misplaced:
            raise self._bad(where, "a step does one thing")
        ((verb, value),) = rest.items()
        match verb, value:
            case "call", True:
                return Call()
            case "call", str():
                return Call(self._number(value, where))
            case "key", str():
                return Key(self._keys(value, where), by, asked)
            case "pause", _:
                return Pause(self._seconds(value, where))
            case "wait_for", _:
                if isinstance(count, bool) or not isinstance(count, int) or count < 1:
                    raise self._bad(where, "count is a whole number from 1")
                return WaitFor(self._one_of(EventKind, value, where), count)
            case "meet", str() if value:
                return Meet(value)
            case "hang_up", True:
                return HangUp()
            case "wait_hang_up", True:
                return WaitHangUp()
            case "kill_bridge", True:
                return KillBridge()
            case "start_bridge", True:
                return StartBridge()
            case "be_rung", True:
                return BeRung()
            case "vanish", _:
                return Vanish(self._one_of(Role, value, where))
            case "mute", _:
                return Mute(self._one_of(Role, value, where))
            case "bring_forward", _:
                return BringForward(self._seconds(value, where))
            case "remind_in", _:
                return RemindIn(self._seconds(value, where))
            case "open_line", True:
                return OpenLine()
            case "hear", str() if PROMPT.fullmatch(value):
                return Hear(value, by)
            case "listen", True:
                return Listen()
            case "listen", [_, *_]:
                return Listen(tuple(self._texts(value, where)))
            case "wait_presence", _:
                return WaitPresence(self._one_of(Presence, value, where))
        raise self._bad(where, f"nobody knows how to do {verb} = {value!r}")

    def _asked(self, value: object, where: str) -> tuple[str, ...]:
        prompts = self._texts([value] if isinstance(value, str) else value, where)
        if not all(PROMPT.fullmatch(one) for one in prompts):
            raise self._bad(where, "prompts are written language/key")
        return tuple(prompts)

    def _keys(self, text: str, where: str) -> str:
        """The keys meant, with ``{identity}`` and its like filled in."""

        def fill(match: re.Match[str]) -> str:
            match match[1], match[2]:
                case "identity", None:
                    return AGENCY_CODE + PIN
                case "pin", None:
                    return PIN
                case "wrong_pin", None:
                    return WRONG_PIN
                case "wrong_identity", None:
                    return AGENCY_CODE + WRONG_PIN
                case "interpreter_pin", None:
                    return INTERPRETER_PIN
                case "migrant", None:
                    return MIGRANT_NUMBER.removeprefix("+351")
                case "guest", None:
                    return GUEST_NUMBER.removeprefix("+351")
                case "unknown_language", None:
                    codes = (str(code) for code in range(10, 90))
                    return next(one for one in codes if self._languages.by_code(one) is None)
                case "language", tag if tag and (language := self._languages.by_tag(tag)):
                    return language.code
                case "letters", name if name and keypad.keyed(name):
                    return keypad.keyed(name)
                case "dial_in", None:
                    return DIAL_IN
            raise self._bad(where, f"{match[0]} stands for nothing")

        keys = _PLACEHOLDER.sub(fill, text)
        if not keys or not KEYS.issuperset(keys.replace(DIAL_IN, "")):
            raise self._bad(where, "keys are 0-9, * and #")
        return keys
