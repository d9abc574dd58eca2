# SPDX-License-Identifier: EUPL-1.2
"""Which worker runs which tests, when several run beside each other (`pytest -n`).

Rules need nothing but a processor: their files go to whichever worker is free. The real things are
one machine's: one worker runs the tests of all adapters, from the start, and the last worker still
at work those of the laboratory, which listen to voices and want quiet, at the end.
"""

from __future__ import annotations

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import NodeManager, WorkerController

FIRST, LAST = "tests/adapters", "tests/lab"
_FEW = 2
"""A worker keeps so many tests back until it is told that there are no more."""

# A worker that is told to end interrupts its test after five seconds, and gives it ten more to stop
# its Asterisks. It is not killed before.
NodeManager.EXIT_TIMEOUT = 30


class ByLayer(LoadScopeScheduling):  # type: ignore[misc]  # xdist has types, and does not say so
    """Unit tests file by file, adapters together, the laboratory together and last."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        # In our order, instead of that of how many tests there are.
        config.option.loadscopereorder = False
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        for layer in (FIRST, LAST):
            if nodeid.startswith(f"{layer}/"):
                return layer
        return nodeid.partition("::")[0]

    def _reschedule(self, node: WorkerController) -> None:
        only_the_last = list(self.workqueue) == [LAST]
        at_work = [one for one in self.nodes if not one.shutting_down]
        if not only_the_last or at_work == [node]:
            super()._reschedule(node)
        elif node in at_work and self._pending_of(self.assigned_work[node]) <= _FEW:
            node.shutdown()


def in_order(items: list[pytest.Item]) -> list[pytest.Item]:
    """The adapters, files with thorough tests, other files, the laboratory.

    What takes long begins early, so that the workers end together.
    """
    long = {one.path for one in items if one.get_closest_marker("thorough")}

    def place(item: pytest.Item) -> int:
        if item.nodeid.startswith(f"{FIRST}/"):
            return 0
        if item.nodeid.startswith(f"{LAST}/"):
            return 3
        return 1 if item.path in long else 2

    return sorted(items, key=place)
