"""What STEM trains on: log-normalised cells, thinned spots, the spatial target."""

from __future__ import annotations

import dataclasses
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.methods.stem.losses import alignment, extraction, transport
from napari_tessera.methods.stem.network import encode
from napari_tessera.methods.stem.options import StemOptions, Variant
from napari_tessera.methods.stem.patches import Patches
from napari_tessera.methods.stem.rows import Rows
from napari_tessera.numerics.counts import (
    log_normalise,
    platform_factors,
    row_totals,
    scale_genes,
    thin,
)
from napari_tessera.numerics.kernels import effective_neighbours, gaussian_adjacency
from napari_tessera.numerics.purifying import SpotParts, parts_of
from napari_tessera.numerics.seeding import rng_for, torch_generator
from napari_tessera.numerics.spatial_statistics import most_spatial
from napari_tessera.numerics.tensors import SparsePattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stem.network import Encoder

MMD_ROWS = {Variant.IMPROVED: 512, Variant.PUBLISHED: 2000}
"""Most rows of either side in the alignment term."""

ALL = slice(None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingData:
    """Prepared once per fit.

    Parameters
    ----------
    genes : ndarray of int, shape (n_used,)
        Columns of the inputs that are used.
    target : float
        Total that cells are normalised to: their median.
    spot_target : float
        The same for spots; the published form takes the spots' own median.
    cells : csr_matrix, shape (n_cells, n_used)
        Log-normalised.
    spot_counts : csr_matrix, shape (n_spots, n_used)
        Counts, to be thinned anew each step.
    parts : SpotParts or None
        The spots taken apart; None trains on whole spots.
    spots : csr_matrix, shape (n_spots, n_used)
        Log-normalised, at full depth.
    depths : ndarray, shape (n_cells,)
        Totals of the cells.
    adjacency : SparsePattern, shape (n_spots, n_spots)
        Spatial target S.
    patches : Patches or None
        What batches of spots are drawn from; None where a step sees all of them.
    factors : ndarray, shape (n_used,)
        How much more of every gene the cells' platform sees than the spots' does.
    spot_xy : ndarray, shape (n_spots, 2), float64
        Spot centres.
    sample : ndarray of str or None, shape (n_spots,)
        Section of every spot; spots of different sections are no neighbours.
    pitch : float
        Distance of neighbouring spots.
    neighbours : float
        Effective number of neighbours under the target.
    dropout : float
        Rate of the published input dropout.
    """

    genes: NDArray[np.int64]
    target: float
    spot_target: float
    cells: sparse.csr_matrix
    spot_counts: sparse.csr_matrix
    parts: SpotParts | None
    spots: sparse.csr_matrix
    depths: NDArray[np.float64]
    adjacency: SparsePattern
    patches: Patches | None
    factors: NDArray[np.float64]
    spot_xy: NDArray[np.float64]
    sample: NDArray[np.str_] | None
    pitch: float
    neighbours: float
    dropout: float

    @classmethod
    def prepare(
        cls, inputs: PairedData, options: StemOptions, device: torch.device
    ) -> TrainingData:
        """Choose genes, normalise, build the target."""
        genes = spatial_genes(inputs, options.n_genes)
        cells = sparse.csr_matrix(inputs.cells.values[:, genes])
        spots = sparse.csr_matrix(inputs.spots.values[:, genes])
        depths = row_totals(cells)
        target = float(max(np.median(depths), 1.0))
        factors, spot_target = np.ones(genes.size), float(np.median(row_totals(spots)))
        if options.variant is Variant.IMPROVED:
            factors = platform_factors(inputs.spots.values, inputs.cells.values)[genes]
            spot_target = target
        purify = options.purified > 0 and options.variant is Variant.IMPROVED
        kernel = gaussian_adjacency(inputs.spot_xy, options.sigma * inputs.pitch, inputs.sample)
        patches = None
        if options.samples_spots(inputs.n_spots):
            patches = Patches.of(inputs.spot_xy, inputs.sample, kernel)
        return cls(
            genes=genes,
            target=target,
            spot_target=spot_target,
            cells=log_normalise(cells, target),
            spot_counts=spots,
            parts=parts_of(inputs, genes, options.seed, device) if purify else None,
            spots=log_normalise(scale_genes(spots, factors), spot_target),
            depths=depths,
            adjacency=SparsePattern.from_scipy(kernel, device),
            patches=patches,
            factors=factors,
            spot_xy=inputs.spot_xy,
            sample=inputs.sample,
            pitch=inputs.pitch,
            neighbours=effective_neighbours(kernel),
            dropout=dropout_rate(cells, spots),
        )

    @cached_property
    def spot_rows(self) -> Rows:
        """All spots at full depth, for the encoder."""
        return Rows.of(self.spots, self.adjacency.values.device)

    def log_cells(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """Log-normalise other cells (all genes of the inputs) as these were."""
        return log_normalise(sparse.csr_matrix(counts[:, self.genes]), self.target)


def spatial_genes(inputs: PairedData, n_genes: int | None) -> NDArray[np.int64]:
    """Columns of the genes with the largest Moran's I over the spots, in their order.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    n_genes : int or None
        How many; None takes all.
    """
    if n_genes is None or n_genes >= inputs.n_genes:
        return np.arange(inputs.n_genes)
    normalised = log_normalise(inputs.spots.values, float(np.median(inputs.spots.totals())))
    return most_spatial(inputs, normalised, n_genes)


def dropout_rate(cells: sparse.csr_matrix, spots: sparse.csr_matrix) -> float:
    """``1 - median genes of a cell / median genes of a spot`` (eq. 2), kept within 0 and 0.9."""
    per_cell, per_spot = (float(np.median(np.diff(m.indptr))) for m in (cells, spots))
    return float(np.clip(1 - per_cell / max(per_spot, 1.0), 0.0, 0.9))


@dataclasses.dataclass(frozen=True)
class Draws:
    """All that is random about a step, drawn from seed, stage and step alone.

    Parameters
    ----------
    cells : Rows, shape (n_batch, n_used)
        Log-normalised cells of the step.
    queries : Rows or None, shape (n_drawn, n_used)
        Thinned spots, log-normalised; None in the published form.
    spots : Rows, shape (n_drawn, n_used)
        The same spots at full depth.
    target : SparsePattern, shape (n_drawn, n_drawn)
        Spatial target of these spots.
    rng : numpy.random.Generator
        For what is drawn later: the samples of the alignment term, the published dropout.
    """

    cells: Rows
    queries: Rows | None
    spots: Rows
    target: SparsePattern
    rng: np.random.Generator


def draw(data: TrainingData, options: StemOptions, stage: int, step: int) -> Draws:
    """Draw the cells of a step, and thin the spots.

    Parameters
    ----------
    data : TrainingData
        What is trained on.
    options : StemOptions
        Options.
    stage : int
        Number of the stage, so that members differ.
    step : int
        Number of the step in its stage.
    """
    rng, device = rng_for(options.seed, stage, step), data.adjacency.values.device
    chosen = data.cells[_batch(rng, data.cells.shape[0], options)]
    cells = Rows.of(sparse.csr_matrix(chosen), device)
    if options.variant is Variant.PUBLISHED:
        return Draws(cells, None, data.spot_rows, data.adjacency, rng)
    rows, spots, target = np.arange(data.spots.shape[0]), data.spot_rows, data.adjacency
    if data.patches is not None:
        rows = data.patches.draw(rng, options.batch_spots)
        cut = data.patches.target_of(rows)
        spots = Rows.of(sparse.csr_matrix(data.spots[rows]), device)
        target = SparsePattern.from_scipy(cut, device)
    depths = rng.choice(data.depths, size=rows.size)
    if data.parts is not None:
        counts = data.parts.draw(rng, whole=1 - options.purified, spots=rows)
    else:
        counts = sparse.csr_matrix(data.spot_counts[rows])
    thinned = scale_genes(thin(counts, depths, rng), data.factors)
    queries = Rows.of(log_normalise(thinned, data.target), device)
    return Draws(cells, queries, spots, target, rng)


def loss_terms(
    net: Encoder, data: TrainingData, options: StemOptions, draws: Callable[[int], Draws]
) -> Callable[[int], Mapping[str, Tensor]]:
    """Unweighted terms of a step.

    Parameters
    ----------
    net : Encoder
        Network in training.
    data : TrainingData
        What it trains on.
    options : StemOptions
        Options.
    draws : callable
        From the step to what is random about it.
    """

    def terms(step: int) -> dict[str, Tensor]:
        drawn = draws(step)
        cells = encode(net, drawn.cells, drawn.cells.n)
        queries, spots = _spot_embeddings(net, data, drawn)
        pair = (_sample(drawn.rng, e, options) for e in (cells, queries))
        return {
            "extraction": extraction(net.scale * queries, spots, drawn.target),
            "alignment": alignment(*pair),
            "transport": transport(net.scale * cells, spots, drawn.target),
        }

    return terms


def loss_weights(options: StemOptions, n_steps: int) -> Callable[[int], Mapping[str, float]]:
    """Weights by step: the transport term comes in slowly, as published or over the whole run."""

    def weights(step: int) -> dict[str, float]:
        if options.variant is Variant.PUBLISHED and n_steps > 50:
            share = max((step - 50) / (n_steps - 50), 0.0)
        else:
            share = step / n_steps
        return {
            "extraction": 1.0,
            "alignment": options.mmd_weight,
            "transport": options.transport_weight * share,
        }

    return weights


def _spot_embeddings(net: Encoder, data: TrainingData, drawn: Draws) -> tuple[Tensor, Tensor]:
    """Spots as queries and as targets."""
    if drawn.queries is None:
        seed = int(drawn.rng.integers(2**31))
        dropped = encode(net, _dropped_rows(data, seed), drawn.spots.n)
        return dropped, dropped
    queries, spots = (encode(net, rows, rows.n) for rows in (drawn.queries, drawn.spots))
    return queries, spots


def _dropped_rows(data: TrainingData, seed: int) -> Callable[[slice], Tensor]:
    """Spots with inputs dropped, the survivors scaled up; the same ones each time it is asked."""

    def rows(chunk: slice) -> Tensor:
        values = data.spot_rows(chunk)
        keep = torch.rand(values.shape, generator=torch_generator(seed, chunk.start))
        return values * (keep >= data.dropout).to(values) / (1 - data.dropout)

    return rows


def _batch(
    rng: np.random.Generator, n_cells: int, options: StemOptions
) -> NDArray[np.int64] | slice:
    """Cells of one step."""
    if options.batch_cells == 0 or options.batch_cells >= n_cells:
        return ALL
    return rng.choice(n_cells, size=options.batch_cells, replace=False)


def _sample(rng: np.random.Generator, rows: Tensor, options: StemOptions) -> Tensor:
    """At most `MMD_ROWS` rows, without replacement."""
    most = MMD_ROWS[options.variant]
    if rows.shape[0] <= most:
        return rows
    chosen = rng.choice(rows.shape[0], size=most, replace=False)
    return rows[torch.from_numpy(chosen).to(rows.device)]
