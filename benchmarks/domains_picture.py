"""What colour and texture of the H&E do to domains: the same fit with and without.

    NAPARI_TESSERA_DATA=... python benchmarks/domains_picture.py [--seeds 5]

Breast tumour A1 and cortex 151673 and 151674, at the true number of domains, default options but
for `picture`. Labels are read to score, and nowhere else.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import warnings
from pathlib import Path

from benchmarks.domains import FILES, read
from benchmarks.domains_beside import both_ways
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.choices import fill_selection
from napari_tessera.data.prepare_picture import picture_features
from napari_tessera.data.read import open_tissue

SECTIONS = ("A1", "151673", "151674")


def compare(kit: Path, name: str, seeds: int) -> None:
    """Fit one section both ways."""
    section, labels = read(kit, name)
    tissue = open_tissue(kit / FILES[name])
    chosen = fill_selection(tissue, None, Selection())
    features, problems = picture_features(tissue, chosen, section.spot_xy, section.pitch)
    assert features is not None, problems
    seen = dataclasses.replace(section, picture=features)
    both_ways(("picture", name), (section, seen), labels, seeds, picture=True)


def main() -> None:
    """Run all sections."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    kit = Path(os.environ.get("NAPARI_TESSERA_DATA", ""))
    for name in SECTIONS:
        compare(kit, name, given.seeds)


if __name__ == "__main__":
    main()
