"""Peak memory above the data of STEM's exact full-batch step and of prediction.

    python benchmarks/memory.py                   # all of it: a quarter of an hour on one core
    python benchmarks/memory.py step 50000 10000  # one of them

Every measurement is a process of its own: the largest resident memory while the work goes on, less
what was resident when the data lay ready.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import psutil
import torch
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

N_GENES = 300
GIB = 2**30


def measure(work: Callable[[], object]) -> dict[str, float]:
    """Run the work; peak resident memory above the start in GiB, and CPU seconds."""
    process = psutil.Process()
    start, peak = process.memory_info().rss, [0]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            peak[0] = max(peak[0], process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    clock = time.process_time()
    work()
    seconds = time.process_time() - clock
    done.set()
    thread.join()
    return {"peak_gib": round((peak[0] - start) / GIB, 3), "cpu_s": round(seconds, 1)}


def random_log_counts(rng: np.random.Generator, n_rows: int) -> sparse.csr_matrix:
    """Sparse expression with 30 % of the entries, built without a dense copy."""
    per_row = N_GENES * 3 // 10
    indices = rng.integers(0, N_GENES, size=(n_rows, per_row)).astype(np.int32)
    indices.sort(axis=1)
    values = rng.random(n_rows * per_row, dtype=np.float32)
    indptr = np.arange(0, n_rows * per_row + 1, per_row)
    return sparse.csr_matrix((values, indices.ravel(), indptr), shape=(n_rows, N_GENES))


def exact_step(n_cells: int, n_spots: int) -> dict[str, float]:
    """One full-batch optimiser step: three losses, their gradients, AdamW."""
    from napari_tessera.methods.stem.network import new_encoder
    from napari_tessera.methods.stem.options import StemOptions
    from napari_tessera.methods.stem.training import TrainingData, draw, loss_terms
    from napari_tessera.numerics.kernels import gaussian_adjacency
    from napari_tessera.numerics.tensors import SparsePattern

    rng = np.random.default_rng(0)
    side = int(np.ceil(np.sqrt(n_spots)))
    xy = np.stack(np.divmod(np.arange(n_spots), side), axis=1).astype(float)
    spots = random_log_counts(rng, n_spots)
    spots.data = np.ceil(spots.data * 20)
    data = TrainingData(
        genes=np.arange(N_GENES),
        target=100.0,
        spot_target=100.0,
        cells=random_log_counts(rng, n_cells),
        spot_counts=spots,
        parts=None,
        spots=random_log_counts(rng, n_spots),
        depths=np.full(n_cells, 100.0),
        adjacency=SparsePattern.from_scipy(gaussian_adjacency(xy, 0.5)),
        patches=None,
        factors=np.ones(N_GENES),
        spot_xy=xy,
        sample=None,
        pitch=1.0,
        neighbours=3.0,
        dropout=0.0,
    )
    options = StemOptions(batch_cells=0)
    net = new_encoder(N_GENES, cosine=True, generator=torch.Generator().manual_seed(0))
    terms = loss_terms(net, data, options, partial(draw, data, options, 0))
    optimiser = torch.optim.AdamW(net.parameters())

    def step() -> None:
        total = sum(terms(0).values(), torch.zeros(()))
        total.backward()
        optimiser.step()

    return measure(step)


def prediction(n_cells: int, n_spots: int) -> dict[str, float]:
    """Placement of all cells from embeddings, top of the map included."""
    from napari_tessera.numerics.cell_map import embedding_map

    generator = torch.Generator().manual_seed(0)
    # cells lie near a spot's embedding, as they do after training
    z = torch.nn.functional.normalize(torch.randn(n_spots, 128, generator=generator), dim=1)
    near = z[torch.randint(n_spots, (n_cells,), generator=generator)]
    u = torch.nn.functional.normalize(near + 0.05 * torch.randn(near.shape, generator=generator))
    xy = np.random.default_rng(0).random((n_spots, 2)) * 1000
    del near
    cell_map = embedding_map([u], [z], [20.0])
    return measure(lambda: cell_map.rows(xy, 5.0))


WORK = {"step": exact_step, "predict": prediction}
ALL = [("step", 50_000, 10_000), ("step", 100_000, 20_000), ("predict", 100_000, 50_000)]


def main() -> None:
    """Measure what is asked for, or everything, each in a new process."""
    if len(sys.argv) == 4:
        what, n_cells, n_spots = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        print(
            json.dumps(
                {"what": what, "cells": n_cells, "spots": n_spots} | WORK[what](n_cells, n_spots)
            )
        )
        return
    for job in ALL:
        subprocess.run([sys.executable, __file__, *map(str, job)], check=True)


if __name__ == "__main__":
    main()
