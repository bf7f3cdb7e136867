"""stAI: sub-models that impute genes and annotate spots in one latent space."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.stai.options import StaiOptions

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State


class Stai:
    """Method ``stai``; see `napari_tessera.methods.stai.fit` for the mathematics."""

    name = "stai"
    title = "stAI"
    summary = "Networks that each learn to predict genes hidden from them, and to name cell types."
    reference = "zou2025stai"
    answers = frozenset({Task.IMPUTE, Task.ANNOTATE})
    needs = frozenset({Need.CELL_TYPES})
    accepts = frozenset(ExpressionScale)
    options_type = StaiOptions

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: StaiOptions) -> Cost:
        """Estimate time and memory of a fit, from measured steps; half of one core's time."""
        genes = min(n_genes, options.n_genes or n_genes)
        batch = min(n_spots, options.batch or n_spots)
        rounds, networks = options.n_epochs, options.folds + 1
        rows = batch + min(n_cells, batch)
        step = 0.01 + rows * (6e-6 + 1.2e-7 * genes) + 7e-9 * options.n_aligned**2
        search = 5e-9 * n_spots * n_cells
        seconds = networks * (
            rounds * -(-n_spots // batch) * step + (rounds / options.refresh + 1) * search
        )
        memory = 7e8 + 4.0 * genes * (6 * n_cells + 2 * n_spots) + 2e4 * batch
        return Cost(seconds=5 + seconds / 2, memory_bytes=memory)

    def fit(
        self,
        inputs: PairedData,
        options: StaiOptions,
        monitor: Monitor,
        resume: State | None = None,
    ) -> Fitted:
        """Train a trial that calibrates, then one network per fold of genes."""
        from napari_tessera.methods.stai.fit import fit

        return fit(inputs, options, monitor, resume)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Impute genes and name types."""
        from napari_tessera.methods.stai.predict import predict

        return predict(fitted, inputs)
