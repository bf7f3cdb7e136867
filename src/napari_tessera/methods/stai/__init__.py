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
        """Estimate time and memory on four CPU cores, from measured steps."""
        genes = min(n_genes, options.n_genes or n_genes)
        batch = min(n_spots, options.batch or n_spots)
        steps = (options.members + 1) * options.n_epochs * -(-n_spots // batch)
        aligned = 2 * min(options.n_aligned, n_spots, n_cells)
        step = 0.004 + 3e-12 * 7_000 * genes / 100 * (n_cells + 3 * batch) * 10
        step += 5e-9 * aligned**2 + 3e-8 * batch * options.top_k
        memory = 7e8 + 4.0 * genes * (5 * n_cells + 2 * n_spots) + 4e3 * (n_cells + 4 * batch)
        return Cost(seconds=5 + step * steps, memory_bytes=memory)

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
