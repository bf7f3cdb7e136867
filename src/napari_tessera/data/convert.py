"""From AnnData with coordinates to SpatialData, and from anything that opens to a new store."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.errors import StoreError
from napari_tessera.contract.report import Problem, Severity
from napari_tessera.data.disk import flush_folder, flush_tree
from napari_tessera.data.listing import listed
from napari_tessera.data.manifest import is_stamped, stamp
from napari_tessera.data.pictures import add_picture, number_of, pictures_of
from napari_tessera.data.problems import refusal, repair, some
from napari_tessera.data.read import Tissue, open_tissue
from napari_tessera.data.scale import keep_scale

if TYPE_CHECKING:
    from anndata import AnnData
    from spatialdata import SpatialData

    from napari_tessera.contract.inputs import PictureScale

__all__ = ["add_picture", "from_anndata", "import_tissue"]

SPOTS, TABLE = "spots", "table"

LONGEST_NAME = 100
"""Bytes of the longest name of an element or column."""


def from_anndata(
    adata: AnnData,
    title: str,
    *,
    folder: Path | None = None,
    image: Path | None = None,
    image_scale: PictureScale = 1.0,
) -> tuple[SpatialData, tuple[Problem, ...]]:
    """Make circles, a table that annotates them, and the pictures that can be found.

    Parameters
    ----------
    adata : AnnData
        Needs ``obsm["spatial"]`` (n_spots, 2 or more).
    title : str
        For messages.
    folder : Path, optional
        Where a picture that the table names may lie.
    image, image_scale : optional
        A picture given by hand.

    Raises
    ------
    InputError
        If there are no coordinates, or they cannot be used.
    """
    import spatialdata
    from spatialdata.models import ShapesModel, TableModel

    xy, flattened = _coordinates(adata, title)
    if adata.n_obs == 0:
        raise refusal(
            title,
            code="spots-none",
            expected="a table with spots",
            found="one without rows",
            hint="Choose another file.",
        )
    table, repairs = _tidy(adata, title)
    repairs += flattened
    region_key, instance_key = _free_keys(table)
    table.obs[region_key] = np.repeat(SPOTS, table.n_obs)
    table.obs[region_key] = table.obs[region_key].astype("category")
    table.obs[instance_key] = np.arange(table.n_obs)
    circles = ShapesModel.parse(
        xy, geometry=0, radius=_radius(adata, xy), index=table.obs[instance_key].to_numpy()
    )
    parsed = TableModel.parse(table, region=SPOTS, region_key=region_key, instance_key=instance_key)
    sdata = spatialdata.SpatialData(shapes={SPOTS: circles}, tables={TABLE: parsed})
    keep_scale(sdata, adata.uns, SPOTS)
    if image is not None:
        add_picture(sdata, Path(image), image_scale)
    for name, picture, scale in pictures_of(adata, folder):
        if image is None:
            add_picture(sdata, picture, scale, name=name)
    return sdata, tuple(repairs)


def _coordinates(adata: AnnData, title: str) -> tuple[np.ndarray, list[Problem]]:
    """Check and give x, y of every row; (n_spots, 2), float64."""
    where, hint = "obsm['spatial']", "Give x in the first and y in the second column."
    if "spatial" not in adata.obsm:
        raise refusal(
            title,
            "obsm",
            code="places-none",
            expected="coordinates under 'spatial'",
            found=", ".join(adata.obsm) or "nothing",
            hint="Put x and y of every spot into obsm['spatial'].",
        )
    try:
        xy = np.asarray(adata.obsm["spatial"], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise refusal(
            title,
            where,
            code="places-text",
            expected="numbers",
            found=f"something else ({error})",
            hint=hint,
        ) from error
    if xy.ndim != 2 or xy.shape[1] < 2:
        raise refusal(
            title,
            where,
            code="places-shape",
            expected="two columns",
            found=f"shape {xy.shape}",
            hint=hint,
        )
    bad = ~np.isfinite(xy[:, :2]).all(axis=1)
    if bad.any():
        raise refusal(
            title,
            where,
            code="places-not-finite",
            expected="finite coordinates",
            found=f"{int(bad.sum())} rows without ({some(adata.obs_names[bad])})",
            hint="Remove these spots or give their coordinates.",
        )
    if xy.shape[1] == 2:
        return xy, []
    return xy[:, :2], [repair(
        "places-third", title, where, expected="two columns, x and y",
        found=f"{xy.shape[1]}", hint="Only the first two were taken.",
    )]  # fmt: skip


def _tidy(adata: AnnData, title: str) -> tuple[AnnData, list[Problem]]:
    """Copy with names that SpatialData takes; each change is a repair."""
    from spatialdata import sanitize_table

    table = adata.copy()
    table.uns = {}
    repairs = []
    for key in list(table.obsm):
        value = table.obsm[key]
        if hasattr(value, "columns"):
            names = np.asarray(value.columns, dtype=np.str_)
            table.obsm[key] = value.to_numpy(dtype=np.float32)
            table.uns[f"{key}_names"] = names
            what = f"columns {', '.join(names[:3])} ..., kept in uns['{key}_names']"
            repairs.append(_renamed(title, f"obsm['{key}']", what))
    before = {
        "obs": list(table.obs.columns),
        "var": list(table.var.columns),
        "obsm": list(table.obsm),
    }
    for axis in ("obs", "var"):
        frame = getattr(table, axis)
        for column in frame.columns[[d.kind == "O" for d in frame.dtypes]]:
            frame[column] = frame[column].astype(str)
    if not table.var_names.is_unique:
        table.var_names_make_unique()
        repairs.append(_renamed(title, "var_names", "repeated gene names, now numbered"))
    repairs += _shorten(table, title)
    sanitize_table(table, inplace=True)
    after = {
        "obs": list(table.obs.columns),
        "var": list(table.var.columns),
        "obsm": list(table.obsm),
    }
    for axis, old_names in before.items():
        repairs += [
            _renamed(title, axis, f"{old!r}, now {new!r}")
            for old, new in zip(old_names, after[axis], strict=True)
            if old != new
        ]
    return table, repairs


def _shorten(table: AnnData, title: str) -> list[Problem]:
    """Shorten names that no file system takes; each becomes a folder of the store."""
    repairs: list[Problem] = []
    for axis in ("obs", "var"):
        frame = getattr(table, axis)
        for column in [c for c in frame.columns if len(str(c).encode()) > LONGEST_NAME]:
            short = f"{str(column).encode()[:80].decode(errors='ignore')}_{len(repairs)}"
            frame.rename(columns={column: short}, inplace=True)
            what = f"a name of {len(str(column).encode())} bytes, now {short!r}"
            repairs.append(_renamed(title, axis, what))
    return repairs


def _renamed(element: str, column: str, found: str) -> Problem:
    """Record one renaming."""
    return Problem(
        code="name-renamed",
        severity=Severity.REPAIR,
        element=element,
        column=column,
        expected="names that SpatialData accepts, unique without regard to case",
        found=found,
        hint="Nothing to do: it was renamed on import.",
    )


def _free_keys(table: AnnData) -> tuple[str, str]:
    """Names for region and instance columns that collide with nothing, whatever the case."""
    taken = {str(c).lower() for c in table.obs.columns}

    def free(name: str) -> str:
        while name in taken:
            name = f"tessera_{name}"
        return name

    return free("region"), free("spot_id")


def _radius(adata: AnnData, xy: np.ndarray) -> float:
    """Radius of a spot: from what the file says, else a quarter of the spacing."""
    from scipy.spatial import cKDTree

    for sample in _dict(adata.uns.get("spatial")).values():
        factors = _dict(_dict(sample).get("scalefactors"))
        if "spot_diameter_fullres" in factors:
            return number_of(factors["spot_diameter_fullres"], "spot_diameter_fullres") / 2
    distinct = np.unique(xy, axis=0)
    if len(distinct) < 2:
        return 1.0
    return float(np.median(np.asarray(cKDTree(distinct).query(distinct, k=2)[0])[:, 1])) / 4


def _dict(value: Any) -> dict[str, Any]:  # noqa: ANN401 - uns holds anything
    """Take a mapping, or an empty one."""
    return dict(value) if hasattr(value, "keys") else {}


def import_tissue(
    source: Path | str,
    out: Path,
    *,
    image: Path | None = None,
    image_scale: PictureScale = 1.0,
) -> Tissue:
    """Write whatever opens as a new SpatialData store; there is never half of one.

    Parameters
    ----------
    source : Path or str
        What to import.
    out : Path
        Store to make; must not exist.
    image, image_scale : optional
        A picture that lies beside the table.

    Raises
    ------
    InputError
        If `out` exists, does not end in ``.zarr``, or the source cannot be opened.
    StoreError
        If the store cannot be written.
    """
    out = Path(out)
    if out.suffix != ".zarr":
        msg = "OUT"
        raise refusal(
            msg,
            code="out-name",
            expected="a name that ends in .zarr",
            found=f"{out.name!r}",
            hint="Choose another name.",
        )
    if out.exists() or out.is_symlink():
        msg = "OUT"
        raise refusal(
            msg,
            code="out-exists",
            expected="a store that is not there yet",
            found=f"{out}",
            hint="Existing stores are never overwritten: choose another name.",
        )
    tissue = (
        source
        if isinstance(source, Tissue)
        else open_tissue(source, image=image, image_scale=image_scale)
    )
    staged = out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}.partial.zarr")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _detached(tissue.sdata).write(staged)
        _sign(tissue.path, staged)
        flush_tree(staged)
        staged.rename(out)
        flush_folder(out.parent)
    except OSError as error:
        msg = f"{out}: expected to write a new store, found {error}."
        raise StoreError(msg, "Check the disk's space and your rights there.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    written = open_tissue(out)
    return Tissue(sdata=written.sdata, path=out, title=tissue.title, repairs=tissue.repairs)


def _sign(source: Path | None, copy: Path) -> None:
    """Note in a copy which elements are ours, as its source does: only those may be replaced."""
    if source is not None:
        for place in listed(copy):
            if is_stamped(source / place):
                stamp(copy / place)


def _detached(sdata: SpatialData) -> SpatialData:
    """Give the same elements without a store.

    Writing an object that has a store elsewhere would write consolidated metadata into its own
    store, which is the user's, and none into the new one.
    """
    import spatialdata

    kinds = ("images", "labels", "points", "shapes", "tables")
    parts = {kind: dict(getattr(sdata, kind)) for kind in kinds}
    return spatialdata.SpatialData(**parts, attrs=dict(sdata.attrs))
