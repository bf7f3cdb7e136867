"""Who is selected among cells or spots, and what sets them apart: the mind of the Explore dock.

Everything is read and changed on the window's thread, as in `napari_tessera.workbench.bench`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from psygnal import Signal

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.population import Against, How, Kind
from napari_tessera.viewer.colours import categories
from napari_tessera.viewer.violins import gene_violins
from napari_tessera.workbench.crowds import Crowd, Source, ask_umap, read_crowd, read_expression
from napari_tessera.workbench.tasks import Tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.expression import Expression
    from napari_tessera.contract.population import GeneComparison, Population
    from napari_tessera.viewer.colours import Categories
    from napari_tessera.workbench.bench import Bench


T = TypeVar("T")
NOBODY = np.zeros(0, dtype=np.bool_)


class Exploring:
    """State, signals and verbs of looking at one crowd.

    Parameters
    ----------
    bench : Bench
        Knows tissue, reference and runs.
    post : callable
        Takes a callable and has it called on the window's thread.

    Attributes
    ----------
    kind : Kind
        Who is to be looked at.
    population : Population or None
        Those who are.
    embedding : str
        Which embedding is seen; empty where there is none.
    plane : ndarray, shape (n, 2), float32
        It in two dimensions.
    column : str
        By what label they are told apart.
    groups : Categories or None
        Their labels in that column.
    rgba : ndarray, shape (n, 4), float32
        A colour for each of them by that label.
    first, second : ndarray of bool, shape (n,)
        The selection, and the one that was kept beside it.
    against : Against
        Whom the selection is compared with.
    comparison : GeneComparison or None
        The last answer.
    genes : tuple of str
        Genes whose expression is known; empty before it was read.
    """

    population_changed = Signal()
    coloured = Signal()
    embedded = Signal()
    selected = Signal()
    genes_read = Signal()
    charted = Signal(tuple)
    compared = Signal()
    busy_changed = Signal(str)
    failed = Signal(str, str)

    def __init__(self, bench: Bench, post: Callable[[Callable[[], None]], None]) -> None:
        self.kind = Kind.SPOTS
        self.population: Population | None = None
        self.embedding = ""
        self.plane: NDArray[np.float32] = np.zeros((0, 2), dtype=np.float32)
        self.column = ""
        self.groups: Categories | None = None
        self.rgba: NDArray[np.float32] = np.zeros((0, 4), dtype=np.float32)
        self.first: NDArray[np.bool_] = NOBODY
        self.second: NDArray[np.bool_] = NOBODY
        self.against = Against.REST
        self.comparison: GeneComparison | None = None
        self.genes: tuple[str, ...] = ()
        self._bench = bench
        self._tasks = Tasks(post, self.failed.emit)
        self._tasks.changed.connect(lambda what: self.busy_changed.emit(what))
        self._crowd: Crowd | None = None
        self._expression: Expression | None = None
        self._read_from: tuple[object, ...] = ()
        self._watched = False

    # -- who is looked at ----------------------------------------------------------------------

    def watch(self) -> None:
        """Begin: somebody looks from now on."""
        if not self._watched:
            self._watched = True
            self._bench.tissue_opened.connect(lambda _: self.look_at(self.kind))
            self._bench.run_loaded.connect(lambda _: self.look_at(self.kind))
            self._bench.reference_opened.connect(lambda _: self.look_at(self.kind))
        self.look_at(self.kind)

    def look_at(self, kind: Kind) -> None:
        """Read spots or placed cells with their embeddings; `population_changed` follows.

        Parameters
        ----------
        kind : Kind
            Spots where the run that is shown placed no cells.
        """
        self.kind = kind
        source = Source.of(self._bench, kind)
        if source is not None:
            known = self._crowd
            self._tasks.do(
                f"Reading {kind}", lambda: read_crowd(source, known), self._take_crowd, key="crowd"
            )

    def _take_crowd(self, crowd: Crowd) -> None:
        before, population = self.population, crowd.population
        self._crowd, self.population = crowd, population
        same = before is not None and np.array_equal(before.names, population.names)
        if not same:
            self.first = self.second = np.zeros(population.names.size, dtype=np.bool_)
            self.comparison = None
            self._expression, self.genes = None, ()
            self.genes_read.emit()
        self.population_changed.emit()
        self.colour_by(
            self.column if self.column in population.labels else next(iter(population.labels))
        )
        known = population.embeddings
        self.embed(self.embedding if self.embedding in known else next(iter(known), ""))
        if not same:
            self.selected.emit()
            self.compared.emit()

    def colour_by(self, column: str) -> None:
        """Tell them apart by another label; `coloured` follows."""
        population = self.population
        if population is not None and column in population.labels:
            self.column = column
            self._tasks.do(
                "Colouring",
                lambda: _coloured(population.labels[column]),
                self._take_groups,
                key="colour",
            )

    def _take_groups(self, found: tuple[Categories, NDArray[np.float32]]) -> None:
        self.groups, self.rgba = found
        self.coloured.emit()

    # -- embeddings ----------------------------------------------------------------------------

    def embed(self, name: str) -> None:
        """See another embedding; `embedded` follows."""
        population, self.embedding = self.population, name
        if population is None or name not in population.embeddings:
            self.plane = np.zeros((0, 2), dtype=np.float32)
            self.embedded.emit()
            return

        def flatten() -> NDArray[np.float32]:
            from napari_tessera.numerics.planes import to_plane

            return to_plane(population.embeddings[name])

        self._tasks.do("Embedding", flatten, self._take_plane, key="plane")

    def _take_plane(self, plane: NDArray[np.float32]) -> None:
        if self.population is not None and len(plane) == self.population.names.size:
            self.plane = plane
            self.embedded.emit()

    def compute_umap(self, *, of_expression: bool = False) -> None:
        """Make a UMAP in a child process; it is seen then.

        Parameters
        ----------
        of_expression : bool
            Start from the expression and not from the embedding that is seen, if there is one.
        """
        population, name = self.population, "" if of_expression else self.embedding
        if population is None:
            self.failed.emit("Expected an open tissue, found none.", "Open one in the Tissue dock.")
            return
        seen = population.embeddings.get(name)
        source = Source.of(self._bench, population.kind)

        def work() -> tuple[str, NDArray[np.float32]]:
            if seen is not None:
                return f"UMAP of {name}", ask_umap(self._tasks.errands, seen)
            if source is None:
                raise InputError(*_NO_DATA)
            values = read_expression(source, population).values
            return "UMAP of the expression", ask_umap(self._tasks.errands, values)

        self._tasks.do("Computing a UMAP", work, self._take_umap, key="umap")

    def _take_umap(self, made: tuple[str, NDArray[np.float32]]) -> None:
        name, plane = made
        population = self.population
        if population is None or population.names.size != len(plane) or self._crowd is None:
            return
        embeddings = {name: plane, **population.embeddings}
        self.population = dataclasses.replace(population, embeddings=embeddings)
        self._crowd = dataclasses.replace(self._crowd, population=self.population)
        self.population_changed.emit()
        self.embed(name)

    # -- selections ----------------------------------------------------------------------------

    @property
    def others(self) -> NDArray[np.bool_]:
        """Those with whom the selection is compared, shape (n,)."""
        return ~self.first if self.against is Against.REST else self.second & ~self.first

    def lasso_tissue(self, outline: NDArray[np.floating], how: How = How.ANEW) -> None:
        """Select who lies inside an outline on the tissue; `selected` follows.

        Parameters
        ----------
        outline : ndarray, shape (n_corners, 2)
            World coordinates, x first.
        how : How
            What becomes of those who are selected already.
        """
        if self.population is not None:
            self._lasso(outline, self.population.xy, how)

    def lasso_embedding(self, outline: NDArray[np.floating], how: How = How.ANEW) -> None:
        """Select who lies inside an outline in the embedding; `selected` follows."""
        self._lasso(outline, self.plane, how)

    def _lasso(self, outline: NDArray[np.floating], xy: NDArray[np.floating], how: How) -> None:
        def work() -> NDArray[np.bool_]:
            from napari_tessera.numerics.outlines import inside

            return inside(outline, xy)

        self._tasks.do("Selecting", work, lambda found: self.select(found, how), key="lasso")

    def select(self, chosen: NDArray[np.bool_], how: How = How.ANEW) -> None:
        """Select; `selected` follows.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n,)
            Who is meant.
        how : How
            What becomes of those who are selected already.
        """
        if self.population is None or chosen.size != self.population.names.size:
            return  # another crowd came meanwhile
        if how is How.ADD:
            chosen = np.asarray(self.first | chosen)
        elif how is How.REMOVE:
            chosen = np.asarray(self.first & ~chosen)
        self.first = chosen
        self.selected.emit()

    def select_group(self, label: str) -> None:
        """Select all of one label."""
        groups = self.groups
        if groups is not None and label in groups.names:
            self.select(groups.codes == groups.names.index(label))

    def keep_second(self) -> None:
        """Keep the selection as the second one, against which the next is compared."""
        self.second, self.first = self.first, np.zeros_like(self.first)
        self.against = Against.SECOND if self.second.any() else Against.REST
        self.selected.emit()

    def clear(self) -> None:
        """Select nobody, and forget the second selection."""
        self.first, self.second = np.zeros_like(self.first), np.zeros_like(self.second)
        self.against = Against.REST
        self.selected.emit()

    def set_against(self, against: Against) -> None:
        """Choose whom the selection is compared with."""
        self.against = against
        self.selected.emit()

    # -- genes ---------------------------------------------------------------------------------

    def compare(self) -> None:
        """Rank genes by how they set the selection apart; `compared` follows."""
        first, others = self.first, self.others

        def work(expression: Expression) -> GeneComparison:
            from napari_tessera.explain.selections import compare_selections

            return compare_selections(expression, first, others)

        self._with_expression(work, self._take_comparison, "compare")

    def _take_comparison(self, comparison: GeneComparison) -> None:
        self.comparison = comparison
        self.compared.emit()

    def chart(self, genes: Sequence[str]) -> None:
        """Say how genes are spread on both sides; `charted` follows.

        Parameters
        ----------
        genes : sequence of str
            What is not among the genes is left out.
        """
        first, others = self.first, self.others

        self._with_expression(
            lambda expression: gene_violins(expression, genes, first, others),
            lambda found: self.charted.emit(found),
            "chart",
        )

    def _with_expression(
        self, work: Callable[[Expression], T], take: Callable[[T], None], key: str
    ) -> None:
        """Work on the expression, which is read where it is not at hand."""
        population = self.population
        source = None if population is None else Source.of(self._bench, population.kind)
        known = self._expression if source is not None and source.key == self._read_from else None
        if population is None or source is None:
            self.failed.emit(*_NO_DATA)
            return

        def read_and_work() -> tuple[Expression, T]:
            expression = read_expression(source, population) if known is None else known
            return expression, work(expression)

        def keep(answer: tuple[Expression, T]) -> None:
            now = self.population
            if now is None or now.names.size != population.names.size:
                return
            if self._expression is not answer[0]:
                self._expression, self._read_from = answer[0], source.key
                self.genes = tuple(answer[0].gene_names.tolist())
                self.genes_read.emit()
            take(answer[1])

        self._tasks.do(
            "Reading genes" if known is None else "Comparing", read_and_work, keep, key=key
        )

    def close(self, timeout_s: float = 0.2) -> None:
        """Drop what is under way."""
        self._tasks.close(timeout_s)


_NO_DATA = ("Expected an open tissue with spots, found none.", "Open one in the Tissue dock.")


def _coloured(labels: NDArray[np.str_]) -> tuple[Categories, NDArray[np.float32]]:
    """Encode labels and give everybody a colour."""
    groups = categories(labels)
    return groups, groups.rgba()
