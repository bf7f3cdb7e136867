"""What predictors of genes are worth, learned on measured genes that are held out in turns.

A gene has no say in the weights, the units and the trust by which it is scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.state import State
from napari_tessera.numerics.folds import stratified_folds
from napari_tessera.numerics.gene_scores import gene_jsd, gene_pcc, gene_ssim
from napari_tessera.numerics.gene_stack import cross_fitted, hold_out_genes
from napari_tessera.numerics.gene_trust import (
    PENALTY,
    Evidence,
    co_expression,
    features,
    to_line,
)
from napari_tessera.numerics.gene_units import (
    Units,
    Widths,
    expected_error,
    like_reference,
    units_without_fold,
)
from napari_tessera.numerics.linear_rule import LinearRule, without_fold
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.numerics.gene_panel import GenePanel
    from napari_tessera.numerics.gene_stack import Chooser, Family, HeldOutGenes
    from napari_tessera.numerics.imputers import Sides

JUDGED_SPOTS, JUDGED_GENES = 4000, 400
"""Most spots and measured genes on which predictors are judged."""


@dataclass(frozen=True, kw_only=True)
class GeneTask:
    """Who predicts what from what.

    Parameters
    ----------
    panel : GenePanel
        Both sides.
    sides : Sides
        The panel as tensors: all its cells, and all its spots or some.
    families : sequence of Family
        Predictors.
    options : ImputingOptions
        Folds, coverage, repair.
    """

    panel: GenePanel
    sides: Sides
    families: Sequence[Family]
    options: ImputingOptions


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was learned about the predictors.

    Parameters
    ----------
    names : tuple of str
        The predictors.
    weights : ndarray, shape (n_predictors,), float64
        For genes that were never measured.
    fold : ndarray of int64, shape (n_panel,)
        Fold of every gene of the panel.
    fold_weights : ndarray, shape (n_folds, n_predictors), float64
        Weights for the genes of a fold, chosen without them.
    trust : LinearRule
        From features to the expected correlation.
    units : Units
        From the reference to mean and spread in the tissue.
    widths : Widths
        Conformal half widths.
    scores : dict of str to float
        Held-out scores.
    z : ndarray, shape (n_spots, n_panel), float32, or None
        Standardised predictions of the held-out genes where all spots and genes were judged.
    """

    names: tuple[str, ...]
    weights: NDArray[np.float64]
    fold: NDArray[np.int64]
    fold_weights: NDArray[np.float64]
    trust: LinearRule
    units: Units
    widths: Widths
    scores: dict[str, float]
    z: NDArray[np.float32] | None = None

    def to_state(self) -> State:
        """Arrays and values for a file."""
        arrays: dict[str, NDArray[Any]] = {
            "weights": self.weights,
            "fold": self.fold,
            "fold_weights": self.fold_weights,
            "trust": self.trust.table,
            "mean": self.units.mean.table,
            "log_sd": self.units.log_sd.table,
            "edges": self.widths.edges,
            "size": self.widths.size,
        }
        if self.z is not None:
            arrays["z"] = self.z
        values = {
            "names": list(self.names),
            "power": self.widths.power,
            "quantile": self.widths.quantile,
            "scores": self.scores,
        }
        return State(arrays=arrays, values=values)

    @classmethod
    def from_state(cls, state: State) -> Judged:
        """Inverse of `to_state`."""
        a, v = state.arrays, state.values
        return cls(
            names=tuple(v["names"]),
            weights=a["weights"],
            fold=a["fold"],
            fold_weights=a["fold_weights"],
            trust=LinearRule(a["trust"]),
            units=Units(mean=LinearRule(a["mean"]), log_sd=LinearRule(a["log_sd"])),
            widths=Widths(
                edges=a["edges"], size=a["size"], power=v["power"], quantile=v["quantile"]
            ),
            scores=dict(v["scores"]),
            z=a.get("z"),
        )


def judged_rows(n_spots: int, seed: int) -> NDArray[np.int64]:
    """Spots on which predictors are judged, ascending."""
    if n_spots <= JUDGED_SPOTS:
        return np.arange(n_spots)
    return np.sort(rng_for(seed, n_spots).choice(n_spots, JUDGED_SPOTS, replace=False))


def panel_folds(panel: GenePanel, options: ImputingOptions) -> NDArray[np.int64]:
    """Fold of every gene of the panel: the same for every method of the same seed."""
    n_folds = min(options.folds, panel.n_panel)
    fold = np.empty(panel.n_panel, dtype=np.int64)
    for number, genes in enumerate(stratified_folds(panel.spot_mean, n_folds, options.seed)):
        fold[genes] = number
    return fold


