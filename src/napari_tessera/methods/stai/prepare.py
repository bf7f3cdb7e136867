"""What the networks see: z-scored expression of both sides, the tissue's graph, batches of it.

Published form: cells are scaled to 10,000 counts and logged, spots are taken as they are, each gene
is z-scored on its side and clipped at 10. Improved form: cells are thinned to the tissue's depth
gene by gene and both sides are logged alike, so that one encoder can serve both.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from scipy.spatial import cKDTree

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.numerics.counts import log_normalise
from napari_tessera.numerics.gene_panel import GenePanel, prepare_panel, sample_cells
from napari_tessera.numerics.labels import reference_types
from napari_tessera.numerics.neighbours import nearest
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.thinning import (
    Transform,
    features,
    kept_shares,
    standardised,
    thin_genes,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stai.options import StaiOptions

TARGET_TOTAL = 1e4
"""Counts to which reference cells are scaled."""

CLIP = 10.0
"""Largest z-score."""

COPIES, MOST_ENTRIES = 4, 50_000_000
"""Thinned copies of the reference, and entries that all of them may have."""

FAR = 3.0
"""Neighbours farther than so many typical distances of the last neighbour are none."""

PATCH = 128
"""Spots of a patch: batches are made of patches, so that they hold true neighbourhoods."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class StaiData:
    """Both sides, ready to train on.

    Parameters
    ----------
    panel : GenePanel
        Shared genes that are used, and the genes that are wanted.
    all_targets : ndarray, shape (n_cells, n_used + n_wanted), float32
        Z-scored expression of the cells that is averaged to impute, the used genes first.
    spots : torch.Tensor, shape (n_spots, n_used)
        Z-scored expression of the spots.
    cells : tuple of torch.Tensor, each of shape (n_cells, n_used)
        Z-scored expression of the cells; several draws where they are thinned.
    targets : torch.Tensor, shape (n_cells, n_used)
        The used genes of `all_targets`.
    codes : torch.Tensor or None, shape (n_cells,), int64
        Types of the cells.
    types : ndarray of str, shape (n_types,)
        Names of the types; one empty name where the cells have none.
    neighbours : torch.Tensor, shape (n_spots, k), int64
        Neighbours of every spot; the spot itself where one is missing.
    order : ndarray, shape (n_spots,), int64
        The spots so that each run of `PATCH` lies close together.
    """

    panel: GenePanel
    all_targets: NDArray[np.float32]
    spots: torch.Tensor
    cells: tuple[torch.Tensor, ...]
    targets: torch.Tensor
    codes: torch.Tensor | None
    types: NDArray[np.str_]
    neighbours: torch.Tensor
    order: NDArray[np.int64]

    @property
    def n_spots(self) -> int:
        """Number of spots."""
        return len(self.spots)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.targets)

    def take_cells(self, rows: NDArray[np.integer]) -> StaiData:
        """Keep some cells only."""
        kept = torch.from_numpy(np.asarray(rows, dtype=np.int64)).to(self.targets.device)
        return dataclasses.replace(
            self,
            cells=tuple(x[kept] for x in self.cells),
            targets=self.targets[kept],
            codes=None if self.codes is None else self.codes[kept],
        )


def prepare(inputs: PairedData, options: StaiOptions, device: torch.device) -> StaiData:
    """Make what the networks see.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    options : StaiOptions
        Options.
    device : torch.device
        Where the tensors go.
    """
    types = np.array([""])
    codes: NDArray[np.int64] | None = None
    if inputs.cell_types is not None:
        types, codes = reference_types(inputs)
    panel = prepare_panel(inputs, options)
    genes = np.flatnonzero(np.isin(inputs.cells.gene_names, panel.genes))
    spots, cells = _both_sides(inputs, genes, options)
    neighbours = tissue_graph(inputs, options.neighbours, cut=options.improved)
    targets = clipped(panel.cells if options.improved else _published_targets(inputs, panel))

    def put(x: NDArray[np.generic]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(x)).to(device)

    return StaiData(
        panel=panel,
        all_targets=targets,
        spots=put(spots),
        cells=tuple(put(x) for x in cells),
        targets=put(targets[:, : panel.n_panel]),
        codes=None if codes is None else put(codes),
        types=types,
        neighbours=put(neighbours),
        order=np.asarray(cKDTree(inputs.spot_xy, leafsize=PATCH).indices, dtype=np.int64),
    )


def sampled(inputs: PairedData, options: StaiOptions) -> PairedData:
    """Keep as many cells as are to be learned from."""
    rows = sample_cells(inputs.n_cells, options)
    if rows.size == inputs.n_cells:
        return inputs
    return dataclasses.replace(
        inputs,
        cells=inputs.cells.take(rows),
        further=None if inputs.further is None else inputs.further.take(rows),
        cell_types=None if inputs.cell_types is None else inputs.cell_types[rows],
    )


def _published_targets(inputs: PairedData, panel: GenePanel) -> NDArray[np.float32]:
    """Z-scores of cells at 10,000 counts, logged, in the order of the panel."""
    names = inputs.cells.gene_names
    if inputs.further is not None:
        names = np.concatenate([names, inputs.further.gene_names])
    order = np.argsort(names)
    chosen = np.concatenate([panel.genes, panel.wanted])
    return standardised(all_logs(inputs)[:, order[np.searchsorted(names[order], chosen)]])


