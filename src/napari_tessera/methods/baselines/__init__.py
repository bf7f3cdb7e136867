"""The map that needs no training: the simple method that every network is scored beside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.baselines.options import BaselineOptions

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State


class MultinomialMap:
    """Method ``baseline``; see `napari_tessera.methods.baselines.fit` for the mathematics."""

    name = "baseline"
    title = "Multinomial map"
    summary = "Scores every cell's counts against every spot's smoothed profile; no training."
    reference = ""
    answers = frozenset({Task.PLACE, Task.COMPOSE})
    needs = frozenset({Need.SPOT_GRAPH})
    accepts = frozenset({ExpressionScale.COUNTS})
    options_type = BaselineOptions

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: BaselineOptions) -> Cost:  # noqa: ARG002 - the protocol's shape
        """Estimate time and memory; linear in cells x spots x genes present per cell."""
        pairs = n_cells * n_spots
        return Cost(
            seconds=1 + 1.2e-7 * pairs * (1 + n_genes / 1000),
            memory_bytes=3e8 + 12 * n_genes * n_spots,
        )

    def fit(
        self,
        inputs: PairedData,
        options: BaselineOptions,
        monitor: Monitor,
        resume: State | None = None,  # noqa: ARG002 - quicker than reading a checkpoint
    ) -> Fitted:
        """Smooth, weigh the genes, choose the temperature on held-out spots."""
        from napari_tessera.methods.baselines.fit import fit
        from napari_tessera.numerics.blocks import whole_blocks, with_smaller_blocks

        whole_blocks()
        return with_smaller_blocks(lambda: fit(inputs, options, monitor))

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Place the cells and compose the spots."""
        from napari_tessera.methods.baselines.fit import predict
        from napari_tessera.numerics.blocks import with_smaller_blocks

        return with_smaller_blocks(lambda: predict(fitted, inputs))
