"""What is worth opening as a tissue when it is dropped on the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def looks_like_tissue(path: Path) -> bool:
    """Tell a SpatialData store or an ``.h5ad`` from a picture in a ``.zarr``.

    Parameters
    ----------
    path : Path
        File or folder; only names in it are looked at.
    """
    if path.suffix == ".h5ad":
        return path.is_file()
    if path.suffix != ".zarr" or not path.is_dir():
        return False
    return any((path / name).is_dir() for name in ("tables", "table", "shapes"))
