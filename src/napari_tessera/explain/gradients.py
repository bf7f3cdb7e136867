"""Integrated gradients of a cell's placement, fast (:cite:`sundararajan2017axiomatic`).

Attributed is ``F(x)``, the probability of the cell's spot j* (or its logarithm, or the logit), to
gene g: ``IG_g(x) = (x_g - b_g) * integral over a in [0, 1] of dF(b + a (x - b)) / dx_g``. j* is
the likeliest spot of the real cell and stays the same along the path.

Three things make it quick, none of which changes the numbers: the first layer is linear, so its
product is computed once and shared by all nodes of the path; the gradient is averaged over the
nodes at the first layer's output, before the one gene-wide product; cells go in blocks that fit
the cache, each with all of its nodes. No array has cells x spots entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy import sparse

from napari_tessera.contract.dominance import Attribution
from napari_tessera.contract.progress import Progress
from napari_tessera.explain.options import Scalar, Start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from napari_tessera.contract.progress import Monitor
    from napari_tessera.explain.options import ExplainOptions
    from napari_tessera.numerics.map_encoder import MapEncoder, MapMember

BLOCK_ENTRIES = 2**20
"""Entries of the largest array of a block: 4 MiB in float32."""

WIDE_GAP = 0.05
"""Share of F(x) - F(b) by which attributions may fail to add up before more nodes are spent."""

Path = list[tuple["MapMember", torch.Tensor]]


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


def attribute(
    encoder: MapEncoder,
    rows: NDArray[np.integer],
    options: ExplainOptions,
    monitor: Monitor,
    cell_names: NDArray[np.str_],
) -> Attribution:
    """Attribute the placement of some cells to their genes.

    Parameters
    ----------
    encoder : MapEncoder
        Fitted map.
    rows : ndarray of int, shape (n,)
        Which cells.
    options : ExplainOptions
        ``scalar``, ``start``, ``steps`` and ``refined_steps`` are used.
    monitor : Monitor
        Who watches.
    cell_names : ndarray of str, shape (n_cells,)
        Names of all cells of the encoder.

    Returns
    -------
    Attribution
        Sparse: a gene that stands where the path starts has exactly 0.

    Raises
    ------
    FitCancelled
        If the monitor says so.
    """
    start = start_profile(encoder, options.start)
    parts: list[sparse.csr_matrix] = []
    numbers: list[NDArray[np.float64]] = []
    done = 0
    for chosen, block in attribution_blocks(encoder, rows, options):
        parts.append(_sparse(block.values, encoder.cells[chosen], start))
        columns = (block.spot, block.end, block.begin, block.gap)
        numbers.append(np.stack([c.double().cpu().numpy() for c in columns]))
        done += len(chosen)
        share = done / len(rows)
        monitor.report(Progress(stage="attributing", step=done, n_steps=len(rows), fraction=share))
    spot, end, begin, gap = np.concatenate(numbers, axis=1) if numbers else np.empty((4, 0))
    return Attribution(
        cell_names=cell_names[rows],
        gene_names=encoder.gene_names,
        values=_stacked(parts, encoder.gene_names.size),
        spot=spot.astype(np.int64),
        score=end.astype(np.float32),
        start_score=begin.astype(np.float32),
        gap=gap.astype(np.float32),
        scalar=str(options.scalar),
        start=str(options.start),
        steps=options.steps,
    )


def attribution_blocks(
    encoder: MapEncoder, rows: NDArray[np.integer], options: ExplainOptions
) -> Iterator[tuple[NDArray[np.integer], _Block]]:
    """Stream over cells: rows of each block, and their dense attributions."""
    start = start_profile(encoder, options.start)
    size = block_size(encoder, options.steps)
    for first in range(0, len(rows), size):
        chosen = rows[first : first + size]
        x = encoder.dense(chosen)
        block = _integrate(encoder, x, start, options.scalar, options.steps)
        poor = block.gap.abs() > WIDE_GAP * (block.end - block.begin).abs()
        if options.refined_steps > options.steps and bool(poor.any()):
            _refine(encoder, x, start, options, (block, torch.nonzero(poor).ravel()))
        yield chosen, block


def block_size(encoder: MapEncoder, n_steps: int) -> int:
    """Cells per block, so that path and logits stay small."""
    widest = max(encoder.n_spots, *(len(m.bias) for m in encoder.members))
    return max(1, BLOCK_ENTRIES // (widest * n_steps))


def start_profile(encoder: MapEncoder, start: Start) -> torch.Tensor:
    """Where paths start, shape (n_genes,), float32."""
    if start is Start.ZERO:
        return torch.zeros(encoder.cells.shape[1], device=encoder.device)
    mean = np.asarray(encoder.cells.mean(axis=0, dtype=np.float64), dtype=np.float32).ravel()
    return torch.from_numpy(mean).to(encoder.device)


def _refine(
    encoder: MapEncoder,
    x: torch.Tensor,
    start: torch.Tensor,
    options: ExplainOptions,
    poor: tuple[_Block, torch.Tensor],
) -> None:
    """Do the cells that do not add up once more, with more nodes."""
    block, rows = poor
    size = block_size(encoder, options.refined_steps)
    for first in range(0, len(rows), size):
        some = rows[first : first + size]
        finer = _integrate(encoder, x[some], start, options.scalar, options.refined_steps)
        block.values[some] = finer.values


def _integrate(
    encoder: MapEncoder, x: torch.Tensor, start: torch.Tensor, scalar: Scalar, n_steps: int
) -> _Block:
    """Integrate the gradient along the straight path by Gauss-Legendre quadrature."""
    nodes, weights = (
        torch.from_numpy(v / 2).float().to(x.device)
        for v in np.polynomial.legendre.leggauss(n_steps)
    )
    path: Path = []
    for member, end, begin in zip(
        encoder.members, encoder.first(x), encoder.first(start[None]), strict=True
    ):
        along = torch.addcmul(begin + member.bias, (nodes + 0.5)[:, None], (end - begin)[:, None])
        path.append((member, along.reshape(-1, along.shape[2]).requires_grad_()))
    with torch.no_grad():
        logits = encoder.logits(x)
        spot = logits.argmax(dim=1)
        ends = _score(logits, spot, scalar)
        begins = _score(encoder.logits(start[None]).expand(len(x), -1), spot, scalar)
    total = torch.zeros_like(x)
    for (member, _), gradient in zip(path, _gradients(path, spot, scalar, n_steps), strict=True):
        mean = weights @ gradient.view(len(x), n_steps, -1)
        total.addmm_(mean, member.weight)
    return _Block(values=total * (x - start), spot=spot, end=ends, begin=begins)


def _gradients(path: Path, spot: torch.Tensor, scalar: Scalar, n_steps: int) -> list[torch.Tensor]:
    """Gradient of the score at the first layer's output, per member (n_cells * n_steps, width)."""
    n, target = len(path), spot.repeat_interleave(n_steps)
    found: list[torch.Tensor] = []
    with torch.enable_grad():
        embedded = [member.rest(along) for member, along in path]
    p: torch.Tensor | None = None
    factor: Any = 1.0
    if scalar is not Scalar.LOGIT:
        p, factor = _softmax(path, [u.detach() for u in embedded], target, scalar)
    for (member, along), u in zip(path, embedded, strict=True):
        pull = member.spots[target]
        if p is not None:
            pull = (pull - p @ member.spots).mul_(factor)
        (gradient,) = torch.autograd.grad(u, along, pull * (member.scale / n))
        found.append(gradient)
    return found


