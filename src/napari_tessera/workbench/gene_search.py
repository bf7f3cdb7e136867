"""Find genes by what a person types: names, other names, parts, and near misses."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MEASURED = ""
"""Source of genes that the table of the tissue holds."""

COLUMN = "column of the table"
"""Source of columns of the tissue's own table, which are searched for like genes."""

_NEAREST, _CUTOFF = 150, 0.6


class Match(IntEnum):
    """How a gene was found, the best first."""

    NAME = 0
    ALIAS = 1
    BEGINNING = 2
    ALIAS_BEGINNING = 3
    PART = 4
    SIMILAR = 5


@dataclass(frozen=True, kw_only=True)
class GeneEntry:
    """One gene from one source, or a column of the table.

    Parameters
    ----------
    name : str
        The gene.
    source : str
        Run that predicted it; `MEASURED` for the table of the tissue, `COLUMN` for a column of it.
    badge : str
        Whether it was measured or predicted, with the score to expect of a prediction; what a
        column holds.
    aliases : tuple of str
        Other names.
    """

    name: str
    source: str = MEASURED
    badge: str = "measured"
    aliases: tuple[str, ...] = ()


class GeneIndex:
    """Genes that can be searched in.

    Parameters
    ----------
    entries : iterable of GeneEntry
        In the order in which they are listed when nothing is typed.
    """

    def __init__(self, entries: Iterable[GeneEntry]) -> None:
        self.entries = tuple(entries)
        self._words = [
            (entry.name.casefold(), tuple(alias.casefold() for alias in entry.aliases))
            for entry in self.entries
        ]

    def search(self, text: str, most: int = 60) -> list[GeneEntry]:
        """Genes that fit, the best first; near misses only where nothing else fits.

        Parameters
        ----------
        text : str
            What a person typed, in any case.
        most : int
            Longest answer.
        """
        wanted = text.strip().casefold()
        if not wanted:
            return list(self.entries[:most])
        found = [(m, i) for i, w in enumerate(self._words) if (m := _match(wanted, w)) is not None]
        if not found:
            found = [(Match.SIMILAR, i) for i in self._similar(wanted)]
        else:
            found.sort(key=lambda pair: (pair[0], *self._order(pair[1])))
        return [self.entries[i] for _, i in found[:most]]

    def _order(self, at: int) -> tuple[int, str, int]:
        """Order of equally good answers: the short name first, then by letter, then as given."""
        name = self._words[at][0]
        return len(name), name, at

    def best(self, text: str) -> GeneEntry | None:
        """Gene that a word means; None where nothing is near."""
        found = self.search(text, most=1)
        return found[0] if found and text.strip() else None

    def _similar(self, wanted: str) -> list[int]:
        """Positions of near misses: pairs of letters choose candidates, difflib judges them."""
        shared: Counter[int] = Counter()
        for pair in _pairs(wanted):
            shared.update(self._by_pair.get(pair, ()))
        nearest = [i for i, _ in shared.most_common(_NEAREST)]
        ratios = {i: self._ratio(wanted, i) for i in nearest}
        kept = [i for i in nearest if ratios[i] >= _CUTOFF]
        return sorted(kept, key=lambda i: (-ratios[i], i))

    def _ratio(self, wanted: str, at: int) -> float:
        name, aliases = self._words[at]
        judge = difflib.SequenceMatcher(b=wanted, autojunk=False)
        best = 0.0
        for word in (name, *aliases):
            judge.set_seq1(word)
            best = max(best, judge.ratio())
        return best

    @cached_property
    def _by_pair(self) -> dict[str, list[int]]:
        """Positions of the genes that hold a pair of letters."""
        found: dict[str, list[int]] = {}
        for i, (name, aliases) in enumerate(self._words):
            for pair in {p for word in (name, *aliases) for p in _pairs(word)}:
                found.setdefault(pair, []).append(i)
        return found


def split_words(text: str) -> list[str]:
    """Split what a person typed into genes: by comma, semicolon or space."""
    return [word for word in re.split(r"[,;\s]+", text) if word]


def _match(wanted: str, words: tuple[str, tuple[str, ...]]) -> Match | None:
    """How a gene fits; None where it does not."""
    name, aliases = words
    tests = (
        (Match.NAME, name == wanted),
        (Match.ALIAS, wanted in aliases),
        (Match.BEGINNING, name.startswith(wanted)),
        (Match.ALIAS_BEGINNING, any(alias.startswith(wanted) for alias in aliases)),
        (Match.PART, wanted in name or any(wanted in alias for alias in aliases)),
    )
    return next((how for how, fits in tests if fits), None)


def _pairs(word: str) -> set[str]:
    """Pairs of neighbouring letters, the edges included."""
    edged = f"^{word}$"
    return {edged[i : i + 2] for i in range(len(edged) - 1)}
