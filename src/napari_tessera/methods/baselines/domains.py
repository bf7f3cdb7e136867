"""Domains by a smoothed mixture: the simple method that learned domains are shown beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.baselines.domains_options import SmoothedMixtureOptions

if TYPE_CHECKING:
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.contract.state import State


class SmoothedMixture:
    """Method ``smoothed-mixture``; see `napari_tessera.methods.baselines.domains_fit`."""

    name = "smoothed-mixture"
    title = "Smoothed mixture"
    summary = "Averages principal components over neighbours and divides the spots by a mixture."
    reference = ""
    answers = frozenset({Task.CLUSTER})
    needs = frozenset({Need.SPOT_GRAPH})
    accepts = frozenset({ExpressionScale.COUNTS, ExpressionScale.LOG1P})
    options_type = SmoothedMixtureOptions

    def cost(
        self, n_cells: int, n_spots: int, n_genes: int, options: SmoothedMixtureOptions
    ) -> Cost:
        """Estimate time and memory; `n_cells` of a labelled section do not matter."""
        genes = min(n_genes, options.n_genes) + 0 * n_cells
        return Cost(
            seconds=1 + (2e-4 + 5e-10 * genes * genes) * n_spots,
            memory_bytes=5e8 + 12.0 * genes * min(n_spots, 8192) + 1500.0 * n_spots,
        )

    def fit(
        self,
        inputs: SectionData,
        options: SmoothedMixtureOptions,
        monitor: Monitor,
        resume: State | None = None,  # noqa: ARG002 - quicker than reading a checkpoint
    ) -> Fitted:
        """Reduce, average, divide."""
        from napari_tessera.methods.baselines.domains_fit import fit

        return fit(inputs, options, monitor)

    def predict(self, fitted: Fitted, inputs: SectionData) -> RunResult:
        """Give the domains that were found."""
        from napari_tessera.methods.baselines.domains_fit import predict

        return predict(fitted, inputs)
