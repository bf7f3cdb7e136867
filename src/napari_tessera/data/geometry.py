"""Where elements lie: transformations as 3 x 3 matrices, centres of shapes and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def affine_of(element: Any, coordinate_system: str) -> NDArray[np.float64]:  # noqa: ANN401 - any element
    """Matrix from an element's own x, y to a coordinate system; (3, 3), float64.

    Raises
    ------
    KeyError
        If the element is not in that coordinate system.
    """
    from spatialdata.transformations import get_transformation

    found = get_transformation(element, get_all=True)
    matrix = found[coordinate_system].to_affine_matrix(("x", "y"), ("x", "y"))
    return np.asarray(matrix, dtype=np.float64)


def systems_of(element: Any) -> tuple[str, ...]:  # noqa: ANN401 - any element
    """Coordinate systems of an element."""
    from spatialdata.transformations import get_transformation

    if hasattr(element, "obs"):  # a table has no place
        return ()
    return tuple(get_transformation(element, get_all=True))


def move(affine: NDArray[np.float64], xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a 3 x 3 matrix to points (n, 2)."""
    return np.asarray(xy @ affine[:2, :2].T + affine[:2, 2])


def scale_of(affine: NDArray[np.float64]) -> float:
    """How much longer lengths become: the root of the determinant."""
    return float(np.sqrt(abs(np.linalg.det(affine[:2, :2]))))


def has_instances(element: Any) -> bool:  # noqa: ANN401 - any element
    """Whether a table can annotate an element: shapes, points and labels; no picture, no table."""
    if hasattr(element, "geometry") or hasattr(element, "npartitions"):
        return True
    return not hasattr(element, "obs") and tuple(finest(element).dims) == ("y", "x")


def own_centres(element: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:  # noqa: ANN401
    """Instance ids and centres of an element in its own coordinates.

    Parameters
    ----------
    element : GeoDataFrame, DataFrame or label picture
        Circles, polygons, points or labels.

    Returns
    -------
    instances : ndarray, shape (n,)
        Ids by which a table refers to them.
    xy : ndarray, shape (n, 2), float64
        Centres.
    """
    if hasattr(element, "geometry"):
        centres = element.geometry.centroid
        return element.index.to_numpy(), np.column_stack([centres.x, centres.y]).astype(np.float64)
    if hasattr(element, "npartitions"):
        frame = element[["x", "y"]].compute()
        return frame.index.to_numpy(), frame.to_numpy(dtype=np.float64)
    return _label_centres(finest(element))


def finest(element: Any) -> Any:  # noqa: ANN401 - a picture, single or multiscale
    """Take the finest level of a raster element, as a lazy array with dims."""
    if hasattr(element, "children"):
        level = next(iter(element.children.values()))
        return next(iter(level.data_vars.values()))
    return element


def _label_centres(labels: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:  # noqa: ANN401
    """Mean pixel centre of every label, block of rows by block of rows."""
    height, width = labels.shape
    size = max(1, 2**24 // max(width, 1))
    sums: dict[int, NDArray[np.float64]] = {}
    for start in range(0, height, size):
        block = np.asarray(labels.data[start : start + size])
        ids, inverse = np.unique(block, return_inverse=True)
        y, x = np.divmod(np.arange(block.size), width)
        parts = [np.bincount(inverse.ravel(), weights=w) for w in (x + 0.5, y + start + 0.5)]
        counts = np.bincount(inverse.ravel())
        for i, name in enumerate(ids.tolist()):
            add = np.array([parts[0][i], parts[1][i], counts[i]])
            sums[name] = sums.get(name, np.zeros(3)) + add
    sums.pop(0, None)
    ids = np.array(sorted(sums))
    total = np.array([sums[i] for i in ids.tolist()]).reshape(-1, 3)
    return ids, total[:, :2] / np.maximum(total[:, 2:], 1)
