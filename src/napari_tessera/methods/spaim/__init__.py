"""SpaIM: gene profiles over cell clusters turned into patterns over spots by style transfer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.spaim.options import SpaimOptions

if TYPE_CHECKING:
    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State
    from napari_tessera.numerics.gene_panel import GenePanel
    from napari_tessera.numerics.gene_stack import Family


class SpaimMethod:
    """Method ``spaim``; see `napari_tessera.methods.spaim.fit` for the mathematics."""

    name = "spaim"
    title = "SpaIM"
    summary = "Learns to turn a gene's profile over cell clusters into its pattern over the spots."
    reference = "li2025spaim"
    answers = frozenset({Task.IMPUTE})
    needs: frozenset[Need] = frozenset()
    accepts = frozenset(ExpressionScale)
    options_type = SpaimOptions

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: SpaimOptions) -> Cost:
        """Estimate time and memory on four CPU cores, from measured steps."""
        genes = min(n_genes, options.n_genes or n_genes)
        judged = min(n_spots, 4000)
        whole, part = (min(s, 200, genes) if options.improved else s for s in (n_spots, judged))
        passes = options.n_networks * options.n_epochs
        trainings = options.folds + 1
        multiplied = 13_000.0 * genes * (whole + options.folds * part + trainings * 1500)
        return Cost(
            seconds=3 + passes * (multiplied / 4e10 + 0.006 * trainings),
            memory_bytes=6e8 + 16 * 3 * 512.0 * whole + 12.0 * genes * (n_spots + n_cells / 2),
        )

    def fit(
        self,
        inputs: PairedData,
        options: SpaimOptions,
        monitor: Monitor,
        resume: State | None = None,
    ) -> Fitted:
        """Train on all measured genes, then once more without each fold for the score."""
        from napari_tessera.methods.spaim.fit import fit

        return fit(inputs, options, monitor, resume)

    def family(
        self, inputs: PairedData, panel: GenePanel, options: ImputingOptions, monitor: Monitor
    ) -> Family:
        """Give one improved network that is trained whenever it is asked, for a stack."""
        from napari_tessera.methods.spaim.fit import guest

        return guest(inputs, panel, options, monitor)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Turn the profiles of the wanted genes into patterns."""
        from napari_tessera.methods.spaim.fit import predict

        return predict(fitted, inputs)
