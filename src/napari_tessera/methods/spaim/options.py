"""Options of SpaIM."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.options import option

PUBLISHED_EPOCHS, IMPROVED_EPOCHS = 300, 100
"""Passes over the genes of the authors' program, and of the default."""

PUBLISHED_RATE, IMPROVED_RATE = 1e-3, 3e-3
"""Constant rate of the authors' program, and largest rate of the default."""

PUBLISHED_COPIES, IMPROVED_COPIES = 4, 2
"""Times that a gene is shown per step."""


class Variant(StrEnum):
    """The published form, or the one that was measured to be better."""

    IMPROVED = "improved"
    PUBLISHED = "published"


class Aggregate(StrEnum):
    """How the cells of a cluster become a profile."""

    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True, kw_only=True)
class SpaimOptions(ImputingOptions):
    """What SpaIM can be told."""

    variant: Variant = option(
        Variant.IMPROVED,
        "Published form, or standardised patterns, many small clusters and a direct loss.",
    )
    epochs: int | None = option(
        None,
        "Passes over the genes; auto takes the form's own.",
        ge=1,
        le=100_000,
        step=50,
    )
    clusters: int | None = option(
        None,
        "Clusters of the cells; auto takes the cell types if there are any, else 10, and 300 small "
        "clusters in the improved form.",
        ge=3,
        le=2000,
        step=5,
    )
    aggregate: Aggregate = option(
        Aggregate.MEAN, "Mean or median over the cells of a cluster.", advanced=True
    )
    members: int = option(
        3, "Networks to train and average in the improved form.", ge=1, le=20, advanced=True
    )
    copies: int | None = option(
        None,
        "Times a gene is shown per step, all but one masked; auto takes 2, published 4.",
        ge=1,
        le=16,
        advanced=True,
    )
    masked: float = option(
        0.5, "Share of a profile that is masked.", ge=0.0, le=0.95, step=0.05, advanced=True
    )
    batch_genes: int = option(
        500, "Genes per step; the last step of a pass takes the rest.", ge=2, le=100_000, step=100,
        advanced=True,
    )  # fmt: skip
    learning_rate: float | None = option(
        None,
        "Largest learning rate; auto takes 0.003, published 0.001.",
        gt=0.0,
        le=1.0,
        step=0.001,
        advanced=True,
    )

    @property
    def improved(self) -> bool:
        """Whether the form is the improved one."""
        return self.variant is Variant.IMPROVED

    @property
    def n_epochs(self) -> int:
        """Passes over the genes."""
        if self.epochs is not None:
            return self.epochs
        return IMPROVED_EPOCHS if self.improved else PUBLISHED_EPOCHS

    @property
    def n_networks(self) -> int:
        """Networks that are averaged; the published form has one."""
        return self.members if self.improved else 1

    @property
    def n_copies(self) -> int:
        """Times that a gene is shown per step."""
        own = IMPROVED_COPIES if self.improved else PUBLISHED_COPIES
        return own if self.copies is None else self.copies

    @property
    def rate(self) -> float:
        """Largest learning rate."""
        own = IMPROVED_RATE if self.improved else PUBLISHED_RATE
        return own if self.learning_rate is None else self.learning_rate
