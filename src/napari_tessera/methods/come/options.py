"""Options of COME."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from napari_tessera.contract.errors import OptionError
from napari_tessera.contract.imputing import WantedGenes
from napari_tessera.contract.options import option

STEP_CHOICES = (50, 100, 200)
"""Lengths of training that folds choose from; the amortised map may also stay at its start."""

FREE_STEP_CHOICES = (35, 70, 140)
"""The same for the free map; the authors' program takes 70 on its smallest data."""


class MapForm(StrEnum):
    """How the map is held."""

    AMORTISED = "amortised"
    FREE = "free"


class Start(StrEnum):
    """What the amortised map is before any training."""

    CORRELATION = "correlation"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class ComeOptions(WantedGenes):
    """What COME can be told."""

    map: MapForm = option(
        MapForm.AMORTISED,
        "Map from projected codes, or one free number for every cell and spot as published.",
    )
    steps: int | None = option(
        None,
        "Optimiser steps; auto chooses them on what is held out, 0 keeps the start.",
        ge=0,
        le=100_000,
        step=50,
    )
    members: int = option(
        2, "Networks to train and average; more is slower; the free map has one.", ge=1, le=20
    )
    folds: int = option(
        4, "Gene folds that choose steps and sharpness; 0 chooses nothing.", ge=0, le=50
    )
    batch: int = option(
        512, "Spots per step; twice as many cells; 0 takes all of both.", ge=0, le=1_000_000
    )
    start: Start = option(
        Start.CORRELATION,
        "Whether the amortised map starts at correlations of expression.",
        advanced=True,
    )
    kriging: float | None = option(
        2.0,
        "Ridge of the residuals of measured genes that are carried to others; none leaves them.",
        gt=0.0,
        le=1000.0,
        step=0.5,
        advanced=True,
        none_means="none",
    )
    smoothness: float = option(
        0.0,
        "Weight of the difference between neighbouring spots.",
        ge=0.0,
        le=100.0,
        step=0.1,
        advanced=True,
    )
    neighbours: float | None = option(
        0.0,
        "Weight of the spots around a spot in its composition; auto asks held-out counts.",
        ge=0.0,
        le=0.9,
        step=0.1,
        advanced=True,
        none_means="auto",
    )
    contrast_weight: float = option(
        1.0, "Weight of the contrast.", ge=0.0, le=100.0, step=0.1, advanced=True
    )
    similarity_weight: float = option(
        1.0, "Weight of the similarity of mapped expression.", ge=0.0, le=100.0, step=0.1,
        advanced=True,
    )  # fmt: skip
    placing_weight: float = option(
        1.0,
        "Weight of finding spots again; amortised map only.",
        ge=0.0,
        le=100.0,
        step=0.1,
        advanced=True,
    )
    temperature: float = option(
        0.8, "Temperature of the contrast.", gt=0.0, le=10.0, step=0.1, advanced=True
    )
    n_genes: int | None = option(
        1000,
        "Most spatially variable genes to train on; all takes every shared gene.",
        ge=2,
        le=100_000,
        step=500,
        advanced=True,
        none_means="all",
    )
    learning_rate: float = option(
        0.003,
        "Largest learning rate; the free map moves at a third of it.",
        gt=0.0,
        le=1.0,
        step=0.001,
        advanced=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps == 0 and (self.is_free or self.start is Start.NOTHING):
            msg = "Option steps: expected at least 1 where the map starts at nothing, found 0."
            raise OptionError(msg, "Train it, or take the amortised map with start correlation.")

    @property
    def has_start(self) -> bool:
        """Whether no training at all is one of the choices."""
        trained_only = self.is_free or self.start is Start.NOTHING
        return not trained_only and not self.steps

    @property
    def is_free(self) -> bool:
        """Whether the map is the free one."""
        return self.map is MapForm.FREE

    @property
    def step_choices(self) -> tuple[int, ...]:
        """Lengths of training that folds choose from, rising."""
        if self.steps is not None:
            return (self.steps,) if self.steps > 0 else ()
        return FREE_STEP_CHOICES if self.is_free else STEP_CHOICES

    @property
    def n_networks(self) -> int:
        """Networks that are averaged."""
        return 1 if self.is_free else self.members
