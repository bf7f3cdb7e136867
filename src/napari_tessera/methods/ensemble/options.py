"""Options of the stacked imputers."""

from __future__ import annotations

from dataclasses import dataclass

from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.options import option


@dataclass(frozen=True, kw_only=True)
class GeneEnsembleOptions(ImputingOptions):
    """What the stack can be told."""

    networks: int = option(
        3,
        "Networks of each kind to train on the reference and average; 0 goes without.",
        ge=0,
        le=20,
    )
    guests: bool = option(
        False,  # noqa: FBT003 - the default of an option
        "Let published networks join the stack; each is trained once per fold, which takes long.",
        advanced=True,
    )
