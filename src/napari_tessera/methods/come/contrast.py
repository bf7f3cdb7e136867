"""The contrast of COME (:cite:`wei2025come`) over all spots and cells, row block by row block.

Codes of spots and cells are stacked, spots first. Row r is pulled to its positives and pushed from
all other rows; nothing (n_spots + n_cells) squared is ever kept, and gradients are computed in the
same pass as the value.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional

from napari_tessera.numerics.blocks import row_blocks

if TYPE_CHECKING:
    from torch import Tensor

BLOCK_ENTRIES = 2**22
"""Entries of one block of similarities: 16 MiB in float32."""

TEMPERATURE = 0.8
"""Of the authors' program, on every data set."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Positives:
    """Who belongs together.

    Parameters
    ----------
    n_spots : int
        Spots, the first rows.
    classes : Tensor, shape (n_cells,), int64, >= 0
        Class of every cell; cells of a class are positives of one another.
    partners : Tensor, shape (n_cells,), int64
        Spot of every cell; the two are positives of one another.
    """

    n_spots: int
    classes: Tensor
    partners: Tensor

    @property
    def n_rows(self) -> int:
        """Spots and cells together."""
        return self.n_spots + len(self.classes)

    def keys(self) -> tuple[Tensor, Tensor, Tensor]:
        """Class (-1 for spots), place, and whether it is a cell, of every row."""
        own = torch.arange(self.n_spots, device=self.classes.device)
        classes = torch.cat([torch.full_like(own, -1), self.classes])
        places = torch.cat([own, self.partners])
        return classes, places, torch.arange(self.n_rows, device=own.device) >= self.n_spots

    def valid(self) -> Tensor:
        """Whether a row has a positive at all; shape (n_rows,), bool.

        A cell always has its spot; a spot that no cell chose has none.
        """
        found = torch.ones(self.n_rows, dtype=torch.bool, device=self.classes.device)
        found[: self.n_spots] = False
        found[self.partners] = True
        return found


def contrast(
    spots: Tensor, cells: Tensor, positives: Positives, temperature: float = TEMPERATURE
) -> Tensor:
    """InfoNCE as in the authors' program, over the rows that have a positive.

    ``-(1/n) sum_r log(sum_{p in P(r)} e^{s_rp} / sum_{k != r} e^{s_rk})``, ``s = cos / tau``. Their
    program averages over all rows: one without a positive then adds a constant to the value and
    pushes its spot away from everything.

    Parameters
    ----------
    spots, cells : Tensor, shapes (n_spots, n_dims), (n_cells, n_dims)
        Codes; only their direction counts, a code of zeros is at right angles to all.
    positives : Positives
        Who belongs together.
    temperature : float
        tau.

    Returns
    -------
    Tensor, scalar
    """
    codes = functional.normalize(torch.cat([spots, cells]), dim=1)
    value: Tensor = _Contrast.apply(codes, positives, temperature)  # type: ignore[no-untyped-call]
    return value


def class_contrast(
    spots: Tensor, cells: Tensor, positives: Positives, temperature: float = TEMPERATURE
) -> Tensor:
    """Contrast whose positives are averaged, so that only sums by class are needed.

    ``(1/n) sum_r [log sum_{k != r} e^{s_rk} - mean_{p in P(r)} s_rp]`` (:cite:`khosla2020`). For a
    cell the mean is half the mean over its class and half its spot: a large class does not drown
    the one spot.

    Parameters
    ----------
    spots, cells, positives, temperature
        As in `contrast`.
    """
    codes = functional.normalize(torch.cat([spots, cells]), dim=1)
    pulled = _mean_positive(codes, positives) / temperature
    spread: Tensor = _LogSumExp.apply(codes, positives, temperature)  # type: ignore[no-untyped-call]
    return spread - (pulled * _row_weights(positives, codes)).sum()


