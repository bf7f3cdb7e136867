"""What the input gate says: problems that refuse, repairs that go on, remarks that inform."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Severity(StrEnum):
    """How a problem is dealt with."""

    REFUSE = "refuse"
    REPAIR = "repair"
    REMARK = "remark"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that the gate found.

    Parameters
    ----------
    code : str
        Short stable name of the check, such as ``counts-nan``.
    severity : Severity
        Whether it refuses, was repaired, or is only worth knowing.
    element : str
        Element or file in which it was found.
    column : str
        Column, layer or key inside the element; empty where the whole element is meant.
    expected, found, hint : str
        What the gate expected, what it found, and what to do.
    """

    code: str
    severity: Severity
    element: str
    column: str = ""
    expected: str
    found: str
    hint: str

    def __str__(self) -> str:
        """Read as one sentence per part."""
        where = f"{self.element}, {self.column}" if self.column else self.element
        return f"{where}: expected {self.expected}; found {self.found}. {self.hint}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that was found, and the sizes that a person wants to know before training.

    Parameters
    ----------
    problems : tuple of Problem
        In the order in which they were found.
    n_cells, n_spots, n_genes : int
        Cells and spots that would be used, and shared genes; 0 where not known.
    chosen : mapping of str to str
        Defaults that were picked, by name (table, image, layer ...), for printing.
    """

    problems: tuple[Problem, ...] = ()
    n_cells: int = 0
    n_spots: int = 0
    n_genes: int = 0
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def refusals(self) -> tuple[Problem, ...]:
        """Problems that forbid training."""
        return tuple(p for p in self.problems if p.severity is Severity.REFUSE)

    @property
    def repairs(self) -> tuple[Problem, ...]:
        """Problems that were mended, and are recorded in the provenance."""
        return tuple(p for p in self.problems if p.severity is Severity.REPAIR)

    @property
    def remarks(self) -> tuple[Problem, ...]:
        """Things worth knowing."""
        return tuple(p for p in self.problems if p.severity is Severity.REMARK)

    @property
    def ok(self) -> bool:
        """Whether nothing forbids training."""
        return not self.refusals

    def to_json(self) -> dict[str, Any]:
        """Plain types for a JSON file."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Report:
        """Inverse of `to_json`."""
        problems = tuple(
            Problem(**{**p, "severity": Severity(p["severity"])}) for p in values["problems"]
        )
        return cls(**{**values, "problems": problems})
