# SPDX-License-Identifier: EUPL-1.2
"""Turn ``dialplan/`` into a configuration that an Asterisk can run.

Files ending in ``.conf`` are copied as they are; ``.conf.in`` are templates in which ``@name@``
stands for a value of the installation. An unknown name, or a value that could break out of its
line, is an error and nothing is written.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bridge.telephony.gate import PermittedNumber

_IN_THE_WHEEL = Path(__file__).resolve().parent / "dialplan"
DIALPLAN = (
    _IN_THE_WHEEL if _IN_THE_WHEEL.is_dir() else Path(__file__).resolve().parents[3] / "dialplan"
)
"""Where this repository keeps the PBX configuration."""

APOLOGIES = ("apology", "apology-end", "apology-leg")
"""The prompts that the dialplan itself says, when the bridge is down."""

_PLACEHOLDER = re.compile(r"@([a-z][a-z0-9_]*)@")
_PATH = re.compile(r"[\w./ +=~-]+")
"""Paths become arguments in the dialplan, where ``,&?:${}`` would end them."""
_UNSAFE = re.compile(r"[\x00-\x1f\x7f;\[\]\u0085\u2028\u2029]")


_PATHS = ("modules_dir", "data_dir", "music_dir", "prompts_dir", "recordings_dir")


class BadPlan(ValueError):
    """The plan cannot be turned into a configuration; the message names what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxPlan:
    """Everything in which one PBX differs from another."""

    modules_dir: Path
    """Asterisk's modules (``astmoddir``)."""
    data_dir: Path
    """Asterisk's own sounds and documentation (``astdatadir``)."""
    music_dir: Path
    """Folder of 8 kHz WAV files: what people hear while they wait."""
    prompts_dir: Path
    """Rendered prompts: ``<language>/<key>.wav``."""
    recordings_dir: Path
    """Prompts spoken by people, laid out alike; need not exist. They win over rendered ones."""
    reader_secret: str = field(repr=False)
    """At least 16 characters, as the writer's."""
    writer_secret: str = field(repr=False)
    trunk_host: str
    """The carrier's address: calls come from it alone, and go to it alone."""
    trunk_port: int = 5060
    trunk_sources: tuple[str, ...] = ()
    """Addresses, networks (``192.0.2.0/28``) or ``address:port`` that calls may come from; when
    empty, the trunk's own host and port."""
    trunk: str = "carrier"
    """Name of the trunk's PJSIP endpoint; the same as `AsteriskSettings.trunk`."""
    reader_user: str = "bridge-reader"
    """The manager user that sees; the same as `AsteriskSettings.reader_user`."""
    writer_user: str = "bridge-writer"
    """The manager user that acts."""
    bind: str = "127.0.0.1"
    """The address for SIP and RTP."""
    sip_port: int = 5060
    rtp_first: int = 10_000
    rtp_last: int = 10_999
    ami_port: int = 5038
    """Always on loopback."""
    agi_host: str = "127.0.0.1"
    agi_port: int = 4573
    operator: PermittedNumber | None = None
    """Who is rung when the bridge is down for long, or when somebody asks for a person."""
    lines: tuple[str, ...] = ("+351808257257", "+351218106191")
    """The numbers people dial, in E.164."""
    caller_id: str = "+351218106191"
    """The number that the operator's telephone shows."""
    most_channels: int = 200
    """Above this many channels new calls are refused, so that those in progress stay whole."""
    longest_call_seconds: int = 14_400
    """No leg lives longer, whatever happens to the rest."""
    longest_transfer_seconds: int = 3_600
    """Nobody who is put through to a service or an operator is connected longer."""
    apology_rounds: int = 6
    """How often a caller is offered to the bridge again while it is down."""
    apology_music_seconds: int = 20
    """Music before each of these rounds."""
    silence_seconds: int = 60
    """A telephone that sends nothing at all for so long is lost, and hung up."""
    extra_modules: tuple[str, ...] = ()
    """Further modules to load, such as ``res_clioriginate.so`` for a laboratory."""


def write_configuration(plan: PbxPlan, directory: Path) -> Path:
    """Write the PBX's configuration into `directory` and return its ``asterisk.conf``.

    What the running Asterisk writes (its log, socket and database) goes into folders beside it.
    Files are readable by their owner alone: they hold the secrets of the manager interface. An
    earlier configuration there is replaced. Raises `BadPlan` before anything is written.
    """
    _check(plan)
    values = {
        name: str(getattr(plan, name))
        for name in (
            *("reader_user", "writer_user", "reader_secret", "writer_secret"),
            *("trunk", "trunk_host", "trunk_port"),
            *("bind", "sip_port", "rtp_first", "rtp_last", "ami_port", "agi_host", "agi_port"),
            *("most_channels", "longest_call_seconds", "apology_rounds", "apology_music_seconds"),
            *("caller_id", "silence_seconds", "longest_transfer_seconds"),
        )
    }
    for name in _PATHS:
        values[name] = str(getattr(plan, name).resolve())
    values["operator"] = plan.operator.number.e164 if plan.operator else ""
    sources = plan.trunk_sources or (f"{plan.trunk_host}:{plan.trunk_port}",)
    blocks = {
        "trunk_matches": "\n".join(f"match = {source}" for source in sources),
        "line_extensions": "\n".join(_line_extensions(plan.lines)),
        "extra_modules": "\n".join(f"require = {name}" for name in plan.extra_modules),
    }
    return render(DIALPLAN, directory, values, blocks)


