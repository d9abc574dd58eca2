# SPDX-License-Identifier: EUPL-1.2
"""Whom one part of a call has rung in vain, and when each may be asked again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Set
from functools import partial

from bridge.conference.mailbox import Mailbox
from bridge.roster.tries import Tries
from bridge.vocabulary import InterpreterId


class Tried:
    """Those whom a hunt leaves out because it rang them in vain; each for a while, or for good.

    How long is the rule of `Tries`. Whoever becomes free by something else than the end of a ring
    (a call ended, presence was said) may be rung at once. Nobody is left out whose ring we stopped,
    or who accepted and was lost: nothing speaks against them but what keeps them busy.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        rings: Callable[[InterpreterId], bool],
        ask_again: Callable[[], Awaitable[None]],
    ) -> None:
        """`rings` says whose telephone this hunt is ringing now; `ask_again` is what follows when
        somebody may be rung once more.
        """
        self._mailbox = mailbox
        self._rings = rings
        self._ask_again = ask_again
        self._left_out: set[InterpreterId] = set()
        self._tries: dict[InterpreterId, Tries] = {}

    @property
    def left_out(self) -> Set[InterpreterId]:
        """Whom the hunt does not ring now."""
        return self._left_out

    def resume(self, tried: Mapping[InterpreterId, Tries]) -> None:
        """Take over from a process that died. The pauses begin anew."""
        self.forget()
        for who, tries in tried.items():
            if tries != Tries():
                self._left_out.add(who)
                self._tries[who] = tries
                self._expect(who, refused=bool(tries.refused))

    def in_vain(self, who: InterpreterId, *, refused: bool) -> None:
        """They refused, or did not answer on any of their telephones."""
        self._left_out.add(who)
        self._tries[who] = self._tries.get(who, Tries()).one_more(refused=refused)
        self._expect(who, refused=refused)

    def is_there(self, who: InterpreterId) -> None:
        """Somebody is free by more than the end of a ring: they may be rung unless they refused."""
        if not self._tries.get(who, Tries()).refused:
            self._left_out.discard(who)

    def forget(self) -> None:
        """The hunt begins from the start."""
        self._left_out.clear()
        self._tries.clear()

    def _expect(self, who: InterpreterId, *, refused: bool) -> None:
        tries = self._tries[who]
        pause = tries.again_after(refused=refused)
        if pause is not None:
            self._mailbox.tell_later(pause, partial(self._due, who, tries))

    async def _due(self, who: InterpreterId, tries: Tries) -> None:
        """The pause is over; means nothing once they were rung again meanwhile."""
        if self._tries.get(who) == tries and not self._rings(who):
            self._left_out.discard(who)
            await self._ask_again()
