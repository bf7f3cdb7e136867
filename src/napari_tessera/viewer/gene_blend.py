"""Spots coloured by one gene along the ramp, or by several, each with a colour of its own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.viewer.colours import (
    RGBA,
    categories,
    faded,
    limits_of,
    rgba_of,
    value_rgba,
)
from napari_tessera.viewer.layer_data import LayerData, Role, mark, world_units
from napari_tessera.viewer.legend import (
    Legend,
    alpha_legend,
    category_legend,
    ramp_legend,
    short,
)
from napari_tessera.viewer.spots import placed, spot_dots, spots_layer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.views import SpotsView, TissueView
    from napari_tessera.viewer.raster import Dots

BLEND = ("#ff5a36", "#2fd6ff", "#ffe14d", "#b06bff")
"""Red, blue, yellow, violet: told apart with every kind of colour vision, light enough for H&E."""


@dataclass(frozen=True, kw_only=True)
class DrawnGene:
    """One gene, or a column of the table, as it is drawn.

    Parameters
    ----------
    title : str
        What the legend says of it.
    names : ndarray of str, shape (n,)
        Spots.
    values : ndarray of float32, shape (n,)
        Values there.
    sure : ndarray of float32 or None, shape (n,)
        0 to 1; None where nothing is unsure.
    labels : ndarray of str or None, shape (n,)
        Labels, empty where there is none; None for numbers.
    colours : mapping of str to str
        ``#rrggbb`` of some labels.
    """

    title: str
    names: NDArray[np.str_]
    values: NDArray[np.float32]
    sure: NDArray[np.float32] | None = None
    labels: NDArray[np.str_] | None = None
    colours: Mapping[str, str] = field(default_factory=dict)


def paint_genes(
    genes: Sequence[DrawnGene],
    spots: SpotsView,
    *,
    fade: bool = False,
    hidden: frozenset[str] = frozenset(),
) -> tuple[NDArray[np.float32], list[Legend]]:
    """Colour the spots; those for which no gene has a value are clear.

    Parameters
    ----------
    genes : sequence of DrawnGene
        One to four; labels are drawn alone where they come first, and not at all where not.
    spots : SpotsView
        Spots on the screen; matched by name.
    fade : bool
        Whether a gene fades where its prediction is unsure.
    hidden : frozenset of str
        Labels that are not drawn.

    Returns
    -------
    rgba : ndarray, shape (n_spots, 4), float32
    legends : list of Legend
        One per gene.
    """
    if genes[0].labels is not None:
        return _paint_labels(genes[0], genes[0].labels, spots, hidden)
    genes = [gene for gene in genes if gene.labels is None]
    values = [_on_spots(gene.values, gene, spots) for gene in genes]
    sure = [_sureness(gene, spots, fade=fade) for gene in genes]
    if len(genes) == 1:
        limits = limits_of(values[0])
        rgba = value_rgba(values[0], limits)
        legend = ramp_legend(genes[0].title, limits)
        return (rgba if sure[0] is None else faded(rgba, sure[0])), [legend]
    colours = [rgba_of(c) for c in BLEND[: len(genes)]]
    ends = [limits_of(v) for v in values]
    shares = [_share(v, end) for v, end in zip(values, ends, strict=True)]
    shares = [x if s is None else x * s for x, s in zip(shares, sure, strict=True)]
    legends = [
        dataclasses.replace(alpha_legend(gene.title, colour, high), low=short(low))
        for gene, colour, (low, high) in zip(genes, colours, ends, strict=True)
    ]
    return _blend(shares, colours), legends


def gene_columns(genes: Sequence[DrawnGene], spots: SpotsView) -> dict[str, NDArray[np.generic]]:
    """Columns that the mouse tells over a spot: its name, and the value of every gene.

    Parameters
    ----------
    genes : sequence of DrawnGene
        What is drawn.
    spots : SpotsView
        Spots on the screen.
    """
    columns: dict[str, NDArray[np.generic]] = {"spot": spots.names}
    for gene in genes:
        if gene.labels is None:
            columns[gene.title] = np.round(_on_spots(gene.values, gene, spots), 3)
        else:
            columns[gene.title] = np.append(gene.labels, "")[spots.rows_in(gene.names)]
    return columns


def genes_layer(view: TissueView, rgba: NDArray[np.float32], name: str) -> LayerData | None:
    """Make the layer of the spots; None where the view has no spots.

    Parameters
    ----------
    view : TissueView
        Tissue on the screen.
    rgba : ndarray, shape (n_spots, 4), float32
        What `paint_genes` gave.
    name : str
        Name of the layer.
    """
    if view.spots is None:
        return None
    data, arguments, kind = spots_layer(view.spots, rgba)
    arguments |= {"name": name, "metadata": mark(Role.GENES), **world_units(view.unit)}
    return data, arguments, kind


def genes_dots(view: TissueView, spots: SpotsView, genes: Sequence[DrawnGene], name: str) -> Dots:
    """Make a crowd of the spots, which is drawn as a raster.

    Parameters
    ----------
    view : TissueView
        Tissue on the screen.
    spots : SpotsView
        Its spots, drawn as dots.
    genes : sequence of DrawnGene
        What the mouse tells of.
    name : str
        Name of the layer.
    """
    arguments = {"name": name, "metadata": mark(Role.GENES), **world_units(view.unit)}
    return spot_dots(spots, arguments, lambda: gene_columns(genes, spots))


def _paint_labels(
    drawn: DrawnGene, labels: NDArray[np.str_], spots: SpotsView, hidden: frozenset[str]
) -> tuple[NDArray[np.float32], list[Legend]]:
    """Colour spots by labels; those without one are clear."""
    known = labels != ""
    rgba = np.zeros((labels.size, 4), dtype=np.float32)
    items = categories(labels[known], colours=drawn.colours)
    rgba[known] = items.rgba()
    rgba[np.isin(labels, list(hidden)), 3] = 0
    return placed(rgba, drawn.names, spots), [category_legend(drawn.title, items)]


def _blend(shares: Sequence[NDArray[np.floating]], colours: Sequence[RGBA]) -> NDArray[np.float32]:
    """Mix colours by their shares; as opaque as the largest of them."""
    out = np.zeros((shares[0].size, 4), dtype=np.float32)
    total = np.full(shares[0].size, 1e-9, dtype=np.float32)
    for share, colour in zip(shares, colours, strict=True):
        total += share
        for part in range(3):
            out[:, part] += share * np.float32(colour[part])
        np.maximum(out[:, 3], share, out=out[:, 3])
    out[:, :3] /= total[:, None]
    return out


def _share(values: NDArray[np.float32], ends: tuple[float, float]) -> NDArray[np.float32]:
    """Values between the two ends, as 0 to 1; 0 where there is none."""
    low, high = ends
    share = np.asarray((values - np.float32(low)) * np.float32(1 / (high - low)), np.float32)
    np.clip(share, 0, 1, out=share)
    return np.nan_to_num(share, copy=False)


def _on_spots(
    values: NDArray[np.float32], gene: DrawnGene, spots: SpotsView
) -> NDArray[np.float32]:
    """Values in the order of the view; NaN where there is none."""
    return placed(values, gene.names, spots, missing=np.nan)


def _sureness(gene: DrawnGene, spots: SpotsView, *, fade: bool) -> NDArray[np.float32] | None:
    if gene.sure is None or not fade:
        return None
    return np.nan_to_num(_on_spots(gene.sure, gene, spots))
