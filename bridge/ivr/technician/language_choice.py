# SPDX-License-Identifier: EUPL-1.2
"""How a technician names a language: by its code, by its name, or with the migrant's own ear.

An expert keys the two digits of the code and 1, and waits for nothing. Whoever has no card spells
the name (`#`); whoever does not know the language hands the telephone over and lets the migrant
listen (`**`); `*` alone opens the wishes. One key alone is what this agency asks most.

A part of a technician's conversation, and a script of its own. "0" reaches a person at every
question to the technician; a migrant who was told to press any key may press that one too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bridge.ivr.outcomes import Gone, Over, Patience
from bridge.ivr.script import Ask, Finish, Heard, HungUp, Keys, Silence, Step, in_language
from bridge.ivr.technician import finder, keypad
from bridge.ivr.technician.ends import Ends, over
from bridge.ivr.technician.language_choice_states import (
    AskingLanguage,
    AskingThirdDigit,
    AtTheFinder,
    Chosen,
    ConfirmingChoice,
    HandingOver,
    HearingNames,
    How,
    KeyingEarlierJob,
    LanguageChoiceState,
    LanguageChosen,
    Naming,
    NothingFound,
    Sounding,
    SoundingAgain,
    SpellingName,
    TakingBack,
    Wishing,
)
from bridge.ivr.technician.language_questions import (
    MOST_JOB_DIGITS,
    PICKS,
    Question,
    Questions,
    pages,
)
from bridge.ivr.technician.request import PersonReason
from bridge.ivr.technician.states import AskingForPerson, InPart, Leaving
from bridge.ivr.technician.wishes import NO_WISHES, Wishes, WishKey, with_key
from bridge.languages.model import Languages
from bridge.prompts.catalogue import spell
from bridge.roster.requirements import Wish
from bridge.roster.skills import REGISTER, Gender, Level, Subject
from bridge.vocabulary import JobNumber, LanguageTag

HIGH_LEVEL = REGISTER.high
"""Required, it keeps away whoever is below; the highest alone would leave hardly anybody."""
ALL_WISHES = frozenset(WishKey)
ALL_PATIENCE = Patience()
MOST_NAMES = 2 * len(PICKS)
"""When more are found, more letters are asked for."""

Place = LanguageChoiceState | Chosen | AskingForPerson | Leaving | Over
Move = tuple[Place, Step]


@dataclass(frozen=True, slots=True)
class LanguageChoice:
    """From the question for a language to the one that was confirmed, or to a person.

    The last state is `Chosen`, which carries the outcome (`LanguageChosen`) and the patience that
    is left; else `Leaving` for `ToOperator` or `GivenUp`, or `Over` for `OperatorPromised` or
    `Gone`.
    """

    ends: Ends
    languages: Languages
    favourites: tuple[LanguageTag, ...] = ()
    """What the agency asks most, for the keys from 1 on."""
    likely: tuple[str, ...] = ()
    """The first languages of the finder, the likeliest first."""
    subject: Subject | None = None
    """What the agency speaks about (`subject_of`); without it, that wish is not offered."""
    offered: frozenset[WishKey] = ALL_WISHES
    """The wishes that can be had."""
    level: Level = HIGH_LEVEL
    """What is at least asked for by whoever wishes for a high level."""
    heard: frozenset[str] | None = None
    """Languages whose sentences can be played; `None`: those of the catalogue."""
    most_sentences: int = finder.MOST_SENTENCES
    patience: Patience = ALL_PATIENCE
    """For a conversation that consists of nothing else."""

    def start(self) -> Move:
        """Ask for a language, as a script of its own."""
        return self.ask(self.patience)

    def ask(self, patience: Patience, *lead: str, wishes: Wishes = NO_WISHES) -> Move:
        """Ask for a language, after the words that lead to it."""
        return self._put(AskingLanguage(patience, wishes), *lead)

    def hear(self, state: Place, heard: Heard) -> Move:
        """Go on from what was heard; anything unexpected counts as a miss."""
        match state:
            case Over(outcome) | Chosen(_, outcome):
                return state, Finish(outcome)
            case _ if isinstance(heard, HungUp):
                return over(Gone())
            case Leaving(outcome):
                return over(outcome)
            case AskingForPerson():
                return self.ends.sought(state, heard, self.without_person)
            case Sounding() | SoundingAgain():
                return self._listened(state, isinstance(heard, Keys) and heard.digits != "")
            case HandingOver() if not isinstance(heard, Keys):
                return self._sound(state, 0)
            case Wishing() if isinstance(heard, Silence):
                return self._again(AskingLanguage(state.patience, state.wishes))
            case AskingThirdDigit() if not isinstance(heard, Keys):
                return self._coded(state, state.first_two)
            case _ if not isinstance(heard, Keys):
                return self._missed(state, "nothing-keyed")
            case _ if heard.digits == "0" and not isinstance(state, AskingThirdDigit):
                return self.ends.asked(state)
            case _:
                return self._keyed(state, heard.digits)

    def without_person(self, state: InPart, lead: tuple[str, ...]) -> Move:
        """Ask again after these words, for whoever asked for a person in vain."""
        if not isinstance(state, Question):
            raise TypeError(f"nobody asks for a person at {type(state).__name__}")
        return self._missed(state, *lead, reason=PersonReason.ASKED)

    def _keyed(self, state: Question, keys: str) -> Move:
        match state:
            case AskingLanguage():
                return self._named(state, keys)
            case SpellingName():
                return self._spelt(state, keys)
            case HearingNames():
                return self._picked(state, keys)
            case Wishing():
                return self._wished(state, keys)
            case KeyingEarlierJob():
                return self._job_keyed(state, keys)
            case ConfirmingChoice():
                return self._confirmed(state, keys)
            case HandingOver() | TakingBack() | NothingFound():
                return self._keyed_at_finder(state, keys)
            case AskingThirdDigit(first_two=first_two):
                return self._coded(state, first_two + keys)

    # --- by code ---

    def _named(self, state: AskingLanguage, keys: str) -> Move:
        patience, wishes = state.patience.renewed(), state.wishes
        match keys:
            case "":
                return self._put(SpellingName(patience, wishes))
            case "**":
                return self._put(HandingOver(patience, wishes))
            case _ if "0" in (keys[0], keys.removeprefix("*")):
                return self.ends.asked(state)
            case _ if keys[0] == "*" and not self._wish_keys:
                return self._missed(state, "no-such-option")
            case "*":
                return self._put(Wishing(patience, wishes))
            case _ if len(keys) == 2 and keys[0] == "*":
                return self._wished(Wishing(patience, wishes), keys[1])
            case _ if len(keys) == 2 and keys.isdecimal() and keys[0] == "9":
                return self._put(AskingThirdDigit(state.patience, wishes, keys))
            case _ if len(keys) == 1 and keys.isdecimal():
                return self._one_digit(state, keys)
            case _:
                return self._coded(state, keys)

    def _one_digit(self, state: AskingLanguage, digit: str) -> Move:
        wanted = self._favourites.get(digit)
        if wanted is None:
            return self._missed(state, "language-code-short", reason=PersonReason.LANGUAGE_UNKNOWN)
        return self._read_back(state, wanted, How.FAVOURITE)

    def _coded(self, state: AskingLanguage | AskingThirdDigit, code: str) -> Move:
        language = self.languages.by_code(code)
        if language is None:
            asking = AskingLanguage(state.patience, state.wishes)
            return self._missed(asking, "language-unknown", reason=PersonReason.LANGUAGE_UNKNOWN)
        return self._read_back(state, language.tag, How.CODE)

    def _read_back(self, state: Naming, wanted: LanguageTag, how: How) -> Move:
        return self._put(ConfirmingChoice(state.patience.renewed(), state.wishes, wanted, how))

    def _confirmed(self, state: ConfirmingChoice, key: str) -> Move:
        match key:
            case "1":
                return self._choose(state, state.wanted, state.how)
            case "2" | "*" if state.how is How.SPELT:
                return self._again(SpellingName(state.patience, state.wishes))
            case "2" | "*":
                return self._again(AskingLanguage(state.patience, state.wishes))
            case _:
                return self._missed(state, "no-such-option")

    def _choose(self, state: LanguageChoiceState, language: LanguageTag, how: How) -> Move:
        chosen = LanguageChosen(language, how, state.wishes)
        return Chosen(state.patience.renewed(), chosen), Finish(chosen)

    # --- by name ---

    def _spelt(self, state: SpellingName, keys: str) -> Move:
        """Look for what was keyed so far; a star forgets what stands before it."""
        forgotten, star, entry = keys.rpartition("*")
        fresh = replace(state, keyed="")
        if star and not entry and not state.keyed and not forgotten:
            return self._again(AskingLanguage(state.patience, state.wishes))
        if not entry and (star or not state.keyed):
            return self._again(fresh)
        letters = ("" if star else state.keyed) + keypad.letters_of(entry)
        found = finder.likeliest_first(keypad.find(self.languages, letters), self._wanted_first)
        if len(letters) < keypad.LEAST_LETTERS or len(found) > MOST_NAMES:
            longer = replace(state, keyed=letters)
            if len(letters) <= len(state.keyed):
                return self._missed(longer, "spell-more")
            return self._put(replace(longer, patience=state.patience.renewed()), "spell-more")
        match found:
            case ():
                return self._missed(fresh, "spell-none", reason=PersonReason.LANGUAGE_UNKNOWN)
            case (wanted,):
                return self._read_back(state, wanted, How.SPELT)
            case _:
                return self._put(HearingNames(state.patience.renewed(), state.wishes, found))

    def _picked(self, state: HearingNames, key: str) -> Move:
        all_pages = pages(state.found)
        page = all_pages[state.page]
        match key:
            case "*":
                return self._again(SpellingName(state.patience, state.wishes))
            case "#" if state.page + 1 < len(all_pages):
                return self._put(replace(state, page=state.page + 1))
            case "#" if len(all_pages) > 1:
                return self._again(replace(state, page=0))
            case _ if key in PICKS[: len(page)]:
                return self._read_back(state, page[int(key) - 1], How.SPELT)
            case _:
                return self._missed(state, "no-such-option")

    # --- wishes ---

    def _wished(self, state: Wishing, key: str) -> Move:
        match key:
            case "#":
                return self._again(AskingLanguage(state.patience, state.wishes))
            case "*":
                return self._put(HandingOver(state.patience.renewed(), state.wishes))
            case "0":
                return self.ends.asked(state)
            case _ if key not in self._wish_keys:
                return self._missed(state, "no-such-option")
            case WishKey.SAME_AGAIN:
                return self._put(KeyingEarlierJob(state.patience.renewed(), state.wishes))
            case _:
                pressed = WishKey(key)
                after = with_key(state.wishes, pressed, self.subject, self.level)
                return self._wish_read_back(state, after, *_wish_words(after, pressed))

    def _job_keyed(self, state: KeyingEarlierJob, keys: str) -> Move:
        if "*" in keys:
            return self._again(Wishing(state.patience, state.wishes))
        try:
            job = JobNumber.parse(keys if len(keys) <= MOST_JOB_DIGITS else "")
        except ValueError:
            return self._missed(state, "wish-same-wrong")
        after = replace(state.wishes, same_as=job)
        return self._wish_read_back(state, after, "wish-wished", "wish-same", *spell(job.digits))

    def _wish_read_back(
        self, state: Wishing | KeyingEarlierJob, after: Wishes, *words: str
    ) -> Move:
        """Say what is wished now; only what is asked for in addition costs no patience."""
        more = after.strength > state.wishes.strength
        patience = state.patience.renewed() if more else state.patience.corrected()
        if patience.over:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD, *words)
        prompts = (*words, "wishes-more")
        return Wishing(patience, after), Ask(prompts, self.ends.language, 1, "", 3.0)

    # --- by ear ---

    def _sound(self, state: AtTheFinder, place: int) -> Move:
        """Let the migrant hear the sentence at this place."""
        patience, wishes, order = state.patience, state.wishes, self._order
        if place >= len(order):
            return self._put(NothingFound(patience.renewed(), wishes))
        prompt = in_language(order[place], finder.UNDERSTAND)
        ask = Ask((prompt,), self.ends.language, 1, first_key_seconds=1.2)
        return Sounding(patience, wishes, place), ask

    def _sound_again(self, state: SoundingAgain) -> Move:
        prompt = in_language(self._order[_sounding(state)], finder.CONFIRM)
        return state, Ask((prompt,), self.ends.language, 1, first_key_seconds=3.0)

    def _listened(self, state: Sounding | SoundingAgain, pressed: bool) -> Move:
        patience, wishes, place = state.patience, state.wishes, state.place
        match state:
            case Sounding() if pressed:
                return self._sound_again(SoundingAgain(patience, wishes, place))
            case SoundingAgain() if pressed:
                wanted = self._order[_sounding(state)]
                return self._put(TakingBack(patience.renewed(), wishes, place, wanted))
            case SoundingAgain(before=False) if place > 0:
                return self._sound_again(replace(state, before=True))
            case _:
                return self._sound(state, place + 1)

    def _keyed_at_finder(self, state: HandingOver | TakingBack | NothingFound, key: str) -> Move:
        match state, key:
            case HandingOver() | TakingBack() | NothingFound(), "*":
                return self._again(AskingLanguage(state.patience, state.wishes))
            case HandingOver(), _:
                return self._sound(state, 0)
            case TakingBack(), "1":
                return self._choose(state, state.wanted, How.FINDER)
            case TakingBack(), "2":
                return self._sound(state, state.place + 1)
            case NothingFound(), "1":
                return self._again(HandingOver(state.patience, state.wishes))
            case NothingFound(), "#":
                return self._put(SpellingName(state.patience.renewed(), state.wishes))
            case _:
                return self._missed(state, "no-such-option")

    # --- questions ---

    def _put(self, state: Question, *lead: str) -> Move:
        """Put the question of a state, after the words that lead to it."""
        return state, self._questions.of(state, *lead)

    def _missed(
        self, state: Question, *lead: str, reason: PersonReason = PersonReason.NOT_UNDERSTOOD
    ) -> Move:
        """Ask again after saying what was wrong; or get a person, when patience is over."""
        patience = state.patience.missed()
        if patience.over:
            return self.ends.to_person(reason, *lead)
        return self._put(replace(state, patience=patience), *lead)

    def _again(self, state: Question) -> Move:
        """Ask because the technician wants to be asked once more; not without end."""
        patience = state.patience.corrected()
        if patience.over:
            return self.ends.to_person(PersonReason.NOT_UNDERSTOOD)
        return self._put(replace(state, patience=patience))

    # --- what is known ---

    @property
    def _questions(self) -> Questions:
        return Questions(self.ends, self._favourites, self._wish_keys)

    @property
    def _wish_keys(self) -> frozenset[WishKey]:
        return self.offered if self.subject is not None else self.offered - {WishKey.SUBJECT}

    @property
    def _favourites(self) -> dict[str, LanguageTag]:
        """The favourites that can be asked for, by their keys."""
        return {
            key: tag
            for key, tag in zip(PICKS, self.favourites, strict=False)
            if tag in self.languages
        }

    @property
    def _order(self) -> tuple[LanguageTag, ...]:
        return finder.sentences(self.languages, self.likely, self.heard, self.most_sentences)

    @property
    def _wanted_first(self) -> tuple[str, ...]:
        return (*self.favourites, *self.likely)


def _sounding(state: SoundingAgain) -> int:
    """The place whose language is asked about."""
    return state.place - state.before


def _wish_words(wishes: Wishes, key: WishKey) -> tuple[str, str]:
    """What a key has made of its wish."""
    wish: Wish[Gender] | Wish[Subject] | Wish[Level] | None = wishes.gender
    if key is WishKey.SUBJECT:
        wish = wishes.subject
    elif key is WishKey.LEVEL:
        wish = wishes.level
    words = f"wish-{key.name.lower()}"
    if wish is None:
        return "wish-dropped", words
    return "wish-required" if wish.required else "wish-wished", words
