"""The simple predictors of `imputers` with their settings, ready to be stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from napari_tessera.numerics.imputers import (
    column_pcc,
    gene_correlation,
    kernel_ridge,
    nearest_cells,
    soft_correlation,
    standard_columns,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_tessera.numerics.imputers import Sides

INNER_FOLDS = 5
"""Parts in which residuals are made for kriging."""


@dataclass(frozen=True)
class SoftCorrelation:
    """`soft_correlation` at several temperatures on one view of the data."""

    temperatures: tuple[float, ...] = (0.03, 0.05, 0.07, 0.1, 0.15)
    view: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """``soft 0.05`` and the like, with the view."""
        return tuple(f"soft {t:g} {self.view}".strip() for t in self.temperatures)

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Predict with the wanted temperatures."""
        named = zip(self.temperatures, self.names, strict=True)
        temperatures = [t for t, name in named if name in names]
        shown = sides.viewed(self.view)
        found = soft_correlation(
            shown.spots[:, inputs], shown.cells[:, inputs], shown.cells[:, outputs], temperatures
        )
        return dict(zip([n for n in self.names if n in names], found, strict=True))


@dataclass(frozen=True)
class KrigedCorrelation:
    """Soft correlation, and what it leaves unexplained carried over by the genes' correlation.

    With predictions P of the inputs made without them, ``beta`` their mean correlation with the
    truth Z and K the genes' correlation in the reference, gene t is predicted by
    ``beta P_t + (Z - beta P) (K + penalty I)^-1 K_t``.
    """

    temperatures: tuple[float, ...] = (0.05, 0.07, 0.1)
    penalties: tuple[float, ...] = (1.0, 3.0, 10.0)
    view: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """``kriged 0.07 3`` and the like, with the view."""
        return tuple(self._name(t, p) for t in self.temperatures for p in self.penalties)

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Predict inputs from one another, then the outputs, then add the kriged residuals."""
        wanted = [
            t for t in self.temperatures if any(self._name(t, p) in names for p in self.penalties)
        ]
        shown = sides.viewed(self.view)
        truth = standard_columns(sides.spots[:, inputs])
        inner = self._inner(shown, inputs, wanted)
        outer = soft_correlation(
            shown.spots[:, inputs], shown.cells[:, inputs], shown.cells[:, outputs], wanted
        )
        own = gene_correlation(sides.cells, inputs, inputs)
        across = gene_correlation(sides.cells, inputs, outputs)
        found: dict[str, torch.Tensor] = {}
        for temperature, base, target in zip(wanted, inner, outer, strict=True):
            beta = column_pcc(truth, base).mean().clamp(min=0.0)
            kriged = kernel_ridge(truth - beta * base, own, across, self.penalties)
            for penalty, extra in zip(self.penalties, kriged, strict=True):
                found[self._name(temperature, penalty)] = beta * standard_columns(target) + extra
        return {name: found[name] for name in names}

    def _inner(
        self, shown: Sides, inputs: torch.Tensor, temperatures: Sequence[float]
    ) -> list[torch.Tensor]:
        """Predict the inputs without themselves; standardised, one matrix per temperature."""
        found = [shown.spots.new_empty(len(shown.spots), len(inputs)) for _ in temperatures]
        turn = torch.arange(len(inputs), device=inputs.device) % INNER_FOLDS
        for fold in range(min(INNER_FOLDS, len(inputs))):
            held, kept = inputs[turn == fold], inputs[turn != fold]
            parts = soft_correlation(
                shown.spots[:, kept], shown.cells[:, kept], shown.cells[:, held], temperatures
            )
            for whole, part in zip(found, parts, strict=True):
                whole[:, turn == fold] = standard_columns(part)
        return found

    def _name(self, temperature: float, penalty: float) -> str:
        return f"kriged {temperature:g} {penalty:g} {self.view}".strip()


@dataclass(frozen=True)
class KernelRidge:
    """`kernel_ridge` at several penalties on one view of the data."""

    penalties: tuple[float, ...] = (0.1, 0.3, 1.0, 3.0, 10.0)
    view: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """``ridge 0.3`` and the like, with the view."""
        return tuple(f"ridge {p:g} {self.view}".strip() for p in self.penalties)

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Predict with the wanted penalties."""
        named = zip(self.penalties, self.names, strict=True)
        penalties = [p for p, name in named if name in names]
        shown = sides.viewed(self.view)
        own = gene_correlation(shown.cells, inputs, inputs)
        across = gene_correlation(shown.cells, inputs, outputs)
        found = kernel_ridge(shown.spots[:, inputs], own, across, penalties)
        return dict(zip([n for n in self.names if n in names], found, strict=True))


@dataclass(frozen=True)
class NearestCells:
    """`nearest_cells` for several numbers of cells."""

    numbers: tuple[int, ...] = (10, 25, 50, 100)

    @property
    def names(self) -> tuple[str, ...]:
        """``nearest 50`` and the like."""
        return tuple(f"nearest {k}" for k in self.numbers)

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Predict with the wanted numbers of cells."""
        given = (sides.spots[:, inputs], sides.cells[:, inputs], sides.cells[:, outputs])
        return {
            name: nearest_cells(*given, k)
            for k, name in zip(self.numbers, self.names, strict=True)
            if name in names
        }
