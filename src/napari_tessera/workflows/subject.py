"""What is explained: a finished run with its inputs, its map, and what was drawn on its tissue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.jobs.run_dir import RunDir, run_root
from napari_tessera.methods import get_method
from napari_tessera.numerics.counts import log_normalise, row_totals
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from scipy import sparse
    from spatialdata import SpatialData

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.options import Device
    from napari_tessera.contract.regions import Region, RegionKind
    from napari_tessera.contract.results import Placement, Run
    from napari_tessera.contract.state import State
    from napari_tessera.numerics.map_encoder import MapEncoder


@runtime_checkable
class Explainable(Protocol):
    """A method whose map can be differentiated by a cell's expression."""

    def map_encoder(self, state: State, inputs: PairedData, device: torch.device) -> MapEncoder:
        """Give the fitted map as a function of expression."""
        ...


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A run that can be explained.

    Parameters
    ----------
    store : Path or SpatialData
        Where regions are read from and rankings go.
    run : Run
        The run, which placed cells.
    run_dir : RunDir
        Its directory.
    inputs : PairedData
        What it was fitted to.
    encoder : MapEncoder or None
        Its map, where the method can be explained.
    given : tuple of Region
        Regions that count before those in the store.
    """

    store: Path | SpatialData
    run: Run
    run_dir: RunDir
    inputs: PairedData
    encoder: MapEncoder | None
    given: tuple[Region, ...] = ()

    @property
    def placement(self) -> Placement:
        """Where the cells lie.

        Raises
        ------
        InputError
            If the run places no cells.
        """
        if self.run.result.placement is None:
            msg = f"Run {self.run.name}: expected a run that places cells, found none placed."
            raise InputError(msg, "Choose a run of `map`.")
        return self.run.result.placement

    @property
    def gene_names(self) -> NDArray[np.str_]:
        """Genes that are ranked: those that the map sees."""
        return self.inputs.cells.gene_names if self.encoder is None else self.encoder.gene_names

    @cached_property
    def expression(self) -> sparse.csr_matrix:
        """Log-normalised expression of all cells in those genes."""
        if self.encoder is not None:
            return self.encoder.cells
        counts = self.inputs.cells.values
        return log_normalise(counts, float(np.median(row_totals(counts))))

    @cached_property
    def tissue(self) -> SpatialData:
        """The open tissue."""
        from napari_tessera.data.read import open_tissue

        return open_tissue(self.store).sdata

    def drawn(self, name: str, kind: RegionKind) -> Region:
        """Find a drawn region or path, in the coordinates of the run.

        Raises
        ------
        InputError
            If there is none of that name.
        """
        from napari_tessera.data.regions import find_region, read_regions

        if any(region.name == name and region.kind is kind for region in self.given):
            return find_region(self.given, name, kind)
        system = str(self.inputs.origin.selection.coordinate_system)
        return find_region(read_regions(self.tissue, system), name, kind)

    def spot_labels(self, column: str) -> NDArray[np.str_]:
        """Labels of the run's spots, shape (n_spots,): the tissue's own, else the newest run's.

        Raises
        ------
        InputError
            If no table has that column.
        """
        from napari_tessera.data.genes import labelled_tables

        names = self.inputs.spots.obs_names.tolist()
        for table in labelled_tables(self.tissue, column):
            if set(names) <= set(table.obs_names):
                return np.asarray(table.obs[column].loc[names].astype(str), dtype=np.str_)
        msg = f"Column {column}: expected a table that labels the run's spots by it, found none."
        raise InputError(msg, "Find domains first, or name another --column of the spots' table.")


def open_subject(
    target: Path | str | SpatialData,
    run: str,
    device: Device,
    run_dir: Path | None = None,
) -> Subject:
    """Open a finished run for explaining.

    Parameters
    ----------
    target : Path, str or SpatialData
        Store, or object.
    run : str
        Name of the run.
    device : Device
        Where gradients are computed.
    run_dir : Path, optional
        Its directory; beside the store if not given.

    Raises
    ------
    InputError
        If its directory is not there: it holds the trained networks.
    """
    store: Any = Path(target) if isinstance(target, str) else target
    path = store if isinstance(store, Path) else store.path
    root = run_root(None if path is None else Path(path))
    directory = RunDir(run_dir if run_dir is not None else root / run)
    if not directory.ready or not directory.finished:
        msg = f"Run {run}: expected its directory {directory.path}, found none that is finished."
        raise InputError(msg, "Explaining needs what was learned: map again, or give --run-dir.")
    inputs = directory.load_pair()
    method = get_method(directory.spec.method)
    encoder = None
    if isinstance(method, Explainable):
        encoder = method.map_encoder(directory.load_model(), inputs, pick_device(device))
    return Subject(
        store=store, run=directory.load_result(), run_dir=directory, inputs=inputs, encoder=encoder
    )
