"""Tissues and references broken at random: the gate refuses in words, or what passes is sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import spatialdata
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from napari_tessera.contract.errors import TesseraError
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.prepare import prepare_pair
from napari_tessera.data.read import Tissue, open_tissue, read_reference

if TYPE_CHECKING:
    from collections.abc import Callable

    import anndata
    from numpy.typing import NDArray

    from napari_tessera.data.sample import SamplePaths

VALUES = st.sampled_from([np.nan, np.inf, -1.0, 0.5, 3e38, 1e10, 0.0, 7.0])
NAMES = st.sampled_from(["", "g1", "GENE", "a/b", "ü", " ", "ENSG00000000001.7", "x" * 300, "\n"])
WHERE = st.integers(0, 2**31)


def numbers(table: anndata.AnnData) -> NDArray[np.float64]:
    """Give the counts densely, whatever they are stored as."""
    stored = table.X
    return np.asarray(stored.toarray() if hasattr(stored, "toarray") else stored, dtype=np.float64)


def set_value(table: anndata.AnnData, value: float, at: int) -> None:
    """Put a value somewhere into the counts."""
    matrix = sparse.csr_matrix(numbers(table))
    if matrix.nnz:
        matrix.data[at % matrix.nnz] = value
    table.X = matrix


def name_gene(table: anndata.AnnData, name: str, at: int) -> None:
    """Call a gene something else."""
    names = table.var_names.to_numpy(dtype=object, copy=True)
    names[at % len(names)] = name
    table.var_names = names


def name_row(table: anndata.AnnData, name: str, at: int) -> None:
    """Call a row something else."""
    names = table.obs_names.to_numpy(dtype=object, copy=True)
    names[at % len(names)] = name
    table.obs_names = names


def break_column(table: anndata.AnnData, name: str, at: int) -> None:
    """Put a text into some column of obs, which becomes a column of objects."""
    if not len(table.obs.columns):
        return
    column = table.obs.columns[at % len(table.obs.columns)]
    values = table.obs[column].astype(object).to_numpy(copy=True)
    values[at % len(values)] = None if name == "" else name
    table.obs[column] = pd.Series(values, index=table.obs.index, dtype=object)


def drop_column(table: anndata.AnnData, _name: str, at: int) -> None:
    """Take a column of obs out."""
    if len(table.obs.columns):
        del table.obs[table.obs.columns[at % len(table.obs.columns)]]


def dense(table: anndata.AnnData, _name: str, at: int) -> None:
    """Store the counts densely, in one of several types."""
    kinds = (np.float32, np.int64, np.uint8, np.float16, np.bool_)
    table.X = numbers(table).astype(kinds[at % len(kinds)])


def forget_notes(table: anndata.AnnData, _name: str, _at: int) -> None:
    """Take everything out of uns: the link to the spots too."""
    table.uns.clear()


BREAKS: list[Callable[[anndata.AnnData, str, int], None]] = [
    name_gene, name_row, break_column, drop_column, dense, forget_notes,
]  # fmt: skip
BROKEN = st.lists(
    st.tuples(
        st.sampled_from(["cells", "spots"]), st.integers(0, len(BREAKS)), VALUES, NAMES, WHERE
    ),
    min_size=1,
    max_size=3,
)
CHOSEN = st.fixed_dictionaries(
    {},
    optional={
        "layer": st.sampled_from(["raw", "nowhere"]),
        "cell_type_column": st.sampled_from(["cell_type", "nowhere"]),
        "coordinate_system": st.sampled_from(["global", "nowhere"]),
        "sample_column": st.sampled_from(["region", "nowhere"]),
    },
)


@pytest.fixture(scope="module")
def whole(planted: SamplePaths) -> tuple[spatialdata.SpatialData, anndata.AnnData]:
    """Read once; every example breaks a copy."""
    return open_tissue(planted.tissue).sdata, read_reference(planted.reference)


@pytest.mark.filterwarnings("ignore")  # anndata and spatialdata warn of what is done on purpose
@settings(
    max_examples=150, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(broken=BROKEN, chosen=CHOSEN)
def test_what_is_broken_is_refused_in_words_or_made_sound(
    whole: tuple[spatialdata.SpatialData, anndata.AnnData],
    broken: list[tuple[str, int, float, str, int]],
    chosen: dict[str, str],
) -> None:
    sdata, reference = whole
    cells, spots = reference.copy(), sdata.tables["table"].copy()
    for side, which, value, name, at in broken:
        table = cells if side == "cells" else spots
        if which == len(BREAKS):
            set_value(table, value, at)
        else:
            BREAKS[which](table, name, at)
    tissue = spatialdata.SpatialData(images=dict(sdata.images), shapes=dict(sdata.shapes))
    tissue.tables.data["table"] = spots  # past spatialdata's own checks, as a file may be
    opened = Tissue(sdata=tissue, path=None, title="tissue")
    refusal = None
    try:
        paired, _ = prepare_pair(opened, cells, Selection(**chosen))  # type: ignore[arg-type]
    except TesseraError as error:
        refusal = error
    if refusal is not None:
        assert "expected" in str(refusal)
        return
    for made in (paired.cells, paired.spots):
        assert np.isfinite(made.values.data).all()
        assert (made.values.data >= 0).all()
        assert len(set(made.obs_names.tolist())) == len(made.obs_names)
    assert np.isfinite(paired.spot_xy).all()
    assert len(paired.spot_xy) == paired.n_spots
