"""Options of stAI."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.options import option

PUBLISHED_EPOCHS = {"imputation": 500, "annotation": 300}
"""Length of training of the authors' program by what is asked."""

IMPROVED_EPOCHS = 200
"""Length of training of the improved form."""


class Variant(StrEnum):
    """The published form, or the one that was measured to be better."""

    IMPROVED = "improved"
    PUBLISHED = "published"


class Focus(StrEnum):
    """Which of its two questions the weights of the losses are made for."""

    ANNOTATION = "annotation"
    IMPUTATION = "imputation"


@dataclass(frozen=True, kw_only=True)
class StaiOptions(ImputingOptions):
    """What stAI can be told."""

    variant: Variant = option(
        Variant.IMPROVED, "Published form, or one encoder for both sides and a thinned reference."
    )
    focus: Focus = option(
        Focus.ANNOTATION, "Question that the weights of the losses are made for; both are answered."
    )
    epochs: int | None = option(
        None, "Rounds over the data for every network.", ge=1, le=100_000, step=50
    )
    batch: int = option(
        4096, "Spots and cells per step; 0 takes all of them.", ge=0, le=1_000_000, step=1024
    )
    simple_member: bool = option(
        True,  # noqa: FBT003 - the default of an option
        "Let the logistic regression of the baseline vote; never in the published form.",
    )
    neighbours: int = option(
        10, "Neighbours in the tissue that a spot attends to.", ge=1, le=100, advanced=True
    )
    top_k: int = option(
        50, "Nearest cells that an imputed value is averaged over.", ge=1, le=1000, advanced=True
    )
    refresh: int = option(
        25, "Rounds after which these cells are looked for anew.", ge=1, le=1000, advanced=True
    )
    alignment_cells: int | None = option(
        None,
        "Spots and cells per step whose distributions are aligned; auto: 2000 published, 500 else.",
        ge=10, le=100_000, step=500, advanced=True,
    )  # fmt: skip
    class_power: float | None = option(
        None,
        "Power of a type's size by which its cells weigh less; auto: 2 published, 0.5 improved.",
        ge=0.0, le=3.0, step=0.5, advanced=True,
    )  # fmt: skip
    learning_rate: float = option(
        0.002, "Largest learning rate.", gt=0.0, le=1.0, step=0.001, advanced=True
    )
    max_cells: int = option(
        50_000, "Reference cells to learn from; more are sampled down.", ge=100, le=10_000_000,
        step=1000, advanced=True,
    )  # fmt: skip

    @property
    def improved(self) -> bool:
        """Whether this is the improved form."""
        return self.variant is Variant.IMPROVED

    @property
    def n_aligned(self) -> int:
        """Spots and cells per step whose distributions are aligned."""
        if self.alignment_cells is not None:
            return self.alignment_cells
        return 500 if self.improved else 2000

    @property
    def n_epochs(self) -> int:
        """Rounds of one network."""
        if self.epochs is not None:
            return self.epochs
        return IMPROVED_EPOCHS if self.improved else PUBLISHED_EPOCHS[self.focus]

    @property
    def type_power(self) -> float:
        """Power of a type's size in the weights of its cells."""
        if self.class_power is not None:
            return self.class_power
        if self.improved:
            return 0.5
        return 2.0 if self.focus is Focus.ANNOTATION else 0.0

    @property
    def loss_weights(self) -> dict[str, float]:
        """Weights of the terms."""
        annotate = self.focus is Focus.ANNOTATION
        return {
            "reconstruction": 1.0,
            "alignment": 0.1,
            "consistency": 1.0,
            "classification": 10.0 if annotate else 0.1,
            "imputation": 2.0 if annotate else 1.0,
            "co_expression": 1.0 if annotate else 0.0,
        }
