"""What is read in a background thread when a person looks at cells or spots as a crowd."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.population import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from napari_tessera.contract.expression import Expression
    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.population import Population
    from napari_tessera.contract.results import Run
    from napari_tessera.contract.views import TissueView
    from napari_tessera.data.read import Tissue
    from napari_tessera.jobs.errands import Errands
    from napari_tessera.workbench.bench import Bench


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a crowd comes from.

    Parameters
    ----------
    kind : Kind
        Cells only where a run has placed some.
    tissue : Tissue
        Open tissue.
    view : TissueView
        What is on the screen of it.
    run : Run or None
        Run that is shown.
    reference : Path, AnnData or None
        The reference.
    selection : Selection
        Layers and columns.
    """

    kind: Kind
    tissue: Tissue
    view: TissueView
    run: Run | None
    reference: Any
    selection: Selection

    @classmethod
    def of(cls, bench: Bench, kind: Kind) -> Self | None:
        """Take what is open now; None where there is no tissue with spots."""
        tissue, view, run = bench.tissue, bench.view, bench.shown
        if tissue is None or view is None or view.spots is None:
            return None
        placed = run is not None and run.result.placement is not None
        return cls(
            kind=kind if placed else Kind.SPOTS,
            tissue=tissue,
            view=view,
            run=run,
            reference=bench.reference,
            selection=bench.selection,
        )

    @property
    def key(self) -> tuple[object, ...]:
        """What the expression of the crowd depends on."""
        s = self.selection
        if self.kind is Kind.SPOTS:
            return id(self.tissue), s.table, s.layer, s.gene_column
        return id(self.reference), s.reference_layer, s.reference_gene_column


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """A population with the reference that was read for it.

    Parameters
    ----------
    population : Population
        Who is looked at.
    source, reference : object
        Where the reference came from, and what was read; None where none was needed.
    """

    population: Population
    source: Any = None
    reference: Any = None


def read_crowd(source: Source, known: Crowd | None) -> Crowd:
    """Read who is looked at.

    Parameters
    ----------
    source : Source
        Where from.
    known : Crowd or None
        The last one, whose reference is not read again.
    """
    from napari_tessera.data.populations import cells_population, spots_population
    from napari_tessera.viewer.placement import world_xy

    if source.view.spots is None:
        msg = "Expected spots on the screen, found none."
        raise InputError(msg, "Choose a table that annotates an element in the Tissue dock.")
    reference = None
    if source.kind is Kind.CELLS and source.reference is not None:
        reference = read_reference(source, known)
    placement = None if source.run is None else source.run.result.placement
    if source.kind is Kind.CELLS and source.run is not None and placement is not None:
        system = source.run.provenance.origin.selection.coordinate_system or ""
        found = cells_population(reference, source.run, world_xy(placement, source.view, system))
        if found is not None:
            return Crowd(population=found, source=source.reference, reference=reference)
    spots = spots_population(source.tissue, source.view.spots, source.run)
    return Crowd(population=spots)


def read_reference(source: Source, known: Crowd | None) -> Any:  # noqa: ANN401 - an AnnData
    """Read the reference, unless it was read before."""
    if known is not None and known.reference is not None and known.source is source.reference:
        return known.reference
    from napari_tessera.data.read import read_reference as read

    return read(source.reference)


def read_expression(source: Source, population: Population) -> Expression:
    """Read the log-normalised expression of a population.

    Parameters
    ----------
    source : Source
        Where from.
    population : Population
        Whose.

    Raises
    ------
    InputError
        If there is none of them.
    """
    from napari_tessera.data.populations import log_expression

    chosen = source.selection
    if population.kind is Kind.SPOTS:
        table = source.tissue.sdata.tables[population.title]
        return log_expression(table, chosen.layer, chosen.gene_column, population.names)
    if source.reference is None:
        msg = "Expected the reference, whose cells these are, found none."
        raise InputError(msg, "Choose the reference in the Tissue dock: it holds their genes.")
    cells = read_reference(source, None)
    layer, column = chosen.reference_layer, chosen.reference_gene_column
    return log_expression(cells, layer, column, population.names)


def ask_umap(
    errands: Errands, rows: sparse.csr_matrix | NDArray[np.float32]
) -> NDArray[np.float32]:
    """Have a child process compute a UMAP; call it from a thread.

    Parameters
    ----------
    errands : Errands
        Starts the child.
    rows : csr_matrix or ndarray, shape (n, n_columns)
        Expression, or an embedding, whose rows that are not finite get no place.

    Returns
    -------
    ndarray, shape (n, 2), float32
    """
    from napari_tessera.workflows.embed import write_rows

    known = np.ones(rows.shape[0], dtype=np.bool_)
    if isinstance(rows, np.ndarray):
        known = np.asarray(np.isfinite(rows).all(axis=1))
    with tempfile.TemporaryDirectory(prefix="tessera_umap_") as folder:
        given, made = Path(folder) / "rows.npz", Path(folder) / "plane.npy"
        write_rows(given, rows[known])
        errands.ask_child(["embed-unit", "--rows", str(given), "--out", str(made)])
        plane = np.full((known.size, 2), np.nan, dtype=np.float32)
        plane[known] = np.load(made, allow_pickle=False)
    return plane
