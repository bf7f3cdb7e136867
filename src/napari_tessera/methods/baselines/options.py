"""Options of the training-free map."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tessera.contract.options import Options, option


@dataclass(frozen=True, kw_only=True)
class BaselineOptions(Options):
    """What the training-free map can be told."""

    temperature: float | None = option(
        None,
        "Softness of the map; auto chooses it on held-out spots.",
        gt=0.0,
        le=1000.0,
        step=0.5,
    )
    smoothing: float = option(
        0.5,
        "Width of the Gaussian that smooths the spots.",
        ge=0.0,
        le=3.0,
        step=0.05,
        unit="pitch",
        advanced=True,
    )
    pseudo_counts: float = option(
        0.2,
        "Share of the median spot total that is added as overall profile.",
        ge=0.001,
        le=10.0,
        step=0.05,
        advanced=True,
    )
    gene_weight_power: float = option(
        0.5,
        "Power of Moran's I with which genes are weighted; 0 weighs all alike.",
        ge=0.0,
        le=2.0,
        step=0.25,
        advanced=True,
    )
    match_platform: bool = option(
        True,  # noqa: FBT003 - the default of an option
        "Scale the genes of the spots to the overall fractions of the cells.",
        advanced=True,
    )
