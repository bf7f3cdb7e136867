"""COME: a contrastive map between cells and spots that places, composes and imputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.come.options import ComeOptions

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State


class Come:
    """Method ``come``; see `napari_tessera.methods.come.fit` for the mathematics."""

    name = "come"
    title = "COME"
    summary = "Learns one map by contrast that places cells, composes spots and imputes genes."
    reference = "wei2025come"
    answers = frozenset({Task.PLACE, Task.COMPOSE, Task.IMPUTE})
    needs = frozenset({Need.SPOT_GRAPH})
    accepts = frozenset(ExpressionScale)
    options_type = ComeOptions

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: ComeOptions) -> Cost:
        """Estimate time and memory on four CPU cores."""
        genes = min(n_genes, options.n_genes or n_genes)
        trials = options.folds + (0 if options.is_free else 1)
        steps = max(options.step_choices, default=0) * (trials + options.n_networks)
        rows, pairs = n_cells + n_spots, n_cells * n_spots
        if options.is_free:
            step = 2e-10 * rows**2 + 4e-9 * pairs
            return Cost(seconds=5 + step * steps, memory_bytes=6e8 + 60.0 * pairs)
        batch = options.batch or max(n_cells, n_spots)
        targets, drawn = min(n_spots, 4 * batch), min(n_cells, 2 * batch)
        encode = 1.5e-11 * (targets + drawn) * (512 * genes + 200_000)
        step = 0.01 + encode + 3e-9 * (targets + drawn) ** 2
        memory = 7e8 + 6000.0 * (targets + drawn) + 10.0 * genes * (n_cells + n_spots)
        return Cost(seconds=3 + step * steps + 4e-8 * pairs * trials, memory_bytes=memory)

    def fit(
        self,
        inputs: PairedData,
        options: ComeOptions,
        monitor: Monitor,
        resume: State | None = None,
    ) -> Fitted:
        """Choose on held-out genes and spots, then train on everything."""
        from napari_tessera.methods.come.fit import fit
        from napari_tessera.numerics.blocks import whole_blocks

        whole_blocks()
        return fit(inputs, options, monitor, resume)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Place the cells, compose the spots, impute what the spots lack."""
        from napari_tessera.methods.come.predict import predict
        from napari_tessera.numerics.blocks import with_smaller_blocks

        return with_smaller_blocks(lambda: predict(fitted, inputs))
