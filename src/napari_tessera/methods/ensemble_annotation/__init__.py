"""Annotation by several experts whose say is decided on held-out thinned reference cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.ensemble_annotation.options import EnsembleAnnotationOptions

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State


class EnsembleAnnotation:
    """Method ``annotation_ensemble``; see `methods.ensemble_annotation.fit`."""

    name = "annotation_ensemble"
    title = "Calibrated experts"
    summary = "Regressions, network and counts model, weighed on held-out cells; then neighbours."
    reference = ""
    answers = frozenset({Task.ANNOTATE})
    needs = frozenset({Need.CELL_TYPES})
    accepts = frozenset({ExpressionScale.COUNTS})
    options_type = EnsembleAnnotationOptions

    def cost(
        self, n_cells: int, n_spots: int, n_genes: int, options: EnsembleAnnotationOptions
    ) -> Cost:
        """Estimate time and memory: regressions on thinned copies, networks, the counts model."""
        genes = min(n_genes, options.n_genes or n_genes)
        rows = min(4 * n_cells, 40_000)
        seconds = 10 + 0.03 * genes + 2.5e-6 * rows * genes + 2e-6 * n_spots * genes
        return Cost(seconds=seconds, memory_bytes=5e8 + 12.0 * genes * (rows + n_spots))

    def fit(
        self,
        inputs: PairedData,
        options: EnsembleAnnotationOptions,
        monitor: Monitor,
        resume: State | None = None,  # noqa: ARG002 - quicker than reading a checkpoint
    ) -> Fitted:
        """Fit the experts and weigh them on held-out thinned cells."""
        from napari_tessera.methods.ensemble_annotation.fit import fit

        return fit(inputs, options, monitor)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Name the type of every spot."""
        from napari_tessera.methods.ensemble_annotation.predict import predict

        return predict(fitted, inputs)