def clipped(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut z-scores at `CLIP`."""
    return np.minimum(x, np.float32(CLIP))


def all_logs(inputs: PairedData) -> sparse.csr_matrix:
    """Log-normalised expression of the cells: shared genes, then the further ones.

    Values that are no counts are left as they are.
    """
    parts = [inputs.cells.values]
    if inputs.further is not None:
        parts.append(inputs.further.values)
    whole = sparse.csr_matrix(sparse.hstack(parts), dtype=np.float32)
    if inputs.cells.scale is ExpressionScale.COUNTS:
        return log_normalise(whole, TARGET_TOTAL)
    return whole


def _both_sides(
    inputs: PairedData, genes: NDArray[np.int64], options: StaiOptions
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Z-scored spots, and one or several draws of z-scored cells."""
    spots, cells = inputs.spots.values[:, genes], inputs.cells.values[:, genes]
    counts = {inputs.spots.scale, inputs.cells.scale} == {ExpressionScale.COUNTS}
    if not (options.improved and counts):
        logs = all_logs(inputs)[:, genes]
        return clipped(standardised(spots)), [clipped(standardised(logs))]
    shares = kept_shares(cells, spots)
    n_copies = int(np.clip(MOST_ENTRIES // (cells.shape[0] * cells.shape[1]), 1, COPIES))
    draws = (thin_genes(cells, shares, rng_for(options.seed, 3, i)) for i in range(n_copies))
    return clipped(features(spots, Transform.LOG)), [
        clipped(features(x, Transform.LOG)) for x in draws
    ]


def tissue_graph(inputs: PairedData, k: int, *, cut: bool) -> NDArray[np.int64]:
    """K nearest spots of every spot; with `cut`, none across gaps of the tissue.

    Parameters
    ----------
    inputs : PairedData
        Gives places and sections.
    k : int
        Neighbours.
    cut : bool
        Whether far ones are replaced by the spot itself.

    Returns
    -------
    ndarray, shape (n_spots, k), int64
    """
    found = nearest(inputs.spot_xy, k, inputs.sample)
    if not cut:
        return found
    away = np.linalg.norm(inputs.spot_xy[found] - inputs.spot_xy[:, None], axis=2)
    far = away > FAR * np.median(away[:, -1])
    return np.where(far, np.arange(len(found))[:, None], found)


@dataclasses.dataclass(frozen=True)
class Batch:
    """Spots and cells of one step.

    Parameters
    ----------
    rows : torch.Tensor, shape (n_rows,), int64
        Spots of the batch.
    known : torch.Tensor, shape (n_known,), int64
        These and their neighbours.
    own, neighbours : torch.Tensor, int64
        The same as rows of `known`: (n_rows,) and (n_rows, k).
    cells : torch.Tensor, shape (n_batch_cells,), int64
        Cells of the batch.
    aligned : tuple of torch.Tensor
        Rows of the batch's spots and of its cells whose distributions are compared.
    copy : int
        Which draw of the cells.
    """

    rows: torch.Tensor
    known: torch.Tensor
    own: torch.Tensor
    neighbours: torch.Tensor
    cells: torch.Tensor
    aligned: tuple[torch.Tensor, torch.Tensor]
    copy: int


def n_batches(data: StaiData, options: StaiOptions) -> int:
    """Count the steps of one round over the spots."""
    return -(-data.n_spots // options.batch) if options.batch else 1


def draw_batch(data: StaiData, options: StaiOptions, stage: int, step: int) -> Batch:
    """Draw the patches and cells of a step; depends on seed, stage and step alone.

    Parameters
    ----------
    data : StaiData
        Both sides.
    options : StaiOptions
        Options.
    stage : int
        Number of the network.
    step : int
        Step of its training.
    """
    per_epoch = n_batches(data, options)
    epoch, at = divmod(step, per_epoch)
    rng = rng_for(options.seed, 4, stage, step)
    rows = data.order
    if per_epoch > 1:
        n_patches = -(-data.n_spots // PATCH)
        shuffled = rng_for(options.seed, 5, stage, epoch).permutation(n_patches)
        patches = np.array_split(shuffled, per_epoch)[at]
        rows = np.concatenate([data.order[p * PATCH : (p + 1) * PATCH] for p in patches])
    rows = np.sort(rows)
    n_cells = min(data.n_cells, options.batch or data.n_cells)
    device = data.spots.device
    cells = torch.from_numpy(np.sort(rng.permutation(data.n_cells)[:n_cells])).to(device)
    aligned = [
        torch.from_numpy(rng.permutation(n)[: options.n_aligned]).to(device)
        for n in (rows.size, n_cells)
    ]
    asked = torch.from_numpy(rows).to(device)
    known, own, neighbours = locate(data, asked)
    return Batch(
        rows=asked,
        known=known,
        own=own,
        neighbours=neighbours,
        cells=cells,
        aligned=(aligned[0], aligned[1]),
        copy=epoch % len(data.cells),
    )


def locate(data: StaiData, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Find spots and neighbours: all of them, and both as rows of these; see `Batch`."""
    near = data.neighbours[rows]
    there = torch.zeros(data.n_spots, dtype=torch.bool, device=rows.device)
    there[rows] = True
    there[near.flatten()] = True
    known = there.nonzero()[:, 0]
    place = torch.zeros(data.n_spots, dtype=torch.int64, device=rows.device)
    place[known] = torch.arange(len(known), device=rows.device)
    return known, place[rows], place[near]
