# SPDX-License-Identifier: EUPL-1.2
"""Asterisk as a `Switch`: AMI for requests and events, FastAGI for conversations.

A leg's id is its channel's unique id: we choose it for legs we ring, Asterisk for those that ring
us. Two AMI users with the least rights that work: one sees, the other acts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import filterfalse

import structlog

from bridge.clock import Clock
from bridge.settings import AsteriskSettings
from bridge.telephony.asterisk.ami import (
    AmiLink,
    AmiRefused,
    AmiUnanswered,
    AmiUnavailable,
)
from bridge.telephony.asterisk.announcer import Announcer, Spoken, is_announcer
from bridge.telephony.asterisk.conversation import AgiConversation, Sounds
from bridge.telephony.asterisk.events import EventTranslator, person_at
from bridge.telephony.asterisk.fastagi import AgiLost, AgiSession, FastAgiServer
from bridge.telephony.asterisk.frames import Frame
from bridge.telephony.asterisk.look import look
from bridge.telephony.asterisk.originator import ANSWER_SECONDS, Originator, Unanswered
from bridge.telephony.asterisk.version import require_supported
from bridge.telephony.asterisk.word import word_for_dialplan
from bridge.telephony.switch import (
    ConversationHandler,
    ConversationName,
    LegEnded,
    LinkLost,
    LinkRestored,
    NoSuchLeg,
    OutboundLeg,
    Snapshot,
    SwitchError,
    SwitchEvent,
    SwitchUnavailable,
)
from bridge.vocabulary import LegId, PhoneNumber, RoomId

log = structlog.get_logger(__name__)

LEGS_CONTEXT = "legs"
ROOMS_CONTEXT = "rooms"
JUST_GOING = "redirect failed, channel not up"
NO_SUCH_CHANNEL = ("channel does not exist", "no such channel", "channel not specified", JUST_GOING)
"""How Asterisk's answers begin, in small letters, when a channel is gone, or is just going."""
WRITER_SECONDS = 20.0
"""How long a restored view waits for the link that acts, before it is told all the same.

Longer than a login that a starting Asterisk leaves unanswered (10 s) and the longest pause before
the next one (5 s): on a loaded machine the two links come back as far apart as that.
"""


