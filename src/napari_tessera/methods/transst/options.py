"""Options of TransST."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_tessera.contract.options import Options, option


class Variant(StrEnum):
    """The form that was measured to be better, the paper's three steps, or the released program."""

    IMPROVED = "improved"
    THREE_STEPS = "three-steps"
    RELEASED = "released"


@dataclass(frozen=True, kw_only=True)
class TransstOptions(Options):
    """What TransST can be told."""

    n_domains: int | None = option(
        None,
        "Number of domains; auto chooses it, with a curve beside.",
        ge=2,
        le=50,
        step=1,
    )
    smoothness: float | None = option(
        None,
        "How much neighbours should agree; auto estimates it.",
        ge=0.0,
        le=100.0,
        step=0.25,
    )
    require_transfer: bool = option(
        False,  # noqa: FBT003 - the default of an option
        "Refuse to give domains without labels where the labelled section does not help.",
    )
    variant: Variant = option(
        Variant.IMPROVED,
        "Several views and a discriminant, the paper's three steps, or the released program.",
    )
    picture: bool = option(
        False,  # noqa: FBT003 - the default of an option
        "Also go by colour and texture of the picture around every spot (improved form).",
    )
    width: float | None = option(
        None,
        "Width of the Gaussian that smooths the scores; auto takes the one that predicts best.",
        ge=0.0,
        le=20.0,
        step=0.25,
        unit="pitch",
        advanced=True,
    )
    n_factors: int = option(15, "Factors per spot.", ge=2, le=100, advanced=True)
    n_genes: int = option(
        2000, "Most spatially variable genes to use.", ge=2, le=100_000, step=500, advanced=True
    )
    strength: float | None = option(
        None,
        "Three steps: pull of the source's loading, in eigenvalues of the data (released form: "
        "as it is); auto chooses it by cross-fitting.",
        ge=0.0,
        le=1000.0,
        step=0.1,
        advanced=True,
    )
