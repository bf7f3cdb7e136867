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

    from napari_tessera.numerics.gene_stack import Family
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
class Kriged:
    """Another family, and what it leaves unexplained carried over by the genes' correlation.

    With predictions P of the inputs made without them, ``beta`` their mean correlation with the
    truth Z and K the genes' correlation in the reference, gene t is predicted by
    ``beta P_t + (Z - beta P) (K + penalty I)^-1 K_t``.
    """

    base: Family
    penalties: tuple[float, ...] = (1.0, 3.0, 10.0)

    @property
    def names(self) -> tuple[str, ...]:
        """``soft 0.07, kriged 3`` and the like."""
        return tuple(_kriged(name, p) for name in self.base.names for p in self.penalties)

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Predict inputs from one another, then the outputs, then add the kriged residuals."""
        wanted = [n for n in self.base.names if any(_kriged(n, p) in names for p in self.penalties)]
        truth = standard_columns(sides.spots[:, inputs])
        inner = self._inner(sides, inputs, wanted)
        outer = self.base.predict(sides, inputs, outputs, wanted)
        own = gene_correlation(sides.cells, inputs, inputs)
        across = gene_correlation(sides.cells, inputs, outputs)
        found: dict[str, torch.Tensor] = {}
        for name in wanted:
            beta = column_pcc(truth, inner[name]).mean().clamp(min=0.0)
            kriged = kernel_ridge(truth - beta * inner[name], own, across, self.penalties)
            for penalty, extra in zip(self.penalties, kriged, strict=True):
                found[_kriged(name, penalty)] = beta * standard_columns(outer[name]) + extra
        return {name: found[name] for name in names}

    def _inner(
        self, sides: Sides, inputs: torch.Tensor, names: Sequence[str]
    ) -> dict[str, torch.Tensor]:
        """Predict the inputs without themselves, standardised."""
        shape = (len(sides.spots), len(inputs))
        found = {name: sides.spots.new_empty(shape) for name in names}
        turn = torch.arange(len(inputs), device=inputs.device) % INNER_FOLDS
        for fold in range(min(INNER_FOLDS, len(inputs))):
            held, kept = inputs[turn == fold], inputs[turn != fold]
            for name, part in self.base.predict(sides, kept, held, names).items():
                found[name][:, turn == fold] = standard_columns(part)
        return found


def _kriged(name: str, penalty: float) -> str:
    return f"{name}, kriged {penalty:g}"


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
