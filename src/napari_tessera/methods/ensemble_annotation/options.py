"""Options of the annotation by several experts."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tessera.contract.options import Options, option


@dataclass(frozen=True, kw_only=True)
class EnsembleAnnotationOptions(Options):
    """What the annotation by several experts can be told."""

    coverage: float = option(
        0.9, "Share of the cells whose set of types should hold the true one.", ge=0.5, le=0.99
    )
    context: float = option(
        0.8,
        "Say of the neighbourhood where it tells enough; 0 looks at every cell alone.",
        ge=0.0,
        le=1.0,
        step=0.1,
    )
    correct_prior: bool = option(
        False,  # noqa: FBT003 - the default of an option
        "Fit the shares of the types to the tissue; absorbs strangers into known types.",
        advanced=True,
    )
    sub_clusters: int = option(
        25, "Most sub-clusters of a type in the counts model.", ge=1, le=200, advanced=True
    )
    n_genes: int | None = option(
        2000,
        "Genes that differ most between types to learn from; all takes every shared gene.",
        ge=2,
        le=100_000,
        step=500,
        advanced=True,
        none_means="all",
    )