def render(
    source: Path,
    directory: Path,
    values: Mapping[str, str],
    blocks: Mapping[str, str] | None = None,
) -> Path:
    """Render every ``.conf`` and ``.conf.in`` of `source` into `directory`.

    `values` are single-line texts and are checked; `blocks` are configuration lines made by code
    and are not. ``@config_dir@`` and ``@state_dir@``, the folder for what Asterisk writes, are
    provided here. Returns the path of ``asterisk.conf``. Raises `BadPlan` before anything is
    written.
    """
    state = directory.resolve() / "state"
    known = {**values, "config_dir": str(directory.resolve()), "state_dir": str(state)}
    for name, value in known.items():
        if _UNSAFE.search(value):
            raise BadPlan(f"{name} holds a character that an Asterisk configuration cannot carry")
    known |= blocks or {}
    rendered: dict[str, str] = {}
    for template in sorted(source.glob("*.conf.in")):
        rendered[template.name.removesuffix(".in")] = _fill(template, known)
    for plain in sorted(source.glob("*.conf")):
        rendered[plain.name] = plain.read_text(encoding="utf-8")
    if "asterisk.conf" not in rendered:
        raise BadPlan(f"{source} holds no Asterisk configuration")
    directory.mkdir(parents=True, exist_ok=True)
    for folder in ("run", "log", "spool", "lib/keys", "cache"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    for name, text in rendered.items():
        target = directory / name
        target.unlink(missing_ok=True)
        target.touch(mode=0o600)
        target.write_text(text, encoding="utf-8")
    return directory / "asterisk.conf"


def _fill(template: Path, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        try:
            return known[match[1]]
        except KeyError:
            raise BadPlan(f"{template.name} asks for @{match[1]}@, which nobody gave") from None

    return _PLACEHOLDER.sub(value, template.read_text(encoding="utf-8"))


def _line_extensions(lines: tuple[str, ...]) -> list[str]:
    """One extension for each form in which a carrier may write the number of a line."""
    extensions: list[str] = []
    for line in lines:
        digits = line.removeprefix("+")
        national = digits.removeprefix("351")
        for form in (national, digits, f"+{digits}", f"00{digits}"):
            extensions.append(f"exten => {form},1,Goto(attend,line,1)")
    return extensions


def _check(plan: PbxPlan) -> None:
    """Refuse a plan that Asterisk would accept and then fail on in a call."""
    for name in _PATHS:
        if not _PATH.fullmatch(str(getattr(plan, name).resolve())):
            raise BadPlan(f"{name} holds a character that a dialplan cannot carry; move the folder")
    for name in ("modules_dir", "data_dir"):
        if not getattr(plan, name).is_dir():
            raise BadPlan(f"{name} {getattr(plan, name)} does not exist; run: make setup")
    if not any(plan.music_dir.glob("*.wav")):
        raise BadPlan(f"no music in {plan.music_dir}; run: make setup")
    for language, key in itertools.product(("pt", "en"), APOLOGIES):
        file = f"{language}/{key}.wav"
        if not any((folder / file).is_file() for folder in (plan.recordings_dir, plan.prompts_dir)):
            raise BadPlan(f"no {file} in {plan.prompts_dir}; run: stt-bridge prompts build")
    for name in ("reader_secret", "writer_secret"):
        if len(getattr(plan, name)) < 16:
            raise BadPlan(f"{name} must have at least 16 characters")
    for name in ("reader_user", "writer_user"):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", getattr(plan, name)):
            raise BadPlan(f"{name} may hold letters, digits, '-' and '_' only")
    if plan.reader_user in (plan.writer_user, "general") or plan.writer_user == "general":
        raise BadPlan("reader_user and writer_user must be two names, neither of them 'general'")
    if plan.rtp_first >= plan.rtp_last:
        raise BadPlan("rtp_first must be below rtp_last")
    for address in (plan.bind, plan.agi_host, plan.trunk_host, *plan.trunk_sources):
        if not re.fullmatch(r"[A-Za-z0-9.:/-]+", address):
            raise BadPlan("hosts and sources are names or addresses, without anything else")
    for name in plan.extra_modules:
        if not re.fullmatch(r"[a-z0-9_]+\.so", name):
            raise BadPlan("an extra module is a file name such as res_clioriginate.so")
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", plan.trunk):
        raise BadPlan("the trunk's name may hold small letters, digits, '-' and '_' only")
    for number in (*plan.lines, plan.caller_id):
        if not re.fullmatch(r"\+351[0-9]{9}", number):
            raise BadPlan("lines and caller_id are written +351 and nine digits")
