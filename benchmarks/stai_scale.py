"""Time and memory of one stAI sub-model on a large planted section.

    python benchmarks/stai_scale.py [--epochs 200] [--variant improved] [--threads 4]
        [--spots 64000 --cells 31000 --genes 150]

Trains one sub-model with batches of 4,096, then makes the exact weights of every spot in blocks.
With fewer epochs than the form plans, the time of all of them is extrapolated, and said to be so.
Largest resident memory is that of the whole process, planted data and libraries included.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import torch

from napari_tessera.methods.stai.answers import cell_weights
from napari_tessera.methods.stai.fit import Course, StaiFit, design
from napari_tessera.methods.stai.options import StaiOptions, Variant
from napari_tessera.methods.stai.prepare import n_batches, prepare
from napari_tessera.testing.planted_cells import planted_cells


def peak_gib() -> float:
    """Largest resident memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def say(spent: np.ndarray) -> str:
    """Seconds in words."""
    return f"{spent[0]:.0f} s wall, {spent[1]:.0f} s CPU"


def main() -> None:
    """Plant, train, answer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for flag, default in (("spots", 64_000), ("cells", 31_000), ("genes", 150), ("threads", 4)):
        parser.add_argument(f"--{flag}", type=int, default=default)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--variant", choices=list(Variant), default=Variant.IMPROVED)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    planted = planted_cells(n_cells=given.cells, n_spots=given.spots, n_genes=given.genes)
    planned = StaiOptions(variant=given.variant).n_epochs
    options = StaiOptions(variant=given.variant, epochs=given.epochs or planned)
    data = prepare(planted.paired, options, torch.device("cpu"))
    print(f"prepared; peak {peak_gib():.2f} GiB; {n_batches(data, options)} steps per round")
    start, cpu = time.monotonic(), time.process_time()
    model, _ = StaiFit(data, options, design(data, options)).train(1, Course(), None)
    spent = np.array([time.monotonic() - start, time.process_time() - cpu])
    rounds = options.n_epochs
    print(f"trained {rounds} rounds: {say(spent)}, peak {peak_gib():.2f} GiB")
    if rounds != planned:
        start, cpu = time.monotonic(), time.process_time()
        model.search()
        search = np.array([time.monotonic() - start, time.process_time() - cpu])
        searches = [-(-n // options.refresh) for n in (rounds, planned)]
        whole = (spent - searches[0] * search) * planned / rounds + searches[1] * search
        print(f"a search: {say(search)}; extrapolated to {planned} rounds: {say(whole)}")
    start = time.monotonic()
    weights = cell_weights(model)
    print(
        f"exact weights {weights.shape}, {weights.nnz} entries: "
        f"{time.monotonic() - start:.0f} s wall, peak {peak_gib():.2f} GiB"
    )


if __name__ == "__main__":
    main()
