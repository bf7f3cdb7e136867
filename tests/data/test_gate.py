"""What the gate says of bad input: a code, where, expected, found, what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.inputs import Selection
from napari_tessera.data.gate import check_inputs
from napari_tessera.data.read import Tissue, open_tissue, read_reference

if TYPE_CHECKING:
    from pathlib import Path

    from napari_tessera.contract.report import Problem, Report
    from napari_tessera.data.sample import SamplePaths

Case = Callable[[Tissue, anndata.AnnData], Selection | None]


def table_of(tissue: Tissue) -> anndata.AnnData:
    found: anndata.AnnData = tissue.sdata.tables["table"]
    return found


def set_value(table: anndata.AnnData, value: float) -> None:
    dense = table.X.toarray()
    dense[1, 2] = value
    table.X = sparse.csr_matrix(dense)


def spots_value(value: float) -> Case:
    return lambda tissue, _cells: set_value(table_of(tissue), value)


def cells_value(value: float) -> Case:
    return lambda _tissue, cells: set_value(cells, value)


def chosen(**fields: str) -> Case:
    return lambda _tissue, _cells: Selection(**fields)  # type: ignore[arg-type]


def logged(tissue: Tissue, _cells: anndata.AnnData) -> None:
    table_of(tissue).X = np.log1p(table_of(tissue).X.toarray()).astype(np.float32)


def text_values(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.layers["words"] = cells.X.toarray().astype(np.str_).astype(object)


def only_zeros(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.X = sparse.csr_matrix(cells.shape, dtype=np.float32)


def other_case(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.var_names = [n.swapcase() for n in cells.var_names]


def other_genes(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.var_names = [f"other{i}" for i in range(cells.n_vars)]


def few_genes(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.var_names = [n if i < 20 else f"other{i}" for i, n in enumerate(cells.var_names)]


def five_genes(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.var_names = [n if i < 5 else f"other{i}" for i, n in enumerate(cells.var_names)]


def ensembl(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.var_names = [f"ENSG{i:011d}" for i in range(cells.n_vars)]


def versions(tissue: Tissue, cells: anndata.AnnData) -> None:
    table_of(tissue).var_names = [f"ENSG{i:011d}" for i in range(cells.n_vars)]
    cells.var_names = [f"ENSG{i:011d}.{i % 7}" for i in range(cells.n_vars)]


def repeated_genes(_tissue: Tissue, cells: anndata.AnnData) -> None:
    names = list(cells.var_names)
    names[1] = names[0]
    cells.var_names = names


def repeated_cells(_tissue: Tissue, cells: anndata.AnnData) -> None:
    names = list(cells.obs_names)
    names[1] = names[0]
    cells.obs_names = names


def empty_spot(tissue: Tissue, _cells: anndata.AnnData) -> None:
    dense = table_of(tissue).X.toarray()
    dense[3] = 0
    table_of(tissue).X = sparse.csr_matrix(dense)


def empty_cell(_tissue: Tissue, cells: anndata.AnnData) -> None:
    dense = cells.X.toarray()
    dense[3] = 0
    cells.X = sparse.csr_matrix(dense)


def no_table(tissue: Tissue, _cells: anndata.AnnData) -> None:
    del tissue.sdata.tables["table"]


def no_region(tissue: Tissue, _cells: anndata.AnnData) -> None:
    del table_of(tissue).uns["spatialdata_attrs"]


def no_instance_key(tissue: Tissue, _cells: anndata.AnnData) -> None:
    del table_of(tissue).obs["spot_id"]


def no_element(tissue: Tissue, _cells: anndata.AnnData) -> None:
    del tissue.sdata.shapes["spots"]


def other_ids(tissue: Tissue, _cells: anndata.AnnData) -> None:
    table_of(tissue).obs["spot_id"] = np.arange(table_of(tissue).n_obs) + 10_000


def text_ids(tissue: Tissue, _cells: anndata.AnnData) -> None:
    table_of(tissue).obs["spot_id"] = table_of(tissue).obs["spot_id"].astype(str)


def some_other_ids(tissue: Tissue, _cells: anndata.AnnData) -> None:
    ids = table_of(tissue).obs["spot_id"].to_numpy().copy()
    ids[0] = 10_000
    table_of(tissue).obs["spot_id"] = ids


def repeated_ids(tissue: Tissue, _cells: anndata.AnnData) -> None:
    ids = table_of(tissue).obs["spot_id"].to_numpy().copy()
    ids[0] = ids[1]
    table_of(tissue).obs["spot_id"] = ids


def other_order(tissue: Tissue, _cells: anndata.AnnData) -> None:
    tissue.sdata.tables["table"] = table_of(tissue)[::-1].copy()


def nan_places(tissue: Tissue, _cells: anndata.AnnData) -> None:
    from shapely import Point

    tissue.sdata.shapes["spots"].loc[3, "geometry"] = Point(float("nan"), 1.0)


def same_places(tissue: Tissue, _cells: anndata.AnnData) -> None:
    from shapely import Point

    tissue.sdata.shapes["spots"]["geometry"] = [Point(1, 1)] * table_of(tissue).n_obs


def missing_types(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.obs["cell_type"] = cells.obs["cell_type"].astype(object)
    cells.obs.iloc[:4, cells.obs.columns.get_loc("cell_type")] = None


def all_types_missing(_tissue: Tissue, cells: anndata.AnnData) -> Selection:
    cells.obs["cell_type"] = [None] * cells.n_obs
    return Selection(cell_type_column="cell_type")


def one_type(_tissue: Tissue, cells: anndata.AnnData) -> Selection:
    cells.obs["cell_type"] = "A"
    return Selection(cell_type_column="cell_type")


def unused_types(_tissue: Tissue, cells: anndata.AnnData) -> None:
    cells.obs["cell_type"] = cells.obs["cell_type"].cat.add_categories(["never"])


def names_as_types(_tissue: Tissue, cells: anndata.AnnData) -> Selection:
    cells.obs["barcode"] = [f"b{i}" for i in range(cells.n_obs)]
    return Selection(cell_type_column="barcode")


def no_types(_tissue: Tissue, cells: anndata.AnnData) -> None:
    del cells.obs["cell_type"]


def picture_elsewhere(tissue: Tissue, _cells: anndata.AnnData) -> Selection:
    from spatialdata.transformations import Identity, set_transformation

    picture = tissue.sdata.images["he"]
    set_transformation(picture, {"aside": Identity()}, set_all=True)
    return Selection(image="he", coordinate_system="global")


CASES: dict[str, tuple[Case, str]] = {
    "counts-nan": (spots_value(np.nan), "refuse"),
    "counts-infinite": (cells_value(np.inf), "refuse"),
    "counts-negative": (cells_value(-1), "refuse"),
    "counts-huge": (spots_value(3e38), "refuse"),
    "counts-logged": (logged, "refuse"),
    "counts-text": (
        lambda t, c: text_values(t, c) or Selection(reference_layer="words"),  # type: ignore[func-returns-value]
        "refuse",
    ),
    "counts-empty": (only_zeros, "refuse"),
    "layer-missing": (chosen(layer="nowhere"), "refuse"),
    "gene-column-missing": (chosen(gene_column="nowhere"), "refuse"),
    "genes-repeated": (repeated_genes, "repair"),
    "names-repeated": (repeated_cells, "refuse"),
    "genes-case": (other_case, "repair"),
    "genes-version": (versions, "repair"),
    "genes-ensembl": (ensembl, "refuse"),
    "genes-none": (other_genes, "refuse"),
    "genes-few": (few_genes, "remark"),
    "genes-too-few": (five_genes, "refuse"),
    "spots-empty": (empty_spot, "repair"),
    "cells-empty": (empty_cell, "repair"),
    "table-none": (no_table, "refuse"),
    "table-missing": (chosen(table="nowhere"), "refuse"),
    "table-no-region": (no_region, "refuse"),
    "table-no-instance-key": (no_instance_key, "refuse"),
    "region-not-annotated": (chosen(region="nowhere"), "refuse"),
    "region-missing": (no_element, "refuse"),
    "region-unknown": (chosen(within="nowhere"), "refuse"),
    "system-unknown": (chosen(coordinate_system="nowhere"), "refuse"),
    "image-missing": (chosen(image="nowhere"), "refuse"),
    "image-not-shared": (picture_elsewhere, "refuse"),
    "instances-none-match": (other_ids, "refuse"),
    "instances-other-type": (text_ids, "refuse"),
    "instances-some-missing": (some_other_ids, "repair"),
    "instances-repeated": (repeated_ids, "refuse"),
    "instances-order": (other_order, "remark"),
    "places-nan": (nan_places, "refuse"),
    "places-same": (same_places, "refuse"),
    "types-missing": (chosen(cell_type_column="nowhere"), "refuse"),
    "types-some-missing": (missing_types, "repair"),
    "types-all-missing": (all_types_missing, "refuse"),
    "types-single": (one_type, "remark"),
    "types-unused": (unused_types, "repair"),
    "types-too-many": (names_as_types, "refuse"),
    "types-not-chosen": (no_types, "remark"),
}


@pytest.fixture
def good(planted: SamplePaths) -> tuple[Tissue, anndata.AnnData]:
    return open_tissue(planted.tissue), read_reference(planted.reference)


def judge(case: Case, good: tuple[Tissue, anndata.AnnData]) -> Report:
    tissue, cells = good
    selection = case(tissue, cells) or Selection()
    return check_inputs(tissue, cells, selection)


def the_problem(report: Report, code: str) -> Problem:
    found = [p for p in report.problems if p.code == code]
    assert found, [p.code for p in report.problems]
    return found[0]


def test_good_input_passes_without_a_word_against_it(
    good: tuple[Tissue, anndata.AnnData],
) -> None:
    report = check_inputs(*good, Selection())
    assert report.ok
    assert not report.repairs
    assert (report.n_cells, report.n_spots, report.n_genes) == (120, 60, 60)


@pytest.mark.filterwarnings("ignore")  # anndata and spatialdata warn of what is done on purpose
@pytest.mark.parametrize("code", sorted(CASES))
def test_bad_input_is_named_with_place_and_remedy(
    code: str, good: tuple[Tissue, anndata.AnnData]
) -> None:
    case, severity = CASES[code]
    report = judge(case, good)
    problem = the_problem(report, code)
    assert problem.severity == severity
    assert report.ok is (severity != "refuse")
    for part in (problem.element, problem.expected, problem.found, problem.hint):
        assert part


def test_there_are_forty_distinct_messages() -> None:
    assert len(CASES) >= 40


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("https://example.org/x.zarr", "Remote"),
        ("nowhere.zarr", "spelling"),
        ("notes.txt", "another file"),
    ],
)
def test_what_cannot_be_opened_is_said_clearly(name: str, word: str, tmp_path: Path) -> None:
    from napari_tessera.contract.errors import InputError

    (tmp_path / "notes.txt").write_text("no tissue")
    source = name if name.startswith("http") else tmp_path / name
    with pytest.raises(InputError, match=word):
        open_tissue(source)
