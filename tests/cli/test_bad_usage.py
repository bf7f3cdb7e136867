"""Commands that cannot be done: exit code 2, words that name what is wrong, nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest

from napari_tessera.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Sample

Words = list[str]


def mapped_with(*more: str) -> Callable[[Sample], Words]:
    """Map with more flags."""
    return lambda s: [
        "map", str(s.tissue), "--reference", str(s.reference), "--cell-type-column", "cell_type",
        *more,
    ]  # fmt: skip


def tissue(name: str, content: bytes | None = b"x") -> Callable[[Sample], Words]:
    """Ask about something else than a tissue; an empty folder where there is no content."""

    def words(sample: Sample) -> Words:
        path = sample.tissue.with_name(name)
        path.mkdir() if content is None else path.write_bytes(content)
        return ["info", str(path)]

    return words


def reference(name: str) -> Callable[[Sample], Words]:
    """Map something else than a reference."""

    def words(sample: Sample) -> Words:
        path = sample.tissue.with_name(name)
        if not path.exists():
            path.write_bytes(b"x")
        return ["map", str(sample.tissue), "--reference", str(path)]

    return words


def cells(change: Callable[[anndata.AnnData], None], *words: str) -> Callable[[Sample], Words]:
    """Speak of a changed copy of the true cells; CELLS and OUT stand for paths."""

    def made(sample: Sample) -> Words:
        table = anndata.read_h5ad(sample.truth)
        change(table)
        path, out = sample.truth.with_name("changed.h5ad"), sample.truth.with_name("out")
        table.write_h5ad(path)
        return [w.replace("CELLS", str(path)).replace("OUT", str(out)) for w in words]

    return made


def no_places(table: anndata.AnnData) -> None:
    del table.obsm["spatial"]


def one_column(table: anndata.AnnData) -> None:
    table.obsm["spatial"] = table.obsm["spatial"][:, :1]


def lost_places(table: anndata.AnnData) -> None:
    table.obsm["spatial"] = np.full((table.n_obs, 2), np.nan)


def nothing(_table: anndata.AnnData) -> None:
    """Change nothing."""


def spec(text: str) -> Callable[[Sample], Words]:
    """Fit by a recipe."""

    def words(sample: Sample) -> Words:
        path = sample.tissue.with_name("run.json")
        path.write_text(text)
        return ["fit", "--spec", str(path), "--run-dir", str(path.with_name("run"))]

    return words


def at(*words: str) -> Callable[[Sample], Words]:
    """Fill in paths for TISSUE, TRUTH and HERE."""

    def made(s: Sample) -> Words:
        places = {"TISSUE": s.tissue, "TRUTH": s.truth, "HERE": s.tissue.parent}
        found = []
        for word in words:
            for name, path in places.items():
                word = word.replace(name, str(path))
            found.append(word)
        return found

    return made


CASES: dict[str, tuple[Callable[[Sample], Words], str]] = {
    "no command": (at(), "COMMAND"),
    "other command": (at("fly"), "fly"),
    "no reference": (at("map", "TISSUE"), "--reference"),
    "other method": (mapped_with("--method", "magic"), "magic"),
    "other flag": (mapped_with("--wings", "2"), "--wings"),
    "steps below": (mapped_with("--steps", "0"), "steps"),
    "steps text": (mapped_with("--steps", "many"), "steps"),
    "members below": (mapped_with("--members", "0"), "members"),
    "members above": (mapped_with("--members", "99"), "members"),
    "batch below": (mapped_with("--batch-cells", "-1"), "batch"),
    "sigma below": (mapped_with("--sigma", "-1"), "sigma"),
    "sigma above": (mapped_with("--sigma", "30"), "sigma"),
    "variant": (mapped_with("--variant", "best"), "variant"),
    "device name": (mapped_with("--device", "abacus"), "device"),
    "device absent": (mapped_with("--device", "mps"), "mps"),
    "rate zero": (mapped_with("--learning-rate", "0"), "learning"),
    "rate nan": (mapped_with("--learning-rate", "nan"), "learning"),
    "genes below": (mapped_with("--n-genes", "1"), "genes"),
    "purified above": (mapped_with("--purified", "2"), "purified"),
    "seed text": (mapped_with("--seed", "x"), "seed"),
    "table": (mapped_with("--table", "nowhere"), "table nowhere"),
    "region": (mapped_with("--region", "nowhere"), "nowhere"),
    "system": (mapped_with("--coordinate-system", "mars"), "mars"),
    "layer": (mapped_with("--layer", "nowhere"), "layer"),
    "genes of": (mapped_with("--gene-column", "nowhere"), "table table, nowhere"),
    "reference layer": (mapped_with("--reference-layer", "none"), "layer"),
    "reference genes": (mapped_with("--reference-gene-column", "none"), "column of var"),
    "types": (at("map", "TISSUE", "--reference", "HERE/reference.h5ad", "--cell-type-column", "no"),
              "cell types"),
    "image": (mapped_with("--image", "nowhere.png"), "nowhere.png"),
    "image scale": (mapped_with("--image", "he", "--image-scale", "0"), "scale"),
    "sample column": (mapped_with("--sample-column", "nowhere"), "nowhere"),
    "out is there": (mapped_with("--out", "HERE"), "expected"),
    "tissue missing": (at("info", "HERE/none.zarr"), "none.zarr"),
    "tissue remote": (at("info", "https://example.org/a.zarr"), "download"),
    "tissue csv": (tissue("counts.csv"), ".csv"),
    "tissue rds": (tissue("seurat.rds"), ".rds"),
    "tissue loom": (tissue("cells.loom"), ".loom"),
    "tissue mtx": (tissue("matrix.mtx"), ".mtx"),
    "tissue 10x": (tissue("filtered.h5"), ".h5"),
    "tissue without ending": (tissue("tissue"), "without ending"),
    "folder empty": (tissue("folder", None), "vendor"),
    "reference csv": (reference("cells.csv"), ".csv"),
    "reference folder": (reference("tissue.zarr"), "h5ad"),
    "h5ad without out": (at("map", "TRUTH", "--reference", "HERE/reference.h5ad"), "--out"),
    "resume missing": (at("resume", "HERE/none"), "none"),
    "resume empty": (at("resume", "HERE"), "spec.json"),
    "recipe missing": (at("fit", "--spec", "HERE/no.json", "--run-dir", "HERE/r"), "no.json"),
    "recipe no json": (spec("{"), "JSON"),
    "recipe list": (spec("[]"), "expected"),
    "recipe method": (spec('{"method": "magic"}'), "recipe"),
    "delete unknown": (at("runs", "TISSUE", "--delete", "stem_0"), "stem_0"),
    "runs missing": (at("runs", "HERE/none.zarr"), "none.zarr"),
    "run unknown": (at("evaluate", "placement", "TISSUE", "--run", "stem_1", "--truth", "TRUTH"),
                    "stem_1"),
    "spots without places": (cells(no_places, "evaluate", "pseudospots", "CELLS", "OUT.h5ad"),
                             "coordinates"),
    "window zero": (cells(nothing, "evaluate", "pseudospots", "CELLS", "OUT.h5ad", "--window", "0"),
                    "--window"),
    "grid text": (cells(nothing, "evaluate", "pseudospots", "CELLS", "OUT.h5ad", "--grid", "3"),
                  "--grid"),
    "grid too fine": (cells(nothing, "evaluate", "pseudospots", "CELLS", "OUT.h5ad", "--grid",
                            "900x900"), "three cells"),
    "spots over a file": (cells(nothing, "evaluate", "pseudospots", "CELLS", "CELLS"), "exists"),
    "sample is there": (at("sample", "HERE"), "without"),
    "sample of none": (at("sample", "HERE/new", "--cells", "0"), "cells"),
    "import over": (at("import", "TRUTH", "TISSUE"), "never overwritten"),
    "import missing": (at("import", "HERE/none.h5ad", "HERE/new.zarr"), "none.h5ad"),
    "import without places": (cells(no_places, "import", "CELLS", "OUT.zarr"), "spatial"),
    "import one column": (cells(one_column, "import", "CELLS", "OUT.zarr"), "two columns"),
    "import lost places": (cells(lost_places, "import", "CELLS", "OUT.zarr"), "finite"),
}  # fmt: skip


def code_of(words: Words) -> int:
    """Exit code, however the command ends."""
    try:
        return main(words)
    except SystemExit as leaving:
        return int(leaving.code or 0)


@pytest.mark.filterwarnings("ignore")  # anndata warns of what is done on purpose
@pytest.mark.parametrize("name", sorted(CASES))
def test_what_cannot_be_done_is_refused_in_words(
    name: str, sample: Sample, capfd: pytest.CaptureFixture[str]
) -> None:
    make, word = CASES[name]
    words = [w.replace("HERE", str(sample.tissue.parent)) for w in make(sample)]
    before, there = sample.content(), sorted(sample.tissue.parent.iterdir())
    capfd.readouterr()
    assert code_of(words) == 2
    said = capfd.readouterr().err
    assert word in said
    assert "Traceback" not in said
    assert sample.content() == before
    assert sorted(sample.tissue.parent.iterdir()) == there
