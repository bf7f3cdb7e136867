"""What speaks for which number of domains, as something to draw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_tessera.contract.domains import Domains


@dataclass(frozen=True, kw_only=True)
class NumberCurve:
    """Both curves over the numbers that were tried.

    Parameters
    ----------
    numbers : tuple of int
        Ascending.
    stability : tuple of float
        Agreement of partitions, 0 to 1.
    criterion : tuple of float
        Over the least one, in thousands; the least is 0.
    taken : int
        Number of the domains that were found.
    most : int
        Number with the least criterion: more cannot be told apart.
    """

    numbers: tuple[int, ...]
    stability: tuple[float, ...]
    criterion: tuple[float, ...]
    taken: int
    most: int

    def sentence(self) -> str:
        """Say what the curves mean."""
        bound = f"The data tell {self.most} domains apart at most (least criterion)."
        if self.taken == self.most:
            return f"{bound} As many were taken."
        if self.taken > self.most:
            return f"{bound} {self.taken} were taken nevertheless."
        return f"{bound} From three to there, {self.taken} are the most stable."


def number_curve(domains: Domains) -> NumberCurve | None:
    """Take the curves of domains whose number was searched; None where it was given.

    Parameters
    ----------
    domains : Domains
        As they were found.
    """
    numbers = tuple(sorted(set(domains.curve) & set(domains.stability)))
    if not numbers:
        return None
    least = min(domains.curve[k] for k in numbers)
    return NumberCurve(
        numbers=numbers,
        stability=tuple(domains.stability[k] for k in numbers),
        criterion=tuple((domains.curve[k] - least) / 1000 for k in numbers),
        taken=int(domains.names.size),
        most=min(numbers, key=lambda k: domains.curve[k]),
    )
