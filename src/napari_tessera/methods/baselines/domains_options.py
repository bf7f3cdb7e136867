"""Options of the baseline of domains."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_tessera.contract.options import Options, option

USUAL_NUMBER = 6
"""Number of domains where none is given: nothing is chosen here."""


class Clustering(StrEnum):
    """How the baseline of domains divides the spots."""

    MIXTURE = "mixture"
    K_MEANS = "k-means"


@dataclass(frozen=True, kw_only=True)
class SmoothedMixtureOptions(Options):
    """What the baseline of domains can be told."""

    n_domains: int | None = option(None, "Number of domains; auto takes six.", ge=2, le=50)
    clustering: Clustering = option(
        Clustering.MIXTURE, "Mixture with one shared covariance, or k-means."
    )
    n_factors: int = option(20, "Components per spot.", ge=2, le=100, advanced=True)
    n_genes: int = option(
        2000, "Most variable genes to use.", ge=2, le=100_000, step=500, advanced=True
    )

    @property
    def number(self) -> int:
        """Number of domains that is used."""
        return USUAL_NUMBER if self.n_domains is None else self.n_domains
