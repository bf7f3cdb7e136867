"""What the gate asks of the spots' places: table, region, keys, coordinate system, coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.choices import links_of, regions_of, tissue_choices
from napari_tessera.data.claims import free_memory
from napari_tessera.data.gate_instances import check_instances
from napari_tessera.data.gate_pictures import check_image
from napari_tessera.data.geometry import affine_of, finest, has_instances, scale_of, systems_of
from napari_tessera.data.join import Joined, join_spots
from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue

LEAST_SPOTS = 10

FARTHEST = 1e12
"""Coordinates beyond this are no places."""

LABEL_SHARE = 64
"""Labels that claim this many times the free memory are not walked through."""


def check_places(tissue: Tissue, selection: Selection) -> tuple[Joined | None, list[Problem]]:
    """Places of the spots, or why there are none.

    Parameters
    ----------
    tissue : Tissue
        Open tissue.
    selection : Selection
        With defaults filled in.

    Returns
    -------
    joined : Joined or None
        None where something refuses.
    problems : list of Problem
    """
    for check in (_table, _keys, _region, _system):
        problems = check(tissue, selection)
        if problems:
            return None, problems
    problems = _radii(tissue, str(selection.region)) or check_instances(tissue, selection)
    if any(p.severity == "refuse" for p in problems):
        return None, problems
    joined = join_spots(tissue, selection)
    if joined is None:
        return None, problems
    problems += _coordinates(joined, selection)
    problems += check_image(tissue, selection, joined.xy)
    refused = any(p.severity == "refuse" for p in problems)
    return (None if refused else joined), problems


def _table(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Ask that the table is there, inside the store."""
    tables = tissue_choices(tissue).tables
    if not tables:
        return [refuse(
            "table-none", tissue.title, "tables", expected="a table with the spots' expression",
            found="no table", hint="Add a table that annotates the spots.",
        )]  # fmt: skip
    if selection.table not in tissue.sdata.tables:
        return [refuse(
            "table-missing", tissue.title, f"table {selection.table}", expected="one of its tables",
            found=f"none of that name; there are: {some(tables, 8)}", hint="Choose one (--table).",
        )]  # fmt: skip
    if tissue.path is not None and _leads_outside(tissue.path / "tables" / str(selection.table)):
        return [refuse(
            "table-symlink", f"table {selection.table}", "", expected="a folder inside the store",
            found="a link that leads outside of it", hint="Copy the table into the store.",
        )]  # fmt: skip
    return []


def _leads_outside(path: Path) -> bool:
    """Whether a path is a link out of its own folder."""
    return path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve())


