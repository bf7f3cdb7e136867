"""Several networks trained beside each other, each on a thread of its own.

A small product shared by three threads is not three times as fast, and where other programs have
the cores it is many times slower than on one thread: every product waits for the last of its
threads. Networks that do not know each other need not wait, and what one of them learns does not
depend on how many threads there are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import psutil
import torch

from napari_tessera.contract.errors import MemoryExhaustedError
from napari_tessera.contract.progress import Verdict
from napari_tessera.contract.state import State, join_states
from napari_tessera.numerics.minimise import Optimisation
from napari_tessera.numerics.release import release_memory
from napari_tessera.numerics.tensors import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from torch import nn

    from napari_tessera.numerics.minimise import Plan, Watch

ItemT = TypeVar("ItemT")
DoneT = TypeVar("DoneT")

LOOK_EVERY_S = 1.0
"""Time between two looks at threads whose steps have not come back."""

TURN_S = 0.3
"""Time for which threads take step after step before they wait for each other. A stop is heard
between two turns."""

RELEASE_EVERY_S, GROWN = 1.0, 2**29
"""Time after which free memory is given back between two turns, if the process has grown by so many
bytes: of large steps the C library keeps twice what is used."""

SWITCH_S = 0.0005
"""Time after which a thread that has the interpreter lets another one have it: with Python's own
5 ms, threads that come back from a product stand in line for a tenth of their time."""


@dataclasses.dataclass(frozen=True)
class Together:
    """What came of it.

    Parameters
    ----------
    shares : list of float
        Share of its steps that every network has taken: 1 unless the watcher finished early.
    histories : list of dict of str to tuple of float
        ``step``, ``total`` and every unweighted term of every network.
    early : bool
        Whether the watcher asked to finish.
    """

    shares: list[float]
    histories: list[dict[str, tuple[float, ...]]]
    early: bool

    def some(self, which: slice) -> Together:
        """Give the same of some of the networks."""
        return Together(self.shares[which], self.histories[which], self.early)


def minimise_together(
    pairs: Sequence[tuple[nn.Module, Plan]],
    watch: Watch,
    resume: State | None = None,
    *,
    at_once: int,
) -> Together:
    """Take the planned steps of several networks; those that are behind go first.

    Parameters
    ----------
    pairs : sequence of (Module, Plan)
        Networks, trained in place, and what they minimise.
    watch : Watch
        Who is told, between steps: the steps of all networks, the losses of the one in front.
    resume : State or None
        State of this loop from a checkpoint.
    at_once : int
        Threads; 0 trains in the caller's thread, with torch's own threads.

    Returns
    -------
    Together

    Raises
    ------
    DivergedError
        If a loss is not a finite number.
    MemoryExhaustedError
        If the device has no memory left.
    FitCancelled
        If the watcher says so.
    """
    parts = [None if resume is None else resume.part(str(i)) for i in range(len(pairs))]
    runs = [
        Optimisation.start(net, plan, part) for (net, plan), part in zip(pairs, parts, strict=True)
    ]
    early, told, spare = False, max(run.step for run in runs), _Spare()
    with _threads(at_once) as lanes:
        while not early and (waiting := [run for run in runs if not run.done]):
            turn = sorted(waiting, key=lambda run: run.step)[: max(at_once, 1)]
            if lanes is None:
                turn[0].advance()
            else:
                lanes.advance(turn)
            lead = max(runs, key=lambda run: run.step / run.plan.n_steps)
            for step in range(min(told, lead.step - 1), lead.step):
                watch.each_step(step)
            told = lead.step
            spare.release()
            early = _tell(runs, lead, watch) is Verdict.FINISH
    shares = [run.step / run.plan.n_steps for run in runs]
    return Together(shares, [run.end() for run in runs], early)


def _tell(runs: list[Optimisation], lead: Optimisation, watch: Watch) -> Verdict:
    """Offer a checkpoint, report, and hear whether to go on."""
    watch.monitor.checkpoint(lambda: watch.wrap(_state(runs)))
    return watch.monitor.report(watch.describe(sum(r.step for r in runs), lead.losses))


def _state(runs: list[Optimisation]) -> State:
    """Put the states of all loops into one."""
    return join_states({str(i): run.state() for i, run in enumerate(runs)})


def side_by_side(work: Callable[[ItemT], DoneT], items: Iterable[ItemT]) -> Iterator[DoneT]:
    """Do independent work on torch's threads, one piece on each; results in the order of the items.

    Parameters
    ----------
    work : callable
        From an item to its result; what it computes may not depend on other items.
    items : iterable
        What to work on.
    """
    n = torch.get_num_threads()
    with one_thread(), ThreadPoolExecutor(n, initializer=partial(torch.set_num_threads, 1)) as pool:
        yield from pool.map(work, items)


class _Spare:
    """Gives free memory back now and then, where there is much."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._first, self._at = self._process.memory_info().rss, time.monotonic()

    def release(self) -> None:
        """Give back, if it is time."""
        if time.monotonic() - self._at > RELEASE_EVERY_S:
            self._at = time.monotonic()
            if self._process.memory_info().rss > self._first + GROWN:
                release_memory()


def _turn(run: Optimisation) -> None:
    """Take steps for as long as a turn lasts, one at least."""
    began = time.monotonic()
    run.advance()
    while not run.done and time.monotonic() - began < TURN_S:
        run.advance()


class _Lanes:
    """Threads that take turns at networks.

    Parameters
    ----------
    n : int
        How many.
    """

    def __init__(self, n: int) -> None:
        self._workers: list[threading.Thread] = []
        self.pool = ThreadPoolExecutor(n, "network", self._begin)

    def _begin(self) -> None:
        torch.set_num_threads(1)
        self._workers.append(threading.current_thread())

    def advance(self, turn: Sequence[Optimisation]) -> None:
        """Take a turn at each, and raise what went wrong.

        A thread that finds no memory to say that there is none ends without a word.
        """
        steps = [self.pool.submit(_turn, run) for run in turn]
        while wait(steps, timeout=LOOK_EVERY_S).not_done:
            if not all(worker.is_alive() for worker in self._workers):
                msg = "A thread of the fit ended in the middle of a step: memory ran out."
                hint = "Choose fewer cells per step or fewer genes, or close other programs."
                raise MemoryExhaustedError(msg, hint)
        for step in steps:
            step.result()


@contextlib.contextmanager
def _threads(at_once: int) -> Iterator[_Lanes | None]:
    """Threads for networks; torch gives each of them, and meanwhile the caller, one core."""
    if at_once == 0:
        yield None
        return
    lanes, before = _Lanes(at_once), sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_S)
    try:
        with one_thread(), lanes.pool:
            yield lanes
    finally:
        sys.setswitchinterval(before)
