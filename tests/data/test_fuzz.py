"""Tissues and references broken at random: reported, or passed as sound data; nothing else."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.inputs import PairedData, Selection
from napari_tessera.data.prepare import prepare_pair
from napari_tessera.data.read import Tissue, open_tissue, read_reference

if TYPE_CHECKING:
    import anndata

    from napari_tessera.data.sample import SamplePaths

pytestmark = pytest.mark.filterwarnings("ignore")  # libraries warn of what is broken on purpose

NUMBERS = (np.nan, np.inf, -np.inf, -1.0, 0.5, 1e38, 3e9, 0.0, 1.0)
KINDS = ("f8", "f4", "i8", "i4", "u2", "u1", "i1", "bool", "c8", "U5", "O")
NAMES = ("", " ", "nan", "a/b", "..", "ENSG00000000001.3", "1-Mar", "b'x'", "β", "x" * 300, "0")
FIELDS = ("table", "region", "coordinate_system", "image", "layer", "gene_column",
          "sample_column", "reference_layer", "cell_type_column", "within")  # fmt: skip


def dense_of(adata: anndata.AnnData) -> np.ndarray:
    return np.array(adata.X.toarray() if hasattr(adata.X, "toarray") else adata.X)


def values(adata: anndata.AnnData, draw: random.Random) -> None:
    dense = dense_of(adata).astype(np.float64)
    for _ in range(draw.choice((1, 3, 200))):
        dense[draw.randrange(dense.shape[0]), draw.randrange(dense.shape[1])] = draw.choice(NUMBERS)
    adata.X = sparse.csr_matrix(dense) if draw.random() < 0.5 else dense


def kind(adata: anndata.AnnData, draw: random.Random) -> None:
    adata.X = dense_of(adata).astype(draw.choice(KINDS))


def gene_names(adata: anndata.AnnData, draw: random.Random) -> None:
    names = list(adata.var_names)
    for _ in range(draw.choice((1, 5, 60))):
        names[draw.randrange(len(names))] = draw.choice(NAMES)
    adata.var_names = names


def row_names(adata: anndata.AnnData, draw: random.Random) -> None:
    names = list(adata.obs_names)
    names[draw.randrange(len(names))] = draw.choice((*NAMES, names[0]))
    adata.obs_names = names


def column(adata: anndata.AnnData, draw: random.Random) -> None:
    name = draw.choice([*adata.obs.columns])
    if draw.random() < 0.3:
        del adata.obs[name]
        return
    odd = [draw.choice((None, "", "nan", 1, 2.5, True, "x" * 200)) for _ in range(adata.n_obs)]
    adata.obs[name] = np.array(odd, dtype=object)


def links(adata: anndata.AnnData, draw: random.Random) -> None:
    attrs = dict(adata.uns.get("spatialdata_attrs", {}))
    key = draw.choice(("region", "region_key", "instance_key"))
    attrs[key] = draw.choice((None, "", "nowhere", ["spots", "x"], 5, np.array(["spots"]), "he"))
    adata.uns["spatialdata_attrs"] = draw.choice((attrs, attrs, attrs, "text", None, {}))


def matrix(adata: anndata.AnnData, draw: random.Random) -> None:
    if draw.random() < 0.5:
        adata.X = None
    else:
        adata.X = draw.choice((sparse.csc_matrix, sparse.csr_matrix, np.asarray))(
            np.zeros(adata.shape, dtype=np.float32)
        )


def rows(tissue: Tissue, draw: random.Random) -> None:
    table = tissue.sdata.tables["table"]
    order = [draw.randrange(table.n_obs) for _ in range(draw.choice((1, 5, 60)))]
    tissue.sdata.tables.data["table"] = table[order].copy()


def shapes(tissue: Tissue, draw: random.Random) -> None:
    from shapely import Point, Polygon

    frame = tissue.sdata.shapes["spots"]
    odd = (Point(np.nan, 1), Point(1e300, 0), Point(), None, Point(0, 0), Polygon())
    points = list(frame.geometry)
    for _ in range(draw.choice((1, 60))):
        points[draw.randrange(len(points))] = draw.choice(odd)
    frame["geometry"] = points
    if draw.random() < 0.3:
        frame["radius"] = [draw.choice((np.nan, -1.0, 0.0, 1.0)) for _ in points]
    if draw.random() < 0.3:
        frame.index = [draw.choice((0, 1, 2, 3)) for _ in points]


def transformation(tissue: Tissue, draw: random.Random) -> None:
    from spatialdata.transformations import Affine, Identity, Scale, set_transformation

    element = tissue.sdata[draw.choice(("spots", "he"))]
    number = draw.choice((0.0, np.nan, -1.0, 1e30, 2.0))
    flat = np.array([[number, 0, 0], [0, number, 0], [0, 0, 1]])
    made = draw.choice(
        (Identity(), Scale([number, 1.0], ("x", "y")), Affine(flat, ("x", "y"), ("x", "y")))
    )
    set_transformation(element, {draw.choice(("global", "aside")): made}, set_all=True)


def elements(tissue: Tissue, draw: random.Random) -> None:
    kind_of = draw.choice((tissue.sdata.tables, tissue.sdata.shapes, tissue.sdata.images))
    for name in list(kind_of):
        del kind_of[name]


OF_TABLES = (values, kind, gene_names, row_names, column, links, matrix)
OF_TISSUES = (rows, shapes, transformation, elements)


def broken(paths: SamplePaths, seed: int, n: int) -> tuple[Tissue, anndata.AnnData, dict[str, Any]]:
    """Break a good pair in `n` ways."""
    draw = random.Random(seed)  # noqa: S311 - a seed, no secret
    tissue, cells = open_tissue(paths.tissue), read_reference(paths.reference)
    for _ in range(n):
        if draw.random() < 0.4:
            change: Any = draw.choice(OF_TISSUES)
            target: Any = tissue
        else:
            change = draw.choice(OF_TABLES)
            target = draw.choice((cells, tissue.sdata.tables.get("table")))
        try:
            change(target, draw)
        except Exception:  # noqa: BLE001, S112 - what the libraries refuse to make is not tested
            continue
    fields = [f for f in FIELDS if draw.random() < 0.1]
    return tissue, cells, {f: draw.choice(("nowhere", "X", "spots", "he", "label")) for f in fields}


@given(seed=st.integers(0, 2**32), n=st.integers(1, 2))
@settings(
    max_examples=120, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_whatever_is_broken_is_reported_or_passes_as_sound_data(
    planted: SamplePaths, seed: int, n: int
) -> None:
    tissue, cells, chosen = broken(planted, seed, n)
    try:
        paired, report = prepare_pair(tissue, cells, Selection(**chosen))
    except RefusedError:
        return
    assert report.ok
    assert_sound(paired)


def assert_sound(paired: PairedData) -> None:
    """Finite, whole, not negative counts over the same genes, at finite places."""
    for side in (paired.cells, paired.spots):
        data = side.values.data
        assert np.isfinite(data).all()
        assert (data >= 0).all()
        assert (np.asarray(side.values.sum(axis=1)) > 0).all()
    assert np.array_equal(paired.cells.gene_names, paired.spots.gene_names)
    assert np.isfinite(paired.spot_xy).all()
    assert paired.pitch > 0


@given(raw=st.binary(max_size=300), name=st.sampled_from(("x.h5ad", "x.zarr", "x.csv", "x")))
@settings(
    max_examples=60, deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_any_bytes_are_refused_as_a_tissue(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, name: str
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(raw)
    with pytest.raises(RefusedError):
        open_tissue(path)
