# SPDX-License-Identifier: EUPL-1.2
"""Technicians at the points of their call at which tests begin."""

from __future__ import annotations

from dataclasses import replace

from bridge.agencies.model import AgencyField, AgencyKind, FieldName
from bridge.ivr.script import Said
from bridge.ivr.technician.language_choice_states import How, LanguageChosen
from bridge.ivr.technician.request import (
    DialInCode,
    Identified,
    MigrantPlace,
    Requested,
    RequestInterpreter,
    Ways,
)
from bridge.ivr.technician.script import TechnicianScript
from bridge.ivr.technician.states import TechnicianState
from bridge.languages.model import load_languages
from bridge.vocabulary import AgencyId, JobNumber, LanguageTag, TechnicianId
from tests.unit.ivr.talk import LAST_KEY_AT, Talk

WHO = Identified(TechnicianId(3), AgencyId(1), AgencyKind.HEALTH)
JOB = JobNumber.of_serial(41)
UKRAINIAN = LanguageTag("uk")
CHOSEN = LanguageChosen(UKRAINIAN, How.CODE)
DIAL_IN = DialInCode("204815", "218106191")
PROCESS = AgencyField(FieldName.PROCESS_NUMBER, 3, 8)
DEPARTMENT = AgencyField(FieldName.DEPARTMENT, 4, 4)


def call(*, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    return Talk(TechnicianScript(load_languages(), operator_on_duty=operator_on_duty))


def identified(*, operator_on_duty: bool = True, ways: Ways | None = None) -> Talk[TechnicianState]:
    talk = call(operator_on_duty=operator_on_duty)
    talk.key("1001246810")
    talk.answer(WHO if ways is None else replace(WHO, ways=ways))
    return talk


def requested(place: MigrantPlace) -> RequestInterpreter:
    return RequestInterpreter(CHOSEN, place, LAST_KEY_AT)


def digits_of(text: str) -> tuple[str, ...]:
    return tuple(f"digit-{digit}" for digit in text)


def asked_for_ukrainian() -> Talk[TechnicianState]:
    talk = identified()
    talk.key("33", "1")
    return talk


def waiting(*, operator_on_duty: bool = True) -> Talk[TechnicianState]:
    talk = identified(operator_on_duty=operator_on_duty)
    talk.key("33", "1", "1")
    talk.answer(Requested(JOB))
    talk.hear(Said())
    return talk
