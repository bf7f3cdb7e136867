"""Integrated gradients of a cell's placement, fast (:cite:`sundararajan2017axiomatic`).

Attributed is a number ``F(x)`` of the cell's map (`napari_tessera.explain.scores`), to gene g:
``IG_g(x) = (x_g - b_g) * integral over a in [0, 1] of dF(b + a (x - b)) / dx_g``. The cell's
likeliest spot stays the same along the path.

Six things make it quick: the first layer is linear, so its product is computed once and shared by
all nodes of the path; the gradient is averaged over the nodes at the first layer's output, before
the one gene-wide product; the derivative of the layers in between is written out by hand
(`napari_tessera.numerics.normed_tail`); where there is much to do, the second layer is followed
from node to node by the units that change (`napari_tessera.numerics.normed_paths`); cells go in
blocks that fit the cache, each with all of its nodes. None of these changes the numbers. And nodes
lie where the path turns (`napari_tessera.explain.quadrature`). No array has cells x spots entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse

from napari_tessera.contract.dominance import Attribution
from napari_tessera.contract.progress import Progress
from napari_tessera.explain.along import along
from napari_tessera.explain.options import Scalar, Start
from napari_tessera.explain.quadrature import quadrature
from napari_tessera.explain.scores import Score
from napari_tessera.numerics.normed_tail import Ray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.progress import Monitor
    from napari_tessera.explain.options import ExplainOptions
    from napari_tessera.numerics.map_encoder import MapEncoder

BLOCK_ENTRIES = 2**20
"""Entries of the largest array of a block of cells: 4 MiB in float32."""

BLOCK_CELLS = 256
"""Most cells of a block: between blocks progress is told and a cancel is heard."""

PASS_ENTRIES = 3 * 2**17
"""Entries of the largest array of a pass along some paths, per thread: 1.5 MiB, for the cache."""

COMPILED_PASS = 3
"""Times as many in compiled loops, which touch them less often."""

ACCELERATOR = 64
"""Threads that an accelerator counts for."""

COMPILED_NODES = 2**17
"""Nodes of all paths through all networks from which on compiled loops pay for being loaded."""

WIDE_GAP = 0.05
"""Share of F(x) - F(b) by which attributions may fail to add up before more nodes are spent."""


@dataclass(frozen=True)
class _Block:
    """Attributions of some cells, dense, and what they should add up to."""

    values: torch.Tensor
    spot: torch.Tensor
    end: torch.Tensor
    begin: torch.Tensor

    @property
    def gap(self) -> torch.Tensor:
        """What the attributions add up to, less what they should."""
        return self.values.sum(dim=1) - (self.end - self.begin)


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What is done to every block."""

    encoder: MapEncoder
    score: Score
    start: torch.Tensor
    options: ExplainOptions
    spots: torch.Tensor
    compiled: bool


