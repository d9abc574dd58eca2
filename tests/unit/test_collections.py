# SPDX-License-Identifier: EUPL-1.2
"""What a bridge holds as long as it runs is left out when Python searches for garbage."""

from __future__ import annotations

import gc

from bridge.bootstrap import spare_collections


def test_what_lives_at_the_start_is_not_searched_again() -> None:
    lasting: list[list[int]] = [[number] for number in range(1_000)]
    try:
        spare_collections()
        frozen = gc.get_freeze_count()
        searched = {id(one) for one in gc.get_objects()}
        assert frozen >= len(lasting)
        assert not searched & {id(one) for one in lasting}
    finally:
        gc.unfreeze()


def test_garbage_of_before_is_thrown_away_and_not_kept_for_ever() -> None:
    class Ring:
        """Refers to itself, so that only a search finds that nobody else does."""

        def __init__(self) -> None:
            self.itself = self

    def rings() -> int:
        return sum(1 for one in gc.get_objects() if isinstance(one, Ring))

    gc.disable()
    try:
        Ring()
        assert rings() == 1
        spare_collections()
        gc.unfreeze()
        assert rings() == 0
    finally:
        gc.unfreeze()
        gc.enable()
