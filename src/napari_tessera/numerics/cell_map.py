"""The map between cells and spots, never held as an n_cells x n_spots array.

A map is a source of logits for a block of cells against all spots. Its two softmaxes are two
different questions: over spots (where does this cell lie?) and over cells (who lies at this spot?);
neither is the transpose of the other.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy import sparse

from napari_tessera.numerics.blocks import CPU, row_blocks
from napari_tessera.numerics.placing import BLUR, NEAR, ROWS, geometric_median, two_modes
from napari_tessera.numerics.together import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

BLOCK_ENTRIES = 2**20
"""Entries of one block of logits: 4 MiB in float32."""

MASS, LEAST_K, MOST_K = 0.999, 8, 64
"""Mass that the kept entries of a row should hold, and how few or many they may be."""

START_MASS = 0.99
"""The same where a map is only the start of a computation that goes on from it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class MapRows:
    """What one pass over the cell map gives, row by row.

    Parameters
    ----------
    xy, mean_xy : ndarray, shape (n_cells, 2), float64
        Geometric median and exact expectation of the row.
    covariance : ndarray, shape (n_cells, 2, 2), float32
        Exact second central moment.
    entropy, confidence, map_residual : ndarray, shape (n_cells,), float32
        Exact entropy (nats); mass within three pitches of `xy`; mass that `map` leaves out.
    modal_spot : ndarray, shape (n_cells,), int64
        Most probable spot.
    map : csr_matrix, shape (n_cells, n_spots), float32
        Largest entries of every row.
    modes : ndarray, shape (n_cells, 2, 2), float64
        The two places where most of the row lies together, the heavier first.
    mode_mass : ndarray, shape (n_cells, 2), float32
        Mass near each.
    """

    xy: NDArray[np.float64]
    mean_xy: NDArray[np.float64]
    covariance: NDArray[np.float32]
    entropy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    modal_spot: NDArray[np.int64]
    map: sparse.csr_matrix
    map_residual: NDArray[np.float32]
    modes: NDArray[np.float64]
    mode_mass: NDArray[np.float32]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CellMap:
    """Cells against spots, by blocks of cells.

    Parameters
    ----------
    n_cells, n_spots : int
        Sizes.
    logits : callable
        From a slice of cells to logits (n_block, n_spots), float32.
    device : torch.device
        Where they are computed.
    """

    n_cells: int
    n_spots: int
    logits: Callable[[slice], torch.Tensor]
    device: torch.device = CPU

    def blocks(self) -> list[slice]:
        """Slices of cells that keep a block of logits small."""
        return row_blocks(self.n_cells, self.n_spots, BLOCK_ENTRIES, self.device)

    @torch.no_grad()
    def to_cells(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Average spot values under every cell's distribution over spots.

        Parameters
        ----------
        values : ndarray, shape (n_spots, n_values)
            Anything that spots have.

        Returns
        -------
        ndarray, shape (n_cells, n_values), float64
        """
        centre = values.mean(axis=0)
        out = np.empty((self.n_cells, values.shape[1]))
        shifted = torch.from_numpy(np.asarray(values - centre, dtype=np.float32))
        for block in self.blocks():
            p = self.logits(block).softmax(dim=1)
            out[block] = (p @ shifted.to(p.device)).cpu().numpy()
        return np.asarray(out + centre)

    @torch.no_grad()
    def to_spots(self, values: NDArray[np.floating]) -> NDArray[np.float64]:
        """Average cell values under every spot's distribution over cells.

        Parameters
        ----------
        values : ndarray, shape (n_cells, n_values)
            Anything that cells have, such as one-hot types.

        Returns
        -------
        ndarray, shape (n_spots, n_values), float64
        """
        return self._over_cells(np.asarray(values, dtype=np.float32))[0]

    @torch.no_grad()
    def spot_entropy(self) -> NDArray[np.float32]:
        """Entropy in nats of every spot's distribution over cells, shape (n_spots,)."""
        return self._over_cells(np.zeros((self.n_cells, 1), dtype=np.float32))[1]

    def _over_cells(
        self, values: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Online softmax over blocks of cells: expectations, and the entropy beside them."""
        top = torch.full((self.n_spots,), -torch.inf, dtype=torch.float64)
        total = torch.zeros(self.n_spots, dtype=torch.float64)
        weighted = torch.zeros(self.n_spots, dtype=torch.float64)
        sums = torch.zeros((self.n_spots, values.shape[1]), dtype=torch.float64)
        for block in self.blocks():
            logits = self.logits(block)
            new_top = torch.maximum(top, logits.max(dim=0).values.cpu().double())
            shrink = torch.exp(top - new_top)
            weights = torch.exp(logits - new_top.float().to(logits.device))
            total = total * shrink + weights.sum(dim=0).cpu().double()
            weighted = weighted * shrink + (weights * logits).sum(dim=0).cpu().double()
            part = weights.T @ torch.from_numpy(values[block]).to(weights)
            sums = sums * shrink[:, None] + part.cpu().double()
            top = new_top
        entropy = top + torch.log(total) - weighted / total
        return (sums / total[:, None]).numpy(), entropy.clamp(min=0).float().numpy()

    @torch.no_grad()
    def entropy(self) -> NDArray[np.float32]:
        """Entropy in nats of every cell's distribution over spots, shape (n_cells,)."""
        out = np.empty(self.n_cells, dtype=np.float32)
        for block in self.blocks():
            out[block] = _entropy(self.logits(block).softmax(1))
        return out

    @torch.no_grad()
    def modal_spot(self) -> NDArray[np.int64]:
        """Most probable spot of every cell, shape (n_cells,)."""
        out = np.empty(self.n_cells, dtype=np.int64)
        for block in self.blocks():
            out[block] = self.logits(block).argmax(1).cpu().numpy()
        return out

    @torch.no_grad()
    def top_k(self, k: int) -> sparse.csr_matrix:
        """Keep the k largest entries of every row, shape (n_cells, n_spots)."""
        top = _Top.empty(self.n_cells, min(k, self.n_spots))
        for block in self.blocks():
            top.take(block, self.logits(block).softmax(1))
        return top.matrix(np.ones(top.p.shape, dtype=np.bool_), self.n_spots)

    def within_sections(self, sample: NDArray[np.str_] | None) -> CellMap:
        """Keep of every row only the section that holds most of it: a cell lies in one of them.

        Coordinates of different sections have nothing to do with one another; a median or a mean
        over several would lie nowhere.

        Parameters
        ----------
        sample : ndarray of str or None, shape (n_spots,)
            Section of every spot; without it, or with a single one, nothing changes.
        """
        if sample is None or np.unique(sample).size == 1:
            return self
        codes = torch.from_numpy(np.unique(sample, return_inverse=True)[1].astype(np.int64))
        member = torch.nn.functional.one_hot(codes).float()

        def logits(block: slice) -> torch.Tensor:
            found = self.logits(block)
            mass = found.softmax(dim=1) @ member.to(found.device)
            elsewhere = codes.to(found.device) != mass.argmax(dim=1, keepdim=True)
            return found.masked_fill(elsewhere, -torch.inf)

        return dataclasses.replace(self, logits=logits)

    @torch.no_grad()
    def kept(self) -> sparse.csr_matrix:
        """Keep `START_MASS` of every row in its largest entries, shape (n_cells, n_spots)."""
        top = _Top.empty(self.n_cells, min(MOST_K, self.n_spots))
        for block in self.blocks():
            top.take(block, self.logits(block).softmax(dim=1))
        return top.by_mass(self.n_spots, START_MASS)[0]

    @torch.no_grad()
    def rows(self, spot_xy: NDArray[np.float64], pitch: float) -> MapRows:
        """All that a placement reports, in one pass.

        What is kept is allocated beforehand: small things that outlive a block and are allocated
        between blocks keep the allocator from using their memory again.

        Parameters
        ----------
        spot_xy : ndarray, shape (n_spots, 2), float64
            Spot centres.
        pitch : float
            Typical distance of neighbouring spots.
        """
        n = self.n_cells
        top, mean = _Top.empty(n, min(MOST_K, self.n_spots)), np.empty((n, 2))
        covariance = np.empty((n, 2, 2), dtype=np.float32)
        entropy = np.empty(n, dtype=np.float32)
        for block in self.blocks():
            p = self.logits(block).softmax(dim=1)
            top.take(block, p)
            mean[block], covariance[block] = _moments(p, spot_xy)
            entropy[block] = _entropy(p)
        places = top.places(spot_xy, pitch)
        matrix, residual = top.by_mass(self.n_spots, MASS)
        return MapRows(
            mean_xy=mean,
            covariance=covariance,
            entropy=entropy,
            modal_spot=top.spots[:, 0].astype(np.int64),
            map=matrix,
            map_residual=residual,
            **places,
        )

    @torch.no_grad()
    def place(
        self, spot_xy: NDArray[np.float64], pitch: float, k: int = MOST_K
    ) -> NDArray[np.float64]:
        """Geometric median of every row's k largest entries, (n_cells, 2), float64; see `rows`."""
        xy = np.empty((self.n_cells, 2))
        for block in self.blocks():
            best = self.logits(block).softmax(dim=1).topk(min(k, self.n_spots), dim=1)
            points = spot_xy[best.indices.cpu().numpy()]
            xy[block] = geometric_median(best.values.cpu().numpy(), points, BLUR * pitch)
        return xy


@dataclasses.dataclass(frozen=True)
class _Top:
    """Largest entries of every row, falling: their values and their spots, (n_cells, k)."""

    p: NDArray[np.float32]
    spots: NDArray[np.int32]

    @classmethod
    def empty(cls, n_cells: int, k: int) -> _Top:
        """Make room."""
        shape = (n_cells, k)
        return cls(np.empty(shape, dtype=np.float32), np.empty(shape, dtype=np.int32))

    def take(self, block: slice, p: torch.Tensor) -> None:
        """Fill the rows of a block."""
        best = p.topk(self.p.shape[1], dim=1)
        self.p[block] = best.values.cpu().numpy()
        self.spots[block] = best.indices.cpu().numpy()

    def places(self, spot_xy: NDArray[np.float64], pitch: float) -> dict[str, NDArray[Any]]:
        """Median, confidence and modes of every row, some rows on each of torch's threads."""
        n = len(self.p)
        found: dict[str, NDArray[Any]] = {
            "xy": np.empty((n, 2)),
            "confidence": np.empty(n, dtype=np.float32),
            "modes": np.empty((n, 2, 2)),
            "mode_mass": np.empty((n, 2), dtype=np.float32),
        }

        def fill(start: int) -> None:
            rows = slice(start, start + ROWS)
            p, points = self.p[rows], spot_xy[self.spots[rows]]
            xy = geometric_median(p, points, BLUR * pitch)
            near = np.linalg.norm(points - xy[:, None], axis=2) <= NEAR * pitch
            found["xy"][rows], found["confidence"][rows] = xy, (p * near).sum(axis=1).clip(0, 1)
            found["modes"][rows], found["mode_mass"][rows] = two_modes(p, points, pitch)

        for _ in side_by_side(fill, range(0, n, ROWS)):
            pass
        return found

    def by_mass(self, n_spots: int, mass: float) -> tuple[sparse.csr_matrix, NDArray[np.float32]]:
        """Keep so much of every row, at least `LEAST_K` entries; also the mass left out."""
        kept = np.cumsum(self.p, axis=1, dtype=np.float32) - self.p < mass
        kept[:, :LEAST_K] = True
        matrix = self.matrix(kept, n_spots)
        held = np.asarray(matrix.sum(axis=1)).ravel()
        return matrix, np.clip(1 - held, 0, 1).astype(np.float32)

    def matrix(self, kept: NDArray[np.bool_], n_spots: int) -> sparse.csr_matrix:
        """CSR matrix of the entries to keep."""
        indptr = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
        parts = (self.p[kept], self.spots[kept], indptr)
        matrix = sparse.csr_matrix(parts, shape=(len(self.p), n_spots))
        matrix.sort_indices()
        return matrix


def _entropy(p: torch.Tensor) -> NDArray[np.float32]:
    """Row entropy in nats; a probability of zero adds nothing."""
    return np.asarray(torch.special.entr(p).sum(dim=1).cpu().numpy())


def _moments(
    p: torch.Tensor, spot_xy: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Exact mean and covariance of every row, taken about the centre of the tissue."""
    centre = spot_xy.mean(axis=0)
    x, y = (spot_xy - centre).T
    values = np.stack([x, y, x * x, x * y, y * y], axis=1).astype(np.float32)
    m = (p @ torch.from_numpy(values).to(p.device)).cpu().numpy().astype(np.float64)
    xx, xy, yy = m[:, 2] - m[:, 0] ** 2, m[:, 3] - m[:, 0] * m[:, 1], m[:, 4] - m[:, 1] ** 2
    covariance = np.stack([xx.clip(0), xy, xy, yy.clip(0)], axis=1).reshape(-1, 2, 2)
    return m[:, :2] + centre, covariance.astype(np.float32)


def embedding_map(
    cells: list[torch.Tensor], spots: list[torch.Tensor], scales: list[float]
) -> CellMap:
    """Map from one or several pairs of embeddings: their logits are averaged.

    Parameters
    ----------
    cells : list of torch.Tensor, each (n_cells, n_dims)
        Cell embeddings, one per member.
    spots : list of torch.Tensor, each (n_spots, n_dims)
        Spot embeddings, one per member.
    scales : list of float
        Inverse temperature of each member.
    """
    members = list(zip(cells, spots, scales, strict=True))

    def logits(block: slice) -> torch.Tensor:
        parts = [(scale / len(members)) * (u[block] @ z.T) for u, z, scale in members]
        return torch.stack(parts).sum(dim=0) if len(parts) > 1 else parts[0]

    return CellMap(
        n_cells=len(cells[0]), n_spots=len(spots[0]), logits=logits, device=cells[0].device
    )