def attribute(
    encoder: MapEncoder,
    rows: NDArray[np.integer],
    options: ExplainOptions,
    monitor: Monitor,
    inside: NDArray[np.bool_] | None = None,
) -> Attribution:
    """Attribute the placement of some cells to their genes.

    Parameters
    ----------
    encoder : MapEncoder
        Fitted map.
    rows : ndarray of int, shape (n,)
        Which cells.
    options : ExplainOptions
        ``scalar``, ``start``, ``steps``, ``spacing`` and ``refined_steps`` are used.
    monitor : Monitor
        Who watches.
    inside : ndarray of bool or None, shape (n_spots,)
        Spots of the region that is asked about. Where there is none, ``region`` means the
        logarithm of the probability of the cell's own spot.

    Returns
    -------
    Attribution
        Sparse: a gene that stands where the path starts has exactly 0, and with ``surplus`` a gene
        that a cell has less of than the mean.

    Raises
    ------
    FitCancelled
        If the monitor says so.
    """
    options = options.settled(has_region=inside is not None)
    score = _score(options.scalar, inside, encoder.device)
    start = start_profile(encoder, options.start, rows)
    spots = encoder.all_spots()[score.order(encoder.n_spots)]
    compiled = len(rows) * len(encoder.members) * options.steps >= COMPILED_NODES
    task = _Task(
        encoder=encoder, score=score, start=start, options=options, spots=spots, compiled=compiled
    )
    parts: list[sparse.csr_matrix] = []
    numbers: list[NDArray[np.float64]] = []
    done = 0
    for chosen, block in _blocks(task, rows):
        parts.append(_sparse(block.values, encoder.cells[chosen], start, options.start))
        columns = (block.spot, block.end, block.begin, block.gap)
        numbers.append(np.stack([c.double().cpu().numpy() for c in columns]))
        done += len(chosen)
        share = done / len(rows)
        monitor.report(Progress(stage="attributing", step=done, n_steps=len(rows), fraction=share))
    spot, end, begin, gap = np.concatenate(numbers, axis=1) if numbers else np.empty((4, 0))
    return Attribution(
        cell_names=encoder.cell_names[rows],
        gene_names=encoder.gene_names,
        values=_stacked(parts, encoder.gene_names.size),
        spot=spot.astype(np.int64),
        score=end.astype(np.float32),
        start_score=begin.astype(np.float32),
        gap=gap.astype(np.float32),
        scalar=str(score.scalar),
        start=str(options.start),
        steps=options.steps,
    )


def _score(scalar: Scalar, inside: NDArray[np.bool_] | None, device: torch.device) -> Score:
    """Choose what is attributed; without a region there are no odds of one."""
    if scalar is not Scalar.REGION:
        return Score(scalar=scalar)
    if inside is None:
        return Score(scalar=Scalar.LOG_PROBABILITY)
    mask = torch.from_numpy(inside.astype(np.float32)).to(device)
    return Score(scalar=scalar, inside=mask)


def _blocks(task: _Task, rows: NDArray[np.integer]) -> Iterator[tuple[NDArray[np.integer], _Block]]:
    """Stream over cells: rows of each block, and their dense attributions."""
    steps = task.options.steps
    size = block_size(task.encoder)
    for first in range(0, len(rows), size):
        chosen = rows[first : first + size]
        x = task.encoder.dense(chosen)
        block = _integrate(task, x, steps)
        poor = block.gap.abs() > WIDE_GAP * (block.end - block.begin).abs()
        if task.options.refined_steps > steps and bool(poor.any()):
            _refine(task, x, block, torch.nonzero(poor).ravel())
        yield chosen, block


def block_size(encoder: MapEncoder) -> int:
    """Cells per block, so that expression and logits stay small."""
    entries = BLOCK_ENTRIES // max(encoder.n_spots, encoder.gene_names.size)
    return max(1, min(BLOCK_CELLS, entries))


