"""Two sides of a comparison: which cells belong to the group, which to the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_CELLS = 20
"""Cells that each side must have."""


@dataclass(frozen=True, kw_only=True)
class Sides:
    """Cells of both sides.

    Parameters
    ----------
    group, rest : ndarray of int
        Rows of the cells.
    group_name, rest_name : str
        What the sides are called.
    within : str
        Cell type that both are restricted to; empty where they are not.
    n_between : int
        Cells of that type that belong clearly to neither side.
    """

    group: NDArray[np.int64]
    rest: NDArray[np.int64]
    group_name: str
    rest_name: str = "the others"
    within: str = ""
    n_between: int = 0

    @property
    def rows(self) -> NDArray[np.int64]:
        """All cells that are compared: the group, then the others."""
        return np.concatenate([self.group, self.rest])

    @property
    def labels(self) -> NDArray[np.bool_]:
        """Which of `rows` belong to the group."""
        return np.arange(self.group.size + self.rest.size) < self.group.size

    @property
    def enough(self) -> bool:
        """Whether both sides have the cells that a comparison needs."""
        return min(self.group.size, self.rest.size) >= LEAST_CELLS

    def __str__(self) -> str:
        """Count both sides, for people."""
        inside = f" within {self.within}" if self.within else ""
        return (
            f"{self.group.size} cells in {self.group_name}, {self.rest.size} in {self.rest_name}"
            f"{inside}; {self.n_between} between"
        )

    def check(self) -> None:
        """Refuse sides that are too small.

        Raises
        ------
        InputError
            If one has fewer than `LEAST_CELLS` cells.
        """
        if self.enough:
            return
        msg = f"Comparison: expected at least {LEAST_CELLS} cells on each side, found {self}."
        hint = "Draw a larger region, choose another cell type, or compare with all cells."
        raise InputError(msg, hint)


def sides_by_mass(
    mass: NDArray[np.float64],
    other: NDArray[np.float64] | None,
    allowed: NDArray[np.bool_],
    thresholds: tuple[float, float],
    names: tuple[str, str],
) -> Sides:
    """Split cells by how much of their map lies in a region.

    Parameters
    ----------
    mass : ndarray, shape (n_cells,)
        Map mass in the region.
    other : ndarray or None, shape (n_cells,)
        Map mass in the region that is compared with; None compares with everything else.
    allowed : ndarray of bool, shape (n_cells,)
        Cells that may be on a side.
    thresholds : (float, float)
        Least mass to be inside, most mass to be outside.
    names : (str, str)
        Of both sides.
    """
    inside, outside = thresholds
    if outside >= inside:
        msg = f"Options: expected outside below inside, found {outside:g} and {inside:g}."
        raise InputError(msg, "A cell cannot be on both sides: 0.5 and 0.1 are usual.")
    group = allowed & (mass >= inside)
    rest = allowed & ((mass <= outside) if other is None else (other >= inside) & ~group)
    return Sides(
        group=np.flatnonzero(group),
        rest=np.flatnonzero(rest),
        group_name=names[0],
        rest_name=names[1],
        n_between=int((allowed & ~group & ~rest).sum()),
    )


def sides_by_label(
    labels: NDArray[np.str_], group: str, against: str | None, allowed: NDArray[np.bool_]
) -> Sides:
    """Split cells by a label that they carry, such as their type.

    Parameters
    ----------
    labels : ndarray of str, shape (n_cells,)
        Labels.
    group : str
        Label of the group.
    against : str or None
        Label of the others; None takes everyone else.
    allowed : ndarray of bool, shape (n_cells,)
        Cells that may be on a side.

    Raises
    ------
    InputError
        If no cell carries a label.
    """
    for name in (group, against):
        if name is not None and name not in labels:
            known = ", ".join(np.unique(labels).tolist())
            msg = f"Label: expected one that cells carry, found {name!r}."
            raise InputError(msg, f"There are: {known}.")
    first = allowed & (labels == group)
    rest = allowed & ((labels != group) if against is None else (labels == against)) & ~first
    return Sides(
        group=np.flatnonzero(first),
        rest=np.flatnonzero(rest),
        group_name=group,
        rest_name=against if against is not None else "the others",
        n_between=int((allowed & ~first & ~rest).sum()) if against is not None else 0,
    )


def within_type(
    cell_types: NDArray[np.str_] | None, within: str | None, n_cells: int
) -> NDArray[np.bool_]:
    """Cells of one type; all of them if none is named.

    Raises
    ------
    InputError
        If there are no such cells.
    """
    if within is None:
        return np.ones(n_cells, dtype=np.bool_)
    if cell_types is None or within not in cell_types:
        known = ", ".join(np.unique(cell_types).tolist()) if cell_types is not None else "none"
        msg = f"Cell type: expected one of the reference's, found {within!r}."
        raise InputError(msg, f"There are: {known}.")
    return np.asarray(cell_types == within)


def commonest_type(
    cell_types: NDArray[np.str_], mass: NDArray[np.float64], thresholds: tuple[float, float]
) -> str | None:
    """Type with the most cells inside among those that have enough cells on both sides."""
    inside, outside = thresholds
    best, most = None, 0
    for name in np.unique(cell_types).tolist():
        of_type = cell_types == name
        n_in, n_out = int((mass[of_type] >= inside).sum()), int((mass[of_type] <= outside).sum())
        if min(n_in, n_out) >= LEAST_CELLS and n_in > most:
            best, most = str(name), n_in
    return best
