"""One timed run of one program, in a process of its own: what `bench.py` starts.

    python benchmarks/peer_worker.py DATA.npz PROGRAM STEPS THREADS

Runs under the interpreter of the peers' environment for scSTEM and Tangram, under ours for STEM.
Prints one JSON object: wall and CPU seconds per step and the peak memory above the data.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import torch

if TYPE_CHECKING:
    from collections.abc import Callable

GIB = 2**30
SAMPLE = 1000
"""Cells in scSTEM's alignment term, its own default."""


def timed(step: Callable[[int], object], n_steps: int) -> dict[str, float]:
    """Take one step to warm up and then the timed ones, memory watched."""
    process = psutil.Process()
    start, peak, done = process.memory_info().rss, [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], process.memory_info().rss)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    step(0)
    found = []
    for i in range(1, n_steps + 1):
        clock, cpu = time.monotonic(), time.process_time()
        step(i)
        found.append((time.monotonic() - clock, time.process_time() - cpu))
    done.set()
    thread.join()
    wall, cpu_s = np.median(found, axis=0)
    return {"wall_s": wall, "cpu_s": cpu_s, "peak_gib": (peak[0] - start) / GIB}


def normalised(counts: np.ndarray) -> torch.Tensor:
    """Log-normalise to the median total, as their tutorials do."""
    totals = np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return torch.from_numpy(np.log1p(counts / totals * np.median(totals)).astype(np.float32))


def product_mmd(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Squared MMD with distances by a matrix product: the repair of scSTEM's own."""
    both = torch.cat([source, target])
    norms = (both**2).sum(dim=1)
    squared = (norms[:, None] + norms - 2 * both @ both.T).clamp(min=0)
    n, m = len(both), len(source)
    width = squared.detach().sum() / (n * n - n)
    kernel = sum(torch.exp(-squared / (width * 2.0**i)) for i in range(-2, 3))
    return kernel[:m, :m].mean() + kernel[m:, m:].mean() - 2 * kernel[:m, m:].mean()


def stem_model(data: Any, *, repaired: bool) -> Any:  # noqa: ANN401
    """Make scSTEM's model with the settings of its demonstration."""
    from STEM.model import SOmodel  # type: ignore[import-not-found]

    options = SimpleNamespace(
        device="cpu", outf=tempfile.mkdtemp(), n_genes=data["cells"].shape[1], no_bn=False,
        lr=0.002, sigma=0.5 * float(data["pitch"]), alpha=0.8, verbose=False, mmdbatch=SAMPLE,
        dp=0.5,
    )  # fmt: skip
    model = SOmodel(options)
    if repaired:
        del model.mmd_fn  # a module, whose place a function cannot take
        model.mmd_fn = product_mmd
    return model


def peer_stem(data: Any, *, repaired: bool) -> Callable[[int], object]:  # noqa: ANN401
    """Make a step of scSTEM."""
    model = stem_model(data, repaired=repaired)
    cells, spots = normalised(data["cells"]), normalised(data["spots"])
    return lambda i: model.train_onestep(spots, cells, data["xy"], min(i / 400, 1.0))


def tangram(data: Any) -> Callable[[int], object]:  # noqa: ANN401
    """Make an epoch of Tangram in its default mode."""
    from tangram.mapping_optimizer import Mapper  # type: ignore[import-not-found]

    cells, spots = (normalised(data[k]).numpy() for k in ("cells", "spots"))
    seen = (cells > 0).any(axis=0) & (spots > 0).any(axis=0)
    density = data["spots"].sum(axis=1) / data["spots"].sum()
    mapper = Mapper(S=cells[:, seen], G=spots[:, seen], d=density.astype(np.float32), device="cpu")
    return lambda _i: mapper.train(num_epochs=1, learning_rate=0.1, print_each=None)


def our_stem(data: Any, batch_cells: int) -> Callable[[int], object]:  # noqa: ANN401
    """Make a step of ours: three losses, their gradients, AdamW."""
    from scipy import sparse

    from napari_tessera.contract.expression import Expression, ExpressionScale
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stem.network import new_encoder
    from napari_tessera.methods.stem.options import StemOptions
    from napari_tessera.methods.stem.training import TrainingData, draw, loss_terms
    from napari_tessera.numerics.tensors import quick_products

    def expression(values: np.ndarray, letter: str) -> Expression:
        return Expression(
            values=sparse.csr_matrix(values),
            obs_names=np.array([f"{letter}{i}" for i in range(len(values))]),
            gene_names=np.array([f"g{i}" for i in range(values.shape[1])]),
            scale=ExpressionScale.COUNTS,
        )

    paired = PairedData(
        cells=expression(data["cells"], "c"),
        spots=expression(data["spots"], "s"),
        spot_xy=data["xy"],
        unit="unit",
        pitch=float(data["pitch"]),
    )
    options = StemOptions(batch_cells=batch_cells, batch_spots=0, purified=0.0)
    prepared = TrainingData.prepare(paired, options, torch.device("cpu"))
    net = new_encoder(paired.n_genes, cosine=True, generator=torch.Generator().manual_seed(0))
    terms = loss_terms(net, prepared, options, partial(draw, prepared, options, 0))
    optimiser = torch.optim.AdamW(net.parameters(), lr=0.002)

    def step(i: int) -> None:
        with quick_products():
            total = sum(terms(i).values(), torch.zeros(()))
            optimiser.zero_grad(set_to_none=True)
            total.backward()
            optimiser.step()

    return step


PROGRAMS: dict[str, Callable[[Any], Callable[[int], object]]] = {
    "scSTEM": partial(peer_stem, repaired=False),
    "scSTEM, MMD repaired": partial(peer_stem, repaired=True),
    "Tangram": tangram,
    "stem, all cells": partial(our_stem, batch_cells=0),
    "stem, 512 cells": partial(our_stem, batch_cells=512),
}
"""What can be timed: from the data to a step."""


def main() -> None:
    """Time what is asked for."""
    path, program, n_steps, n_threads = sys.argv[1:5]
    torch.set_num_threads(int(n_threads))
    with np.load(path) as file:
        data = {name: file[name] for name in file.files}
    print(json.dumps(timed(PROGRAMS[program](data), int(n_steps))))


if __name__ == "__main__":
    main()
