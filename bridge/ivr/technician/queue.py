# SPDX-License-Identifier: EUPL-1.2
"""The part of a technician's conversation when nobody is free: the truth, and a choice.

The technician keeps the place in the queue all the time, whatever is being heard or keyed: the leg
may be taken into the room at any moment. Whoever chooses nothing stays in the queue, if there is
one. What cannot be had is not offered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.ivr.outcomes import Patience
from bridge.ivr.script import Answer, Ask, Consult, Heard, Keys, Notice, Say, Silence, Step, Wait
from bridge.ivr.technician.ends import Elsewhere, Ends
from bridge.ivr.technician.request import (
    Book,
    Booked,
    BookedFor,
    CallBackPromised,
    CallMeBack,
    NobodyAvailable,
    NoLongerWaiting,
    PersonReason,
    QueuePlace,
    QueueStanding,
    SlotGone,
    StepDown,
    SteppedDown,
    Unserved,
    WillCallBack,
)
from bridge.ivr.technician.states import (
    Arranging,
    AskingCallBack,
    AskingPlace,
    AskingToBook,
    Choosing,
    HearingOptions,
    HearingSlots,
    NobodyFreeState,
    Queued,
    QueueTelling,
    QueueWaiting,
    Standing,
    SteppingDown,
)
from bridge.prompts import spoken
from bridge.prompts.catalogue import spell
from bridge.vocabulary import JobNumber

MOST_SLOTS = 3
"""Times read out at once: more cannot be remembered."""
_KEYS_EVERY = 3
"""In the queue, the keys are said with every third word only."""

Move = tuple[NobodyFreeState, Step] | Elsewhere


@dataclass(frozen=True, slots=True)
class NobodyFree:
    """From the notice that nobody is free to a choice, or to the end of patience.

    Outcomes: `CallBackPromised`, `BookedFor`, `ToOperator`, `GivenUp`, `OperatorPromised`,
    `Unserved`.
    """

    ends: Ends
    slice_seconds: float
    """Music between two words."""
    most_slices: int
    most_turns: int
    """Wrong, repeated and changed choices, in all."""

    def tell(self, job: JobNumber, offer: NobodyAvailable) -> Move:
        """Tell the truth, and what can be chosen."""
        standing = Standing(job, offer)
        words = (_nobody(offer), *_place_words(offer))
        return self._options(Patience(left=self.most_turns), standing, *words)

    def hear(self, state: NobodyFreeState, heard: Heard) -> Move:
        """Go on from what was heard, which is no hang-up."""
        match state:
            case QueueTelling() | QueueWaiting():
                return self._queueing(state, heard)
            case AskingCallBack() | AskingToBook() | SteppingDown() | AskingPlace():
                return self._answered(state, heard.value if isinstance(heard, Answer) else None)
            case _ if not isinstance(heard, Keys):
                return self._missed(state, "nothing-keyed")
            case _ if heard.digits == "0":
                return self.ends.asked(state, PersonReason.NOBODY_AVAILABLE)
            case HearingOptions():
                return self._chosen(state, heard.digits)
            case _:
                return self._slot_chosen(state, heard.digits)

    def without_person(self, state: Choosing | Queued, lead: tuple[str, ...]) -> Move:
        """Choose again, or go on waiting, for whoever asked for a person in vain."""
        if isinstance(state, HearingOptions | HearingSlots):
            return self._missed(state, *lead)
        return self._tell(state.patience, state.standing, *lead, "queue-still")

    # --- choices ---

    def _options(self, patience: Patience, standing: Standing, *lead: str) -> Move:
        """Read out what can be chosen; with nothing to choose, end."""
        if patience.over:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD, *lead)
        offer = standing.offer
        keys = (
            *(("stay-key",) if offer.place is not None else ()),
            *_other_keys(offer),
            *self.ends.person_key,
        )
        if not keys:
            return self.ends.leave(Unserved(), *lead, "ring-later", "goodbye")
        closing = ("or-ring-later",) if offer.place is None else ()
        prompts = (*lead, *keys, *closing)
        return HearingOptions(patience, standing), Ask(prompts, self.ends.language, 1)

    def _chosen(self, state: HearingOptions, key: str) -> Move:
        patience, standing = state.patience, state.standing
        match key:
            case "1" if standing.offer.place is not None:
                return self._stay(patience.renewed(), standing)
            case "2" if standing.offer.call_back:
                return AskingCallBack(patience.renewed(), standing), Consult(CallMeBack())
            case "3" if standing.offer.slots:
                return self._slots(patience.renewed(), standing)
            case "4" if standing.offer.step_down:
                return SteppingDown(patience.renewed(), standing), Consult(StepDown())
            case _:
                return self._missed(state, "no-such-option")

    def _slots(self, patience: Patience, standing: Standing, *lead: str) -> Move:
        """Read out the next times."""
        if patience.over:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD, *lead)
        offer, language = standing.offer, self.ends.language
        times = [
            prompt
            for key, slot in enumerate(offer.slots[:MOST_SLOTS], start=1)
            for prompt in (
                "slot-for",
                *spoken.moment(slot, offer.today, language),
                f"slot-press-{key}",
            )
        ]
        prompts = (*lead, *times, "slots-again-key", *self.ends.person_key)
        return HearingSlots(patience, standing), Ask(prompts, language, 1)

    def _slot_chosen(self, state: HearingSlots, key: str) -> Move:
        patience, standing = state.patience, state.standing
        slots = standing.offer.slots[:MOST_SLOTS]
        match key:
            case "1" | "2" | "3" if int(key) <= len(slots):
                book = Book(slots[int(key) - 1])
                return AskingToBook(patience.renewed(), standing), Consult(book)
            case "9":
                return self._slots(patience.corrected(), standing)
            case "*":
                return self._options(patience.corrected(), standing)
            case _:
                return self._missed(state, "no-such-option")

    def _missed(self, state: Choosing, *lead: str) -> Move:
        """Ask once more; then, nothing was chosen."""
        patience, standing = state.patience.missed(), state.standing
        if patience.misses == 1:
            again = self._slots if isinstance(state, HearingSlots) else self._options
            return again(patience, standing, *lead)
        if standing.offer.place is not None and not patience.over:
            return self._stay(patience.renewed(), standing)
        if isinstance(state, HearingSlots):
            return self._options(patience.corrected(), standing, *lead)
        return self.ends.leave(Unserved(), "ring-later", "goodbye")

    # --- answers of the application ---

    def _answered(self, state: Arranging, answer: object) -> Move:
        patience, standing = state.patience, state.standing
        match state, answer:
            case AskingPlace(), QueueStanding(place, estimate, step_down, unreached):
                offer = replace(
                    standing.offer,
                    place=place,
                    estimate_minutes=estimate,
                    step_down=step_down,
                    unreached=unreached,
                )
                return self._queue_word(patience, standing, offer)
            case AskingPlace(), _:
                return self._tell(patience, standing, "queue-still")
            case AskingCallBack(), WillCallBack():
                return self.ends.leave(CallBackPromised(), "will-call-back", "goodbye")
            case AskingCallBack(), _:
                without = replace(standing, offer=replace(standing.offer, call_back=False))
                return self._options(patience.corrected(), without, "our-fault")
            case SteppingDown(), _:
                without = replace(standing, offer=replace(standing.offer, step_down=False))
                if isinstance(answer, SteppedDown):
                    return self._tell(patience, without, "step-down-agreed")
                if isinstance(answer, NoLongerWaiting):
                    return self._tell(patience, without, "no-longer-waiting")
                return self._options(patience.corrected(), without, "our-fault")
            case AskingToBook(), Booked(at, code):
                when = spoken.moment(at, standing.offer.today, self.ends.language)
                dial_in = () if code is None else ("booked-dial-in", *spell(code))
                words = ("booked-for", *when, "booked-will-ring", *dial_in, "goodbye")
                return self.ends.leave(BookedFor(at), *words)
            case AskingToBook(), SlotGone(slots) if slots:
                fresh = replace(standing, offer=replace(standing.offer, slots=slots))
                return self._slots(patience.corrected(), fresh, "slot-gone")
            case AskingToBook(), SlotGone():
                without = replace(standing, offer=replace(standing.offer, slots=()))
                return self._options(patience.corrected(), without, "slot-gone", "no-more-slots")
            case _:
                without = replace(standing, offer=replace(standing.offer, slots=()))
                return self._options(patience.corrected(), without, "our-fault")

    # --- in the queue ---

    def _stay(self, patience: Patience, standing: Standing) -> Move:
        keys = (*_other_keys(standing.offer), *self.ends.person_key)
        return self._tell(patience, standing, "queue-staying", *keys)

    def _queueing(self, state: Queued, heard: Heard) -> Move:
        patience, standing = state.patience, state.standing
        match heard:
            case Keys(digits):
                return self._keyed_in_queue(patience.corrected(), standing, digits)
            case _ if isinstance(state, QueueTelling):
                # However often the hunt ends in vain, a word comes between two whole stretches.
                music = Wait(self.slice_seconds, at_once=False)
                return QueueWaiting(patience, standing), music
        if standing.slices + 1 >= self.most_slices:
            return self.ends.to_person(PersonReason.WAITED_TOO_LONG, "waited-too-long")
        standing = replace(standing, slices=standing.slices + 1)
        match heard:
            case Notice(NobodyAvailable(place=None) as offer):
                return self._options(patience, replace(standing, offer=offer), _nobody(offer))
            case Notice(NobodyAvailable() as offer):
                # What can be had is news. The place may have changed since: it is asked, and
                # whether a lower level would help, which is then said if it was not before.
                fresh = replace(offer, step_down=standing.offer.step_down)
                return self._ask_place(patience, replace(standing, offer=fresh))
            case Silence():
                return self._ask_place(patience, standing)
            case _:
                return self._tell(patience, standing, "queue-still")

    def _keyed_in_queue(self, patience: Patience, standing: Standing, key: str) -> Move:
        if key == "0" and (self.ends.operator_on_duty or not patience.over):
            return self.ends.asked(QueueTelling(patience, standing))
        if patience.over:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD)
        match key:
            case "2" if standing.offer.call_back:
                return AskingCallBack(patience, standing), Consult(CallMeBack())
            case "3" if standing.offer.slots:
                return self._slots(patience, standing)
            case "4" if standing.offer.step_down:
                return SteppingDown(patience, standing), Consult(StepDown())
            case _:
                return self._ask_place(patience, standing)

    def _ask_place(self, patience: Patience, standing: Standing) -> Move:
        return AskingPlace(patience, standing), Consult(QueuePlace())

    def _queue_word(self, patience: Patience, before: Standing, offer: NobodyAvailable) -> Move:
        """The place and the estimate; now and then, or when it is news, also what can be keyed,
        and that nobody can be reached.
        """
        standing = replace(before, offer=offer)
        keys: tuple[str, ...] = ()
        now_and_then = standing.slices % _KEYS_EVERY == 0
        unreached = offer.unreached and (now_and_then or not before.offer.unreached)
        if now_and_then:
            keys = (*_other_keys(offer), *self.ends.person_key)
        elif offer.step_down and not before.offer.step_down:
            keys = ("step-down-key",)
        lead = ("nobody-reached",) if unreached else ()
        return self._tell(patience, standing, *lead, *_place_words(offer), *keys)

    def _tell(self, patience: Patience, standing: Standing, *prompts: str) -> Move:
        return QueueTelling(patience, standing), Say(prompts, self.ends.language)


def _other_keys(offer: NobodyAvailable) -> tuple[str, ...]:
    return (
        *(("call-back-key",) if offer.call_back else ()),
        *(("slots-key",) if offer.slots else ()),
        *(("step-down-key",) if offer.step_down else ()),
    )


def _nobody(offer: NobodyAvailable) -> str:
    """The truth: nobody of the level that is required, nobody who can be reached, or nobody."""
    if offer.step_down:
        return "nobody-of-level"
    return "nobody-reached" if offer.unreached else "nobody-available"


def _place_words(offer: NobodyAvailable) -> tuple[str, ...]:
    """The place in the queue and the wait, as far as they are known."""
    if offer.place is None:
        return ()
    if offer.place > spoken.MOST_NUMBER:
        place: tuple[str, ...] = ("queue-place-far",)
    elif offer.place <= 1:
        place = ("queue-first",)
    else:
        place = ("queue-place-is", *spoken.number(offer.place))
    minutes = None if offer.estimate_minutes is None else spoken.about(offer.estimate_minutes)
    if minutes is None or minutes > spoken.MOST_MINUTES:
        return (*place, "queue-time-unknown")
    return (*place, "queue-time-about", *spoken.duration(minutes))
