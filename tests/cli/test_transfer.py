"""A labelled section that does not fit, at the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata
import numpy as np
import pytest
import spatialdata

from napari_tessera.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Sample


@pytest.fixture
def unlike(sample: Sample, tmp_path: Path) -> list[str]:
    """Name a labelled section whose labels have nothing to do with its genes."""
    sdata = spatialdata.read_zarr(sample.tissue)
    table = sdata.tables["table"]
    centres = sdata[table.uns["spatialdata_attrs"]["region"]].geometry
    labels = np.random.default_rng(0).choice(["left", "right"], table.n_obs)
    file = tmp_path / "unlike.h5ad"
    anndata.AnnData(
        table.X, table.obs[[]].assign(area=labels), table.var,
        obsm={"spatial": np.array([[p.x, p.y] for p in centres])},
    ).write_h5ad(file)  # fmt: skip
    return ["cluster", str(sample.tissue), "--source", str(file), "--label-column", "area",
            "--n-domains", "2"]  # fmt: skip


def test_domains_without_labels_are_given_and_the_reason_is_said(
    unlike: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(unlike) == 0
    said = capsys.readouterr().out
    assert "Labels of the source do not fit this section" in said
    assert "the domains come from the section alone" in said


def test_a_required_transfer_ends_with_two_where_labels_do_not_fit(
    unlike: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*unlike, "--require-transfer"]) == 2
    assert "Labels of the source do not fit this section" in capsys.readouterr().err
