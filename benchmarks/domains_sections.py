"""Several sections at once: domains found on both together, beside those of each alone.

    NAPARI_TESSERA_DATA=... python benchmarks/domains_sections.py [--seeds 3]

Two neighbouring cortices, and two tumours of different patients, over the genes that both have.
Every section is scored by itself, at the larger of the two true numbers of domains. *Both* scores
all spots in one: there a domain must have one name in both sections. Labels are read to score, and
nowhere else.
"""

from __future__ import annotations

import argparse
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from benchmarks.domains import read, run
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.sections import SectionData
from napari_tessera.evaluation.domains import score_labels
from napari_tessera.numerics.lattice import tissue_graph

if TYPE_CHECKING:
    from collections.abc import Sequence

PAIRS = (("151673", "151674"), ("A1", "H1"))


def together(parts: Sequence[SectionData], names: Sequence[str]) -> SectionData:
    """Put sections over the same genes into one; they may lie over each other."""
    sample = np.repeat(np.array(names), [p.n_spots for p in parts])
    xy = np.concatenate([p.spot_xy * (parts[0].pitch / p.pitch) for p in parts])
    return SectionData(
        spots=Expression(
            values=sparse.vstack([p.spots.values for p in parts], format="csr"),
            obs_names=np.concatenate(
                [
                    np.char.add(f"{name} ", p.spots.obs_names)
                    for name, p in zip(names, parts, strict=True)
                ]
            ),
            gene_names=parts[0].spots.gene_names,
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=xy,
        spot_graph=tissue_graph(xy, sample),
        unit="pixel",
        pitch=parts[0].pitch,
        sample=sample,
    )


def compare(kit: Path, names: tuple[str, str], seeds: int) -> None:
    """Score both ways."""
    there = set(read(kit, names[1])[0].spots.gene_names)
    genes = [g for g in read(kit, names[0])[0].spots.gene_names if g in there]
    parts, labels = zip(*(read(kit, name, genes) for name in names), strict=True)
    whole, truth = together(parts, names), np.concatenate(labels)
    n_domains = max(np.unique(own).size for own in labels)
    found = {
        "together": [run("transst", whole, n_domains=n_domains, seed=s)[0] for s in range(seeds)]
    }
    for name, part in zip(names, parts, strict=True):
        found[name] = [run("transst", part, n_domains=n_domains, seed=s)[0] for s in range(seeds)]
    rows = {"both": [score(labels, truth) for labels in found["together"]]}
    for name, own in zip(names, labels, strict=True):
        at = whole.sample == name
        rows[f"{name} together"] = [score(labels[at], own) for labels in found["together"]]
        rows[f"{name} alone"] = [score(labels, own) for labels in found[name]]
    told = "  ".join(f"{k}={np.mean(v):.3f}±{np.std(v):.3f}" for k, v in rows.items())
    print(f"sections  {told}", flush=True)


def score(found: np.ndarray, truth: np.ndarray) -> float:
    """Give the adjusted Rand index."""
    return float(score_labels(found, truth)["adjusted_rand"])


def main() -> None:
    """Run both pairs."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    kit = Path(os.environ.get("NAPARI_TESSERA_DATA", ""))
    for names in PAIRS:
        compare(kit, names, given.seeds)


if __name__ == "__main__":
    main()
