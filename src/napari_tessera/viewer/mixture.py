"""What a spot is mixed of, in one colour: the lead of its first type, or several types blended."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import ENOUGH, limits_of, palette_table
from napari_tessera.viewer.legend import Legend, LegendEntry, Painting, short
from napari_tessera.viewer.spots import placed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.results import Composition
    from napari_tessera.contract.views import SpotsView

MOST_BLENDED = 4
"""Types that can be told apart when they are blended."""

_PALE = np.float32(0.96)
_STEPS = 32
_FULL = 0.9


def paled_by_lead(
    rgba: NDArray[np.float32], legend: Legend, composition: Composition
) -> tuple[NDArray[np.float32], Legend]:
    """Let colours turn pale where no type leads; alpha stays, so that fading can be added.

    The tenth of the spots with the largest lead has the full colours: in a tissue most leads are
    small, and on a scale up to 1 all would be pale.

    Parameters
    ----------
    rgba : ndarray, shape (n_spots, 4), float32
        Colours of the dominant types, in the order of the composition.
    legend : Legend
        What they mean.
    composition : Composition
        Shares of the types.
    """
    ahead = composition.lead
    most = max(float(np.quantile(ahead[:: max(1, ahead.size // ENOUGH)], _FULL)), 1e-6)
    strength = np.clip(ahead / np.float32(most), 0, 1)[:, None]
    out = rgba.copy()
    out[:, :3] = _PALE + (out[:, :3] - _PALE) * strength
    first = np.array(legend.entries[0].rgba if legend.entries else (0.2, 0.2, 0.2, 1.0))
    ramp = [tuple((_PALE + (first[:3] - _PALE) * k).tolist()) for k in np.linspace(0, 1, _STEPS)]
    told = dataclasses.replace(
        legend,
        ramp=tuple((red, green, blue, 1.0) for red, green, blue in ramp),
        low="no lead",
        high=f"lead {short(most)}+",
    )
    return out, told


def blendable(composition: Composition) -> list[tuple[str, float]]:
    """Types with the mean of their shares, the most abundant first, ties by name.

    Parameters
    ----------
    composition : Composition
        Shares of the types.
    """
    means = composition.values.mean(axis=0) if len(composition.values) else np.zeros(0)
    found = zip(composition.types.tolist(), means.tolist(), strict=False)
    return sorted(found, key=lambda one: (-one[1], one[0]))


def usual_blend(composition: Composition | None) -> tuple[str, ...]:
    """Types that are blended until a person has chosen some: the three most abundant."""
    return () if composition is None else tuple(name for name, _ in blendable(composition)[:3])


def paint_blend(
    composition: Composition,
    spots: SpotsView,
    chosen: Sequence[str],
    *,
    colours: Mapping[str, str],
    hidden: Collection[str] = (),
) -> Painting:
    """Mix the colours of chosen types by their shares; as opaque as the shares are large together.

    Parameters
    ----------
    composition : Composition
        Shares of the types.
    spots : SpotsView
        Spots on the screen; matched by name.
    chosen : sequence of str
        Up to `MOST_BLENDED` types; others than those of the composition are left out.
    colours : mapping of str to str
        Colours of some types that a person has chosen.
    hidden : collection of str
        Types that are left out of the mixture, but stay in the legend.
    """
    known = composition.types.tolist()
    types = [name for name in chosen if name in known][:MOST_BLENDED]
    at = [known.index(name) for name in types]
    shares, table = composition.values[:, at], palette_table(tuple(known), colours)[at]
    seen = np.array([name not in hidden for name in types], dtype=np.float32)
    weights = shares * seen
    total = weights.sum(axis=1)
    most = max(limits_of(total)[1], 1e-6) if total.any() else 1.0
    out = np.empty((len(shares), 4), dtype=np.float32)
    out[:, :3] = weights @ table[:, :3] / np.maximum(total, 1e-9)[:, None]
    out[:, 3] = np.clip(total / np.float32(most), 0, 1)
    legend = _blend_legend(types, table, shares, most)
    return Painting(rgba=placed(out, composition.spot_names, spots), legend=legend)


def _blend_legend(
    types: list[str], table: NDArray[np.float32], shares: NDArray[np.float32], most: float
) -> Legend:
    """Say what is blended, how much there is of each, and what the opacity means."""
    if not types:
        return Legend(title="Blend: choose types in the Results dock")
    means = shares.mean(axis=0).tolist()
    entries = tuple(
        LegendEntry(name=name, rgba=tuple(colour), said=f"{mean:.0%}")
        for name, colour, mean in zip(types, table.tolist(), means, strict=True)
    )
    grey = tuple((0.25, 0.25, 0.25, k) for k in np.linspace(0, 1, _STEPS).tolist())
    return Legend(
        title="Blend of types by share" if len(types) > 1 else "Share of one type",
        entries=entries,
        ramp=grey,
        low="together 0",
        high=short(most),
    )
