"""Options of STEM."""

from __future__ import annotations

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

    @property
    def step_choices(self) -> tuple[int, ...]:
        """Lengths of training that are tried on held-out spots."""
        if self.steps is not None:
            return (self.steps,)
        return STEP_CHOICES if self.variant is Variant.IMPROVED else (PUBLISHED_STEPS,)

    @property
    def n_networks(self) -> int:
        """Networks that are averaged; the published form has one."""
        return self.members if self.variant is Variant.IMPROVED else 1

    @property
    def planned_steps(self) -> int:
        """Steps of all stages together, as far as they are known beforehand."""
        return sum(self.step_choices) + self.n_networks * max(self.step_choices)
