"""Write elements beside their place and read them back, before anything that exists is touched."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.data.keys import split_place
from napari_tessera.data.manifest import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anndata import AnnData

_THEIRS = (
    "The table is annotating",  # what it annotates stays in the store and is not staged
    "zarr v3 autosharding",
    "Object at .* is not recognized as a component of a Zarr hierarchy",
    "Call to deprecated class Scaler",
)


def write_stage(stage: Path, elements: Mapping[str, Any]) -> None:
    """Write elements as a store of their own, compare what can be read, and stamp each.

    Parameters
    ----------
    stage : Path
        Store to make; must not exist.
    elements : mapping of str to element
        By place, such as ``tables/x``.

    Raises
    ------
    OSError
        If they cannot be written, or are not read back as they were.
    """
    import spatialdata

    parts: dict[str, dict[str, Any]] = {}
    for place, element in elements.items():
        kind, name = split_place(place)
        parts.setdefault(kind, {})[name] = element
    with warnings.catch_warnings():
        for message in _THEIRS:
            warnings.filterwarnings("ignore", message)
        spatialdata.SpatialData(**parts).write(stage, update_sdata_path=False)
        written = spatialdata.read_zarr(stage)
    for place, element in elements.items():
        if not _same(written[split_place(place)[1]], element):
            msg = f"{place} was not read back as it was written"
            raise OSError(msg)
        stamp(stage / place)


def _same(found: Any, meant: Any) -> bool:  # noqa: ANN401 - any kind of element
    """Whether an element was read back as it was meant."""
    if hasattr(meant, "obsm"):
        return _same_table(found, meant)
    if hasattr(meant, "geometry"):
        columns = [c for c in meant.columns if c != "geometry"]
        equal = all(np.array_equal(found[c].to_numpy(), meant[c].to_numpy()) for c in columns)
        geometry = np.asarray(found.geometry.geom_equals(meant.geometry, align=False))
        return len(found) == len(meant) and equal and bool(geometry.all())
    return type(found) is type(meant)


def _same_table(found: AnnData, meant: AnnData) -> bool:
    """Compare names, columns and matrices."""
    if found.shape != meant.shape or not np.array_equal(found.obs_names, meant.obs_names):
        return False
    columns = all(
        np.array_equal(found.obs[c].astype(str), meant.obs[c].astype(str))
        if meant.obs[c].dtype.kind not in "iuf"
        else np.array_equal(found.obs[c], meant.obs[c], equal_nan=meant.obs[c].dtype.kind == "f")
        for c in meant.obs.columns
    )
    return columns and all(_same_matrix(found.obsm[k], meant.obsm[k]) for k in meant.obsm)


def _same_matrix(found: Any, meant: Any) -> bool:  # noqa: ANN401 - dense or sparse
    """Compare two matrices value by value."""
    if hasattr(meant, "tocsr"):
        return bool(found.shape == meant.shape and (found.tocsr() != meant.tocsr()).nnz == 0)
    return np.array_equal(np.asarray(found), np.asarray(meant), equal_nan=True)
