"""Options that every method shares that predicts genes."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tessera.contract.options import Options, option

ALL_GENES = "all"
"""Word of the option ``genes`` that stands for everything the cells have."""


@dataclass(frozen=True, kw_only=True)
class WantedGenes(Options):
    """Options of a method that can be told which genes to predict."""

    genes: str = option(
        "",
        "Genes to predict beside the measured ones, separated by commas; all takes every gene "
        "that the cells have.",
    )

    @property
    def wanted(self) -> tuple[str, ...]:
        """Genes named by `genes`, in the order given, each once."""
        names = (name.strip() for name in self.genes.split(","))
        return tuple(dict.fromkeys(name for name in names if name))


@dataclass(frozen=True, kw_only=True)
class ImputingOptions(WantedGenes):
    """What every method that does nothing but predict genes can be told."""

    folds: int = option(
        5, "Parts of the measured genes that are held out in turns.", ge=2, le=20, advanced=True
    )
    n_genes: int | None = option(
        2000,
        "Most informative measured genes to learn from; all takes every one.",
        ge=4,
        le=100_000,
        step=500,
        advanced=True,
        none_means="all",
    )
    max_cells: int = option(
        10_000,
        "Reference cells to learn from; more are sampled down.",
        ge=100,
        le=10_000_000,
        step=1000,
        advanced=True,
    )
    repair: bool = option(
        False,  # noqa: FBT003 - the default of an option
        "Give predictions the spread that the gene should have in the tissue, not only what can "
        "be explained.",
    )
    coverage: float = option(
        0.9,
        "Share of spots whose true value the interval is to hold.",
        ge=0.5,
        le=0.99,
        step=0.05,
        advanced=True,
    )
