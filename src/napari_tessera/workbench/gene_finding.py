"""Genes that can be drawn: measured in the tissue, or predicted by a run that was loaded.

Everything is read and changed on the window's thread, as in `napari_tessera.workbench.bench`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from psygnal import Signal

from napari_tessera.viewer.answers import gene_badge
from napari_tessera.viewer.certainty import certainty_of_gene
from napari_tessera.workbench.gene_search import COLUMN, MEASURED, GeneEntry, GeneIndex
from napari_tessera.workbench.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run
    from napari_tessera.workbench.bench import Bench

MOST_GENES = 4
"""Genes that are drawn at once; more colours are not told apart in a blend."""


@dataclass(frozen=True, kw_only=True)
class GeneValues:
    """One gene, ready to be drawn.

    Parameters
    ----------
    entry : GeneEntry
        Which gene, and from where.
    names : ndarray of str, shape (n,)
        Spots.
    values : ndarray of float32, shape (n,)
        What was measured or predicted there.
    unit : str
        What the values are.
    sure : ndarray of float32 or None, shape (n,)
        How sure a prediction is, 0 to 1; None for what was measured.
    labels : ndarray of str or None, shape (n,)
        Labels of a column that holds no numbers.
    colours : mapping of str to str
        ``#rrggbb`` of some of them.
    """

    entry: GeneEntry
    names: NDArray[np.str_]
    values: NDArray[np.float32]
    unit: str
    sure: NDArray[np.float32] | None = None
    labels: NDArray[np.str_] | None = None
    colours: Mapping[str, str] = field(default_factory=dict)


class GeneFinding:
    """Searches, fetches and remembers which genes are chosen.

    Parameters
    ----------
    bench : Bench
        Knows tissue and runs.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    index : GeneIndex
        All genes there are.
    chosen : tuple of GeneEntry
        Those that a person wants to see.
    indexed : Signal
        Emitted when there are other genes to search in.
    fetched : Signal
        Emitted with a tuple of `GeneValues`; empty when nothing is chosen.
    failed : Signal
        Emitted with what went wrong and what to do.
    """

    indexed = Signal()
    fetched = Signal(tuple)
    failed = Signal(str, str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self.index = GeneIndex(())
        self.chosen: tuple[GeneEntry, ...] = ()
        self._bench = bench
        self._tasks = Tasks(post, self.failed.emit)
        self._measured: tuple[GeneEntry, ...] = ()
        self._runs: dict[str, Run] = {}
        self._watched = False
        bench.tissue_opened.connect(lambda _: self._on_tissue())
        bench.run_loaded.connect(self._on_run)
        bench.runs_changed.connect(self._on_runs)

    @property
    def has_tissue(self) -> bool:
        """Whether there is a tissue whose genes can be listed."""
        return self._bench.tissue is not None

    def watch(self) -> None:
        """Begin: somebody searches from now on. Until then genes are not even listed."""
        if not self._watched:
            self._watched = True
            self._list()

    def list_again(self) -> None:
        """List what there is by now: another program may have added columns to the table."""
        self._list()

    def choose(self, entries: Sequence[GeneEntry]) -> None:
        """Want to see these genes, at most four; `fetched` follows.

        Parameters
        ----------
        entries : sequence of GeneEntry
            The first is the most important.
        """
        self.chosen = tuple(entries[:MOST_GENES])
        tissue, selection = self._bench.tissue, self._bench.selection
        if tissue is None or not self.chosen:
            self.fetched.emit(())
            return
        chosen, runs = self.chosen, dict(self._runs)

        def measured(entry: GeneEntry) -> GeneValues:
            from napari_tessera.data.gene_index import expression_of
            from napari_tessera.data.table_columns import column_of

            if entry.source == COLUMN:
                found = column_of(tissue, selection, entry.name)
                return GeneValues(
                    entry=entry, names=found.names, values=found.values, unit=entry.badge,
                    labels=found.labels, colours=found.colours,
                )  # fmt: skip
            names, values, unit = expression_of(tissue, selection, entry.name)
            return GeneValues(entry=entry, names=names, values=values, unit=unit)

        def work() -> tuple[GeneValues, ...]:
            return tuple(
                measured(e) if e.source in {MEASURED, COLUMN} else _predicted(runs[e.source], e)
                for e in chosen
            )

        self._tasks.do("Fetching genes", work, self._take, key="fetch")

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way."""
        self._tasks.close(timeout_s)

    # -- parts ---------------------------------------------------------------------------------

    def _take(self, values: tuple[GeneValues, ...]) -> None:
        if tuple(v.entry for v in values) == self.chosen:
            self.fetched.emit(values)

    def _on_tissue(self) -> None:
        self._measured, self._runs, self.chosen = (), {}, ()
        self._list()

    def _list(self) -> None:
        """List the genes of the tissue, if somebody searches."""
        tissue, selection = self._bench.tissue, self._bench.selection
        self._reindex()
        if tissue is None or not self._watched:
            return

        def work() -> tuple[GeneEntry, ...]:
            from napari_tessera.data.gene_index import genes_of
            from napari_tessera.data.table_columns import columns_of

            genes, columns = genes_of(tissue, selection), columns_of(tissue, selection)
            return (
                *(GeneEntry(name=name, aliases=also) for name, also in genes.items()),
                *(GeneEntry(name=n, source=COLUMN, badge=word) for n, word in columns.items()),
            )

        def take(entries: tuple[GeneEntry, ...]) -> None:
            self._measured = entries
            self._reindex()

        self._tasks.do("Listing genes", work, take, key="index")

    def _on_run(self, run: Run) -> None:
        if run.result.imputation is not None and run.name not in self._runs:
            self._runs[run.name] = run
            self._reindex()

    def _on_runs(self, runs: tuple[object, ...]) -> None:
        there = {getattr(run, "name", "") for run in runs}
        shown = self._bench.shown
        keep = there | ({shown.name} if shown is not None else set())
        gone = set(self._runs) - keep
        for name in gone:
            del self._runs[name]
        if gone:
            self._reindex()

    def _reindex(self) -> None:
        if not self._watched:
            return
        aliases = {entry.name: entry.aliases for entry in self._measured}
        predicted = [
            GeneEntry(
                name=str(name), source=run.name, badge=gene_badge(found, at),
                aliases=aliases.get(str(name), ()),
            )
            for run in self._runs.values()
            if (found := run.result.imputation) is not None
            for at, name in enumerate(found.gene_names.tolist())
        ]  # fmt: skip
        genes = [entry for entry in self._measured if entry.source != COLUMN]
        columns = [entry for entry in self._measured if entry.source == COLUMN]
        self.index = GeneIndex((*genes, *predicted, *columns))
        self.indexed.emit()


def _predicted(run: Run, entry: GeneEntry) -> GeneValues:
    """Values that a run predicted."""
    found = run.result.imputation
    if found is None:
        raise ValueError(run.name)
    at = int(np.flatnonzero(found.gene_names == entry.name)[0])
    return GeneValues(
        entry=entry,
        names=found.spot_names,
        values=np.asarray(found.values[:, at], dtype=np.float32),
        unit=f"prediction, {found.scale}",
        sure=certainty_of_gene(found, entry.name),
    )
