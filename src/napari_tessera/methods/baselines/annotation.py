"""Logistic regression on the thinned reference: what every annotation is scored beside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.contract.options import Options, option

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State


@dataclass(frozen=True, kw_only=True)
class AnnotationBaselineOptions(Options):
    """What the logistic regression can be told."""

    coverage: float = option(
        0.9, "Share of the cells whose set of types should hold the true one.", ge=0.5, le=0.99
    )
    n_genes: int | None = option(
        2000,
        "Genes that differ most between types to learn from; all takes every shared gene.",
        ge=2,
        le=100_000,
        step=500,
        advanced=True,
        none_means="all",
    )


class ThinnedRegression:
    """Method ``annotation_baseline``; mathematics in `methods.baselines.annotation_fit`."""

    name = "annotation_baseline"
    title = "Logistic regression"
    summary = "Regression on the reference thinned gene by gene to the depth of the tissue."
    reference = ""
    answers = frozenset({Task.ANNOTATE})
    needs = frozenset({Need.CELL_TYPES})
    accepts = frozenset({ExpressionScale.COUNTS})
    options_type = AnnotationBaselineOptions

    def cost(
        self, n_cells: int, n_spots: int, n_genes: int, options: AnnotationBaselineOptions
    ) -> Cost:
        """Estimate time and memory: ten regressions of a few hundred steps on thinned copies."""
        genes = min(n_genes, options.n_genes or n_genes)
        rows = min(4 * n_cells, 40_000)
        return Cost(
            seconds=2 + 1e-6 * rows * genes, memory_bytes=4e8 + 12.0 * genes * (rows + n_spots)
        )

    def fit(
        self,
        inputs: PairedData,
        options: AnnotationBaselineOptions,
        monitor: Monitor,
        resume: State | None = None,  # noqa: ARG002 - quicker than reading a checkpoint
    ) -> Fitted:
        """Thin, choose the penalty on held-out cells, fit."""
        from napari_tessera.methods.baselines.annotation_fit import fit

        return fit(inputs, options, monitor)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Name the type of every spot."""
        from napari_tessera.methods.baselines.annotation_fit import predict

        return predict(fitted, inputs)