def judge(
    task: GeneTask, choose: Chooser, report: Callable[[int], None] = lambda _done: None
) -> Judged:
    """Hold out genes in turns, weigh the predictors, and learn how far they can be trusted.

    Parameters
    ----------
    task : GeneTask
        Its sides hold the spots `judged_rows` of the panel.
    choose : callable
        `gene_stack.best_single` or `gene_stack.greedy_stack`.
    report : callable
        Is told how many folds are done.
    """
    panel, sides, options = task.panel, task.sides, task.options
    fold = panel_folds(panel, options)
    folds = [np.flatnonzero(fold == f) for f in range(fold.max() + 1)]
    held = hold_out_genes(sides, task.families, folds, _judged_genes(panel, options), report)
    weights, each = cross_fitted(held, choose)
    z = held.blend(each).double().cpu().numpy()
    rows = judged_rows(len(panel.spots), options.seed)
    truth = panel.values(held.genes)[rows].astype(np.float64)
    pcc = gene_pcc(truth, z)
    known = _known_features(panel, sides, held, each)
    expected = np.tanh(without_fold(known, to_line(pcc), held.fold, PENALTY))
    mean, sd = units_without_fold(panel, held.genes, held.fold)
    values = in_units(panel, held.genes, z, (mean, sd, expected), repair=options.repair)
    widths = Widths.fit(z, expected_error(sd, expected), np.abs(truth - values), options.coverage)
    return Judged(
        names=held.names,
        weights=weights,
        fold=fold,
        fold_weights=np.stack([each[held.fold == f][0] for f in range(len(folds))]),
        trust=LinearRule.fit(known, to_line(pcc), PENALTY),
        units=Units.fit(panel),
        widths=widths,
        scores=_scores(truth, values, pcc, expected),
        z=_whole(panel, held.genes, z),
    )


def _whole(
    panel: GenePanel, genes: NDArray[np.int64], z: NDArray[np.float64]
) -> NDArray[np.float32] | None:
    """Predictions in the order of the panel, if they are of all its spots and genes."""
    if z.shape != panel.spots.shape:
        return None
    found = np.empty(z.shape, dtype=np.float32)
    found[:, genes] = z
    return found


def _judged_genes(panel: GenePanel, options: ImputingOptions) -> NDArray[np.bool_]:
    """Mark the genes on which predictors are judged."""
    kept = np.ones(panel.n_panel, dtype=np.bool_)
    if panel.n_panel > JUDGED_GENES:
        rng = rng_for(options.seed, panel.n_panel)
        kept[:] = False
        kept[rng.choice(panel.n_panel, JUDGED_GENES, replace=False)] = True
    return kept


def _known_features(
    panel: GenePanel, sides: Sides, held: HeldOutGenes, each: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Features of the held-out genes, each seen from the genes of the other folds."""
    fold = np.full(panel.n_panel, -1)
    fold[held.genes] = held.fold
    related = np.empty((held.genes.size, 4))
    for number in np.unique(held.fold):
        own = held.fold == number
        inputs = torch.from_numpy(np.flatnonzero(fold != number)).to(sides.cells.device)
        outputs = torch.from_numpy(held.genes[own]).to(sides.cells.device)
        related[own] = co_expression(sides.cells, inputs, outputs)
    _, among = held.correlations()
    evidence = Evidence(
        spread=(held.spread * each).sum(axis=1),
        agreement=np.einsum("gv,gvw,gw->g", each, among, each),
    )
    return features(panel, held.genes, related, evidence)


def in_units(
    panel: GenePanel,
    genes: NDArray[np.integer],
    z: NDArray[np.float64],
    about: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    *,
    repair: bool,
) -> NDArray[np.float64]:
    """Values in the tissue's scale from standardised predictions.

    `about` holds mean, standard deviation and expected correlation of every gene. The spread is
    shrunk by the root of the correlation, halfway between what can be explained and the whole;
    repaired values have the distribution of the gene in the reference instead.
    """
    mean, sd, expected = about
    if repair:
        shape = like_reference(z, panel.cells[:, genes])
        found = mean + sd * shape
    else:
        found = mean + sd * np.sqrt(np.clip(expected, 0.0, 1.0)) * z
    return found if panel.scale is ExpressionScale.SCALED else np.clip(found, 0.0, None)


def _scores(
    truth: NDArray[np.float64],
    values: NDArray[np.float64],
    pcc: NDArray[np.float64],
    expected: NDArray[np.float64],
) -> dict[str, float]:
    """Held-out scores over genes."""
    return {
        "held_out_pcc": float(pcc.mean()),
        "held_out_pcc_median": float(np.median(pcc)),
        "held_out_ssim": float(gene_ssim(truth, values).mean()),
        "held_out_jsd": float(gene_jsd(truth, values).mean()),
        "expected_pcc_error": float(np.abs(pcc - expected).mean()),
        "expected_pcc_correlation": float(gene_pcc(pcc[:, None], expected[:, None])[0]),
    }
