"""What is on the screen before any run: pictures and spots in one coordinate system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.views import ImageView, SpotsView, TissueView
from napari_tessera.data.choices import fill_selection
from napari_tessera.data.geometry import affine_of, finest, move, scale_of, systems_of
from napari_tessera.data.join import join_spots
from napari_tessera.data.pictures import LARGE, MOST_CHANNELS, rgb
from napari_tessera.data.scale import scale_of_view

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.data.read import Tissue


def tissue_view(tissue: Tissue, selection: Selection) -> TissueView:
    """Lay pictures and spots of a tissue into the chosen coordinate system.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        What to look at; defaults are filled in.

    Returns
    -------
    TissueView
        Pictures stay lazy; the chosen one comes first.
    """
    chosen = fill_selection(tissue, None, selection)
    system = str(chosen.coordinate_system)
    names = [n for n in tissue.sdata.images if system in systems_of(tissue.sdata[n])]
    names.sort(key=lambda n: (n != chosen.image, n))
    unit, spots = unit_of(tissue, system), _spots_view(tissue, chosen)
    return TissueView(
        title=tissue.title,
        coordinate_system=system,
        unit=unit,
        images=tuple(v for n in names if (v := image_view(tissue, n, system)) is not None),
        spots=spots,
        scale=scale_of_view(tissue, system, unit, spots),
    )


def unit_of(tissue: Tissue, system: str) -> str:
    """Find the unit of a coordinate system: what an element says, else ``pixel``."""
    for element in (*tissue.sdata.shapes.values(), *tissue.sdata.images.values()):
        found = getattr(element, "attrs", {}).get("transform", {}).get(system)
        unit = getattr(found, "unit", None)
        if unit:
            return str(unit)
    return "micrometre" if "micro" in system.lower() or system.lower() == "um" else "pixel"


def image_view(tissue: Tissue, name: str, system: str) -> ImageView | None:
    """One picture as lazy RGB levels; None for a stack of channels that is no colour picture."""
    element = tissue.sdata[name]
    base = finest(element)
    if base.sizes["c"] > MOST_CHANNELS:
        return None
    levels = (
        [base]
        if not hasattr(element, "children")
        else [next(iter(level.data_vars.values())) for level in element.children.values()]
    )
    pictures = [rgb(level.transpose("y", "x", "c").data) for level in levels]
    if len(pictures) == 1:
        pictures += _coarser(pictures[0])
    return ImageView(name=name, levels=tuple(pictures), affine=affine_of(element, system))


def _coarser(picture: Any) -> list[Any]:  # noqa: ANN401 - a lazy array
    """Lazy levels of half the size each, until the picture fits a screen."""
    levels = []
    step = 2
    while max(picture.shape[:2]) // (step // 2) > LARGE:
        levels.append(picture[::step, ::step])
        step *= 2
    return levels


def _spots_view(tissue: Tissue, selection: Selection) -> SpotsView | None:
    """Spots of the chosen table; None where they cannot be joined."""
    joined = join_spots(tissue, selection)
    if joined is None:
        return None
    element = tissue.sdata[str(selection.region)]
    affine = affine_of(element, str(selection.coordinate_system))
    table = tissue.sdata.tables[str(selection.table)]
    view: dict[str, Any] = {
        "table": str(selection.table),
        "element": str(selection.region),
        "names": np.asarray(table.obs_names[joined.rows], dtype=np.str_),
        "instances": joined.instances,
        "xy": joined.xy,
    }
    if not hasattr(element, "geometry"):
        if hasattr(element, "npartitions"):
            return SpotsView(**view)
        return SpotsView(**view, labels=finest(element).data, labels_affine=affine)
    shapes = element.loc[joined.instances]
    if "radius" in shapes.columns:
        return SpotsView(**view, radius=shapes["radius"].to_numpy(float) * scale_of(affine))
    return SpotsView(**view, polygons=tuple(_outline(g, affine) for g in shapes.geometry))


def _outline(geometry: Any, affine: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: ANN401
    """World outline of the largest part of a polygon."""
    part = max(geometry.geoms, key=lambda g: g.area) if hasattr(geometry, "geoms") else geometry
    return move(affine, np.asarray(part.exterior.coords, dtype=np.float64)[:, :2])
