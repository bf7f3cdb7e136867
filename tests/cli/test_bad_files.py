"""Bad files at the command: refused with exit code 2 and words, the store as it was."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest
from scipy import sparse

from napari_tessera.cli.main import main
from napari_tessera.data.write import list_runs, read_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Sample

Break = "Callable[[Sample], None]"


def shapes_of(sample: Sample) -> Path:
    """Parquet file of the spots."""
    return next(sample.tissue.glob("shapes/spots/*.parquet"))


def edit_shapes(sample: Sample, change: Callable[..., None]) -> None:
    """Rewrite the circles of the spots."""
    import geopandas

    frame = geopandas.read_parquet(shapes_of(sample))
    change(frame)
    frame.to_parquet(shapes_of(sample))


def radius_nan(sample: Sample) -> None:
    def change(frame: anndata.AnnData) -> None:
        frame["radius"] = [np.nan, *frame["radius"][1:]]

    edit_shapes(sample, change)


def radius_negative(sample: Sample) -> None:
    def change(frame: anndata.AnnData) -> None:
        frame["radius"] = -frame["radius"]

    edit_shapes(sample, change)


def shapes_cut(sample: Sample) -> None:
    path = shapes_of(sample)
    path.write_bytes(path.read_bytes()[:100])


def shapes_gone(sample: Sample) -> None:
    shapes_of(sample).unlink()


def root_cut(sample: Sample) -> None:
    root = sample.tissue / "zarr.json"
    root.write_text(root.read_text()[:40])


def root_empty(sample: Sample) -> None:
    (sample.tissue / "zarr.json").write_text("")


def root_other(sample: Sample) -> None:
    (sample.tissue / "zarr.json").write_text('{"zarr_format": 9, "node_type": "group"}')


def chunk_of(sample: Sample, array: str) -> Path:
    """Largest file of an array."""
    folder = sample.tissue / array
    files = [p for p in folder.rglob("*") if p.is_file() and p.name != "zarr.json"]
    return max(files, key=lambda p: p.stat().st_size)


def counts_flipped(sample: Sample) -> None:
    path = chunk_of(sample, "tables/table/X")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    raw[8] ^= 0xFF
    path.write_bytes(bytes(raw))


def counts_cut(sample: Sample) -> None:
    path = chunk_of(sample, "tables/table/X")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def table_is_missing(sample: Sample) -> None:
    shutil.rmtree(sample.tissue / "tables" / "table")


def plain_anndata(sample: Sample) -> None:
    table = anndata.read_h5ad(sample.truth)
    shutil.rmtree(sample.tissue)
    table.write_zarr(sample.tissue)


def old_zarr(sample: Sample) -> None:
    shutil.rmtree(sample.tissue)
    sample.tissue.mkdir()
    (sample.tissue / ".zgroup").write_text('{"zarr_format": 2}')


def empty_folder(sample: Sample) -> None:
    shutil.rmtree(sample.tissue)
    sample.tissue.mkdir()


def a_file(sample: Sample) -> None:
    shutil.rmtree(sample.tissue)
    sample.tissue.write_text("not a store")


def claims_four_terabytes(sample: Sample) -> None:
    for meta in sample.tissue.rglob("zarr.json"):
        if meta.parent.name == "data" and "X" in meta.parts:
            known = json.loads(meta.read_text())
            known["shape"] = [10**12]
            meta.write_text(json.dumps(known))
    root = sample.tissue / "zarr.json"
    known = json.loads(root.read_text())
    entries = (known.get("consolidated_metadata") or {}).get("metadata", {})
    for key, entry in entries.items():
        if key.endswith("X/data"):
            entry["shape"] = [10**12]
    root.write_text(json.dumps(known))


def edit_reference(sample: Sample, change: Callable[[anndata.AnnData], anndata.AnnData]) -> None:
    """Rewrite the reference."""
    change(anndata.read_h5ad(sample.reference)).write_h5ad(sample.reference)


def reference_text(sample: Sample) -> None:
    sample.reference.write_text("gene,count\n")


def reference_pointer(sample: Sample) -> None:
    sample.reference.write_text("version https://git-lfs.github.com/spec/v1\nsize 12345\n")


def reference_cut(sample: Sample) -> None:
    raw = sample.reference.read_bytes()
    sample.reference.write_bytes(raw[: len(raw) // 3])


def reference_empty(sample: Sample) -> None:
    sample.reference.write_bytes(b"")


def reference_gone(sample: Sample) -> None:
    sample.reference.unlink()


def reference_no_cells(sample: Sample) -> None:
    edit_reference(sample, lambda a: a[:0].copy())


def reference_one_cell(sample: Sample) -> None:
    edit_reference(sample, lambda a: a[:1].copy())


def reference_no_genes(sample: Sample) -> None:
    edit_reference(sample, lambda a: a[:, :0].copy())


def reference_dense_nan(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        values = a.X.toarray()
        values[2, 3] = np.nan
        a.X = values
        return a

    edit_reference(sample, change)


def reference_scaled(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        values = a.X.toarray()
        a.X = (values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9)
        return a

    edit_reference(sample, change)


def reference_logged_twice(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        a.X = sparse.csr_matrix(np.log1p(np.log1p(a.X.toarray())))
        return a

    edit_reference(sample, change)


def reference_without_counts(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        a.X = None
        return a

    edit_reference(sample, change)


CASES: dict[str, tuple[Callable[[Sample], None], str]] = {
    "radius_nan": (radius_nan, "radius"),
    "radius_negative": (radius_negative, "adii"),
    "shapes_cut": (shapes_cut, "spots"),
    "shapes_gone": (shapes_gone, "spots"),
    "root_cut": (root_cut, "zarr.json"),
    "root_empty": (root_empty, "zarr.json"),
    "root_other": (root_other, "zarr.json"),
    "counts_flipped": (counts_flipped, "tissue.zarr"),
    "counts_cut": (counts_cut, "tissue.zarr"),
    "table_is_missing": (table_is_missing, "table"),
    "plain_anndata": (plain_anndata, "AnnData"),
    "old_zarr": (old_zarr, "tissue.zarr"),
    "empty_folder": (empty_folder, "tissue.zarr"),
    "a_file": (a_file, "tissue.zarr"),
    "claims_four_terabytes": (claims_four_terabytes, "memory"),
    "reference_text": (reference_text, "reference.h5ad"),
    "reference_pointer": (reference_pointer, "reference.h5ad"),
    "reference_cut": (reference_cut, "reference.h5ad"),
    "reference_empty": (reference_empty, "reference.h5ad"),
    "reference_gone": (reference_gone, "reference.h5ad"),
    "reference_no_cells": (reference_no_cells, "rows"),
    "reference_one_cell": (reference_one_cell, "cells"),
    "reference_no_genes": (reference_no_genes, "genes"),
    "reference_dense_nan": (reference_dense_nan, "NaN"),
    "reference_scaled": (reference_scaled, "negative"),
    "reference_logged_twice": (reference_logged_twice, "counts"),
    "reference_without_counts": (reference_without_counts, "counts"),
}


def genes_in_other_case(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        a.var_names = [name.swapcase() for name in a.var_names]
        return a

    edit_reference(sample, change)


def a_cell_without_type(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        a.obs["cell_type"] = a.obs["cell_type"].astype(object)
        a.obs.loc[a.obs_names[0], "cell_type"] = None
        return a

    edit_reference(sample, change)


def a_gene_twice(sample: Sample) -> None:
    def change(a: anndata.AnnData) -> anndata.AnnData:
        a.var_names = [a.var_names[1], *a.var_names[1:]]
        return a

    edit_reference(sample, change)


REPAIRED = {
    "the same spelling of gene names": genes_in_other_case,
    "a type for every cell": a_cell_without_type,
    "unique gene names": a_gene_twice,
}


def content(sample: Sample) -> str:
    """Content of what is there, be it a store or a file."""
    return sample.content() if sample.tissue.is_dir() else sample.tissue.read_text()


@pytest.mark.filterwarnings("ignore")  # anndata and spatialdata warn of what is done on purpose
@pytest.mark.parametrize("name", sorted(CASES))
def test_a_bad_file_is_refused_in_words_and_nothing_is_written(
    name: str, sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    spoil, word = CASES[name]
    spoil(sample)
    before = content(sample)
    capfd.readouterr()
    assert main(sample.map("--method", "baseline")) == 2
    said = capfd.readouterr().err
    assert word in said
    assert "Traceback" not in said
    assert "expected" in said
    assert content(sample) == before


@pytest.mark.filterwarnings("ignore")  # anndata warns of what is done on purpose
@pytest.mark.parametrize("expected", sorted(REPAIRED))
def test_a_repair_goes_on_and_stands_in_the_provenance(expected: str, sample: Sample) -> None:
    REPAIRED[expected](sample)
    assert main(sample.map("--method", "baseline")) == 0
    (summary,) = list_runs(sample.tissue)
    provenance = read_run(sample.tissue, summary.name).provenance
    assert any(f"expected {expected}" in warning for warning in provenance.warnings)
