# SPDX-License-Identifier: EUPL-1.2
"""What a coordinator writes for a booked call: who is rung where, and what the agency wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from bridge.agencies.model import Agency, FieldName, Technician
from bridge.agencies.store import technicians_of
from bridge.bookings.dial_in import free_code
from bridge.commands import base
from bridge.commands.base import CommandError
from bridge.hours.directory import Directory
from bridge.ivr.entries import are_digits
from bridge.telephony.gate import DialRules, NotPermitted, Refusal, permit
from bridge.vocabulary import PhoneNumber

_OPENED_BY_RULES = frozenset({Refusal.INTERNATIONAL, Refusal.PREMIUM, Refusal.SHARED_COST})


def technicians_number(text: str) -> PhoneNumber:
    """Where the technician is rung. Raises `CommandError`."""
    try:
        return permit(text).number
    except NotPermitted as error:
        raise CommandError(
            f"the technician's number cannot be rung: {error.why}; give a Portuguese one"
        ) from None


def technician(conn: Connection, mine: Agency, text: str) -> Technician:
    """A technician of an agency by the number of the row, or by name or part of it.

    Raises `CommandError`.
    """
    everybody = technicians_of(conn, mine)
    if text.strip().isdecimal():
        found = [one for one in everybody if one.id == int(text)]
    else:
        asked = base.plain(text)
        found = [one for one in everybody if base.plain(one.name) == asked] or [
            one for one in everybody if asked and asked in base.plain(one.name)
        ]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(int(one.id)) for one in found)
        raise CommandError(f"several technicians of the agency fit; use a number: {numbers}")
    raise CommandError(
        "the agency has no such technician; check the name, or use the number of the row"
    )


# --- where the migrant is ------------------------------------------------------------------------


def refuse_contradictions(migrant: str | None, *, dial_in: bool, voicemail: bool) -> None:
    """Raise `CommandError` when the migrant could not come in the way that was written."""
    if dial_in and migrant is not None:
        raise CommandError(
            "a migrant is rung or dials in, not both; leave --migrant or --dial-in out"
        )
    if voicemail and migrant is None:
        raise no_voicemail()


def no_voicemail() -> CommandError:
    """What to raise when a message is to be left where nobody is rung."""
    return CommandError(
        "no voicemail answers where no migrant is rung; give their number with --migrant, or "
        "leave --voicemail out"
    )


def migrants_number(text: str, mine: Agency) -> PhoneNumber:
    """Where the migrant is rung, by the same rules as at the hour of the call: the agency's.

    Raises `CommandError`.
    """
    try:
        return permit(text, DialRules(mine.dial_allowed)).number
    except NotPermitted as error:
        remedy = "give another one"
        if error.reason in _OPENED_BY_RULES:
            remedy += ", or open its kind to the agency with `stt-bridge agencies dial-allow`"
        raise CommandError(f"the migrant's number cannot be rung: {error.why}; {remedy}") from None


def code(conn: Connection) -> str:
    """A code for a migrant who dials in. Raises `CommandError`."""
    found = free_code(conn)
    if found is None:
        raise CommandError("no code to dial in with is free; wait until some bookings are over")
    return found


def number_to_ring(directory: Directory) -> PhoneNumber | None:
    """What a migrant rings to dial in: every line takes the codes, so the first that has a number.

    `None` when no line has one.
    """
    told = (line.from_anywhere for line in directory.lines)
    return next((number for number in told if number is not None), None)


# --- what the agency wants with each call --------------------------------------------------------


def read_fields(texts: Sequence[str]) -> dict[FieldName, str]:
    """What was written as ``NAME=VALUE``, each name once. Raises `CommandError`.

    No sentence repeats what was written: it may be a person's process number.
    """
    found: dict[FieldName, str] = {}
    for text in texts:
        written, equals, value = text.partition("=")
        if not equals:
            raise CommandError("a field is its name and its digits; write process_number=12345")
        name = _name(written)
        if name in found:
            raise CommandError(f"{name.value} stands there twice; give it once")
        found[name] = value.strip()
    return {name: found[name] for name in FieldName if name in found}


def read_names(texts: Sequence[str]) -> frozenset[FieldName]:
    """The names of fields, as they were written. Raises `CommandError`, and repeats nothing."""
    return frozenset(map(_name, texts))


def _name(written: str) -> FieldName:
    try:
        return FieldName(written.strip().replace("-", "_"))
    except ValueError:
        known = ", ".join(one.value for one in FieldName)
        raise CommandError(f"there is no field of that name; use one of {known}") from None


def refuse_unwanted(keyed: Mapping[FieldName, str], mine: Agency) -> None:
    """Raise `CommandError` for what the agency would not have had keyed on the telephone."""
    wanted = {one.name: one for one in mine.fields}
    for name, value in keyed.items():
        field = wanted.get(name)
        if field is None:
            raise CommandError(
                f"agency {mine.code} does not ask for {name.value}; leave it out, or have it "
                "asked for with `stt-bridge agencies fields set`"
            )
        if not are_digits(value, field.least, field.most):
            least = "" if field.least == field.most else f"{field.least} to "
            digits = "digit" if field.most == 1 else "digits"
            raise CommandError(
                f"the {name.value} of agency {mine.code} is {least}{field.most} {digits} and "
                "nothing else; check it and write it again"
            )
