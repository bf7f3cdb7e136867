"""STEM: one encoder for cells and spots whose inner products express spatial closeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.stem.options import StemOptions

if TYPE_CHECKING:
    import torch

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State
    from napari_tessera.numerics.map_encoder import MapEncoder


class Stem:
    """Method ``stem``; see `napari_tessera.methods.stem.fit` for the mathematics."""

    name = "stem"
    title = "STEM"
    summary = "Learns an encoder under which cells and spots that lie close together look alike."
    reference = "hao2024stem"
    answers = frozenset({Task.PLACE, Task.COMPOSE})
    needs = frozenset({Need.SPOT_GRAPH})
    accepts = frozenset({ExpressionScale.COUNTS})
    options_type = StemOptions

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: StemOptions) -> Cost:
        """Estimate time and memory on four CPU cores, from measured steps."""
        batch = min(n_cells, options.batch_cells or n_cells)
        genes = min(n_genes, options.n_genes or n_genes)
        seen = min(n_spots, options.batch_spots) if options.samples_spots(n_spots) else n_spots
        encode = 2.7e-11 * (batch + 2 * seen) * (512 * genes + 165_000)
        step = 0.014 + encode + 2.2e-8 * seen * (batch + seen)
        # interpreter and torch, blocks and chunks, embeddings with their gradients, sparse counts
        memory = (
            9e8
            + 12.0 * genes * (batch + 2 * seen)
            + 3600.0 * (batch + 2 * n_spots)
            + 5.0 * genes * (n_cells + n_spots)
        )
        return Cost(seconds=3 + step * options.planned_steps(n_spots), memory_bytes=memory)

    def fit(
        self,
        inputs: PairedData,
        options: StemOptions,
        monitor: Monitor,
        resume: State | None = None,
    ) -> Fitted:
        """Choose the steps on held-out spots, then train on all of them."""
        from napari_tessera.methods.stem.fit import fit
        from napari_tessera.numerics.blocks import whole_blocks

        whole_blocks()
        return fit(inputs, options, monitor, resume)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Place the cells and compose the spots."""
        from napari_tessera.methods.stem.predict import predict
        from napari_tessera.numerics.blocks import with_smaller_blocks

        return with_smaller_blocks(lambda: predict(fitted, inputs))

    def map_encoder(self, state: State, inputs: PairedData, device: torch.device) -> MapEncoder:
        """Give the trained map as a function of expression, for attribution."""
        from napari_tessera.methods.stem.encoder import map_encoder

        return map_encoder(state, inputs, device)