@torch.no_grad()
def _softmax(
    path: Path, embedded: list[torch.Tensor], target: torch.Tensor, scalar: Scalar
) -> tuple[torch.Tensor, Any]:
    """Probabilities along the path, and the score's derivative by its own logarithm."""
    n = len(path)
    logits = (embedded[0] * (path[0][0].scale / n)) @ path[0][0].spots.T
    for (member, _), u in zip(path[1:], embedded[1:], strict=True):
        logits.addmm_(u, member.spots.T, alpha=member.scale / n)
    p = torch.softmax(logits, dim=1, out=logits)
    return p, p.gather(1, target[:, None]) if scalar is Scalar.PROBABILITY else 1.0


def _score(logits: torch.Tensor, spot: torch.Tensor, scalar: Scalar) -> torch.Tensor:
    """F of every row, shape (n,)."""
    turn: dict[Scalar, Callable[[torch.Tensor], torch.Tensor]] = {
        Scalar.PROBABILITY: lambda v: v.softmax(dim=1),
        Scalar.LOG_PROBABILITY: lambda v: v.log_softmax(dim=1),
        Scalar.LOGIT: lambda v: v,
    }
    return turn[scalar](logits).gather(1, spot[:, None]).squeeze(1)


def _sparse(
    values: torch.Tensor, cells: sparse.csr_matrix, start: torch.Tensor
) -> sparse.csr_matrix:
    """Keep what differs from where the path starts."""
    dense = values.cpu().numpy()
    if bool(start.any()):
        return sparse.csr_matrix(dense)
    rows = np.repeat(np.arange(len(dense)), np.diff(cells.indptr))
    kept = sparse.csr_matrix(cells, copy=True)
    kept.data = dense[rows, cells.indices]
    return kept


def _stacked(parts: list[sparse.csr_matrix], n_genes: int) -> sparse.csr_matrix:
    """Blocks one below the other."""
    if not parts:
        return sparse.csr_matrix(np.zeros((0, n_genes), dtype=np.float32))
    return sparse.csr_matrix(sparse.vstack(parts, format="csr"), dtype=np.float32)
