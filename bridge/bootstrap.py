# SPDX-License-Identifier: EUPL-1.2
"""Wiring: the only place that knows which classes stand behind the ports."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import uuid
from pathlib import Path

import structlog
from sqlalchemy import Connection

from bridge.agencies.secrets import PinHasher
from bridge.callers.keys import CallerKeys
from bridge.clock import SystemClock
from bridge.conference.calls import Calls
from bridge.conference.ports import Ports
from bridge.conversations.by_name import Conversations
from bridge.conversations.speaking import Speaking
from bridge.conversations.technician_answers import AnswerTools
from bridge.duties.opening_call_backs import OpeningCallBacks
from bridge.duties.schedule import Duties
from bridge.hours.directory import Directory, load_directory, read_directory
from bridge.hours.model import BadHours
from bridge.languages.model import load_languages
from bridge.prompts.catalogue import load_catalogue
from bridge.prompts.soundfiles import recorded_in, require, sounds, unheard
from bridge.roster.live import LiveRoster
from bridge.roster.policies import POLICIES, Policy, policy_named
from bridge.roster.skills import BadLevel, LevelScale
from bridge.settings import Settings
from bridge.storage.engine import SqlDatabase
from bridge.storage.migrate import require_head
from bridge.storage.sole_use import sole_use
from bridge.telephony.asterisk.switch import AsteriskSwitch
from bridge.telephony.gate import NotPermitted, permit
from bridge.telephony.switch import Conversation, Next
from bridge.vocabulary import BadNumber, PhoneNumber

log = structlog.get_logger(__name__)


class BadSettings(ValueError):
    """A setting cannot be used; the message names it and the remedy."""


class Bridge:
    """One running bridge: everything that `serve` starts and stops."""

    def __init__(self, settings: Settings) -> None:
        """Check what can be checked without touching the outside.

        Raises `BadSettings`, `ValueError` (pepper) or `DatabaseUnavailable` (a bad URL).
        """
        self._settings = settings
        self._clock = SystemClock()
        self._catalogue = load_catalogue().with_recordings(recorded_in(settings.recordings_dir))
        pepper = settings.pepper.get_secret_value()
        hasher = PinHasher(pepper)
        self._database = SqlDatabase(settings.database_url)
        self._switch = AsteriskSwitch(
            settings.asterisk,
            self._handle,
            self._clock,
            sounds(self._catalogue, settings.prompts_dir, settings.recordings_dir),
        )
        levels = _levels(settings.levels)
        self._roster = LiveRoster(_policy(settings.policy, settings.fairness), levels)
        owner = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._sole_use = sole_use(settings.database_url, owner)
        directory = self._directory = _directory(settings.directory)
        ports = Ports(
            database=self._database,
            switch=self._switch,
            clock=self._clock,
            roster=self._roster,
            caller_id=_number(settings.caller_id, "STT_CALLER_ID"),
            ring_seconds=settings.ring_seconds,
            migrant_ring_seconds=settings.migrant_ring_seconds,
            owner=owner,
            operator=_operator(settings.operator_number),
            directory=directory,
        )
        openings = OpeningCallBacks(ports, directory)
        self.calls = Calls(ports, migrant_languages=self._catalogue.spoken_to_migrant)
        self._duties = Duties(
            self.calls, self._database, self._switch, self._clock, owner, openings=openings
        )
        self._conversations = Conversations(
            Speaking(
                calls=self.calls,
                tools=AnswerTools(
                    self._database,
                    self._clock,
                    hasher,
                    self.calls.queue,
                    CallerKeys(pepper),
                    levels,
                ),
                languages=load_languages(),
                catalogue=self._catalogue,
                operator_on_duty=bool(settings.operator_number),
                operator=ports.operator,
                directory=directory,
                openings=openings,
            )
        )
        self._ready = asyncio.Event()

    async def start(self) -> None:
        """Check prompts and tables, see that no other bridge runs on the database, reach Asterisk,
        take over open calls, then take new ones.

        Raises `PromptsMissing`, `BadSettings`, `DatabaseUnavailable`, `SwitchError` or
        `UnsupportedAsterisk`, each with one sentence that names the remedy (`BadSettings` with one
        for each prompt that the directory lacks); then nothing is left running.
        """
        require(self._catalogue, self._settings.prompts_dir, self._settings.recordings_dir)
        lacking = unheard(self._directory, self._catalogue, self._settings.recordings_dir)
        if lacking:
            raise BadSettings("\n".join(f"STT_DIRECTORY: {one}" for one in lacking))
        try:
            await self._database.run(self._warm_up)
            await self._sole_use.take()
            await self._switch.start()
            await self.calls.start()
            self._duties.start()
        except BaseException:
            await self.stop()
            raise
        self._ready.set()
        log.info("the bridge is ready", open_calls=len(self.calls.open))

    async def stop(self) -> None:
        """Stop taking part. Rooms go on; open calls are taken over by the next process."""
        self._duties.stop()
        await self.calls.stop()
        await self._switch.stop()
        await self._database.dispose()
        await self._sole_use.release()

    async def run(self) -> None:
        """Go on as long as the database is this bridge's; raises `InUse` when it is no more."""
        await self._sole_use.lose()

    async def _handle(self, conversation: Conversation) -> Next:
        # A leg may reach us between the port's opening and the take-over of the open calls.
        await self._ready.wait()
        return await self._conversations.handle(conversation)

    def _warm_up(self, conn: Connection) -> None:
        """The first caller should not pay for compiling statements and reading the roster."""
        require_head(conn)
        self.calls.rehearse(conn)


