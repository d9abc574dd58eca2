# SPDX-License-Identifier: EUPL-1.2
"""Several workers share the tests: the adapters have one of them, the laboratory the last one."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from xdist.remote import Producer

from tests.workers import ByLayer

ADAPTERS = [f"tests/adapters/test_a{file}.py::test_{n}" for file in range(2) for n in range(5)]
UNITS = [f"tests/unit/test_u{file}.py::test_{n}" for file in range(9) for n in range(file + 1)]
LAB = [f"tests/lab/test_l{file}.py::test_{n}" for file in range(2) for n in range(5)]
ALL = [*ADAPTERS, *UNITS, *LAB]


class Worker:
    """As a worker of xdist: it keeps its last test back until there are more, or no more."""

    def __init__(self, name: str, pace: int) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.pace = pace
        """Turns that one test takes."""
        self.left: deque[int] = deque()
        self.shutting_down = False
        self.busy = pace

    def send_runtest_some(self, indices: list[int]) -> None:
        self.left.extend(indices)

    def shutdown(self) -> None:
        self.shutting_down = True

    def turn(self) -> int | None:
        """Work for one turn: the test that ended in it."""
        if len(self.left) < 2 and not (self.left and self.shutting_down):
            return None
        self.busy -= 1
        if self.busy:
            return None
        self.busy = self.pace
        return self.left.popleft()


def run(paces: list[int], tests: list[str]) -> list[tuple[str, str]]:
    """Who ran what, in order."""
    tx = [f"{len(paces)}*popen"]
    config: Any = SimpleNamespace(option=SimpleNamespace(), getvalue={"tx": tx}.__getitem__)
    scheduler = ByLayer(config, Producer("tests", enabled=False))
    workers = [Worker(f"gw{number}", pace) for number, pace in enumerate(paces)]
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    ran = []
    for _ in range(10_000):
        for worker in workers:
            done = worker.turn()
            if done is not None:
                ran.append((worker.gateway.id, tests[done]))
                scheduler.mark_test_complete(worker, done)
        if scheduler.tests_finished:
            for worker in workers:
                worker.shutdown()
    return ran


@pytest.mark.parametrize("paces", [[1], [1, 1], [1, 9], [9, 1], [2, 3, 1], [1, 2, 3, 4]])
def test_every_test_runs_once_and_each_real_thing_has_one_worker(paces: list[int]) -> None:
    ran = run(paces, ALL)
    assert sorted(test for _, test in ran) == sorted(ALL)
    for layer in (ADAPTERS, LAB):
        assert len({worker for worker, test in ran if test in layer}) == 1
    assert [test for _, test in ran if test in LAB] == LAB
    # When the laboratory begins, each of the others has at most what it was keeping back.
    began = next(place for place, (_, test) in enumerate(ran) if test in LAB)
    late = [worker for worker, test in ran[began:] if test not in LAB]
    assert all(late.count(worker) <= 2 for worker in late)
    assert ran[began][0] not in late


@pytest.mark.parametrize("tests", [LAB, ADAPTERS, UNITS, [*UNITS, *LAB], LAB[:1]])
def test_some_layers_alone_are_run_whole(tests: list[str]) -> None:
    assert sorted(test for _, test in run([1, 2], tests)) == sorted(tests)
