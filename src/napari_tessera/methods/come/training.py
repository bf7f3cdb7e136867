"""One training step of either form of the map: what is drawn, and the terms."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.methods.come import losses
from napari_tessera.methods.come.contrast import Positives, class_contrast, contrast
from napari_tessera.numerics.counts import thin
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_tessera.methods.come.network import AmortisedMap, FreeMap
    from napari_tessera.methods.come.options import ComeOptions
    from napari_tessera.methods.come.preparing import Prepared

PRETRAINING, PRETRAINING_ROWS = 500, 256
"""Steps in which the free map's autoencoder learns alone, and rows of such a step."""

TARGETS, CELLS = 2, 2
"""Spots to be found and cells of a step, in batches."""

LEAST_HIDDEN, MOST_HIDDEN = 0.1, 0.5
"""Share of the genes that a step hides from the map."""

LOST = 0.5
"""Share of the values that a spot without counts loses when it is shown as a cell."""

SHRINKAGE = 1e-3
"""Weight of the free map's squares, as published."""

Terms = dict[str, torch.Tensor]


@dataclasses.dataclass(frozen=True)
class Draws:
    """All that is random about a step of the amortised map.

    Parameters
    ----------
    spots : ndarray of int, shape (n_targets,)
        Spots to be found; the first `n_queries` of them are mapped and shown as cells.
    n_queries : int
        How many.
    cells : ndarray of int, shape (n_drawn,)
        Cells.
    seen : ndarray of bool, shape (n_genes,)
        Genes that the map may look at.
    shown : Tensor, shape (n_queries, n_genes)
        The first spots as cells would be seen.
    """

    spots: NDArray[np.int64]
    n_queries: int
    cells: NDArray[np.int64]
    seen: NDArray[np.bool_]
    shown: Tensor


def draw(
    data: Prepared, options: ComeOptions, stream: tuple[int, int], device: torch.device
) -> Draws:
    """Draw a step.

    Parameters
    ----------
    data : Prepared
        What is trained on.
    options : ComeOptions
        Options.
    stream : tuple of int
        Number of the stage, and of the step in it.
    device : torch.device
        Where the shown spots go.
    """
    rng = rng_for(options.seed, *stream)
    n_spots, n_cells, n_genes = data.spots.n_rows, data.cells.n_rows, data.genes.size
    batch = options.batch or max(n_spots, n_cells)
    spots = rng.permutation(n_spots)[: TARGETS * batch]
    cells = rng.permutation(n_cells)[: CELLS * batch]
    n_hidden = int(np.clip(rng.uniform(LEAST_HIDDEN, MOST_HIDDEN) * n_genes, 1, n_genes - 1))
    seen = np.ones(n_genes, dtype=bool)
    seen[rng.choice(n_genes, size=n_hidden, replace=False)] = False
    queries = spots[:batch]
    if data.counts is None:
        lost = rng.random((queries.size, n_genes)) < LOST
        shown = data.spots.rows(queries, device).masked_fill(torch.from_numpy(lost).to(device), 0.0)
    else:
        depths = rng.choice(data.depths, size=queries.size)
        thinned = data.log_counts(thin(data.counts[queries], depths, rng))
        shown = data.queries.like(thinned).rows(slice(None), device)
    return Draws(spots, queries.size, cells, seen, shown)


def amortised_terms(
    net: AmortisedMap, data: Prepared, options: ComeOptions, draws: Callable[[int], Draws]
) -> Callable[[int], Terms]:
    """Unweighted terms of a step of the amortised map.

    Parameters
    ----------
    net : AmortisedMap
        In training.
    data : Prepared
        What it trains on.
    options : ComeOptions
        Options.
    draws : callable
        From the step to what is random about it.
    """
    device = net.over_cells.device
    classes = torch.from_numpy(data.classes).to(device)

    def terms(step: int) -> Terms:
        d = draws(step)
        seen = torch.from_numpy(d.seen.astype(np.float32)).to(device)
        x_spots, x_cells = data.spots.rows(d.spots, device), data.cells.rows(d.cells, device)
        mapped_spots = x_spots[: d.n_queries]
        u, z_cells = net.sides(x_cells, net.cell_projection, seen)
        v, z_spots = net.sides(mapped_spots, net.spot_projection, seen)
        hidden = seen == 0
        values = torch.cat([z_cells, x_cells[:, hidden]], dim=1)
        mapped = losses.carry(net.scaled(v, over_cells=True), u, values)
        codes, expression = mapped[:, : z_cells.shape[1]], mapped[:, z_cells.shape[1] :]
        whole = net.sides(x_spots, net.spot_projection)[0]
        asked = net.sides(d.shown, net.cell_projection)[0]
        asked = net.scaled(asked, over_cells=False)
        coder = net.autoencoder
        return {
            "reconstruction": coder.reconstruction(z_spots, mapped_spots)
            + coder.reconstruction(z_cells, x_cells),
            "coefficient": losses.coefficient(codes, z_spots),
            "similarity": losses.gene_similarity(expression, mapped_spots[:, hidden]),
            "contrast": class_contrast(
                z_spots,
                z_cells,
                Positives(
                    n_spots=d.n_queries,
                    classes=classes[torch.from_numpy(d.cells).to(device)],
                    partners=losses.nearest(net.scaled(u, over_cells=False), v),
                ),
                options.temperature,
            ),
            "placing": losses.placing(asked, whole, found_at(data, d, device)),
            "smoothness": losses.smoothness(codes, edges_among(data, d, device)),
        }

    return terms


