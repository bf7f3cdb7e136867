"""Moran's I."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from napari_tessera.numerics.spatial_statistics import morans_i, neighbour_graph


def test_it_equals_the_equation_written_as_a_loop() -> None:
    rng = np.random.default_rng(0)
    x, graph = rng.poisson(2.0, size=30).astype(float), neighbour_graph(rng.random((30, 2)))
    w = graph.toarray() / graph.toarray().sum(axis=1, keepdims=True)
    d = x - x.mean()
    wanted = 30 / w.sum() * sum(w[i, j] * d[i] * d[j] for i in range(30) for j in range(30))
    assert morans_i(sparse.csr_matrix(x[:, None]), graph)[0] == pytest.approx(wanted / (d @ d))


def test_a_constant_gene_has_none() -> None:
    graph = neighbour_graph(np.random.default_rng(0).random((20, 2)))
    assert morans_i(sparse.csr_matrix(np.ones((20, 1))), graph)[0] == 0.0


def test_a_gradient_has_much_and_noise_has_little() -> None:
    rng = np.random.default_rng(1)
    xy = rng.random((400, 2))
    values = sparse.csr_matrix(np.stack([xy[:, 0], rng.random(400)], axis=1))
    gradient, noise = morans_i(values, neighbour_graph(xy))
    assert gradient > 0.9
    assert abs(noise) < 0.1


@pytest.mark.filterwarnings("ignore")  # squidpy warns of its own docstrings when it is imported
def test_it_equals_squidpys() -> None:
    import anndata
    import squidpy

    rng = np.random.default_rng(2)
    xy, counts = rng.random((80, 2)), rng.poisson(2.0, size=(80, 5)).astype(float)
    graph = neighbour_graph(xy)
    table = anndata.AnnData(counts, obsp={"spatial_connectivities": graph})
    table.uns["spatial_neighbors"] = {}
    found = squidpy.gr.spatial_autocorr(
        table, mode="moran", n_perms=None, transformation=True, copy=True, show_progress_bar=False
    )
    wanted = found.loc[table.var_names, "I"].to_numpy()
    assert morans_i(sparse.csr_matrix(counts), graph) == pytest.approx(wanted, abs=1e-6)
