# SPDX-License-Identifier: EUPL-1.2
"""The script for a technician who rang a line: who, which language, where the migrant is, waiting.

Each part is a small machine of its own: `Identification`, `LanguageChoice`, `MigrantPlacing`,
`WhileRinging` and, when nobody is free, `NobodyFree`. This module leads from one to the next, in
the prompt language of the technician's agency once that is known.

"0" at any question reaches a person. With nobody on duty that is said, whoever can be rung is asked
whether they want to be when somebody is, and goes on where they were. Three misses at one question
lead to a person too, and so does a budget of misses for the whole conversation; only wrong codes
end it, since whoever guesses PINs shall not reach anybody. Nobody is put through or let go without
being told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.script import Answer, Finish, Heard, HungUp, Notice, Step
from bridge.ivr.technician.ends import Ends, over
from bridge.ivr.technician.finder import MOST_SENTENCES
from bridge.ivr.technician.identity import Identification
from bridge.ivr.technician.language_choice import LanguageChoice
from bridge.ivr.technician.language_choice_states import Chosen, LanguageChoiceState
from bridge.ivr.technician.place import MigrantPlacing
from bridge.ivr.technician.queue import NobodyFree
from bridge.ivr.technician.request import Identified, NobodyAvailable, Requested, Ways
from bridge.ivr.technician.ringing import WhileRinging
from bridge.ivr.technician.states import (
    AskingForPerson,
    CheckingIdentity,
    Choosing,
    IdentityState,
    InPart,
    Leaving,
    Moment,
    NobodyFreeState,
    PlaceQuestion,
    PlaceState,
    Queued,
    Requesting,
    RingingState,
    TechnicianState,
    Telling,
)
from bridge.ivr.technician.wishes import WishKey
from bridge.languages.model import Languages
from bridge.prompts.catalogue import spell
from bridge.vocabulary import JobNumber

Move = tuple[TechnicianState, Step]

RESUMED = ("resumed", "still-ringing")
"""To who waited before a restart of ours."""
BEGINS = ("ringing-interpreters",)
"""To who was rung, and begins to wait."""


@dataclass(frozen=True, slots=True)
class TechnicianScript:
    """The whole conversation with a technician, up to the room.

    The room is entered from outside (the leg is taken away while it waits). Outcomes:
    `ToOperator`, `GivenUp`, `OperatorPromised`, `NotIdentifiedAtAll`, `Unserved`,
    `CallBackPromised`, `BookedFor`, `Gone`.
    """

    languages: Languages
    language: str = "pt"
    """The prompt language until an agency's is known: `pt` or `en`."""
    operator_on_duty: bool = True
    """Whether "0" can reach somebody; if not, that is asked again when it is keyed."""
    resuming: JobNumber | None = None
    """The call is already hunting: say so, and wait."""
    lead: tuple[str, ...] = RESUMED
    """With which words then; without any, there is music at once."""
    most_wrong: int = 3
    """Wrong codes before the end."""
    slice_seconds: float = 20.0
    """Music between two words."""
    most_slices: int = 45
    """Stretches of music while interpreters ring."""
    most_queue_slices: int = 90
    """Stretches of music in the queue."""
    most_strays: int = 20
    """Keys without meaning while interpreters ring; and all wrong turns once nobody is free."""
    recognised: bool = False
    """The number that rings is an agency's: the PIN is enough."""
    identity: tuple[str, str] | None = field(default=None, repr=False)
    """Agency code and PIN, keyed before this conversation began; no code: by the number."""
    wishes: frozenset[WishKey] = frozenset(WishKey)
    """What may be wished of an interpreter."""
    speakable: frozenset[str] | None = None
    """Languages in which the finder can be heard; `None`: those of the catalogue."""
    most_sentences: int = MOST_SENTENCES
    """How many languages the finder lets a migrant hear."""
    patience: Patience = field(default_factory=Patience)
    """Wrong turns until an interpreter is asked for."""

    @classmethod
    def resume(
        cls,
        job: JobNumber,
        languages: Languages,
        *,
        language: str = "pt",
        operator_on_duty: bool = True,
        lead: tuple[str, ...] = RESUMED,
    ) -> TechnicianScript:
        """The script for a leg whose call is already hunting, or waits in the queue.

        By its first words, after a restart of ours.
        """
        return cls(languages, language, operator_on_duty, resuming=job, lead=lead)

    def start(self) -> Move:
        """Greet and ask who it is; or, when resuming, say that the hunt goes on."""
        ways = Ways(self.language)
        if self.resuming is not None:
            ringing, telling = self._ringing(ways), Telling(self.resuming)
            return _at(
                ways, ringing.tell(telling, *self.lead) if self.lead else ringing.wait(telling)
            )
        started = self._identification(ways).start(
            self.patience, recognised=self.recognised, identity=self.identity
        )
        return _at(ways, started)

    def hear(self, state: TechnicianState, heard: Heard) -> Move:
        """Go on from what was heard; anything unexpected counts as a miss."""
        ways, at = state.ways, state.at
        match at, heard:
            case Over(outcome), _:
                return state, Finish(outcome)
            case _, HungUp():
                return _at(ways, over(Gone()))
            case Leaving(outcome), _:
                return _at(ways, over(outcome))
            case CheckingIdentity(patience), Answer(Identified() as who):
                choice = self._choice(who.ways).ask(patience.renewed())
                return _at(who.ways, self._or_placing(who.ways, choice))
            case Requesting(), Answer(Requested(job, code)):
                words = ("job-number-is", *spell(job.digits), "ringing-interpreters")
                telling = Telling(job, dial_in_code=code)
                return _at(ways, self._ringing(ways).tell(telling, *words))
            case AskingForPerson(), _:
                goes_on = partial(self._without_person, ways)
                return _at(ways, self._ends(ways).sought(at, heard, goes_on))
            case _ if isinstance(at, RingingState) and isinstance(heard, Notice):
                return _at(ways, self._noticed(ways, at, heard))
            case _:
                return _at(ways, self._in_part(ways, at, heard))

    def _in_part(self, ways: Ways, at: Moment, heard: Heard) -> tuple[Moment, Step]:
        """Let the part that the conversation is in go on."""
        if isinstance(at, IdentityState):
            return self._identification(ways).hear(at, heard)
        if isinstance(at, LanguageChoiceState):
            return self._or_placing(ways, self._choice(ways).hear(at, heard))
        if isinstance(at, PlaceState):
            return self._placing(ways).hear(at, heard)
        if isinstance(at, RingingState):
            return self._ringing(ways).hear(at, heard)
        if isinstance(at, NobodyFreeState):
            return self._nobody_free(ways).hear(at, heard)
        raise TypeError(f"{type(at).__name__} belongs to no part of the conversation")

    def _without_person(
        self, ways: Ways, back: InPart, lead: tuple[str, ...]
    ) -> tuple[Moment, Step]:
        """Nobody could be reached: on where the technician was, with all that they have keyed."""
        if isinstance(back, IdentityState):
            return self._identification(ways).without_person(back, lead)
        if isinstance(back, PlaceQuestion):
            return self._placing(ways).without_person(back, lead)
        if isinstance(back, RingingState):
            return self._ringing(ways).without_person(back, lead)
        if isinstance(back, Choosing | Queued):
            return self._nobody_free(ways).without_person(back, lead)
        return self._or_placing(ways, self._choice(ways).without_person(back, lead))

    def _or_placing(self, ways: Ways, moved: tuple[Moment | Chosen, Step]) -> tuple[Moment, Step]:
        """Once a language is chosen, ask where the migrant is."""
        at, step = moved
        if isinstance(at, Chosen):
            return self._placing(ways).start(at.patience, at.outcome)
        return at, step

    def _noticed(self, ways: Ways, at: RingingState, notice: Notice) -> tuple[Moment, Step]:
        if isinstance(notice.value, NobodyAvailable):
            return self._nobody_free(ways).tell(at.job, notice.value)
        return self._ringing(ways).hear(at, notice)

    # --- the parts -----------------------------------------------------------------------------

    def _ends(self, ways: Ways) -> Ends:
        return Ends(ways.language, self.operator_on_duty)

    def _identification(self, ways: Ways) -> Identification:
        return Identification(self._ends(ways), self.most_wrong)

    def _choice(self, ways: Ways) -> LanguageChoice:
        return LanguageChoice(
            self._ends(ways),
            self.languages,
            favourites=ways.favourites,
            likely=ways.likely,
            subject=ways.subject,
            offered=self.wishes,
            level=ways.level,
            heard=self.speakable,
            most_sentences=self.most_sentences,
        )

    def _placing(self, ways: Ways) -> MigrantPlacing:
        return MigrantPlacing(self._ends(ways), ways.fields)

    def _ringing(self, ways: Ways) -> WhileRinging:
        return WhileRinging(
            self._ends(ways), self.slice_seconds, self.most_slices, self.most_strays
        )

    def _nobody_free(self, ways: Ways) -> NobodyFree:
        return NobodyFree(
            self._ends(ways), self.slice_seconds, self.most_queue_slices, self.most_strays
        )


def _at(ways: Ways, moved: tuple[Moment, Step]) -> Move:
    at, step = moved
    return TechnicianState(ways, at), step
