# SPDX-License-Identifier: EUPL-1.2
"""Every path on which a telephone can be rung, enumerated, passes the one gate.

The chain is: only `permit` makes a `PermittedNumber`; the port to a switch takes nothing else as
something to ring; the adapter turns exactly those into a channel; and Asterisk's dialplan dials
what the installation fixed or what came that way, and nothing a caller says or keys. Each link is
read from the sources themselves, so that a new path fails here until it is looked at.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import typing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bridge.telephony import switch
from bridge.telephony.asterisk.config import PbxPlan
from bridge.telephony.gate import PermittedNumber
from bridge.vocabulary import PhoneNumber

ROOT = Path(__file__).resolve().parents[3]
BRIDGE = ROOT / "bridge"
GATE = Path("bridge/telephony/gate.py")
ASTERISK = Path("bridge/telephony/asterisk/switch.py")
WORD = Path("bridge/telephony/asterisk/word.py")


@cache
def sources() -> dict[Path, ast.Module]:
    """Every module of the product, parsed."""
    return {
        path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(BRIDGE.rglob("*.py"))
    }


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    return [(path, node) for path, tree in sources().items() for node in ast.walk(tree)]


@cache
def calls() -> list[tuple[Path, ast.Call]]:
    return [(path, node) for path, node in nodes() if isinstance(node, ast.Call)]


def name_of(node: ast.AST) -> str:
    """The last part of a name: of ``gate.permit`` that is ``permit``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def calls_of(name: str) -> list[tuple[Path, ast.Call]]:
    return [(path, node) for path, node in calls() if name_of(node.func) == name]


