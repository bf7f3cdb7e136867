"""A UMAP, made by scanpy in a child process: importing it there stalls no window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

COMPONENTS = 50
"""Principal components of the expression, where there is no embedding to start from."""

NEIGHBOURS = 15
"""Neighbours in the graph, scanpy's default."""


def umap_of(
    values: sparse.csr_matrix | NDArray[np.floating], *, seed: int = 0
) -> NDArray[np.float32]:
    """Lay rows out in a plane by UMAP.

    Parameters
    ----------
    values : csr_matrix or ndarray, shape (n, n_columns)
        Dense: an embedding. Sparse: log-normalised expression, whose principal components are taken
        first.
    seed : int
        Of UMAP.

    Returns
    -------
    ndarray, shape (n, 2), float32
    """
    import anndata
    import scanpy

    rows = anndata.AnnData(np.zeros((values.shape[0], 1), dtype=np.float32))
    if not isinstance(values, np.ndarray):
        rows = anndata.AnnData(values)
        n_components = min(COMPONENTS, *(n - 1 for n in values.shape))
        scanpy.pp.pca(rows, n_comps=n_components, random_state=seed)
    else:
        rows.obsm["X_pca"] = np.asarray(values, dtype=np.float32)
    n_neighbours = min(NEIGHBOURS, values.shape[0] - 1)
    scanpy.pp.neighbors(rows, n_neighbors=n_neighbours, use_rep="X_pca", random_state=seed)
    scanpy.tl.umap(rows, random_state=seed)
    return np.asarray(rows.obsm["X_umap"], dtype=np.float32)


def write_rows(path: Path, values: sparse.csr_matrix | NDArray[np.floating]) -> None:
    """Write the rows that `embed_file` reads.

    Parameters
    ----------
    path : Path
        An ``.npz``.
    values : csr_matrix or ndarray, shape (n, n_columns)
        See `umap_of`.
    """
    if isinstance(values, np.ndarray):
        np.savez(path, values=values)
    else:
        sparse.save_npz(path, values)


def embed_file(rows: Path, out: Path) -> None:
    """Lay out the rows of a file and write the plane as ``.npy``.

    Parameters
    ----------
    rows : Path
        What `write_rows` wrote.
    out : Path
        An ``.npy``.
    """
    with np.load(rows, allow_pickle=False) as held:
        dense = held["values"] if "values" in held.files else None
    np.save(out, umap_of(sparse.csr_matrix(sparse.load_npz(rows)) if dense is None else dense))