def free_terms(
    net: FreeMap, data: Prepared, options: ComeOptions, stage: int
) -> Callable[[int], Terms]:
    """Unweighted terms of a step of the free map: all spots and cells, the raw map in each.

    In the first `PRETRAINING` steps only the autoencoder learns, from some rows of both sides.
    """
    device = net.weights.device
    x_spots, x_cells = (side.rows(slice(None), device) for side in (data.spots, data.cells))
    both = torch.cat([x_spots, x_cells])
    classes = torch.from_numpy(data.classes).to(device)
    edges = torch.from_numpy(data.edges).to(device)
    coder = net.autoencoder
    none = torch.zeros((), device=device)
    names = ("coefficient", "shrinkage", "similarity", "contrast", "smoothness")

    def pretraining(step: int) -> Terms:
        rng = rng_for(options.seed, stage, step)
        rows = both[torch.from_numpy(rng.integers(len(both), size=PRETRAINING_ROWS)).to(device)]
        loss = losses.reconstruction(coder.decode(coder.encode(rows)), rows)
        return {"reconstruction": loss, **dict.fromkeys(names, none)}

    def terms(step: int) -> Terms:
        if step < PRETRAINING:
            return pretraining(step)
        z_spots, z_cells = coder.encode(x_spots), coder.encode(x_cells)
        mapped = net.weights @ z_cells
        positives = Positives(
            n_spots=len(x_spots), classes=classes, partners=net.nearest_spots(z_spots, z_cells)
        )
        return {
            "reconstruction": losses.reconstruction(coder.decode(mapped), x_spots)
            + losses.reconstruction(coder.decode(z_cells), x_cells),
            "coefficient": losses.coefficient(mapped, z_spots),
            "shrinkage": losses.shrinkage(net.weights),
            "similarity": losses.similarity(net.weights @ x_cells, x_spots),
            "contrast": contrast(z_spots, z_cells, positives, options.temperature),
            "smoothness": losses.smoothness(mapped, edges),
        }

    return terms


def loss_weights(options: ComeOptions) -> Callable[[int], Mapping[str, float]]:
    """Weights of the terms, the same at every step."""
    fixed = {
        "reconstruction": 1.0,
        "coefficient": 1.0,
        "shrinkage": SHRINKAGE,
        "similarity": options.similarity_weight,
        "contrast": options.contrast_weight,
        "placing": options.placing_weight,
        "smoothness": options.smoothness,
    }
    return lambda _step: fixed


def found_at(data: Prepared, draws: Draws, device: torch.device) -> Tensor:
    """Where the shown spots count as found, among the drawn ones; sparse, rows sum to one."""
    part = data.neighbours[draws.spots[: draws.n_queries]][:, draws.spots].tocoo()
    total = np.bincount(part.row, weights=part.data, minlength=draws.n_queries)
    values = torch.from_numpy((part.data / total[part.row]).astype(np.float32))
    index = torch.from_numpy(np.stack([part.row, part.col]).astype(np.int64))
    shape = (int(part.shape[0]), int(part.shape[1]))
    return torch.sparse_coo_tensor(
        index, values, shape, is_coalesced=True, check_invariants=False
    ).to(device)


def edges_among(data: Prepared, draws: Draws, device: torch.device) -> Tensor:
    """Neighbouring pairs of the mapped spots, by their place in the draw; (2, n_edges)."""
    place = np.full(data.spots.n_rows, -1)
    place[draws.spots[: draws.n_queries]] = np.arange(draws.n_queries)
    pairs = place[data.edges]
    return torch.from_numpy(pairs[:, (pairs >= 0).all(axis=0)]).to(device)
