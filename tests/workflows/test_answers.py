"""Genes, names and domains from the Python door: fitted, stored, read back, refused."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import anndata
import numpy as np
import pytest
import spatialdata

import napari_tessera as nt
from napari_tessera.cli.main import main
from napari_tessera.contract.errors import InputError, OptionError, RefusedError
from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.method import Task
from napari_tessera.methods import BASELINES, METHODS, method_for, names_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_tessera.contract.results import Run
    from napari_tessera.data.sample import SamplePaths

UNMEASURED = ("g0", "g1")


@pytest.fixture(scope="module")
def sample(
    plant: Callable[..., SamplePaths], tmp_path_factory: pytest.TempPathFactory
) -> SamplePaths:
    """Planted tissue whose table lacks two genes of the reference, here called g0 and g1."""
    folder = tmp_path_factory.mktemp("planted")
    paths = plant(folder, n_cells=200, n_spots=160, n_genes=60, seed=0)
    reference = anndata.read_h5ad(paths.reference)
    names = reference.var_names.to_numpy().astype(object)
    names[:2] = UNMEASURED
    reference.var_names = names
    reference.write_h5ad(paths.reference)
    return paths


@pytest.fixture(scope="module")
def stored(sample: SamplePaths, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """One run for every question, written into one copy of the tissue."""
    out = tmp_path_factory.mktemp("store") / "tissue.zarr"
    shutil.copytree(sample.tissue, out)
    impute = nt.impute_genes(out, sample.reference, genes=UNMEASURED, method="baseline", out=out)
    annotate = nt.annotate_spots(
        out, sample.reference, cell_type_column="cell_type", method="baseline", out=out
    )
    cluster = nt.find_domains(
        out, method="baseline", options=nt.SmoothedMixtureOptions(n_domains=3), out=out
    )
    return {"imputation": impute, "annotation": annotate, "domains": cluster, "store": out}  # type: ignore[dict-item]


def same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any answer
    """Whether two answers hold the same, up to the rounding of a spread to 32 bits."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in vars(one)]
    return all(
        np.allclose(a, b, rtol=1e-6) if isinstance(a, np.ndarray) and a.dtype.kind == "f"
        else np.array_equal(a, b) if isinstance(a, np.ndarray)
        else a == b
        for a, b in pairs
    )  # fmt: skip


@pytest.mark.parametrize("answer", ["imputation", "annotation", "domains"])
def test_an_answer_comes_back_from_the_store(answer: str, stored: Mapping[str, Run]) -> None:
    run = stored[answer]
    back = nt.read(stored["store"], run.name)
    assert back.result.answers == (answer,)
    assert same(getattr(back.result, answer), getattr(run.result, answer))


def test_genes_that_were_never_measured_are_predicted(stored: Mapping[str, Run]) -> None:
    found = stored["imputation"].result.imputation
    assert found is not None
    assert set(found.gene_names[~found.measured].tolist()) == set(UNMEASURED)
    assert found.values.min() >= 0


def test_every_answer_stands_beside_the_baseline_of_its_question(stored: Mapping[str, Run]) -> None:
    for answer, task in (
        ("imputation", Task.IMPUTE), ("annotation", Task.ANNOTATE), ("domains", Task.CLUSTER)
    ):  # fmt: skip
        assert stored[answer].provenance.baseline["method"] == BASELINES[task]


def test_plain_spatialdata_reads_the_store(stored: Mapping[str, Run]) -> None:
    sdata = spatialdata.read_zarr(stored["store"])
    table = sdata.tables[f"{stored['imputation'].name}_spot_table"]
    assert table.n_vars == 60
    assert table.var.loc["g0", "measured"] is np.False_ or not table.var.loc["g0", "measured"]
    named = sdata.tables[f"{stored['annotation'].name}_spot_table"]
    assert len(named.uns["cell_type_colors"]) == named.obs["cell_type"].cat.categories.size


def test_runs_say_what_they_answer(stored: Mapping[str, Run]) -> None:
    found = {run.name: run.answers for run in nt.runs(stored["store"])}
    assert found[stored["domains"].name] == ("domains",)
    assert len(found) == 3


