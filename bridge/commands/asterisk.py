# SPDX-License-Identifier: EUPL-1.2
"""`stt-bridge asterisk`: the configuration of the PBX that holds the calls."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from bridge.commands import base
from bridge.commands.base import CommandError
from bridge.settings import Settings
from bridge.telephony.asterisk.config import PbxPlan, write_configuration
from bridge.telephony.gate import NotPermitted, PermittedNumber, permit

asterisk = typer.Typer(no_args_is_help=True, help="The PBX that holds the calls.")

_PORT = {"min": 1, "max": 65_535}


def add_to(app: typer.Typer) -> None:
    """Offer the commands."""
    app.add_typer(asterisk, name="asterisk")


@asterisk.callback()
def _group() -> None:
    # With it Typer keeps the name of the one command there is.
    """The PBX that holds the calls."""


@asterisk.command()
def configure(
    trunk_host: Annotated[str, typer.Option(help="The carrier's address.")],
    bind: Annotated[str, typer.Option(help="Your own address, for SIP and RTP.")],
    trunk_port: Annotated[int, typer.Option(**_PORT, help="The carrier's SIP port.")] = 5060,
    trunk_source: Annotated[
        list[str] | None,
        typer.Option(help="Where calls may come from, if not from the carrier's address alone."),
    ] = None,
    sip_port: Annotated[int, typer.Option(**_PORT, help="Your SIP port.")] = 5060,
    rtp_first: Annotated[int, typer.Option(**_PORT, help="The first port for audio.")] = 10_000,
    rtp_last: Annotated[int, typer.Option(**_PORT, help="The last one.")] = 10_999,
    most_channels: Annotated[
        int, typer.Option(min=3, help="More calls than make so many channels are refused.")
    ] = 200,
    modules_dir: Annotated[
        Path | None, typer.Option(help="Asterisk's modules; else where Debian has them.")
    ] = None,
    data_dir: Annotated[Path, typer.Option(help="Asterisk's own sounds and documentation.")] = Path(
        "/usr/share/asterisk"
    ),
    music_dir: Annotated[
        Path | None, typer.Option(help="Music in 8 kHz WAV; else `moh` in the data directory.")
    ] = None,
    into: Annotated[Path, typer.Option(help="Where the configuration is written.")] = Path(
        "var/asterisk"
    ),
) -> None:
    """Write the configuration of the PBX, by the settings of the bridge; an earlier one there goes.

    Secrets, users, ports, trunk, prompts, the operator, the lines and the number that telephones
    show are those of the bridge, so that the two fit.
    """
    settings, ours = Settings(), Settings().asterisk
    plan = PbxPlan(
        modules_dir=modules_dir or _modules(),
        data_dir=data_dir,
        music_dir=music_dir or data_dir / "moh",
        prompts_dir=settings.prompts_dir,
        recordings_dir=settings.recordings_dir,
        reader_user=ours.reader_user,
        writer_user=ours.writer_user,
        reader_secret=_secret("READER", ours.reader_secret.get_secret_value()),
        writer_secret=_secret("WRITER", ours.writer_secret.get_secret_value()),
        trunk_host=trunk_host,
        trunk_port=trunk_port,
        trunk_sources=tuple(trunk_source or ()),
        trunk=ours.trunk,
        bind=bind,
        sip_port=sip_port,
        rtp_first=rtp_first,
        rtp_last=rtp_last,
        ami_port=ours.ami_port,
        agi_host=ours.agi_host,
        agi_port=ours.agi_port,
        operator=_operator(settings.operator_number),
        lines=tuple(_lines()),
        caller_id=settings.caller_id,
        most_channels=most_channels,
    )
    written = write_configuration(plan, into)
    typer.echo(f"written; run: asterisk -C {written} -f")


def _secret(whose: str, secret: str) -> str:
    if not secret:
        raise CommandError(
            f"STT_ASTERISK__{whose}_SECRET is not set; set it to a secret of 16 characters or more"
        )
    return secret


def _operator(number: str) -> PermittedNumber | None:
    if not number:
        return None
    try:
        return permit(number)
    except NotPermitted as error:
        raise CommandError(
            f"STT_OPERATOR_NUMBER cannot be rung: {error.why}; give a Portuguese fixed or mobile "
            "number"
        ) from None


def _lines() -> Iterable[str]:
    for line in base.directory().lines:
        for number in line.numbers:
            yield number.e164


def _modules() -> Path:
    """Where Debian keeps Asterisk's modules, whatever the machine's architecture."""
    found = sorted(Path("/usr/lib").glob("*/asterisk/modules"))
    if not found:
        raise CommandError("no Asterisk modules under /usr/lib; say where with --modules-dir")
    return found[0]
