"""Domains from the Python door: several sections in one table, and the picture beside the genes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import napari_tessera as nt
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.sample import SamplePaths, write_sample
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

if TYPE_CHECKING:
    from pathlib import Path

LAW = DomainLaw(n_domains=3, n_genes=120, contrast=1.4)


@pytest.fixture
def two_sections(tmp_path: Path) -> tuple[Path, pd.Series]:
    """Write two sections of one kind of tissue into one table; both begin at the origin."""
    parts = [planted_section(LAW, n_spots=300, seed=seed) for seed in (3, 4)]
    tables = [
        ad.AnnData(
            p.section.spots.values,
            pd.DataFrame(
                {"section": name},
                index=[f"{name}{i}" for i in range(p.section.n_spots)],
            ),
            pd.DataFrame(index=p.section.spots.gene_names),
            obsm={"spatial": p.section.spot_xy},
        )
        for name, p in zip("ab", parts, strict=True)
    ]
    table = ad.concat(tables)
    file = tmp_path / "both.h5ad"
    table.write_h5ad(file)
    return file, pd.Series(np.concatenate([p.domains for p in parts]), index=table.obs_names)


def test_domains_have_one_name_in_all_sections_of_a_table(
    two_sections: tuple[Path, pd.Series],
) -> None:
    file, truth = two_sections
    run = nt.find_domains(
        file, selection=Selection(sample_column="section"),
        options=nt.TransstOptions(n_domains=3), out=file.with_suffix(".zarr"),
    )  # fmt: skip
    found = run.result.domains
    assert found is not None
    assert adjusted_rand(found.domain, truth.loc[found.spot_names.tolist()].to_numpy()) > 0.7


def test_domains_are_found_with_the_picture_where_it_is_asked_for(tmp_path: Path) -> None:
    sample: SamplePaths = write_sample(tmp_path, n_cells=120, n_spots=80, n_genes=40, seed=0)
    with_it, without = (
        nt.find_domains(sample.tissue, options=nt.TransstOptions(n_domains=3, picture=picture))
        for picture in (True, False)
    )
    assert with_it.name != without.name
    soft = [run.result.domains.probability for run in (with_it, without) if run.result.domains]
    assert np.abs(soft[0] - soft[1]).max() > 0.01
