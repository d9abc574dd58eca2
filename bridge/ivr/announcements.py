# SPDX-License-Identifier: EUPL-1.2
"""What is said into a room, or to those who wait for somebody to come back."""

from __future__ import annotations

from enum import StrEnum


class Announcement(StrEnum):
    """A prompt that belongs to no script; the value is its key in the catalogue.

    Those in `FOR_MIGRANTS` exist in every language in which migrants are greeted.
    """

    LOST_TECHNICIAN = "lost-technician"
    """The technician's connection was lost, and is being redialled."""
    LOST_INTERPRETER = "lost-interpreter"
    """The interpreter's connection was lost, and is being redialled."""
    LOST_MIGRANT = "lost-migrant"
    """The migrant's connection was lost, and is being redialled."""
    REPLACING_INTERPRETER = "replacing-interpreter"
    """Another interpreter is being looked for."""
    RECONNECTED = "reconnected"
    """Whoever was lost is back."""
    REPLACEMENT_FOUND = "replacement-found"
    """Another interpreter is about to join."""
    STILL_LOOKING = "still-looking"
    """It is still being tried, whatever it is."""
    CANNOT_REACH_TECHNICIAN = "cannot-reach-technician"
    CANNOT_REACH_INTERPRETER = "cannot-reach-interpreter"
    """Neither the interpreter nor another one could be found."""
    CANNOT_REACH_MIGRANT = "cannot-reach-migrant"
    NO_INTERPRETER_YET = "no-interpreter-yet"
    """Nobody is free now for a migrant who rang; an operator is told, and waits."""
    CANNOT_REACH_OPERATOR = "cannot-reach-operator"
    CANNOT_REACH_GUEST = "cannot-reach-guest"
    """A fourth person, whose number was keyed in the room."""
    VOICEMAIL_LEFT = "voicemail-left"
    """The migrant's telephone was answered by a voicemail, and the agreed message was left."""
    NO_KEY_FROM_MIGRANT = "no-key-from-migrant"
    """The migrant's telephone was answered, but no key was pressed: a voicemail, perhaps."""
    HELD_TOO_LONG = "held-too-long"
    HOLD_GATHERING = "hold-gathering"
    """The migrant waits until technician and interpreter are in the room."""
    HOLD_OPERATOR = "hold-operator"
    """The migrant who rang waits for an operator."""
    OPERATOR_INTERPRETER = "operator-interpreter"
    """Another operator is rung, for whom an interpreter is looked for as well."""
    HOLD_PRIVATE = "hold-private"
    """The migrant waits while technician and interpreter have a word."""
    WAITING_ALONE = "waiting-alone"
    """Nobody else is in the room yet."""


FOR_MIGRANTS = frozenset(Announcement) - {
    Announcement.LOST_MIGRANT,
    Announcement.CANNOT_REACH_MIGRANT,
    Announcement.CANNOT_REACH_GUEST,
    Announcement.NO_INTERPRETER_YET,
    Announcement.VOICEMAIL_LEFT,
    Announcement.NO_KEY_FROM_MIGRANT,
}
"""What a migrant may hear."""
