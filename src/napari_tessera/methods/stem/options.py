"""Options of STEM."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from napari_tessera.contract.options import Options, option

STEP_CHOICES = (100, 200)
"""Lengths of training that held-out spots choose from."""

PUBLISHED_STEPS = 400
"""Length of training of the authors' program."""


class Variant(StrEnum):
    """The published form, or the one that was measured to be better."""

    IMPROVED = "improved"
    PUBLISHED = "published"


@dataclass(frozen=True, kw_only=True)
class StemOptions(Options):
    """What STEM can be told."""

    steps: int | None = option(
        None, "Optimiser steps; auto chooses them on held-out spots.", ge=1, le=100_000, step=50
    )
    members: int = option(
        5, "Networks to train and average; more is slower, better; published has one.", ge=1, le=20
    )
    batch_cells: int = option(
        512, "Cells per step; 0 takes all of them, the exact full batch.", ge=0, le=1_000_000
    )
    batch_spots: int = option(
        4096,
        "Most spots per step, drawn as patches of neighbours; 0 takes all; published takes all.",
        ge=0,
        le=1_000_000,
        step=1024,
        advanced=True,
    )
    variant: Variant = option(
        Variant.IMPROVED, "Published form, or thinning and cosine embeddings in its place."
    )
    purified: float = option(
        1.0,
        "Share of the spots shown that are taken apart by type: a real cell is one cell.",
        ge=0.0,
        le=1.0,
        step=0.25,
        advanced=True,
    )
    sigma: float = option(
        0.5,
        "Width of the spatial target.",
        ge=0.0,
        le=3.0,
        step=0.05,
        unit="pitch",
        advanced=True,
    )
    n_genes: int | None = option(
        2000,
        "Most spatially variable genes to train on; all takes every shared gene.",
        ge=2,
        le=100_000,
        step=500,
        advanced=True,
        none_means="all",
    )
    mmd_weight: float = option(
        0.8, "Weight of the alignment term.", ge=0.0, le=100.0, step=0.1, advanced=True
    )
    transport_weight: float = option(
        1.0, "Weight of the two-step term at the end.", ge=0.0, le=100.0, step=0.1, advanced=True
    )
    learning_rate: float = option(
        0.002, "Largest learning rate.", gt=0.0, le=1.0, step=0.001, advanced=True
    )

    def samples_spots(self, n_spots: int) -> bool:
        """Whether a step sees some of the spots only."""
        return self.variant is Variant.IMPROVED and 0 < self.batch_spots < n_spots

    def step_choices(self, n_spots: int) -> tuple[int, ...]:
        """Lengths of training that are tried on held-out spots; more where steps see few of many.

        Parameters
        ----------
        n_spots : int
            Spots of the tissue.
        """
        if self.steps is not None:
            return (self.steps,)
        if self.variant is Variant.PUBLISHED:
            return (PUBLISHED_STEPS,)
        grown = math.sqrt(n_spots / self.batch_spots) if self.samples_spots(n_spots) else 1.0
        return tuple(round(n * grown) for n in STEP_CHOICES)

    @property
    def n_networks(self) -> int:
        """Networks that are averaged; the published form has one."""
        return self.members if self.variant is Variant.IMPROVED else 1

    def planned_steps(self, n_spots: int) -> float:
        """Count the steps that follow each other, three networks at a time, as far as known."""
        most = max(self.step_choices(n_spots))
        return most * (1 + max(1.0, self.n_networks / 3))
