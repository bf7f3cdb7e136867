"""Memory and time of COME's exact steps, in row blocks.

    python benchmarks/come_memory.py                       # all of it
    python benchmarks/come_memory.py contrast 50000 10000  # one of them

contrast: value and gradient of the contrast of the published form over all spots and cells.
step: one full-batch step of the amortised map, every term, gradients and update.
Every measurement is a process of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import torch
from scipy import sparse

from memory import measure
from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.methods.come.contrast import Positives, contrast
from napari_tessera.methods.come.maps import new_net
from napari_tessera.methods.come.options import ComeOptions
from napari_tessera.methods.come.preparing import prepare
from napari_tessera.methods.come.training import amortised_terms, draw, loss_weights


def full_step(n_cells: int, n_spots: int) -> dict[str, float]:
    """One exact step: all cells, all spots, all terms, gradients and update."""
    torch.set_num_threads(1)
    paired = random_pair(n_cells, n_spots)
    options = ComeOptions(batch=0)
    data = prepare(paired, options)
    net: Any = new_net(data, options, torch.Generator().manual_seed(0))
    terms = amortised_terms(
        net, data, options, lambda s: draw(data, options, (0, s), torch.device("cpu"))
    )
    weights = loss_weights(options)(0)
    optimiser = torch.optim.AdamW(net.parameters())

    def step() -> None:
        found = terms(0)
        torch.stack([weights[n] * t for n, t in found.items()]).sum().backward()
        optimiser.step()

    return measure(step)


def contrast_only(n_cells: int, n_spots: int) -> dict[str, float]:
    """Value and gradient of the contrast in the published form."""
    torch.set_num_threads(1)
    g = torch.Generator().manual_seed(0)
    spots, cells = (
        torch.randn(n, 128, generator=g, requires_grad=True) for n in (n_spots, n_cells)
    )
    positives = Positives(
        n_spots=n_spots,
        classes=torch.randint(20, (n_cells,), generator=g),
        partners=torch.randint(n_spots, (n_cells,), generator=g),
    )
    return measure(lambda: contrast(spots, cells, positives).backward())


def random_pair(n_cells: int, n_spots: int, n_genes: int = 300) -> PairedData:
    """Make counts without any meaning, 30 % of the entries."""
    rng = np.random.default_rng(0)

    def expression(n: int, what: str) -> Expression:
        per_row = n_genes * 3 // 10
        columns = np.sort(rng.integers(0, n_genes, (n, per_row)), axis=1).astype(np.int32)
        data = rng.integers(1, 5, n * per_row).astype(np.float32)
        values = sparse.csr_matrix(
            (data, columns.ravel(), np.arange(0, n * per_row + 1, per_row)), shape=(n, n_genes)
        )
        values.sum_duplicates()
        names = np.char.add(what, np.arange(n).astype(str))
        genes = np.char.add("g", np.arange(n_genes).astype(str))
        return Expression(
            values=values, obs_names=names, gene_names=genes, scale=ExpressionScale.COUNTS
        )

    side = int(np.ceil(np.sqrt(n_spots)))
    xy = np.stack(np.divmod(np.arange(n_spots), side), axis=1).astype(np.float64)
    types = rng.integers(0, 20, n_cells).astype(str)
    return PairedData(
        cells=expression(n_cells, "c"), spots=expression(n_spots, "s"), spot_xy=xy, unit="unit",
        pitch=1.0, cell_types=types,
    )  # fmt: skip


WORK = {"contrast": contrast_only, "step": full_step}
ALL = [
    ("contrast", 5_000, 1_000),
    ("contrast", 10_000, 2_000),
    ("contrast", 20_000, 4_000),
    ("contrast", 50_000, 10_000),
    ("step", 25_000, 5_000),
    ("step", 50_000, 10_000),
]


def main() -> None:
    """Measure what is asked for, or everything, each in a new process."""
    if len(sys.argv) == 4:
        what, n_cells, n_spots = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        found = {"what": what, "cells": n_cells, "spots": n_spots, **WORK[what](n_cells, n_spots)}
        print(json.dumps(found), flush=True)
        return
    for job in ALL:
        subprocess.run([sys.executable, __file__, *map(str, job)], check=True)


if __name__ == "__main__":
    main()
