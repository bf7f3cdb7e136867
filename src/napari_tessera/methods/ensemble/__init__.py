"""A stack of simple predictors and small networks, weighed on genes that are held out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.ensemble.options import GeneEnsembleOptions

if TYPE_CHECKING:
    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State
    from napari_tessera.numerics.gene_panel import GenePanel
    from napari_tessera.numerics.gene_stack import Family


class Guest(Protocol):
    """A method that can be a member of a stack."""

    def family(
        self, inputs: PairedData, panel: GenePanel, options: ImputingOptions, monitor: Monitor
    ) -> Family:
        """Give a predictor that is trained whenever it is asked."""
        ...


class GeneEnsemble:
    """Method ``ensemble_impute``; see `napari_tessera.methods.ensemble.fit`.

    Parameters
    ----------
    guests : tuple of Guest
        Published methods that may join where the options ask for them.
    """

    name = "ensemble_impute"
    title = "Ensemble of imputers"
    summary = "Weighs mappings, regressions and small networks by how they predict held-out genes."
    reference = ""
    answers = frozenset({Task.IMPUTE})
    needs = frozenset({Need.SPOT_GRAPH})
    accepts = frozenset(ExpressionScale)
    options_type = GeneEnsembleOptions

    def __init__(self, guests: tuple[Guest, ...] = ()) -> None:
        self._guests = guests

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: GeneEnsembleOptions) -> Cost:
        """Estimate time and memory on four CPU cores, from measured fits."""
        cells = min(n_cells, options.max_cells)
        genes = min(n_genes, options.n_genes or n_genes)
        steps = min(1500, max(400, 60 * cells // 128)) * 2 * options.networks
        judged = min(n_spots, 4000)
        pairs = 100.0 * (judged * options.folds + n_spots) * cells
        return Cost(
            seconds=2 + steps * (1.5e-3 + 4e-7 * genes) + pairs * (5e-10 + 5e-12 * genes),
            memory_bytes=8e8 + 20.0 * genes * (n_spots + cells) + 120.0 * judged * min(genes, 400),
        )

    def fit(
        self,
        inputs: PairedData,
        options: GeneEnsembleOptions,
        monitor: Monitor,
        resume: State | None = None,
    ) -> Fitted:
        """Train the networks on the reference, then weigh all members on held-out genes."""
        from napari_tessera.methods.ensemble.fit import fit

        return fit(inputs, options, monitor, resume, self._guests)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Predict measured genes from the other folds, and the wanted ones from all."""
        from napari_tessera.methods.ensemble.fit import predict

        return predict(fitted, inputs, self._guests)