def pass_size(encoder: MapEncoder, n_steps: int) -> int:
    """Cells whose paths are followed at once, so that what is kept of them stays in the cache."""
    widest = max(encoder.n_spots, *(len(m.bias) for m in encoder.members))
    workers = torch.get_num_threads() if encoder.device.type == "cpu" else ACCELERATOR
    return max(1, workers * PASS_ENTRIES // (widest * n_steps))


def start_profile(encoder: MapEncoder, start: Start, rows: NDArray[np.integer]) -> torch.Tensor:
    """Where paths start, shape (n_genes,), float32: nothing, or the mean of the explained cells."""
    if start is Start.ZERO or not len(rows):
        return torch.zeros(encoder.cells.shape[1], device=encoder.device)
    mean = np.asarray(encoder.cells[rows].mean(axis=0, dtype=np.float64), dtype=np.float32).ravel()
    return torch.from_numpy(mean).to(encoder.device)


def _refine(task: _Task, x: torch.Tensor, block: _Block, rows: torch.Tensor) -> None:
    """Do the cells that do not add up once more, with more nodes."""
    steps = task.options.refined_steps
    block.values[rows] = _integrate(task, x[rows], steps).values


@torch.no_grad()
def _integrate(task: _Task, x: torch.Tensor, n_steps: int) -> _Block:
    """Integrate the gradient along the straight path."""
    encoder, score = task.encoder, task.score
    ends, begin = encoder.first(x), encoder.first(task.start[None])
    logits = encoder.logits_from(ends)
    spot = logits.argmax(dim=1)
    begins = score.value(encoder.logits_from(begin).expand(len(x), -1), spot)
    rays = _rays(task, ends, begin, n_steps)
    total = torch.zeros_like(x)
    size = pass_size(encoder, n_steps) * (COMPILED_PASS if task.compiled else 1)
    for first in range(0, len(x), size):
        some = slice(first, first + size)
        means = _mean_gradients(task, [ray.part(some) for ray in rays], spot[some])
        for member, mean in zip(encoder.members, means, strict=True):
            total[some].addmm_(mean, member.weight)
    return _Block(
        values=total * (x - task.start), spot=spot, end=score.value(logits, spot), begin=begins
    )


def _rays(
    task: _Task, ends: Sequence[torch.Tensor], begins: Sequence[torch.Tensor], n_steps: int
) -> list[Ray]:
    """Paths at the first layer's output of every member."""
    members = task.encoder.members
    starts = [begin[0] + m.bias for begin, m in zip(begins, members, strict=True)]
    steps = [end - begin for end, begin in zip(ends, begins, strict=True)]
    nodes, weights = quadrature(starts, steps, n_steps, task.options.spacing)
    return [
        Ray(begin=b, step=s, nodes=nodes, weights=weights)
        for b, s in zip(starts, steps, strict=True)
    ]


def _mean_gradients(task: _Task, rays: list[Ray], spot: torch.Tensor) -> list[torch.Tensor]:
    """Mean gradient of the score at the first layer's output, per member (n_cells, width)."""
    target = spot.repeat_interleave(rays[0].nodes.shape[1])
    if task.score.scalar is Scalar.LOGIT:
        return _one_by_one(task, rays, target)
    passes = [
        along(m.rest, ray, compiled=task.compiled)
        for m, ray in zip(task.encoder.members, rays, strict=True)
    ]
    embedded = [made.forward() for made in passes]
    joined = embedded[0] if len(embedded) == 1 else torch.cat(embedded, dim=1)
    pull = task.score.pull(joined, task.spots, target)
    widths = [part.shape[1] for part in embedded]
    return [
        made.pull(part) for made, part in zip(passes, torch.split(pull, widths, dim=1), strict=True)
    ]


def _one_by_one(task: _Task, rays: list[Ray], target: torch.Tensor) -> list[torch.Tensor]:
    """Do the same for a logit, of which each network has a part of its own."""
    members, found = task.encoder.members, []
    spots = torch.split(task.spots, [m.spots.shape[1] for m in members], dim=1)
    for member, ray, part in zip(members, rays, spots, strict=True):
        made = along(member.rest, ray, compiled=task.compiled)
        made.forward()
        found.append(made.pull(part[target]))
    return found


def _sparse(
    values: torch.Tensor, cells: sparse.csr_matrix, start: torch.Tensor, kind: Start
) -> sparse.csr_matrix:
    """Keep what differs from where the path starts, or what exceeds it."""
    dense = values.cpu().numpy()
    if kind is Start.MEAN:
        return sparse.csr_matrix(dense)
    rows = np.repeat(np.arange(len(dense)), np.diff(cells.indptr))
    kept = sparse.csr_matrix(cells, copy=True)
    kept.data = dense[rows, cells.indices]
    if kind is Start.SURPLUS:
        kept.data[cells.data <= start.cpu().numpy()[cells.indices]] = 0
        kept.eliminate_zeros()
    return kept


def _stacked(parts: list[sparse.csr_matrix], n_genes: int) -> sparse.csr_matrix:
    """Blocks one below the other."""
    if not parts:
        return sparse.csr_matrix(np.zeros((0, n_genes), dtype=np.float32))
    return sparse.csr_matrix(sparse.vstack(parts, format="csr"), dtype=np.float32)
