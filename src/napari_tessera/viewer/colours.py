"""Colours computed by us: categories by table look-up, numbers by a perceptually even ramp.

Handing napari the colours of a million points costs a tenth of handing it the values to map.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.palette import colours_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ENOUGH = 100_000
"""Numbers that tell the range of many well enough."""

RGBA = tuple[float, float, float, float]

_VIRIDIS = (
    "440154", "482475", "414487", "355f8d", "2a788e", "21908d",
    "22a884", "42be71", "7ad151", "bddf26", "fde725",
)  # fmt: skip


def rgba_of(colour: str) -> RGBA:
    """Red, green, blue and alpha from 0 to 1 of ``#rrggbb``."""
    red, green, blue = (int(colour.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4))
    return red, green, blue, 1.0


def hex_of(rgba: RGBA) -> str:
    """``#rrggbb`` of red, green and blue from 0 to 1."""
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgba[:3])


@dataclass(frozen=True, kw_only=True)
class Categories:
    """Labels as small integers, so that recolouring a million of them is one look-up.

    Parameters
    ----------
    names : tuple of str
        Names that share the palette, sorted; some may not occur.
    codes : ndarray, shape (n,), int64
        Position of every item's label in `names`.
    counts : ndarray, shape (n_names,), int64
        Number of items of each.
    colours : mapping of str to str
        Colours of some names that a person has chosen.
    """

    names: tuple[str, ...]
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    colours: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> NDArray[np.float32]:
        """Colour of every name, shape (n_names, 4), float32."""
        return palette_table(self.names, self.colours)

    def rgba(self) -> NDArray[np.float32]:
        """Colour of every item from the shared palette, shape (n, 4), float32."""
        return self.table()[self.codes]

    def shown(self, hidden: frozenset[str]) -> NDArray[np.bool_]:
        """Whether each item is to be seen, shape (n,)."""
        return np.array([name not in hidden for name in self.names], dtype=np.bool_)[self.codes]


def categories(
    labels: NDArray[np.str_],
    names: tuple[str, ...] = (),
    colours: Mapping[str, str] | None = None,
) -> Categories:
    """Encode labels once.

    Parameters
    ----------
    labels : ndarray of str, shape (n,)
        One label per item.
    names : tuple of str
        Further names that share the palette, whether or not they occur.
    colours : mapping of str to str, optional
        Colours of some names that a person has chosen.
    """
    import pandas as pd

    codes, found = pd.factorize(np.asarray(labels, dtype=object))
    own = tuple(str(name) for name in found)
    everything = tuple(sorted({*own, *names}))
    place = {name: i for i, name in enumerate(everything)}
    sorted_codes = np.array([place[name] for name in own], dtype=np.int64)[codes]
    return Categories(
        names=everything,
        codes=sorted_codes,
        counts=np.bincount(sorted_codes, minlength=len(everything)),
        colours=colours or {},
    )


def coded(
    codes: NDArray[np.int64],
    labels: NDArray[np.str_],
    colours: Mapping[str, str] | None = None,
) -> Categories:
    """Take labels that are encoded already.

    Parameters
    ----------
    codes : ndarray, shape (n,), int64
        Position of every item's label in `labels`.
    labels : ndarray of str, shape (n_labels,)
        Names in any order.
    colours : mapping of str to str, optional
        Colours of some names that a person has chosen.
    """
    names = tuple(sorted(labels.tolist()))
    place = np.searchsorted(np.array(names), labels)
    own = place[codes].astype(np.int64, copy=False)
    counts = np.bincount(own, minlength=len(names))
    return Categories(names=names, codes=own, counts=counts, colours=colours or {})


def palette_table(
    names: tuple[str, ...], chosen: Mapping[str, str] | None = None
) -> NDArray[np.float32]:
    """One colour per name, those that a person has chosen among them; (n_names, 4), float32."""
    colours = colours_of(names, chosen)
    table = [rgba_of(colours[name]) for name in names]
    return np.array(table, dtype=np.float32).reshape(-1, 4)


def ramp(n: int = 256) -> NDArray[np.float32]:
    """Dark violet over green to yellow, even in lightness, shape (n, 4), float32."""
    anchors = np.array([rgba_of(c) for c in _VIRIDIS])
    at = np.linspace(0, len(anchors) - 1, n)
    steps = np.arange(len(anchors))
    columns = [np.interp(at, steps, anchors[:, i]) for i in range(4)]
    return np.stack(columns, axis=1).astype(np.float32)


def limits_of(values: NDArray[np.floating]) -> tuple[float, float]:
    """Range that leaves out the outermost hundredth on both sides; never empty.

    Of more than 200,000 numbers, evenly spaced ones are looked at.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers; those that are not finite do not count.
    """
    few = values[:: max(1, values.size // ENOUGH)]
    finite = few[np.isfinite(few)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.quantile(finite, (0.01, 0.99)))
    return (low, high) if high > low else (low, low + 1.0)


def value_rgba(values: NDArray[np.floating], limits: tuple[float, float]) -> NDArray[np.float32]:
    """Colour of every number; what is not finite is transparent.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Numbers.
    limits : tuple of float
        Values at the two ends of the ramp.

    Returns
    -------
    ndarray, shape (n, 4), float32
    """
    table = np.concatenate([ramp(), np.zeros((1, 4), np.float32)])
    low, high = limits
    numbers = np.asarray(values, np.float32)
    finite = np.isfinite(numbers)
    place = np.where(finite, numbers - low, 0) * (255 / (high - low))
    codes = np.where(finite, np.clip(place, 0, 255), 256).astype(np.int16)
    return np.asarray(table[codes], dtype=np.float32)


def faded(
    rgba: NDArray[np.float32], confidence: NDArray[np.float32], *, least: float = 0.08
) -> NDArray[np.float32]:
    """Let what is unsure fade.

    Parameters
    ----------
    rgba : ndarray, shape (n, 4), float32
        Colours.
    confidence : ndarray, shape (n,), float32
        0 to 1, multiplied into alpha.
    least : float
        Alpha factor at confidence 0, so that nothing vanishes altogether.
    """
    out = rgba.copy()
    out[:, 3] *= least + (1 - least) * np.clip(confidence, 0, 1)
    return out
