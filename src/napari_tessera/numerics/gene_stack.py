"""Predictors judged on genes that were held out, and weighed against one another.

All that is needed to judge a weighted mean of standardised predictions are, per gene, their
correlations with the truth and with one another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from napari_tessera.numerics.imputers import standard_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.numerics.imputers import Sides

ROUNDS = 15
"""Members, with replacement, that the greedy stack takes."""


class Chooser(Protocol):
    """Turns correlations with the truth and among predictors into weights."""

    def __call__(
        self, with_truth: NDArray[np.float64], among: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Choose; see `greedy_stack` for the shapes."""
        ...


class Family(Protocol):
    """Predictors that share most of their work: one kind with several settings."""

    @property
    def names(self) -> tuple[str, ...]:
        """Name of every predictor, unique among all families."""
        ...

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Predict genes from other genes.

        Parameters
        ----------
        sides : Sides
            Both sides.
        inputs, outputs : torch.Tensor of int64
            Positions of genes; inputs are of the panel, and none of the outputs is among them.
        names : sequence of str
            Which predictors are wanted.

        Returns
        -------
        mapping of str to torch.Tensor, shape (n_spots, n_outputs)
        """
        ...


@dataclass(frozen=True, kw_only=True)
class HeldOutGenes:
    """Predictions of genes that were not among the inputs.

    Parameters
    ----------
    names : tuple of str
        The predictors.
    genes : ndarray of int64, shape (n_genes,)
        Positions in the panel.
    fold : ndarray of int64, shape (n_genes,)
        Fold of every gene.
    truth : torch.Tensor, shape (n_spots, n_genes)
        Standardised.
    found : torch.Tensor, shape (n_predictors, n_spots, n_genes)
        Standardised.
    spread : ndarray, shape (n_genes, n_predictors), float64
        Standard deviation of the predictions before they were standardised.
    """

    names: tuple[str, ...]
    genes: NDArray[np.int64]
    fold: NDArray[np.int64]
    truth: torch.Tensor
    found: torch.Tensor
    spread: NDArray[np.float64]

    def correlations(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Correlations with the truth (n_genes, n_predictors) and among the predictors."""
        n_spots = len(self.truth)
        found = self.found.permute(2, 0, 1)
        with_truth = found @ self.truth.T[:, :, None] / n_spots
        among = found @ found.transpose(1, 2) / n_spots
        return with_truth[:, :, 0].double().cpu().numpy(), among.double().cpu().numpy()

    def blend(self, weights: NDArray[np.float64]) -> torch.Tensor:
        """Weighted mean, standardised again; weights (n_predictors,) or one row per gene."""
        w = torch.as_tensor(weights, dtype=self.found.dtype, device=self.found.device)
        each = w[:, None] if w.ndim == 1 else w.T
        return standard_columns((self.found * each[:, None, :]).sum(dim=0))


def hold_out_genes(
    sides: Sides,
    families: Sequence[Family],
    folds: Sequence[NDArray[np.int64]],
    kept: NDArray[np.bool_] | None = None,
    report: Callable[[int], None] = lambda _done: None,
) -> HeldOutGenes:
    """Predict the genes of every fold from the genes of all others.

    Parameters
    ----------
    sides : Sides
        Both sides; the genes of the folds are positions in the panel.
    families : sequence of Family
        Predictors.
    folds : sequence of ndarray of int64
        Genes to hold out together.
    kept : ndarray of bool, shape (n_panel,), optional
        Genes to predict; all of the folds where it is not given.
    report : callable
        Is told how many folds are done.
    """
    n_panel = sides.spots.shape[1]
    asked = [fold if kept is None else fold[kept[fold]] for fold in folds]
    names = tuple(name for family in families for name in family.names)
    found: list[torch.Tensor] = []
    spread: list[torch.Tensor] = []
    for number, (fold, outputs) in enumerate(zip(folds, asked, strict=True)):
        inputs = np.setdiff1d(np.arange(n_panel), fold)
        by_name = predict_all(sides, families, (inputs, outputs), names)
        found.append(torch.stack([standard_columns(by_name[name]) for name in names]))
        spread.append(torch.stack([by_name[name].std(dim=0, correction=0) for name in names]))
        report(number + 1)
    genes = np.concatenate(asked)
    return HeldOutGenes(
        names=names,
        genes=genes,
        fold=np.repeat(np.arange(len(folds)), [outputs.size for outputs in asked]),
        truth=standard_columns(sides.spots[:, torch.from_numpy(genes).to(sides.spots.device)]),
        found=torch.cat(found, dim=2),
        spread=torch.cat(spread, dim=1).T.double().cpu().numpy(),
    )


def predict_all(
    sides: Sides,
    families: Sequence[Family],
    genes: tuple[NDArray[np.int64], NDArray[np.int64]],
    names: Sequence[str],
) -> dict[str, torch.Tensor]:
    """Predictions of the named predictors from inputs to outputs, the two parts of `genes`."""
    inputs, outputs = (torch.from_numpy(g).to(sides.spots.device) for g in genes)
    found: dict[str, torch.Tensor] = {}
    for family in families:
        wanted = [name for name in family.names if name in names]
        if wanted:
            found |= family.predict(sides, inputs, outputs, wanted)
    return found


def best_single(with_truth: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    """All weight on the predictor with the best mean correlation over the genes."""
    del among
    weights = np.zeros(with_truth.shape[1])
    weights[int(with_truth.mean(axis=0).argmax())] = 1.0
    return weights


def greedy_stack(
    with_truth: NDArray[np.float64], among: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Add, with replacement, the predictor that raises the mean correlation most.

    Parameters
    ----------
    with_truth : ndarray, shape (n_genes, n_predictors)
        Correlation of every predictor with the truth.
    among : ndarray, shape (n_genes, n_predictors, n_predictors)
        Correlations of the predictors with one another.

    Returns
    -------
    ndarray, shape (n_predictors,)
        Non-negative weights that sum to 1.
    """
    n_genes, n_predictors = with_truth.shape
    counts = np.zeros(n_predictors)
    own = np.einsum("gvv->gv", among)
    hit, square, crossed = np.zeros(n_genes), np.zeros(n_genes), np.zeros_like(own)
    for _ in range(ROUNDS):
        power = square[:, None] + 2 * crossed + own
        score = (hit[:, None] + with_truth) / np.sqrt(np.maximum(power, 1e-12))
        best = int(score.mean(axis=0).argmax())
        counts[best] += 1
        hit, square = hit + with_truth[:, best], power[:, best]
        crossed = crossed + among[:, :, best]
    return counts / ROUNDS


def cross_fitted(
    held_out: HeldOutGenes, choose: Chooser
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose weights on all genes, and for every gene on the genes of the other folds.

    Returns
    -------
    weights : ndarray, shape (n_predictors,)
        For genes that were never measured.
    each : ndarray, shape (n_genes, n_predictors)
        For the score: a gene has no say in its own weights.
    """
    with_truth, among = held_out.correlations()
    each = np.empty_like(with_truth)
    for fold in np.unique(held_out.fold):
        others = held_out.fold != fold
        each[~others] = choose(with_truth[others], among[others])
    return choose(with_truth, among), each
