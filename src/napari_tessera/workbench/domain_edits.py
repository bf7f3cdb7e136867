"""What a person does to domains: rename, colour, merge, split. Each gives new domains."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.palette import colours_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.domains import Domains

LEAST_SPOTS = 10
"""Spots per part below which a selection is not divided."""


@dataclass(frozen=True, kw_only=True)
class Rename:
    """Give a domain another name."""

    old: str
    new: str

    def __str__(self) -> str:
        """In words."""
        return f"{self.old} renamed {self.new}"

    def apply(self, domains: Domains) -> Domains:
        """Do it.

        Raises
        ------
        InputError
            If the name is empty or taken.
        """
        _check_new(domains, self.new, allowed={self.old})
        names = [self.new if n == self.old else n for n in domains.names.tolist()]
        colours = colours_now(domains)
        colours[self.new] = colours.pop(self.old)
        return _renewed(domains, names, domains.probability, colours)


@dataclass(frozen=True, kw_only=True)
class Recolour:
    """Give a domain another colour, ``#rrggbb``."""

    name: str
    colour: str

    def __str__(self) -> str:
        """In words."""
        return f"{self.name} coloured {self.colour}"

    def apply(self, domains: Domains) -> Domains:
        """Do it."""
        colours = {**colours_now(domains), self.name: self.colour}
        return dataclasses.replace(domains, colours=colours)


@dataclass(frozen=True, kw_only=True)
class Merge:
    """Make one of several domains; their probabilities add up, and the first name stays."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        """In words."""
        return f"{', '.join(self.names[1:])} merged into {self.names[0]}"

    def apply(self, domains: Domains) -> Domains:
        """Do it.

        Raises
        ------
        InputError
            If fewer than two are named.
        """
        if len(set(self.names)) < 2:
            msg = f"Merge: expected at least two domains, found {len(set(self.names))}."
            raise InputError(msg, "Choose several in the list with Ctrl or Shift.")
        chosen = np.isin(domains.names, self.names)
        first = int(np.flatnonzero(domains.names == self.names[0])[0])
        soft = domains.probability.copy()
        soft[:, first] = soft[:, chosen].sum(axis=1)
        kept = ~chosen
        kept[first] = True
        return _renewed(
            domains, domains.names[kept].tolist(), soft[:, kept], colours_now(domains)
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Split:
    """Divide the spots of one or several domains anew, by the scores they were found on."""

    names: tuple[str, ...]
    parts: int = 2

    def __str__(self) -> str:
        """In words."""
        return f"{', '.join(self.names)} divided into {self.parts}"

    def apply(self, domains: Domains) -> Domains:
        """Do it.

        Raises
        ------
        InputError
            If the run keeps no scores, or the selection has too few spots.
        """
        one = Merge(names=self.names).apply(domains) if len(self.names) > 1 else domains
        at = int(np.flatnonzero(one.names == self.names[0])[0])
        share = _parts(one, at, self.parts)
        soft = np.column_stack([
            np.delete(one.probability, at, axis=1), one.probability[:, [at]] * share
        ])  # fmt: skip
        others = [n for n in one.names.tolist() if n != self.names[0]]
        new = _free_names(self.names[0], self.parts, set(others))
        colours = {n: c for n, c in colours_now(one).items() if n in others}
        return _renewed(one, [*others, *new], soft, colours)


Edit = Rename | Recolour | Merge | Split


def colours_now(domains: Domains) -> dict[str, str]:
    """Colour of every domain: a person's own, else the palette's."""
    return {**colours_of(domains.names.tolist()), **domains.colours}


def _renewed(
    domains: Domains, names: list[str], soft: NDArray[np.float32], colours: dict[str, str]
) -> Domains:
    """Domains with other names and probabilities; colours stay with those that stay."""
    free = list(colours_of([f"{i:02d}" for i in range(30)]).values())
    kept = {n: colours[n] for n in names if n in colours}
    for name in names:
        if name not in kept:
            kept[name] = next((c for c in free if c not in kept.values()), free[0])
    return dataclasses.replace(
        domains, names=np.asarray(names, dtype=np.str_), colours=kept,
        probability=np.ascontiguousarray(soft, dtype=np.float32), curve={}, stability={},
    )  # fmt: skip


def _parts(domains: Domains, at: int, parts: int) -> NDArray[np.float32]:
    """Share of every part in every spot, (n_spots, parts); learned on the domain's own spots."""
    if domains.embedding is None:
        msg = "Split: expected scores that the domains were found on, found none in this run."
        raise InputError(msg, "Find the domains with transst; its runs keep their scores.")
    own = np.flatnonzero(domains.probability.argmax(axis=1) == at)
    if own.size < LEAST_SPOTS * parts:
        msg = f"Split: expected at least {LEAST_SPOTS * parts} spots, found {own.size}."
        raise InputError(msg, "Choose more domains, or fewer parts.")
    from napari_tessera.numerics.gaussian_mixture import mixture_shares

    share = np.full((domains.spot_names.size, parts), 1 / parts, dtype=np.float32)
    share[own] = mixture_shares(domains.embedding[own], parts, np.random.default_rng(0))
    return share


def _free_names(name: str, parts: int, taken: set[str]) -> list[str]:
    """Names of the parts: a, b, c behind the old name, as far as they are free."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    free = [f"{name}{letter}" for letter in letters if f"{name}{letter}" not in taken]
    return free[:parts]


def _check_new(domains: Domains, name: str, allowed: set[str]) -> None:
    """Refuse an empty name, and one that another domain has."""
    if not name.strip():
        msg = "Name of a domain: expected at least one letter, found none."
        raise InputError(msg, "Write a name.")
    if name in set(domains.names.tolist()) - allowed:
        msg = f"Name of a domain: expected one that is free, found {name!r}, which is taken."
        raise InputError(msg, "Choose another name, or merge the two.")
