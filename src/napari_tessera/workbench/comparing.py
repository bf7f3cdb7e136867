"""Two runs beside each other: what the comparison is doing. Knows no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from psygnal import Signal

from napari_tessera.workbench import reading
from napari_tessera.workbench.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_tessera.contract.agreement import Agreement
    from napari_tessera.contract.results import Run
    from napari_tessera.workbench.bench import Bench

T = TypeVar("T")


class Comparing:
    """Reads two runs and says where they agree.

    Parameters
    ----------
    bench : Bench
        Knows the tissue and its runs.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    agreement : Agreement or None
        The last answer.
    """

    compared = Signal(object)
    paired = Signal(object, object)
    failed = Signal(str, str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self.agreement: Agreement | None = None
        self._bench = bench
        self._tasks = Tasks(post, self.failed.emit)
        self._known: dict[str, Run] = {}
        bench.tissue_opened.connect(lambda _: self._known.clear())

    def pair(self, first: str, second: str) -> None:
        """Read two runs; `paired` follows with both."""
        self._with_runs(first, second, lambda one, other: (one, other), self._say_paired)

    def _say_paired(self, runs: tuple[Run, Run]) -> None:
        self.paired.emit(*runs)

    def compare(self, first: str, second: str, *, answer: str, genes: tuple[str, str]) -> None:
        """Compare two runs of the open tissue; `compared` follows.

        Parameters
        ----------
        first, second : str
            Their names.
        answer : str
            One of those that both give.
        genes : tuple of str
            A gene on either side, where genes are compared.
        """
        from napari_tessera.workflows.compare import compare_runs

        gene, with_gene = genes
        self._with_runs(
            first,
            second,
            lambda one, other: compare_runs(
                one, other, answer=answer, gene=gene, with_gene=with_gene
            ),
            self._take,
        )

    def _take(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.compared.emit(agreement)

    def _with_runs(
        self, first: str, second: str, work: Callable[[Run, Run], T], take: Callable[[T], None]
    ) -> None:
        """Work on two runs, which are read where they are not at hand."""
        tissue = self._bench.tissue
        if tissue is None:
            message = "Expected an open tissue with two runs, found none."
            self.failed.emit(message, "Open one in the Tissue dock.")
            return
        known, shown = dict(self._known), self._bench.shown
        if shown is not None:
            known[shown.name] = shown

        def read_and_work() -> tuple[dict[str, Run], T]:
            for name in (first, second):
                if name not in known:
                    known[name] = reading.read_run_of(tissue, name)
            return known, work(known[first], known[second])

        def keep(answer: tuple[dict[str, Run], T]) -> None:
            if tissue is self._bench.tissue:
                self._known = answer[0]
                take(answer[1])

        self._tasks.do("Comparing", read_and_work, keep, key="compare")

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way."""
        self._tasks.close(timeout_s)
