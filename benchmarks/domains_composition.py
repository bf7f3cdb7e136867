"""What the composition of the spots does to domains: the same fit with and without.

    NAPARI_TESSERA_DATA=... python benchmarks/domains_composition.py [--method stem] [--seeds 5]

Breast tumours A1 and H1, composed from a reference of another patient's tumour, at the true number
of domains, default options of all methods. Labels are read to score, and nowhere else.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

import napari_tessera as nt
from benchmarks.domains import FILES, read
from benchmarks.domains_beside import both_ways

REFERENCE = "breast_scrna_wu2021/wu2021_CID4465.h5ad"
SECTIONS = ("A1", "H1")


def shares(kit: Path, name: str, method: str, spots: np.ndarray) -> np.ndarray:
    """Compose the spots of a section."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "composed.zarr"
        run_of = nt.map_cells(kit / FILES[name], kit / REFERENCE, method=method, out=out)
    found = run_of.result.composition
    assert found is not None
    at = {str(spot): i for i, spot in enumerate(found.spot_names)}
    return np.asarray(found.values[[at[str(spot)] for spot in spots]], dtype=np.float32)


def compare(kit: Path, name: str, method: str, seeds: int) -> None:
    """Fit one section both ways."""
    section, labels = read(kit, name)
    composition = shares(kit, name, method, section.spots.obs_names)
    seen = dataclasses.replace(section, composition=composition)
    both_ways(("composition", method, name), (section, seen), labels, seeds)


def main() -> None:
    """Run both sections."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--method", default="stem")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    kit = Path(os.environ.get("NAPARI_TESSERA_DATA", ""))
    for name in SECTIONS:
        compare(kit, name, given.method, given.seeds)


if __name__ == "__main__":
    main()