def _keys(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Ask that the table says what it annotates, in columns that are there."""
    name = str(selection.table)
    table = tissue.sdata.tables[name]
    attrs = links_of(table)
    if not attrs or not regions_of(table):
        return [refuse(
            "table-no-region", f"table {name}", "spatialdata_attrs",
            expected="a region, region_key and instance_key",
            found="a table that annotates nothing",
            hint="Link it to its spots with TableModel.parse(..., region=...).",
        )]  # fmt: skip
    for key in ("region_key", "instance_key"):
        if str(attrs.get(key)) not in table.obs.columns:
            return [refuse(
                f"table-no-{key.replace('_', '-')}", f"table {name}", key,
                expected="the name of an obs column",
                found=f"{attrs.get(key)!r}, which is not there",
                hint="Parse the table again with TableModel.parse.",
            )]  # fmt: skip
    return []


def _region(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Ask that the annotated element is there."""
    table = tissue.sdata.tables[str(selection.table)]
    regions = regions_of(table)
    if selection.region not in regions:
        return [refuse(
            "region-not-annotated", f"table {selection.table}", "region",
            expected=f"one of {some(regions, 8)}", found=str(selection.region),
            hint="Choose one of these (--region).",
        )]  # fmt: skip
    if selection.region not in tissue.sdata:
        return [refuse(
            "region-missing", f"table {selection.table}", "region",
            expected="an element of this store", found=f"{selection.region!r}, which is not there",
            hint="Add the element, or choose a table whose element is there.",
        )]  # fmt: skip
    element = tissue.sdata[str(selection.region)]
    if not has_instances(element):
        what = "a table" if hasattr(element, "obs") else "a picture"
        return [refuse(
            "region-no-places", f"table {selection.table}", "region",
            expected="circles, polygons, points or labels",
            found=f"{selection.region!r}, which is {what}", hint="Annotate the spots' element.",
        )]  # fmt: skip
    if hasattr(element, "geometry") or hasattr(element, "npartitions"):
        return _shapes(element, str(selection.region))
    claimed, free = int(finest(element).nbytes), free_memory()
    if claimed > LABEL_SHARE * free:
        return [refuse(
            "labels-too-large", str(selection.region), "",
            expected=f"labels that can be walked through with {free / 2**30:.1f} GiB free",
            found=f"labels that claim {claimed / 2**30:,.0f} GiB", hint="Crop the labels.",
        )]  # fmt: skip
    return []


def _shapes(element: Any, region: str) -> list[Problem]:  # noqa: ANN401 - shapes or points
    """Shapes are there, each with an id of its own."""
    if len(element) == 0:
        return [refuse(
            "region-no-shapes", region, "", expected="at least one spot", found="none",
            hint="Choose another element.",
        )]  # fmt: skip
    if hasattr(element, "geometry") and not element.index.is_unique:
        twice = element.index[element.index.duplicated()].unique()
        return [refuse(
            "shapes-repeated", region, "index", expected="an id of its own for every spot",
            found=f"{len(twice)} ids that stand more than once ({some(twice)})",
            hint="Remove the repeated shapes.",
        )]  # fmt: skip
    return []


def _system(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Spots are in the coordinate system; so is the picture that was chosen."""
    name, system = str(selection.region), selection.coordinate_system
    known = tissue.sdata.coordinate_systems
    if system not in known:
        return [refuse(
            "system-unknown", tissue.title, "coordinate system",
            expected=f"one of {some(known, 8)}",
            found=str(system), hint="Choose one of these (--coordinate-system).",
        )]  # fmt: skip
    own = systems_of(tissue.sdata[name])
    if system not in own:
        return [refuse(
            "system-not-of-spots", name, "coordinate system", expected=f"{system}",
            found=f"an element that is only in {some(own, 8)}",
            hint="Choose a coordinate system that holds the spots.",
        )]  # fmt: skip
    return _transformation(tissue.sdata[name], name, str(system))


def _transformation(element: Any, name: str, system: str) -> list[Problem]:  # noqa: ANN401
    """Ask that the spots' transformation is finite and keeps two dimensions."""
    try:
        affine = affine_of(element, system)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        return [refuse(
            "system-not-affine", name, system, expected="an affine transformation",
            found=f"one that is not ({error})", hint="Write the places in that system instead.",
        )]  # fmt: skip
    if not np.isfinite(affine).all():
        return [refuse(
            "system-nan", name, system, expected="a transformation of finite numbers",
            found="NaN or infinity in it", hint="Set the transformation again.",
        )]  # fmt: skip
    if scale_of(affine) == 0:
        return [refuse(
            "system-flat", name, system, expected="a transformation that keeps two dimensions",
            found="one that puts all on a line or point", hint="Check its scale.",
        )]  # fmt: skip
    return []


def _radii(tissue: Tissue, region: str) -> list[Problem]:
    """Radii of circles are numbers above zero."""
    element = tissue.sdata[region]
    if "radius" not in getattr(element, "columns", ()):
        return []
    radii = np.asarray(element["radius"], dtype=np.float64)
    bad = ~np.isfinite(radii) | (radii <= 0)
    if not bad.any():
        return []
    return [refuse(
        "places-radius", region, "radius", expected="numbers above 0",
        found=f"{int(bad.sum())} circles with other radii ({some(element.index[bad])})",
        hint="Give these circles a radius.",
    )]  # fmt: skip


def _coordinates(joined: Joined, selection: Selection) -> list[Problem]:
    """Coordinates are finite, several, and not all the same."""
    name = str(selection.region)
    bad = ~np.isfinite(joined.xy).all(axis=1)
    if bad.any():
        return [refuse(
            "places-nan", name, "geometry", expected="finite coordinates",
            found=f"{int(bad.sum())} spots without ({some(joined.instances[bad])})",
            hint="Remove these spots or give their coordinates.",
        )]  # fmt: skip
    if len(joined.xy) < LEAST_SPOTS:
        return [refuse(
            "spots-too-few", name, "", expected=f"at least {LEAST_SPOTS} spots",
            found=str(len(joined.xy)), hint="A map needs more spots than this.",
        )]  # fmt: skip
    if float(np.abs(joined.xy).max()) > FARTHEST:
        return [refuse(
            "places-far", name, "geometry", expected=f"coordinates below {FARTHEST:.0e}",
            found=f"{float(np.abs(joined.xy).max()):.3g}", hint="Check the unit.",
        )]  # fmt: skip
    return _spread(joined, name)


def _spread(joined: Joined, name: str) -> list[Problem]:
    """Spots lie at different places, and not on a line."""
    distinct = len(np.unique(joined.xy, axis=0))
    if distinct < LEAST_SPOTS:
        return [refuse(
            "places-same", name, "geometry", expected="spots at different places",
            found=f"{distinct} different ones for {len(joined.xy)} spots",
            hint="Check the coordinates.",
        )]  # fmt: skip
    if distinct < len(joined.xy):
        return [remark(
            "places-repeated", name, "geometry", expected="one spot at each place",
            found=f"{len(joined.xy) - distinct} spots that share theirs",
            hint="Several sections? Choose the column that tells them apart.",
        )]  # fmt: skip
    spread = np.linalg.svd(joined.xy - joined.xy.mean(axis=0), compute_uv=False)
    if spread[1] <= 1e-9 * spread[0]:
        return [remark(
            "places-line", name, "geometry", expected="spots that fill an area",
            found="spots on one line", hint="Check that x and y are not the same column.",
        )]  # fmt: skip
    return []


def check_sections(table: AnnData, selection: Selection) -> list[Problem]:
    """Ask that the column of sections is there and filled.

    Parameters
    ----------
    table : AnnData
        The spots' table.
    selection : Selection
        ``sample_column`` names the column.
    """
    column = selection.sample_column
    if column is None:
        return []
    where = (f"table {selection.table}", column)
    if column not in table.obs.columns:
        return [refuse(
            "sections-missing", *where, expected="a column of obs that tells sections apart",
            found=f"none of that name; there are: {some(table.obs.columns, 8) or 'none'}",
            hint="Choose one of these (--sample-column).",
        )]  # fmt: skip
    values = table.obs[column]
    if values.isna().any():
        return [repair(
            "sections-some-missing", *where, expected="a section for every spot",
            found=f"{int(values.isna().sum())} spots without",
            hint="They form a section of their own, called nan.",
        )]  # fmt: skip
    if values.nunique() * 2 > len(values):
        return [refuse(
            "sections-too-many", *where, expected="sections of many spots",
            found=f"{values.nunique()} values for {len(values)} spots",
            hint="Choose the column that tells sections apart.",
        )]  # fmt: skip
    return []