def _mean_positive(codes: Tensor, positives: Positives) -> Tensor:
    """Mean cosine of every row with its positives, 0 where it has none; linear in the rows."""
    spots, cells = codes[: positives.n_spots], codes[positives.n_spots :]
    classes, partners = positives.classes, positives.partners
    n_classes = int(classes.max()) + 1
    sums = codes.new_zeros(n_classes, codes.shape[1]).index_add(0, classes, cells)
    others = torch.bincount(classes, minlength=n_classes)[classes] - 1
    alike = (cells * (sums[classes] - cells)).sum(dim=1) / others.clamp(min=1)
    linked = (cells * spots[partners]).sum(dim=1)
    share = torch.where(others > 0, 0.5, 0.0).to(codes)
    chosen = torch.bincount(partners, minlength=positives.n_spots).clamp(min=1)
    of_spots = codes.new_zeros(positives.n_spots).index_add(0, partners, linked) / chosen
    return torch.cat([of_spots, share * alike + (1 - share) * linked])


def _row_weights(positives: Positives, codes: Tensor) -> Tensor:
    """One over the number of rows with a positive, 0 for the others."""
    valid = positives.valid()
    return valid.to(codes) / valid.sum()


def _row_blocks(codes: Tensor) -> list[slice]:
    """Blocks of rows that keep a block of similarities small."""
    return row_blocks(len(codes), len(codes), BLOCK_ENTRIES, codes.device)


def _similarities(codes: Tensor, rows: slice, temperature: float) -> Tensor:
    """Similarities of a block of rows with all, minus infinity with themselves."""
    found = codes[rows] @ codes.T
    found.div_(temperature)
    own = torch.arange(rows.start, rows.stop, device=codes.device)
    found[own - rows.start, own] = -torch.inf
    return found


class _InOnePass(torch.autograd.Function):
    """A scalar whose gradient is kept by the forward pass."""

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any,  # noqa: ANN401
        grad_output: Tensor,
    ) -> tuple[Tensor, None, None]:
        (grad,) = ctx.saved_tensors
        return grad_output * grad, None, None


class _LogSumExp(_InOnePass):
    """Weighted sum of the rows' log-sum-exp over all others, with its gradient."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        codes: Tensor,
        positives: Positives,
        temperature: float,
    ) -> Tensor:
        weights = _row_weights(positives, codes)
        value, grad = codes.new_zeros(()), torch.zeros_like(codes)
        for rows in _row_blocks(codes):
            s = _similarities(codes, rows, temperature)
            lse = s.logsumexp(dim=1, keepdim=True)
            value = value + (weights[rows] * lse[:, 0]).sum()
            slope = s.sub_(lse).exp_().mul_(weights[rows, None] / temperature)
            grad[rows] += slope @ codes
            grad.addmm_(slope.T, codes[rows])
        ctx.save_for_backward(grad)
        return value


class _Contrast(_InOnePass):
    """Mean over valid rows of log-sum-exp over all less that over positives."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - torch's context
        codes: Tensor,
        positives: Positives,
        temperature: float,
    ) -> Tensor:
        weights = _row_weights(positives, codes)
        classes, places, is_cell = positives.keys()
        value, grad = codes.new_zeros(()), torch.zeros_like(codes)
        for rows in _row_blocks(codes):
            s = _similarities(codes, rows, temperature)
            alike = (classes[rows, None] == classes) & is_cell[rows, None]
            alike |= (places[rows, None] == places) & (is_cell[rows, None] != is_cell)
            lse = s.logsumexp(dim=1, keepdim=True)
            near = s.masked_fill(~alike, -torch.inf)
            near_lse = near.logsumexp(dim=1, keepdim=True)
            there = weights[rows] > 0
            row = torch.where(there, (lse - near_lse)[:, 0], 0.0)
            value = value + (weights[rows] * row).sum()
            pull = torch.where(there[:, None], near_lse, 0.0)
            slope = s.sub_(lse).exp_().sub_(near.sub_(pull).exp_())
            slope.mul_(weights[rows, None] / temperature)
            grad[rows] += slope @ codes
            grad.addmm_(slope.T, codes[rows])
        ctx.save_for_backward(grad)
        return value
