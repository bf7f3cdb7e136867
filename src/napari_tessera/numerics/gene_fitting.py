"""Fit and predict of methods whose predictors need no training, or have had theirs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Progress, Verdict
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.state import State, join_states
from napari_tessera.numerics.gene_judging import GeneTask, Judged, judge, judged_rows
from napari_tessera.numerics.gene_panel import prepare_panel
from napari_tessera.numerics.imputers import Sides
from napari_tessera.numerics.imputing import impute
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch

    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.numerics.gene_panel import GenePanel
    from napari_tessera.numerics.gene_stack import Chooser, Family

FEW_GENES = 20
"""Measured genes below which held-out scores say little."""

DOUBTFUL = 0.5
"""Correlation between expected and reached correlation below which a warning is given."""


def fit_families(
    inputs: PairedData,
    options: ImputingOptions,
    monitor: Monitor,
    families: Sequence[Family],
    choose: Chooser,
) -> Fitted:
    """Judge predictors on held-out genes and choose among them.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    options : ImputingOptions
        Genes, folds, coverage.
    monitor : Monitor
        Is told after every fold.
    families : sequence of Family
        Predictors that need no training.
    choose : callable
        How to weigh them.
    """
    start = time.monotonic()
    device = pick_device(options.device)
    panel = prepare_panel(inputs, options)
    sides = Sides.of(panel, device, judged_rows(inputs.n_spots, options.seed))
    task = GeneTask(panel=panel, sides=sides, families=families, options=options)
    n_folds = min(options.folds, panel.n_panel)
    verdicts = []

    def report(done: int) -> None:
        elapsed = time.monotonic() - start
        verdicts.append(
            monitor.report(
                Progress(
                    stage="holding out genes", step=done, n_steps=n_folds,
                    elapsed_s=elapsed, fraction=0.8 * done / n_folds,
                )
            )
        )  # fmt: skip

    judged = judge(task, choose, report)
    return Fitted(
        state=packed(judged, options),
        device=str(device),
        ending="finished early" if Verdict.FINISH in verdicts else "complete",
        scores=judged.scores,
        warnings=warnings_of(panel, judged.scores),
    )


def predict_families(
    fitted: Fitted, inputs: PairedData, options: ImputingOptions, families: Sequence[Family]
) -> RunResult:
    """Predict with what `fit_families` chose.

    Parameters
    ----------
    fitted : Fitted
        What `fit_families` gave.
    inputs : PairedData
        The same cells and spots.
    options : ImputingOptions
        The same options, see `options_of`.
    families : sequence of Family
        The same predictors.
    """
    panel = prepare_panel(inputs, options)
    sides = Sides.of(panel, _device(fitted))
    task = GeneTask(panel=panel, sides=sides, families=families, options=options)
    judged = Judged.from_state(fitted.state.part("judged"))
    return RunResult(imputation=impute(task, judged, inputs))


def packed(judged: Judged, options: ImputingOptions, **parts: State) -> State:
    """Everything that prediction needs, with further named parts."""
    own = State(values=options.to_json())
    return join_states({"judged": judged.to_state(), "options": own, **parts})


def options_of(fitted: Fitted) -> Mapping[str, Any]:
    """Options that a fit was made with, as JSON."""
    return fitted.state.part("options").values


def warnings_of(panel: GenePanel, scores: Mapping[str, float]) -> tuple[str, ...]:
    """Say what a reader of the scores should know."""
    found = []
    if panel.n_panel < FEW_GENES:
        found.append(
            f"Only {panel.n_panel} measured genes to learn from: held-out scores and the "
            "correlation expected of new genes are rough."
        )
    agree = scores["expected_pcc_correlation"]
    if agree < DOUBTFUL:
        found.append(
            "What to expect of a single new gene cannot be told here: over held-out genes, "
            f"expected and reached correlation themselves correlate by {agree:.2f}. Trust the mean "
            "over genes, not one gene's figure."
        )
    return tuple(found)


def _device(fitted: Fitted) -> torch.device:
    """Device that computed."""
    import torch

    return torch.device(fitted.device)
