"""How much of every row the largest entries of a map hold, and what is lost with the rest.

    [NAPARI_TESSERA_DATA=...] python benchmarks/map_mass.py [--threads 4]

A planted tissue of 10,000 cells and 919 spots and, where it is at hand, mouse embryo E1z2; STEM by
default, one network of it, and the published form, by batches of cells and by exact steps. The kept
entries are compared with the exact expectation, which is stored beside them and never computed from
them.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

import numpy as np
import torch

from accuracy_time import case_of
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method
from napari_tessera.methods.stem.options import StemOptions, Variant
from napari_tessera.numerics.cell_map import MASS

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Placement

PROGRAMS = {
    "five networks": StemOptions(),
    "one network": StemOptions(members=1),
    "published": StemOptions(variant=Variant.PUBLISHED),
    "published, exact": StemOptions(variant=Variant.PUBLISHED, batch_cells=0),
}
KEPT = (8, 16, 32, 64)


def placed(paired: PairedData, options: StemOptions) -> Placement:
    """Fit and place."""
    stem = get_method("stem")
    placement = stem.predict(stem.fit(paired, options, SilentMonitor()), paired).placement
    assert placement is not None
    return placement


def row(name: str, paired: PairedData, placement: Placement) -> str:
    """Mass in the largest entries, how many are kept, and how far the kept ones lead astray."""
    kept = placement.map
    held = [float(_largest(kept, k).mean()) for k in KEPT]
    mean = np.asarray(kept @ paired.spot_xy) / np.asarray(kept.sum(axis=1)).reshape(-1, 1)
    off = np.linalg.norm(mean - placement.mean_xy, axis=1) / paired.pitch
    n = np.diff(kept.indptr)
    words = [name, *(f"{h:.4f}" for h in held), f"{1 - placement.map_residual.mean():.4f}"]
    words += [f"{n.mean():.0f}", f"{np.sqrt((off**2).mean()):.3f}, {off.max():.1f}"]
    return "| " + " | ".join(words) + " |"


def _largest(kept: object, k: int) -> np.ndarray:
    """Mass of the k largest entries of every row."""
    rows = np.split(kept.data, kept.indptr[1:-1])  # type: ignore[attr-defined]
    return np.array([np.sort(r)[::-1][:k].sum() for r in rows])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=4)
    torch.set_num_threads(parser.parse_args().threads)
    print(f"mass to be kept: {MASS}")
    for tissue in ("planted", *(("embryo",) if "NAPARI_TESSERA_DATA" in os.environ else ())):
        paired = case_of(tissue).paired
        for name, options in PROGRAMS.items():
            print(row(f"{tissue}, {name}", paired, placed(paired, options)), flush=True)


if __name__ == "__main__":
    main()
