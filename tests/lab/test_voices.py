# SPDX-License-Identifier: EUPL-1.2
"""The demo's voices, spoken into a real call and found again turn by turn."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.vocabulary import LanguageTag, Role
from lab import voices
from lab.asterisk import find_asterisk
from lab.audio import ROLE_TONES, heard_seconds, hears, read_wav
from lab.leg import PhoneLeg
from lab.likeness import ALIKE, likeness
from lab.network import PORTS, TelephoneNetwork
from lab.phones import Answers
from lab.ports import PortLease


def test_a_conversation_is_rendered_once_and_begins_with_beeps(tmp_path: Path) -> None:
    lines = voices.conversation(LanguageTag("uk"))
    turns = voices.render(lines, tmp_path)
    assert {turn.line.role for turn in turns} == {
        Role.TECHNICIAN,
        Role.INTERPRETER,
        Role.MIGRANT,
    }
    for turn in turns:
        sound = read_wav(turn.file)
        assert sound.seconds > 1.2
        for role, hertz in ROLE_TONES.items():
            assert hears(sound, hertz, 0.0, voices.BEEP_SECONDS) == (role is turn.line.role)
    made = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert voices.render(lines, tmp_path) == turns
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == made


def test_a_language_without_a_conversation_names_those_that_have_one() -> None:
    with pytest.raises(voices.VoiceFailed, match="choose one of es, fr, uk"):
        voices.conversation(LanguageTag("mnk"))


def test_a_missing_program_names_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(voices.VoiceFailed, match="espeak-ng is not installed; run: make setup"):
        voices.render(voices.conversation(LanguageTag("fr")), tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_each_turn_is_heard_at_the_far_end_and_not_by_its_speaker(tmp_path: Path) -> None:
    turns = voices.render(voices.conversation(LanguageTag("fr"))[:2], tmp_path / "voices")
    said: list[tuple[voices.Turn, PhoneLeg, PhoneLeg]] = []
    with PortLease(PORTS) as lease:
        network = TelephoneNetwork(find_asterisk(), tmp_path / "n", lease)
        await network.start()
        try:
            network.phone("+351910000001", Answers(after_seconds=0.0, speaks=False))
            rung = asyncio.create_task(network.wait_arrival("+351910000001"))
            caller = await network.call("+351210000001", "+351910000001")
            called = await rung
            for turn, (speaker, listener) in zip(
                turns, ((caller, called), (called, caller)), strict=True
            ):
                await speaker.say(turn.file)
                # What was said a moment ago may still be on its way.
                await listener.listen(0.5)
                said.append((turn, speaker, listener))
            await caller.hang_up()
            for turn, speaker, listener in said:
                known, hertz = read_wav(turn.file), ROLE_TONES[turn.line.role]
                at_listener = read_wav((await listener.heard()).path)
                at_speaker = read_wav((await speaker.heard()).path)
                assert likeness(at_listener, known) > ALIKE
                assert likeness(at_speaker, known) < ALIKE
                assert heard_seconds(at_listener, hertz) >= 0.2
        finally:
            await network.stop()
