"""Simple predictors of genes: the one that every learned result stands beside, and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.method import Cost, Fitted, Task

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.method import Need
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State
    from napari_tessera.numerics.gene_stack import Family


class _SimpleImputer:
    """A family of predictors that need no training; the best setting is found on held-out genes."""

    name: str
    title: str
    summary: str
    reference = ""
    answers = frozenset({Task.IMPUTE})
    needs: frozenset[Need] = frozenset()
    accepts = frozenset(ExpressionScale)
    options_type = ImputingOptions
    passes: float
    """How often a spot meets a cell, per fold."""

    def families(self) -> Sequence[Family]:
        """Give the predictors to choose from."""
        raise NotImplementedError

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: ImputingOptions) -> Cost:
        """Estimate time and memory on four CPU cores, from measured fits."""
        cells = min(n_cells, options.max_cells)
        genes = min(n_genes, options.n_genes or n_genes)
        judged = min(n_spots, 4000) * (options.folds + 1) + n_spots * (options.folds + 1)
        pairs = self.passes * judged * cells
        return Cost(
            seconds=0.5 + pairs * (1e-9 + 1e-11 * genes) + 2e-9 * genes**3,
            memory_bytes=6e8 + 12.0 * genes * (n_spots + cells),
        )

    def fit(
        self,
        inputs: PairedData,
        options: ImputingOptions,
        monitor: Monitor,
        resume: State | None = None,  # noqa: ARG002 - quicker than reading a checkpoint
    ) -> Fitted:
        """Choose the setting on genes that are held out in turns."""
        from napari_tessera.numerics.gene_fitting import fit_families
        from napari_tessera.numerics.gene_stack import best_single

        return fit_families(inputs, options, monitor, self.families(), best_single)

    def predict(self, fitted: Fitted, inputs: PairedData) -> RunResult:
        """Predict measured genes from the other folds, and the wanted ones from all."""
        from napari_tessera.numerics.gene_fitting import options_of, predict_families

        options = ImputingOptions.from_json(options_of(fitted))
        return predict_families(fitted, inputs, options, self.families())


class KrigedImputer(_SimpleImputer):
    """Method ``baseline_impute``: `numerics.gene_families.KrigedCorrelation`."""

    name = "baseline_impute"
    title = "Kriged soft correlation"
    summary = "Averages the cells that look like a spot, then adds what they leave unexplained."
    passes = 18.0

    def families(self) -> Sequence[Family]:
        """Three temperatures by three penalties."""
        from napari_tessera.numerics.gene_families import KrigedCorrelation

        return (KrigedCorrelation(),)


class SoftImputer(_SimpleImputer):
    """Method ``soft_correlation``: `numerics.gene_families.SoftCorrelation`."""

    name = "soft_correlation"
    title = "Soft correlation"
    summary = "Averages the cells, each weighted by how well it correlates with the spot."
    passes = 5.0

    def families(self) -> Sequence[Family]:
        """Five temperatures."""
        from napari_tessera.numerics.gene_families import SoftCorrelation

        return (SoftCorrelation(),)


class RidgeImputer(_SimpleImputer):
    """Method ``kernel_ridge``: `numerics.gene_families.KernelRidge`."""

    name = "kernel_ridge"
    title = "Kernel ridge"
    summary = "Regresses a gene on the measured ones by how genes correlate in the reference."
    passes = 0.1

    def families(self) -> Sequence[Family]:
        """Five penalties."""
        from napari_tessera.numerics.gene_families import KernelRidge

        return (KernelRidge(),)


class NearestImputer(_SimpleImputer):
    """Method ``nearest_cells``: `numerics.gene_families.NearestCells`."""

    name = "nearest_cells"
    title = "Nearest cells"
    summary = "Averages the reference cells that correlate best with a spot."
    passes = 40.0

    def families(self) -> Sequence[Family]:
        """Four numbers of cells."""
        from napari_tessera.numerics.gene_families import NearestCells

        return (NearestCells(),)