def test_a_labelled_source_is_used_or_said_not_to_help(sample: SamplePaths, tmp_path: Path) -> None:
    other = tmp_path / "source.h5ad"
    table = spatialdata.read_zarr(sample.tissue).tables["table"].copy()
    sdata = spatialdata.read_zarr(sample.tissue)
    centres = sdata[table.uns["spatialdata_attrs"]["region"]].geometry
    table.obsm["spatial"] = np.array([[p.x, p.y] for p in centres])
    left = table.obsm["spatial"][:, 0] < np.median(table.obsm["spatial"][:, 0])
    table.obs["area"] = np.where(left, "left", "right")
    anndata.AnnData(table.X, table.obs[["area"]], table.var, obsm=dict(table.obsm)).write_h5ad(
        other
    )
    run = nt.find_domains(
        sample.tissue, source=other, label_column="area",
        options=nt.TransstOptions(n_domains=2),
    )  # fmt: skip
    assert run.result.domains is not None
    assert run.result.domains.spot_names.size == 160


def test_a_source_without_that_column_is_refused(sample: SamplePaths) -> None:
    with pytest.raises(RefusedError, match="column of obs with domains"):
        nt.find_domains(sample.tissue, source=sample.tissue, label_column="nothing")


def test_genes_that_the_reference_lacks_are_refused(sample: SamplePaths) -> None:
    with pytest.raises(RefusedError, match="none of those asked for"):
        nt.impute_genes(sample.tissue, sample.reference, genes=["nonsense"], method="baseline")


def test_options_of_another_method_are_refused(sample: SamplePaths) -> None:
    with pytest.raises(OptionError, match="expected"):
        nt.find_domains(sample.tissue, options=nt.StemOptions())


def test_logged_values_are_taken_where_the_method_takes_them(
    sample: SamplePaths, tmp_path: Path
) -> None:
    tissue = spatialdata.read_zarr(sample.tissue)
    tissue.tables["table"].X = np.log1p(tissue.tables["table"].X.toarray())
    logged = tmp_path / "logged.zarr"
    tissue.write(logged)
    run = nt.impute_genes(logged, sample.reference, method="baseline")
    assert run.result.imputation is not None
    assert any("log1p values" in warning for warning in run.provenance.warnings)
    with pytest.raises(RefusedError, match="raw counts"):
        nt.map_cells(logged, sample.reference, method="baseline")


def test_a_named_layer_is_never_exchanged(sample: SamplePaths) -> None:
    with pytest.raises(RefusedError, match="a layer of this table"):
        nt.impute_genes(
            sample.tissue, sample.reference, method="baseline", selection=Selection(layer="no")
        )


@pytest.mark.parametrize("task", list(Task))
def test_every_question_has_a_default_and_a_baseline(task: Task) -> None:
    names = names_for(task)
    assert "baseline" in names
    assert task in method_for(task, names[0]).answers
    assert method_for(task, "baseline").name == BASELINES[task]


def test_a_method_of_another_question_is_refused() -> None:
    with pytest.raises(InputError, match="for domains"):
        method_for(Task.CLUSTER, "stem")


def test_full_names_are_understood_too() -> None:
    for name, method in METHODS.items():
        for task in method.answers:
            assert method_for(task, name) is method


def test_the_results_of_a_read_only_store_lie_beside_it(
    sample: SamplePaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tissue = tmp_path / "tissue.zarr"
    shutil.copytree(sample.tissue, tissue)
    truly = os.access

    def access(path: str | Path, mode: int) -> bool:
        return not (mode == os.W_OK and str(path) == str(tissue)) and truly(path, mode)

    monkeypatch.setattr(os, "access", access)
    command = ["map", str(tissue), "--reference", str(sample.reference), "--method", "baseline"]
    assert main(command) == 0
    assert nt.runs(tissue) == ()
    assert len(nt.runs(tmp_path / "tissue_results.zarr")) == 1