def function(path: Path, name: str) -> ast.AST:
    [found] = [
        node
        for node in ast.walk(sources()[path])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    return found


# --- only the gate makes a permitted number ----------------------------------------------------


def test_only_permit_makes_a_permitted_number() -> None:
    made = calls_of("PermittedNumber")
    assert [path for path, _ in made] == [GATE]
    assert made[0][1] in list(ast.walk(function(GATE, "permit")))


def test_nobody_gets_round_the_type() -> None:
    """No cast to it, no class beneath it, no object without a constructor, no key from the gate."""
    for path, node in nodes():
        where = f"{path}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call) and name_of(node.func) in ("cast", "__new__", "__setattr__"):
            assert "PermittedNumber" not in ast.unparse(node), where
        if isinstance(node, ast.ClassDef):
            assert "PermittedNumber" not in {name_of(base) for base in node.bases}, where
        if isinstance(node, ast.ImportFrom) and node.module == "bridge.telephony.gate":
            assert not {one.name for one in node.names} & {"_KEY", "*"}, where
        if isinstance(node, ast.Attribute):
            assert node.attr != "_KEY", where


def test_mypy_is_silenced_nowhere_near_a_number() -> None:
    """The types are the proof: whoever switches them off where numbers are rung is seen."""
    silenced = {
        str(path.relative_to(BRIDGE)): path.read_text(encoding="utf-8").count("type: ignore")
        for path in BRIDGE.rglob("*.py")
    }
    silenced = {path: count for path, count in silenced.items() if count}
    # A library without types, and one statement about tables.
    assert silenced == {"telephony/asterisk/amiclient.py": 1, "calllog/store.py": 1}


# --- the port takes nothing else ---------------------------------------------------------------


def parts(hint: Any) -> set[Any]:
    """A type and all it is made of."""
    return {hint}.union(*(parts(one) for one in typing.get_args(hint)))


DESTINATIONS = {"OutboundLeg": {"to"}, "Transfer": {"to"}, "ToPerson": {"to"}}
"""The fields that are rung, of those of these classes that there are."""
SHOWN = {"caller_id"}
"""Numbers that are shown to whoever is rung, and not rung."""


def orders() -> list[type]:
    """Everything by which the port is told to ring or to move somebody."""
    return [switch.OutboundLeg, *typing.get_args(switch.Next)]


def test_every_destination_of_the_port_is_a_permitted_number() -> None:
    for order in orders():
        hints = typing.get_type_hints(order)
        for field in dataclasses.fields(order):
            kinds = parts(hints[field.name])
            if field.name in DESTINATIONS.get(order.__name__, set()):
                assert PermittedNumber in kinds, f"{order.__name__}.{field.name}"
                assert kinds <= {hints[field.name], PermittedNumber, type(None)}
            elif field.name not in SHOWN:
                # A number, or a text that could hold one, is a destination until it is shown above
                # not to be; ids are types of their own.
                assert not kinds & {PhoneNumber, PermittedNumber, str, int, Any, object}, (
                    f"{order.__name__}.{field.name}: what may be rung is a PermittedNumber"
                )


def test_the_port_rings_by_outbound_legs_alone() -> None:
    takes: dict[str, set[Any]] = {}
    for name, method in inspect.getmembers(switch.Switch, inspect.isfunction):
        if not name.startswith("_"):
            hints = typing.get_type_hints(method)
            takes[name] = set().union(*(parts(hints[one]) for one in hints if one != "return"))
    assert [name for name, kinds in takes.items() if switch.OutboundLeg in kinds] == ["originate"]
    numbers = {PhoneNumber, PermittedNumber}
    assert [name for name, kinds in takes.items() if kinds & numbers] == []
    texts = [name for name, kinds in takes.items() if str in kinds]
    assert texts == ["announce"], "prompts, from our own catalogue"


def test_the_number_of_the_installation_passes_the_gate_too() -> None:
    hint = typing.get_type_hints(PbxPlan)["operator"]
    assert parts(hint) == {hint, PermittedNumber, type(None)}


# --- the adapter rings exactly those -----------------------------------------------------------

LITERALS = re.compile(r"(PJSIP|SIP|IAX2|DAHDI|Local)/|\bsips?:|^tel:")


def test_channels_are_named_in_known_places_alone() -> None:
    """A channel to ring has to be spelt somewhere: these are the places."""
    documentation = {
        id(node.body[0].value)
        for _, node in nodes()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = {
        (str(path.relative_to("bridge/telephony/asterisk")), node.value)
        for path, node in nodes()
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
        and LITERALS.search(node.value)
    }
    assert found == {
        ("switch.py", "PJSIP/"),  # what `originate` rings
        ("switch.py", "Local/"),  # one half of an announcement
        ("events.py", "Local/"),  # recognised, not rung
    }
    [chosen] = [
        node
        for node in ast.walk(sources()[ASTERISK])
        if isinstance(node, ast.Lambda) and "PJSIP/" in ast.unparse(node)
    ]
    assert ast.unparse(chosen) == "lambda number: f'PJSIP/{number.e164}@{settings.trunk}'"
    replaced = [
        keyword.arg
        for _, call in calls_of("AsteriskSwitch")
        for keyword in call.keywords
        if keyword.arg == "dial"
    ]
    assert replaced == [], "only tests ring other channels"


def actions() -> list[tuple[Path, ast.Call]]:
    """Every request to the manager interface that the product makes."""
    return [
        (path, call)
        for name in ("_act", "action", "_ask", "list", "_list_or_empty")
        for path, call in calls_of(name)
        if path.is_relative_to(ASTERISK.parent)
        and isinstance(call.func, ast.Attribute)
        # What a conversation asks is said to a person.
        and path.name != "conversation.py"
    ]


def headers(call: ast.Call) -> dict[str, str]:
    found = {}
    for argument in call.args[1:]:
        if isinstance(argument, ast.Tuple) and len(argument.elts) == 2:
            name, value = argument.elts
            found[ast.literal_eval(name)] = ast.unparse(value)
    return found


HARMLESS = {
    *("Hangup", "ConfbridgeKick", "ConfbridgeList", "ConfbridgeListRooms"),
    *("CoreSettings", "CoreShowChannels", "Ping"),
}
"""What rings nobody, whatever its headers."""


def test_every_request_to_asterisk_is_known() -> None:
    asked: dict[str, list[dict[str, str]]] = {}
    for path, call in actions():
        if call.args and isinstance(call.args[0], ast.Constant):
            asked.setdefault(str(call.args[0].value), []).append(headers(call))
        else:
            # What only hands on: its own callers are looked at in its stead.
            assert call.args, f"{path}:{call.lineno}"
            assert ast.unparse(call.args[0]) in ("name", "f'{name}'"), f"{path}:{call.lineno}"
    assert set(asked) - HARMLESS == {"Originate", "Redirect", "Setvar"}

    assert [one["Channel"] for one in asked["Originate"]] == [
        "self._dial(outbound.to.number)",
        "f'Local/{spoken.room}@announcer/n'",
    ]
    for originate in asked["Originate"]:
        assert not {"Application", "Data"} & originate.keys()
    assert [one["Context"] for one in asked["Originate"]] == ["LEGS_CONTEXT", "'announcement'"]

    [redirect] = asked["Redirect"]
    assert (redirect["Context"], redirect["Exten"]) == ("context", "extension")
    targets = [[ast.unparse(one) for one in call.args] for _, call in calls_of("_redirect")]
    assert sorted(targets) == [
        ["leg", "LEGS_CONTEXT", "conversation.value"],
        ["leg", "ROOMS_CONTEXT", "room"],
    ]
    [setvar] = asked["Setvar"]
    assert setvar["Variable"] == "'ROOM_EXIT'"


def test_a_conversation_runs_no_application() -> None:
    """Over FastAGI, EXEC could dial: no such command, and only known ones."""
    commands = {
        ast.unparse(call.args[0])
        for path, call in calls_of("command")
        if path.is_relative_to("bridge/telephony") and call.args
    }
    assert commands == {
        "'SET VARIABLE'",
        "'STREAM FILE'",
        "'CHANNEL STATUS'",
        "'SET MUSIC'",
        "'WAIT FOR DIGIT'",
    }


def test_the_word_for_the_dialplan_holds_no_number_but_a_permitted_one() -> None:
    callers = {
        (str(path), ast.unparse(call))
        for path, call in calls_of("set_variables")
        if path != Path("bridge/telephony/asterisk/conversation.py")
    }
    assert callers == {
        (str(ASTERISK), "conversation.set_variables(*word_for_dialplan(then))"),
    }
    for case in ast.walk(function(WORD, "word_for_dialplan")):
        if not isinstance(case, ast.match_case):
            continue
        matched = {
            name_of(one.cls) for one in ast.walk(case.pattern) if isinstance(one, ast.MatchClass)
        }
        for pair in ast.walk(case):
            if not (isinstance(pair, ast.Tuple) and len(pair.elts) == 2):
                continue
            name, value = pair.elts
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                continue
            if name.value == "BRIDGE_NUMBER":
                assert matched, "only what the case says to be a destination is dialled"
                assert matched <= {*DESTINATIONS, "PermittedNumber"}, matched
                assert re.fullmatch(r"\w+\.number\.e164|''", ast.unparse(value))
            elif name.value == "BRIDGE_ROOM":
                assert matched == {"EnterRoom"}
            else:
                assert isinstance(value, ast.Constant), f"{name.value}: a fixed word"


# --- the dialplan dials what is fixed, or what came that way -----------------------------------

DIALPLAN = ROOT / "dialplan"
FIXED = "PJSIP/${OPERATOR}@${TRUNK}"
PERMITTED = "PJSIP/${FILTER(+0-9,${BRIDGE_NUMBER})}@${TRUNK}"
APPLICATIONS = {
    *("AGI", "Answer", "Busy", "ConfBridge", "Congestion", "Dial", "Gosub", "GosubIf", "Goto"),
    *("GotoIf", "Hangup", "NoOp", "Playback", "Progress", "Read", "Return", "Ringing", "Set"),
    *("StartMusicOnHold", "StopMusicOnHold", "Wait"),
}
"""Of these only Dial rings anybody. Page, Queue, FollowMe, Originate, Transfer… are not here."""
_LINE = re.compile(r"^(?:exten\s*=>\s*[^,]+,[^,]+|\s*same\s*=>\s*[^,]+),\s*(\w+)\((.*)\)\s*$")


def dialplan() -> list[tuple[str, str]]:
    """Every step of the dialplan: the application and its arguments."""
    text = (DIALPLAN / "extensions.conf.in").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\s*(exten|same)\s*=>", line)]
    found = [_LINE.match(line) for line in lines]
    assert None not in found, [a for a, b in zip(lines, found, strict=True) if b is None]
    return [(match[1], match[2]) for match in found if match is not None]


def test_the_dialplan_is_in_one_file() -> None:
    """No other file holds steps, and none is read in from elsewhere."""
    for path in sorted(DIALPLAN.glob("*.conf*")):
        text = path.read_text(encoding="utf-8")
        includes = re.findall(r"^\s*#\s*(\w+)\s+(\S+)", text, re.MULTILINE)
        if path.name == "pjsip.conf.in":
            # How to reach the carrier; a SIP configuration can't dial.
            assert includes == [("tryinclude", "pjsip.local.conf")]
            continue
        assert includes == [], path.name
        if path.name != "extensions.conf.in":
            assert not re.search(r"^\s*(exten|same)\s*=", text, re.MULTILINE), path.name
    text = (DIALPLAN / "extensions.conf.in").read_text(encoding="utf-8")
    assert not re.search(r"^\s*(switch|include|eswitch|ignorepat)\s*=>", text, re.MULTILINE)


def test_only_dial_can_ring_and_it_rings_known_numbers() -> None:
    steps = dialplan()
    assert len(steps) > 50
    assert {application for application, _ in steps} <= APPLICATIONS
    dials = [arguments for application, arguments in steps if application == "Dial"]
    assert dials
    for arguments in dials:
        destination = next(one for one in (FIXED, PERMITTED, "") if arguments.startswith(one))
        assert destination, f"Dial({arguments})"
        seconds, _, options = arguments.removeprefix(destination).lstrip(",").partition(",")
        assert re.fullmatch(r"[0-9]*", seconds), "nothing is appended to the destination"
        # Nobody who is rung, and no caller, gets keys that transfer, park or record.
        assert not set("tTkKxXwWoF") & set(re.sub(r"\([^)]*\)", "", options)), options


def test_nothing_that_a_caller_says_reaches_a_destination() -> None:
    """The fixed values are set once; the permitted number comes from the bridge, or is emptied."""
    text = (DIALPLAN / "extensions.conf.in").read_text(encoding="utf-8")
    for name in ("OPERATOR", "TRUNK"):
        lines = re.findall(rf"^{name}\s*=\s*(\S+)$", text, re.MULTILINE)
        assert lines == [f"@{name.lower()}@"]
    for application, arguments in dialplan():
        if application in ("Set", "MSet"):
            name, _, value = arguments.partition("=")
            assert not re.search(r"OPERATOR|TRUNK|GLOBAL|DIALPLAN", name), arguments
            if "BRIDGE_NUMBER" in name:
                assert value == "", arguments
    # A variable that is asked for before the bridge has spoken must not be an older call's.
    if "${BRIDGE_NUMBER}" in text:
        assert ("Set", "BRIDGE_NUMBER=") in dialplan()


def test_an_inner_asterisk_of_ours_dials_no_more_than_that() -> None:
    """The manager's users may not do what the product doesn't: no commands, no configuration."""
    text = (DIALPLAN / "manager.conf.in").read_text(encoding="utf-8")
    rights = re.findall(r"^write\s*=\s*(.*)$", text, re.MULTILINE)
    assert sorted(rights) == ["originate,call", "reporting"]


@pytest.mark.parametrize("module", ["app_originate", "app_page", "app_queue", "app_system"])
def test_what_could_dial_besides_is_not_even_loaded(module: str) -> None:
    loaded = (DIALPLAN / "modules.conf.in").read_text(encoding="utf-8")
    assert re.search(r"^autoload\s*=\s*no$", loaded, re.MULTILINE)
    assert module not in loaded
