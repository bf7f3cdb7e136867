"""Options of the stacked imputers."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.options import option


@dataclass(frozen=True, kw_only=True)
class GeneEnsembleOptions(ImputingOptions):
    """What the stack can be told."""

    networks: int = option(
        4,
        "Networks of each kind to train on the reference and average; 0 goes without.",
        ge=0,
        le=20,
    )