async def serve(settings: Settings) -> None:
    """Run a bridge until SIGTERM or SIGINT. Raises as `Bridge`, `Bridge.start` and `Bridge.run`."""
    bridge = Bridge(settings)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await bridge.start()
    spare_collections()
    stops, runs = asyncio.create_task(stopping.wait()), asyncio.create_task(bridge.run())
    try:
        await asyncio.wait({stops, runs}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stops.cancel()
        runs.cancel()
        await bridge.stop()
    if runs.done() and not runs.cancelled():
        runs.result()


def spare_collections() -> None:
    """Take all that lives by now out of what Python searches for garbage.

    What a bridge has made by its start stays for as long as it runs, and a full collection stops
    every call while it searches all of that: 120 ms for the 150,000 objects of the modules alone
    (AMD EPYC, Python 3.11.7), more with a roster; of what comes afterwards, microseconds.
    """
    gc.collect()
    gc.freeze()


def _policy(name: str, fairness: float | None) -> Policy:
    try:
        return policy_named(name, fairness)
    except KeyError:
        raise BadSettings(
            f"STT_POLICY names no policy; choose one of {', '.join(POLICIES)}"
        ) from None


def _levels(names: str) -> LevelScale:
    try:
        return LevelScale.of(names.split(","))
    except BadLevel as error:
        raise BadSettings(f"STT_LEVELS: {error}") from None


def _directory(path: Path | None) -> Directory:
    try:
        return load_directory() if path is None else read_directory(path)
    except BadHours as error:
        raise BadSettings(f"STT_DIRECTORY: {error}") from None


def _operator(text: str) -> PhoneNumber | None:
    if not text:
        return None
    # "0" is offered because of it, so it must be one that is rung when somebody presses it.
    try:
        return permit(text).number
    except NotPermitted as error:
        raise BadSettings(
            f"STT_OPERATOR_NUMBER cannot be rung: {error.why}; give a Portuguese fixed or mobile "
            "number"
        ) from None


def _number(text: str, setting: str) -> PhoneNumber:
    try:
        return PhoneNumber.parse(text)
    except BadNumber:
        raise BadSettings(
            f"{setting} is not a telephone number; write it like +351218106191"
        ) from None
