"""TransST: domains of a section, with what a labelled section of the like taught."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.method import Cost, Fitted, Need, Task
from napari_tessera.methods.transst.options import TransstOptions

if TYPE_CHECKING:
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.contract.state import State


class Transst:
    """Method ``transst``; see `napari_tessera.methods.transst.fit` for the mathematics."""

    name = "transst"
    title = "TransST"
    summary = "Finds domains, and uses a labelled section beside it where that helps."
    reference = "liu2025transst"
    answers = frozenset({Task.CLUSTER})
    needs = frozenset({Need.SPOT_GRAPH})
    accepts = frozenset({ExpressionScale.COUNTS, ExpressionScale.LOG1P})
    options_type = TransstOptions

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: TransstOptions) -> Cost:
        """Estimate time and memory on one CPU core, from measured fits; `n_cells` of the source."""
        genes = min(n_genes, options.n_genes)
        searched = 1 if options.n_domains is not None else 6
        each = 2.5e-3 * searched + 2e-9 * genes * genes
        return Cost(
            seconds=2 + each * (n_spots + n_cells),
            memory_bytes=7e8 + (24.0 * genes + 3000.0) * min(n_spots, 8192) + 2500.0 * n_spots,
        )

    def fit(
        self,
        inputs: SectionData,
        options: TransstOptions,
        monitor: Monitor,
        resume: State | None = None,  # noqa: ARG002 - a fit takes seconds to minutes
    ) -> Fitted:
        """Find the domains, and take those of the source where they hold."""
        from napari_tessera.methods.transst.fit import fit

        return fit(inputs, options, monitor)

    def predict(self, fitted: Fitted, inputs: SectionData) -> RunResult:
        """Give the domains that were found."""
        from napari_tessera.methods.transst.predict import predict

        return predict(fitted, inputs)
