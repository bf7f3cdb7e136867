"""What the gate asks of the spots' places: table, region, keys, coordinate system, coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.choices import regions_of, tissue_choices
from napari_tessera.data.geometry import finest, own_centres, systems_of
from napari_tessera.data.join import Joined, join_spots
from napari_tessera.data.pictures import MOST_CHANNELS
from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    from pathlib import Path

    from anndata import AnnData

    from napari_tessera.contract.inputs import Selection
    from napari_tessera.contract.report import Problem
    from napari_tessera.data.read import Tissue

LEAST_SPOTS = 10
LONGEST_NAME = 100


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
    problems = _sections(tissue, selection) or _radii(tissue, str(selection.region))
    problems = problems or _instances(tissue, selection)
    if any(p.severity == "refuse" for p in problems):
        return None, problems
    joined = join_spots(tissue, selection)
    if joined is None:
        return None, problems
    problems += _coordinates(joined, selection) + _image(tissue, selection)
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
    attrs = table.uns.get("spatialdata_attrs", {})
    if not attrs or not regions_of(table):
        return [refuse(
            "table-no-region", f"table {name}", "spatialdata_attrs",
            expected="a region, region_key and instance_key",
            found="a table that annotates nothing",
            hint="Link it to its spots with TableModel.parse(..., region=...).",
        )]  # fmt: skip
    for key in ("region_key", "instance_key"):
        if attrs.get(key) not in table.obs.columns:
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
    return []


def _image(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Picture and spots share the coordinate system."""
    if selection.image is None:
        systems = {n: systems_of(tissue.sdata[n]) for n in tissue.sdata.images}
        if not systems:
            return []
        listed = "; ".join(f"{n} in {some(s)}" for n, s in systems.items())
        return [remark(
            "image-elsewhere", tissue.title, "images",
            expected=f"a picture in {selection.coordinate_system}", found=listed,
            hint="Choose a coordinate system that spots and picture share to see them together.",
        )]  # fmt: skip
    if selection.image not in tissue.sdata.images:
        return [refuse(
            "image-missing", tissue.title, f"image {selection.image}", expected="one of its images",
            found=some(tissue.sdata.images, 8) or "no images", hint="Choose one of these.",
        )]  # fmt: skip
    if selection.coordinate_system not in systems_of(tissue.sdata[selection.image]):
        return [refuse(
            "image-not-shared", f"image {selection.image}", "coordinate system",
            expected=str(selection.coordinate_system),
            found=some(systems_of(tissue.sdata[selection.image])),
            hint="Choose a coordinate system that spots and picture share.",
        )]  # fmt: skip
    return _channels(tissue, selection.image)


def _channels(tissue: Tissue, name: str) -> list[Problem]:
    """Channels of a picture are few; many are often rows taken for channels."""
    picture = finest(tissue.sdata[name])
    sizes = dict(zip(picture.dims, picture.shape, strict=True))
    if sizes.get("c", 0) <= MOST_CHANNELS:
        return []
    return [remark(
        "image-channels", f"image {name}", "c", expected=f"{MOST_CHANNELS} channels or fewer",
        found=f"{sizes['c']}, each of {sizes['y']} x {sizes['x']} pixels",
        hint="If these are rows of the picture, write it again with its axes as (c, y, x).",
    )]  # fmt: skip


def _sections(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Ask that the column that tells sections apart is there, and full."""
    column = selection.sample_column
    if column is None:
        return []
    table: AnnData = tissue.sdata.tables[str(selection.table)]
    where = (f"table {selection.table}", column)
    if column not in table.obs:
        return [refuse(
            "samples-missing", *where, expected="a column of obs with the section of every spot",
            found=f"none of that name; there are: {some(table.obs.columns, 8)}",
            hint="Choose one of these (--sample-column), or leave it out.",
        )]  # fmt: skip
    n_missing = int(table.obs[column].isna().sum())
    if n_missing:
        return [refuse(
            "samples-some-missing", *where, expected="a section for every spot",
            found=f"{n_missing} spots without", hint="Name their section.",
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


def _instances(tissue: Tissue, selection: Selection) -> list[Problem]:
    """Ids of table and element fit together."""
    table: AnnData = tissue.sdata.tables[str(selection.table)]
    attrs = table.uns["spatialdata_attrs"]
    rows = (table.obs[attrs["region_key"]].astype(str) == selection.region).to_numpy()
    wanted = table.obs[attrs["instance_key"]][rows]
    where = (f"table {selection.table}", str(attrs["instance_key"]))
    if not rows.any():
        return [refuse(
            "region-empty", f"table {selection.table}", str(attrs["region_key"]),
            expected=f"rows of {selection.region}", found="none",
            hint="Choose another region, or mend the column.",
        )]  # fmt: skip
    if wanted.duplicated().any():
        twice = wanted[wanted.duplicated()].unique()
        return [refuse(
            "instances-repeated", *where, expected="one row per spot",
            found=f"{len(twice)} ids that stand more than once ({some(twice)})",
            hint="Remove the repeated rows.",
        )]  # fmt: skip
    ids, _ = own_centres(tissue.sdata[str(selection.region)])
    return _compare_ids(wanted, ids, where, str(selection.region))


def _compare_ids(
    wanted: Any,  # noqa: ANN401 - a pandas series
    ids: np.ndarray,
    where: tuple[str, str],
    region: str,
) -> list[Problem]:
    """Say how many rows find their spot, and why not."""
    known = set(ids.tolist())
    missing = [w for w in wanted.tolist() if w not in known]
    if len(missing) == len(wanted):
        kinds = (
            f"{wanted.dtype} such as {some(wanted, 2)}, against {ids.dtype} such as {some(ids, 2)}"
        )
        same_text = {str(w) for w in missing} & {str(i) for i in ids.tolist()}
        code = "instances-other-type" if same_text else "instances-none-match"
        return [refuse(
            code, *where, expected=f"ids of {region}", found=kinds,
            hint="Give both the same ids and the same type.",
        )]  # fmt: skip
    problems = []
    if missing:
        problems.append(repair(
            "instances-some-missing", *where, expected=f"ids of {region}",
            found=f"{len(missing)} rows without a spot ({some(missing)})",
            hint="These rows were left out.",
        ))  # fmt: skip
    shared = [w for w in wanted.tolist() if w in known]
    if shared != [i for i in ids.tolist() if i in set(shared)]:
        problems.append(remark(
            "instances-order", *where, expected=f"the order of {region}", found="another order",
            hint="Nothing to do: rows are joined by id.",
        ))  # fmt: skip
    return problems


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
    return []
