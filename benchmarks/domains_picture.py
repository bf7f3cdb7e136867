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

import numpy as np

from benchmarks.domains import FILES, read, run
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.choices import fill_selection
from napari_tessera.data.prepare_picture import picture_features
from napari_tessera.data.read import open_tissue
from napari_tessera.evaluation.domains import score_labels
from napari_tessera.numerics.partitions import adjusted_rand

SECTIONS = ("A1", "151673", "151674")


def compare(kit: Path, name: str, seeds: int) -> None:
    """Fit one section both ways."""
    section, labels = read(kit, name)
    tissue = open_tissue(kit / FILES[name])
    chosen = fill_selection(tissue, None, Selection())
    features, problems = picture_features(tissue, chosen, section.spot_xy, section.pitch)
    assert features is not None, problems
    seen = dataclasses.replace(section, picture=features)
    n_domains = np.unique(labels).size
    rows = []
    for seed in range(seeds):
        without = run("transst", section, n_domains=n_domains, seed=seed)
        beside = run("transst", seen, n_domains=n_domains, seed=seed, picture=True)
        scores = [score_labels(found, labels)["adjusted_rand"] for found, _ in (without, beside)]
        stable = [fitted.scores["stability"] for _, fitted in (without, beside)]
        rows.append((*scores, adjusted_rand(without[0], beside[0]), *stable))
    told = ("without", "with", "one to the other", "stability without", "stability with")
    values = np.array(rows)
    parts = [
        f"{w}={m:.3f}±{s:.3f}" for w, m, s in zip(told, values.mean(0), values.std(0), strict=True)
    ]
    print("picture", name, *parts, sep="  ", flush=True)


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