class AsteriskSwitch:
    """`telephony.switch.Switch` on one Asterisk.

    `handler` is called with each conversation and says where the leg goes next. `sounds` finds
    prompts. `dial` turns a number into a channel to ring; by default through the trunk.
    """

    def __init__(
        self,
        settings: AsteriskSettings,
        handler: ConversationHandler,
        clock: Clock,
        sounds: Sounds,
        *,
        dial: Callable[[PhoneNumber], str] | None = None,
        idle_seconds: float = 10.0,
    ) -> None:
        self._handler = handler
        self._clock = clock
        self._sounds = sounds
        self._dial = dial or (lambda number: f"PJSIP/{number.e164}@{settings.trunk}")
        self._translator = EventTranslator()
        self._announcer = Announcer()
        self._originator = Originator(self._have_rung, self._translator, self._tell, clock)
        self._events: asyncio.Queue[SwitchEvent] = asyncio.Queue()
        self._held: list[SwitchEvent] | None = None
        self._talking: dict[LegId, AgiConversation] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._restoring: asyncio.Task[None] | None = None
        self._started = False
        self._writer_up = asyncio.Event()
        self._reader = AmiLink(
            settings.ami_host,
            settings.ami_port,
            settings.reader_user,
            settings.reader_secret.get_secret_value(),
            on_event=self._on_frame,
            events=True,
            idle_seconds=idle_seconds,
            on_up=self._on_reader_up,
            on_down=self._on_reader_down,
        )
        self._writer = AmiLink(
            settings.ami_host,
            settings.ami_port,
            settings.writer_user,
            settings.writer_secret.get_secret_value(),
            on_event=lambda frame: None,
            events=False,
            idle_seconds=idle_seconds,
            on_up=self._on_writer_up,
            on_down=self._writer_up.clear,
        )
        self._agi = FastAgiServer(self._converse, settings.agi_host, settings.agi_port)
        self._agi_address = f"{settings.agi_host}:{settings.agi_port}"

    @property
    def agi_port(self) -> int:
        """The port on which conversations arrive."""
        return self._agi.port

    async def start(self) -> None:
        """Log in, check Asterisk's version and begin to take conversations.

        Raises `SwitchError` (`SwitchUnavailable` when Asterisk cannot be reached) or
        `UnsupportedAsterisk`; then nothing is left running.
        """
        try:
            await self._reader.start()
            settings = await self._reader.action("CoreSettings")
            require_supported(settings.get("AsteriskVersion"))
            await self._writer.start()
            await self._agi.start()
        except (AmiUnavailable, AmiRefused) as error:
            await self.stop()
            raise SwitchUnavailable(str(error)) from None
        except OSError as error:
            await self.stop()
            raise SwitchError(
                f"conversations cannot be taken at {self._agi_address} ({error.strerror}); "
                "stop what listens there or set another STT_ASTERISK__AGI_PORT"
            ) from None
        except BaseException:
            await self.stop()
            raise
        self._started = True

    async def stop(self) -> None:
        """End all conversations and both links. Legs in rooms stay connected."""
        self._started = False
        await self._agi.stop()
        tasks = [*self._tasks, *([self._restoring] if self._restoring else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._originator.stop()
        await self._writer.stop()
        await self._reader.stop()

    # --- requests ------------------------------------------------------------------------------

    @property
    def reachable(self) -> bool:
        """See `Switch.reachable`."""
        return self._reader.up and self._writer.up and self._held is None

    async def originate(self, outbound: OutboundLeg) -> None:
        """See `Switch.originate`. Raises `SwitchUnavailable`, `SwitchError`."""
        if not self.reachable:
            # Rung now, the leg would be missed by the look at what is true that comes next.
            raise SwitchUnavailable("Asterisk cannot be seen or told now; it will be tried again")
        await self._originator.ring(outbound)

    async def _have_rung(self, outbound: OutboundLeg) -> None:
        """Raises as `_act`; waits for the answer for as long as the link lasts."""
        await self._act(
            "Originate",
            ("Channel", self._dial(outbound.to.number)),
            ("Context", LEGS_CONTEXT),
            ("Exten", outbound.conversation.value),
            ("Priority", "1"),
            ("Timeout", str(max(1, int(outbound.ring_seconds * 1000)))),
            ("CallerID", outbound.caller_id.e164),
            ("ChannelId", outbound.leg),
            ("Async", "true"),
            seconds=None,
        )

    async def enter_room(self, leg: LegId, room: RoomId) -> None:
        """See `Switch.enter_room`. Raises `NoSuchLeg`, `SwitchUnavailable`."""
        await self._redirect(leg, ROOMS_CONTEXT, room)

    async def converse(self, leg: LegId, conversation: ConversationName) -> None:
        """See `Switch.converse`. Raises `NoSuchLeg`, `SwitchUnavailable`."""
        await self._redirect(leg, LEGS_CONTEXT, conversation.value)

    async def announce(self, room: RoomId, prompts: tuple[str, ...], language: str) -> None:
        """See `Switch.announce`. Raises `SwitchUnavailable`.

        A channel of Asterisk's own stands in the room for as long as it speaks; several
        announcements to one room are heard one after the other.
        """
        files = "&".join(self._sounds(prompt, language) for prompt in prompts)
        spoken = self._announcer.announce(room, files)
        if spoken is not None:
            await self._speak(spoken)

    async def _speak(self, spoken: Spoken) -> None:
        self._translator.originating(spoken.channel)
        try:
            await self._act(
                "Originate",
                ("Channel", f"Local/{spoken.room}@announcer/n"),
                ("Context", "announcement"),
                ("Exten", "say"),
                ("Priority", "1"),
                ("Variable", f"ANNOUNCEMENT={spoken.files}"),
                ("ChannelId", spoken.channel),
                ("Async", "true"),
            )
        except (AmiRefused, SwitchUnavailable) as error:
            self._spoken(spoken.channel)
            if isinstance(error, SwitchUnavailable):
                raise
            raise SwitchError(f"Asterisk refused an announcement: {error}") from None

    def _spoken(self, channel: LegId) -> None:
        """An announcement is over: the room hears the next."""
        following = self._announcer.ended(channel)
        if following is not None:
            self._spawn(self._speak_later(following))

    async def _speak_later(self, spoken: Spoken) -> None:
        try:
            await self._speak(spoken)
        except SwitchError as error:
            log.warning("an announcement was not made", why=str(error))

    async def hush(self, room: RoomId) -> None:
        """See `Switch.hush`. Raises `SwitchUnavailable`, `SwitchError`."""
        channel = self._announcer.hush(room)
        if channel is not None:
            await self.hang_up(channel)

    async def hang_up(self, leg: LegId) -> None:
        """See `Switch.hang_up`. Raises `SwitchUnavailable`.

        A leg that was requested a moment ago may have no channel yet; then it is hung up as soon
        as it has.
        """
        self._translator.cancelling(leg)
        try:
            await self._act("Hangup", ("Channel", leg))
        except AmiRefused as error:
            if not _begins(error, NO_SUCH_CHANNEL):
                raise SwitchError(f"Asterisk refused to hang up: {error}") from None

    async def snapshot(self) -> Snapshot:
        """See `Switch.snapshot`. Raises `SwitchUnavailable`.

        A leg that is in doubt counts as one that is there.
        """
        return self._with_doubts(await look(self._reader))

    def _with_doubts(self, seen: Snapshot) -> Snapshot:
        return Snapshot(seen.legs | self._originator.in_doubt, seen.rooms)

    async def events(self) -> AsyncIterator[SwitchEvent]:
        """See `Switch.events`."""
        while True:
            yield await self._events.get()

    async def _act(
        self, name: str, *headers: tuple[str, str], seconds: float | None = ANSWER_SECONDS
    ) -> Frame:
        """Raises `AmiRefused`, and `SwitchUnavailable`: `Unanswered` where it may yet be done."""
        try:
            return await self._writer.action(name, headers, timeout=seconds)
        except AmiUnanswered as error:
            raise Unanswered(str(error)) from None
        except AmiUnavailable as error:
            raise SwitchUnavailable(str(error)) from None

    async def _redirect(self, leg: LegId, context: str, extension: str) -> None:
        """Move a leg. One that is being talked to moves when we let go of its AGI session."""
        conversation = self._talking.get(leg)
        if conversation is not None:
            conversation.begin_move()
        moved = False
        try:
            if conversation is None or conversation.room is None:
                await self._act(
                    "Redirect",
                    ("Channel", leg),
                    ("Context", context),
                    ("Exten", extension),
                    ("Priority", "1"),
                )
            else:
                await self._take_out(conversation, conversation.room, context, extension)
            moved = True
        except AmiRefused as error:
            if _begins(error, NO_SUCH_CHANNEL):
                raise NoSuchLeg("the leg hung up before it could be moved") from None
            raise SwitchError(f"Asterisk refused to move the leg: {error}") from None
        finally:
            if conversation is not None:
                conversation.end_move(moved=moved)

    async def _take_out(
        self, conversation: AgiConversation, room: RoomId, context: str, extension: str
    ) -> None:
        """Move a leg in whose room a key is being obeyed. Raises as `_act`.

        That conversation runs inside ConfBridge: a Redirect would move the leg without taking it
        out of the room, and it could never enter one again. So the leg is told where to go, and
        leaves the room as soon as we let go of it.
        """
        await self._act(
            "Setvar",
            ("Channel", conversation.leg),
            ("Variable", "ROOM_EXIT"),
            ("Value", f"{context},{extension},1"),
        )
        await self._act("ConfbridgeKick", ("Conference", room), ("Channel", conversation.channel))

    # --- events --------------------------------------------------------------------------------

    def _on_frame(self, frame: Frame) -> None:
        event = self._translator.translate(frame, self._clock.now())
        if frame.event == "Newchannel" and self._translator.is_cancelled(leg := person_at(frame)):
            self._spawn(self._hang_up_late(leg))
        if event is None:
            return
        if self._announcer.is_ours(event.leg):
            if isinstance(event, LegEnded):
                self._spoken(event.leg)
            return
        self._tell(event)

    async def _hang_up_late(self, leg: LegId) -> None:
        try:
            await self.hang_up(leg)
        except SwitchError as error:
            log.warning("a cancelled leg could not be hung up", leg=leg, why=str(error))

    def _tell(self, event: SwitchEvent) -> None:
        if self._held is not None:
            self._held.append(event)
        else:
            self._events.put_nowait(event)

    def _on_reader_down(self) -> None:
        if not self._started:
            return
        if self._restoring is not None:
            self._restoring.cancel()
        self._announcer.forget()
        self._release()
        self._tell(LinkLost(self._clock.now()))

    def _on_reader_up(self) -> None:
        if self._started:
            # What happens while the snapshot is taken is told after it.
            self._held = []
            self._restoring = asyncio.create_task(self._restore())

    def _on_writer_up(self) -> None:
        self._writer_up.set()
        if self._reader.up and self._held is None:
            self._on_reader_up()

    async def _restore(self) -> None:
        """Tell that we see again, with what Asterisk says is true now."""
        try:
            async with asyncio.timeout(WRITER_SECONDS):
                await self._writer_up.wait()
        except TimeoutError:
            log.warning("asterisk can be seen but not told; check the writing AMI user")
        while True:
            try:
                # Who comes while it is taken is not missed by it.
                at, seen = self._clock.now(), await look(self._reader)
                break
            except SwitchUnavailable as error:
                log.warning("no snapshot yet", why=str(error))
                await asyncio.sleep(0.5)
        unwanted, unseen = self._translator.compare(seen.legs)
        for leg in unwanted:
            self._spawn(self._hang_up_late(leg))
        for leg in filter(is_announcer, unseen):
            self._translator.give_up(leg)  # old news by now
        self._originator.link_restored(filterfalse(is_announcer, unseen))
        self._events.put_nowait(LinkRestored(at, self._with_doubts(seen)))
        self._release()

    def _release(self) -> None:
        held, self._held = self._held, None
        for event in held or []:
            self._events.put_nowait(event)

    # --- conversations -------------------------------------------------------------------------

    async def _converse(self, session: AgiSession) -> None:
        """Have one conversation and leave word where the leg goes; no word when we fail."""
        conversation = AgiConversation(session, self._sounds, self._clock)
        self._talking[conversation.leg] = conversation
        self._translator.exists(conversation.leg)
        conversation.attend()
        try:
            then = await self._handler(conversation)
            await conversation.set_variables(*word_for_dialplan(then))
        except AgiLost:
            pass  # hung up or moved while we decided
        finally:
            if self._talking.get(conversation.leg) is conversation:
                del self._talking[conversation.leg]
            await conversation.close()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _begins(error: AmiRefused, texts: tuple[str, ...]) -> bool:
    return str(error).lower().startswith(texts)
