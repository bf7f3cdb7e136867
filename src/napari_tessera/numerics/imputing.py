"""From judged predictors to the answer: every gene with its width and what to expect of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.imputation import Imputation
from napari_tessera.numerics.gene_judging import in_units
from napari_tessera.numerics.gene_panel import comparable
from napari_tessera.numerics.gene_scores import gene_pcc
from napari_tessera.numerics.gene_stack import predict_all
from napari_tessera.numerics.gene_trust import Evidence, co_expression, features
from napari_tessera.numerics.gene_units import expected_error
from napari_tessera.numerics.imputers import standard_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.numerics.gene_judging import GeneTask, Judged
    from napari_tessera.numerics.gene_panel import GenePanel

    Part = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None]

GENE_BLOCK = 2000
"""Genes that are predicted at a time."""


def impute(
    task: GeneTask, judged: Judged, inputs: PairedData, *, measured: bool = True
) -> Imputation:
    """Predict the measured genes from the other folds, and the wanted ones from the whole panel.

    Parameters
    ----------
    task : GeneTask
        Its sides hold all spots.
    judged : Judged
        What was learned about its predictors.
    inputs : PairedData
        What the panel was made from.
    measured : bool
        Whether the genes of the panel are predicted too.
    """
    parts = list(_measured(task, judged)) if measured else []
    n_panel, n_all = task.panel.n_panel, task.panel.n_all
    for start in range(n_panel, n_all, GENE_BLOCK):
        genes = (np.arange(n_panel), np.arange(start, min(start + GENE_BLOCK, n_all)))
        parts.append((genes[1], *_blend(task, judged.names, genes, judged.weights)))
    return _assemble(task, judged, parts, inputs)


def _measured(task: GeneTask, judged: Judged) -> Iterator[Part]:
    """Predict every gene of the panel from the other folds, unless that has been done."""
    if judged.z is not None:
        yield np.arange(task.panel.n_panel), judged.z.astype(np.float64), None
        return
    for number in range(judged.fold.max() + 1):
        own = judged.fold == number
        genes = (np.flatnonzero(~own), np.flatnonzero(own))
        yield genes[1], *_blend(task, judged.names, genes, judged.fold_weights[number])


def _blend(
    task: GeneTask,
    all_names: tuple[str, ...],
    genes: tuple[NDArray[np.int64], NDArray[np.int64]],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standardised prediction (n_spots, n_outputs) and features of the outputs."""
    sides, outputs = task.sides, genes[1]
    share = {n: float(w) for n, w in zip(all_names, weights, strict=True) if w > 0}
    by_name = predict_all(sides, task.families, genes, tuple(share))
    total = torch.zeros(len(sides.spots), outputs.size, device=sides.spots.device)
    spread = np.zeros(outputs.size)
    for name, weight in share.items():
        spread += weight * by_name[name].std(dim=0, correction=0).double().cpu().numpy()
        total += weight * standard_columns(by_name.pop(name))
    agreement = total.double().var(dim=0, correction=0).cpu().numpy()
    at = [torch.from_numpy(g).to(sides.cells.device) for g in genes]
    related = co_expression(sides.cells, at[0], at[1])
    evidence = Evidence(spread=spread, agreement=agreement)
    z = standard_columns(total).double().cpu().numpy()
    return z, features(task.panel, outputs, related, evidence)


def _assemble(
    task: GeneTask, judged: Judged, parts: Sequence[Part], inputs: PairedData
) -> Imputation:
    """Give values, widths and expectations to all predictions."""
    panel = task.panel
    chosen = np.sort(np.concatenate([np.empty(0, dtype=np.int64), *(part[0] for part in parts)]))
    names = np.concatenate([panel.genes, panel.wanted])[chosen]
    measured = np.isin(names, inputs.spots.gene_names)
    values = np.empty((inputs.n_spots, chosen.size), dtype=np.float32)
    half_width = np.empty_like(values)
    expected = np.empty(chosen.size, dtype=np.float32)
    for genes, z, known in parts:
        at = np.searchsorted(chosen, genes)
        pcc = np.zeros(genes.size) if known is None else np.tanh(judged.trust.predict(known))
        there = measured[at]
        if there.any():
            pcc[there] = gene_pcc(_truth(panel, genes[there], inputs), z[:, there])
        mean, sd = judged.units.predict(panel, genes)
        values[:, at] = in_units(panel, genes, z, (mean, sd, pcc), repair=task.options.repair)
        half_width[:, at] = judged.widths.half_width(z, expected_error(sd, pcc))
        expected[at] = pcc
    return Imputation(
        spot_names=inputs.spots.obs_names,
        gene_names=names,
        values=values,
        scale=panel.scale,
        half_width=half_width,
        expected_pcc=expected,
        measured=measured,
        coverage=task.options.coverage,
    )


def _truth(panel: GenePanel, genes: NDArray[np.int64], inputs: PairedData) -> NDArray[np.float64]:
    """Measured values of genes, all of the panel or all beside it."""
    if genes[0] < panel.n_panel:
        return panel.values(genes).astype(np.float64)
    names = panel.wanted[genes - panel.n_panel]
    order = np.argsort(inputs.spots.gene_names)
    at = order[np.searchsorted(inputs.spots.gene_names[order], names)]
    return np.asarray(comparable(inputs.spots)[:, at].toarray(), dtype=np.float64)
