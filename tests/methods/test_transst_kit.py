"""TransST on real sections, judged by labels that no fit has seen."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import anndata as ad
import numpy as np
import pytest
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.sections import SectionData
from napari_tessera.methods import get_method
from napari_tessera.methods.transst.options import TransstOptions
from napari_tessera.numerics.kernels import spot_spacing
from napari_tessera.numerics.lattice import tissue_graph
from napari_tessera.numerics.partitions import adjusted_rand

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:anndata")
METHOD = get_method("transst")


def read(path: Path, genes: list[str] | None = None) -> SectionData:
    """Read a section with its labels, those left out that mean none."""
    data = ad.read_h5ad(path)
    labels = np.asarray(data.obs["label"].astype(str), dtype=np.str_)
    keep = ~np.isin(labels, ["undetermined", "nan"])
    data = data[keep, data.var_names if genes is None else genes]
    xy = np.asarray(data.obsm["spatial"], dtype=np.float64)
    return SectionData(
        spots=Expression(
            values=sparse.csr_matrix(data.X),
            obs_names=np.asarray(data.obs_names, dtype=np.str_),
            gene_names=np.asarray(data.var_names, dtype=np.str_),
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=xy,
        spot_graph=tissue_graph(xy),
        unit="pixel",
        pitch=spot_spacing(xy),
        labels=labels[keep],
    )


def test_layers_of_the_mouse_cortex_are_found_in_single_cells(kit: Path) -> None:
    section = read(kit / "starmap_mpfc" / "starmap_mpfc_BZ5.h5ad")
    alone = dataclasses.replace(section, labels=None)
    fitted = METHOD.fit(alone, TransstOptions(n_domains=4), SilentMonitor())
    found = METHOD.predict(fitted, alone).domains
    assert found is not None
    assert section.labels is not None
    assert adjusted_rand(section.labels, found.domain) > 0.8


def test_a_tumour_of_another_patient_is_no_source(kit: Path) -> None:
    folder = kit / "her2st"
    there = set(ad.read_h5ad(folder / "her2st_A1.h5ad").var_names)
    genes = [g for g in ad.read_h5ad(folder / "her2st_H1.h5ad").var_names if g in there]
    source = read(folder / "her2st_A1.h5ad", genes)
    section = dataclasses.replace(read(folder / "her2st_H1.h5ad", genes), labels=None)
    taught = dataclasses.replace(section, source=source)
    fitted = METHOD.fit(taught, TransstOptions(n_domains=6), SilentMonitor())
    assert fitted.warnings[0].startswith("Labels of the source do not fit this section")
