# SPDX-License-Identifier: EUPL-1.2
"""A prompt is recognised under the tones of a room, and another one, or a half of it, is not."""

from __future__ import annotations

import array
import random
from itertools import accumulate

import pytest

from bridge.vocabulary import Role
from lab.audio import RATE, ROLE_TONES, Sound, tone
from lab.likeness import ALIKE, likeness


def speech(seed: int, seconds: float = 3.0) -> Sound:
    """Something as irregular as speech: low noise whose loudness changes every tenth."""
    draw = random.Random(seed)
    noise = accumulate(
        (draw.uniform(-6000, 6000) for _ in range(round(seconds * RATE))),
        lambda before, now: 0.8 * before + 0.2 * now,
    )
    loud = [draw.random() for _ in range(round(seconds * 10) + 1)]
    return Sound(
        array.array("h", (round(one * loud[i * 10 // RATE]) for i, one in enumerate(noise)))
    )


def silence(seconds: float) -> Sound:
    return Sound(array.array("h", bytes(2 * round(seconds * RATE))))


def joined(*sounds: Sound) -> Sound:
    whole = array.array("h")
    for one in sounds:
        whole.extend(one.samples)
    return Sound(whole)


def mixed(one: Sound, other: Sound) -> Sound:
    return Sound(array.array("h", (a + b for a, b in zip(one.samples, other.samples, strict=True))))


def test_a_prompt_is_recognised_in_silence_and_under_tones() -> None:
    prompt = speech(1)
    heard = joined(silence(1.3), prompt, silence(2.0))
    assert likeness(heard, prompt) > 0.99
    room = tone(ROLE_TONES[Role.MIGRANT], heard.seconds)
    assert likeness(mixed(heard, room), prompt) > ALIKE


def test_a_pause_that_became_longer_does_no_harm() -> None:
    first, second = speech(1, 1.5), speech(2, 1.5)
    prompt = joined(first, silence(0.5), second)
    heard = joined(silence(0.7), first, silence(0.56), second, silence(1.0))
    assert likeness(heard, prompt) > ALIKE


@pytest.mark.parametrize("stood", [0.3, 1.0, 4.0])
def test_a_machine_that_stood_still_in_the_middle_of_a_prompt_does_no_harm(stood: float) -> None:
    first, second = speech(1, 2.7), speech(2, 2.3)
    heard = joined(silence(0.7), first, silence(stood), second, silence(1.0))
    assert likeness(heard, joined(first, second)) > ALIKE


@pytest.mark.parametrize("at", [0.1, 0.25, 0.35, 0.6, 0.8])
def test_a_packet_that_came_late_does_no_harm_to_a_word(at: float) -> None:
    word = speech(1, 0.9)
    first, second = word.samples[: round(at * RATE)], word.samples[round(at * RATE) :]
    heard = joined(silence(0.7), Sound(first), silence(0.02), Sound(second), silence(1.0))
    assert likeness(heard, word) > ALIKE


def test_a_word_that_begins_or_ends_like_another_is_not_it() -> None:
    word, other = speech(1, 0.9), speech(2, 0.45)
    half = len(word.samples) // 2
    before, after = Sound(word.samples[:half]), Sound(word.samples[half:])
    for heard in (joined(before, other), joined(other, after)):
        assert likeness(joined(silence(0.7), heard, silence(1.0)), word) < ALIKE


def test_a_little_of_a_prompt_may_be_lost_and_not_much() -> None:
    prompt = speech(1, 6.0)

    def without(seconds: float) -> Sound:
        first = Sound(prompt.samples[: 2 * RATE])
        rest = Sound(prompt.samples[round((2 + seconds) * RATE) :])
        return joined(silence(1.0), first, rest, silence(1.0))

    assert likeness(without(0.3), prompt) > ALIKE
    assert likeness(without(2.0), prompt) < ALIKE


def test_the_loudest_piece_of_a_prompt_may_be_the_one_that_is_lost() -> None:
    before, shout, after = speech(1, 3.0), speech(2, 0.5), speech(3, 3.0)
    loudest = Sound(array.array("h", (max(-32768, min(32767, 2 * one)) for one in shout.samples)))
    heard = joined(silence(1.0), before, silence(0.5), after, silence(1.0))
    assert likeness(heard, joined(before, loudest, after)) > 0.6


def test_the_halves_of_a_prompt_in_the_wrong_order_are_not_it() -> None:
    first, second = speech(1, 2.5), speech(2, 2.5)
    heard = joined(silence(1.0), second, first, silence(1.0))
    assert likeness(heard, joined(first, second)) < ALIKE


def test_what_was_not_said_or_said_over_is_not_recognised() -> None:
    prompt, other = speech(1), speech(2)
    around = silence(1.0)
    assert likeness(joined(around, other, around), prompt) < 0.5
    half = Sound(prompt.samples[: len(prompt.samples) // 2])
    assert likeness(joined(around, half, around, around), prompt) < ALIKE
    assert likeness(joined(around, mixed(prompt, other), around), prompt) < ALIKE


def test_nothing_is_like_nothing() -> None:
    assert likeness(silence(3.0), speech(1)) == 0.0
    assert likeness(speech(1), silence(1.0)) == 0.0
    assert likeness(silence(0.1), speech(1)) == 0.0
