"""Random draws of the next step, made while the current one is computed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

DrawT = TypeVar("DrawT")


class Ahead(Generic[DrawT]):
    """Calls a function of the step one step ahead, in a thread of its own.

    numpy draws and torch products both let go of the interpreter, so that the two overlap. What is
    given does not depend on it: a draw must come from its step alone.

    Parameters
    ----------
    make : callable
        From the step to its draws; pure.
    n_steps : int
        Steps that there are; nothing is made beyond the last.
    """

    def __init__(self, make: Callable[[int], DrawT], n_steps: int) -> None:
        self._make, self._n_steps = make, n_steps
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="draws")
        self._next: tuple[int, Future[DrawT]] | None = None

    def __call__(self, step: int) -> DrawT:
        """Draws of a step.

        Parameters
        ----------
        step : int
            Any; only the one after the last that was asked for has been made already.
        """
        waiting, self._next = self._next, None
        at_hand = waiting is not None and waiting[0] == step
        drawn = waiting[1].result() if waiting is not None and at_hand else self._make(step)
        if step + 1 < self._n_steps:
            self._next = (step + 1, self._pool.submit(self._make, step + 1))
        else:
            self._pool.shutdown(wait=False)
        return drawn
