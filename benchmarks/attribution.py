"""Speed and memory of attribution, against Captum cell by cell, on one thread.

    OMP_NUM_THREADS=1 python benchmarks/attribution.py speed [--cells 60]
    OMP_NUM_THREADS=1 python benchmarks/attribution.py memory [--cells 100000 --spots 20000]

*speed*: one encoder of STEM's shape and five of them averaged (its default), 919 spots, 300 and
5,000 genes; Captum does what the authors' notebooks do, one cell at a time with 50 nodes. Accuracy
is the correlation per cell with 300 nodes. Nodes are spread evenly where they are Captum's, else by
angle. Rates are per second of this process's processor time. *memory*: largest resident memory of
this process.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import TYPE_CHECKING

import numpy as np
import torch
from captum.attr import IntegratedGradients
from scipy import sparse

from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.explain.gradients import attribute
from napari_tessera.explain.options import ExplainOptions, Scalar, Spacing
from napari_tessera.methods.stem.encoder import member_of
from napari_tessera.methods.stem.network import embed, new_encoder
from napari_tessera.numerics.map_encoder import MapEncoder
from napari_tessera.numerics.seeding import torch_generator

if TYPE_CHECKING:
    from numpy.typing import NDArray

DENSITY, N_SPOTS = 0.25, 919

TRIED = ((50, Spacing.EVEN), (20, Spacing.EVEN), (16, Spacing.ANGLE), (12, Spacing.ANGLE),
         (8, Spacing.ANGLE))  # fmt: skip
"""Numbers of nodes and how they are spread; the first is what Captum does."""

Timed = tuple[float, "NDArray[np.float32]", "NDArray[np.int64]"]


def make(n_cells: int, n_spots: int, n_genes: int, n_members: int) -> MapEncoder:
    """Draw networks of STEM's shape, log-normalised cells, and spots embedded by the networks."""
    rng = np.random.default_rng(0)
    values = sparse.random(n_cells, n_genes, DENSITY, "csr", dtype=np.float32, rng=rng)
    values.data = np.log1p(rng.poisson(2.0, values.nnz) + 1).astype(np.float32)
    spots = torch.from_numpy(np.log1p(rng.poisson(0.7, (n_spots, n_genes))).astype(np.float32))
    members = []
    for i in range(n_members):
        net = new_encoder(n_genes, cosine=True, generator=torch_generator(0, i))
        net.requires_grad_(requires_grad=False)
        embedded = embed(net, lambda rows: spots[rows], n_spots)
        members.append(member_of(net, embedded))
    genes = np.array([f"G{i}" for i in range(n_genes)])
    cells = np.arange(n_cells).astype(np.str_)
    return MapEncoder(members=tuple(members), cells=values, gene_names=genes, cell_names=cells)


def ours(
    encoder: MapEncoder, steps: int, scalar: Scalar, spacing: Spacing = Spacing.ANGLE
) -> Timed:
    """Cells per CPU second, the attributions, and the spots attributed."""
    options = ExplainOptions(steps=steps, refined_steps=0, scalar=scalar, spacing=spacing)
    rows = np.arange(encoder.n_cells)
    attribute(encoder, rows[:2], options, SilentMonitor())
    began = time.process_time()
    found = attribute(encoder, rows, options, SilentMonitor())
    return len(rows) / (time.process_time() - began), found.values.toarray(), found.spot


def captum(encoder: MapEncoder, n_cells: int, scalar: Scalar) -> Timed:
    """Cells per CPU second one by one with 50 nodes, the attributions, and the spots attributed."""
    turn = (lambda v: v) if scalar is Scalar.LOGIT else (lambda v: v.softmax(dim=1))
    engine = IntegratedGradients(lambda x: turn(encoder.logits(x)))
    x = encoder.dense(slice(0, n_cells))
    target = encoder.logits(x).argmax(dim=1).tolist()
    engine.attribute(x[:1], target=target[0], n_steps=50)
    began = time.process_time()
    rows = [engine.attribute(x[i : i + 1], target=t, n_steps=50) for i, t in enumerate(target)]
    seconds = time.process_time() - began
    return n_cells / seconds, np.asarray(torch.cat(rows).detach().numpy()), np.array(target)


def speed(n_captum: int) -> None:
    """Compare, for one and for five networks, two scalars and two numbers of genes."""
    for n_members in (1, 5):
        for scalar in (Scalar.PROBABILITY, Scalar.LOGIT):
            rates = {}
            for n_genes in (300, 5000):
                encoder = make(3000 // n_members, N_SPOTS, n_genes, n_members)
                rates[n_genes] = _compare(encoder, n_captum, scalar)
            ratio = rates[300] / rates[5000]
            print(f"members={n_members} {scalar}: 5000 genes cost {ratio:.2f} x those of 300")


def _compare(encoder: MapEncoder, n_captum: int, scalar: Scalar) -> float:
    """Print one comparison; our rate with 12 nodes."""
    rate, wanted, target = captum(encoder, n_captum, scalar)
    exact = ours(encoder, 300, scalar, Spacing.EVEN)[1]
    what = f"members={len(encoder.members)} genes={encoder.gene_names.size} {scalar}"
    print(f"{what}: Captum, one by one, 50 nodes: {rate:.0f} cells/s")
    found = 0.0
    for steps, spacing in TRIED:
        found_rate, values, spot = ours(encoder, steps, scalar, spacing)
        close = [np.corrcoef(a, b)[0, 1] for a, b in zip(values, exact, strict=True)]
        same = ""
        if steps == 50:
            tied = spot[:n_captum] != target  # two spots alike to the last digit
            off = np.abs(values[:n_captum] - wanted)[~tied].max() / np.abs(wanted).max()
            same = f" off Captum by {off:.0e} of the largest"
        words = f"{found_rate:.0f} cells/s = {found_rate / rate:.1f} x"
        near = f"correlation median {np.median(close):.4f} least {min(close):.4f}"
        print(f"    ours, {steps} nodes {spacing}: {words}, {near}{same}")
        found = found_rate if steps == 12 else found
    return found


def memory(n_cells: int, n_spots: int) -> None:
    """Explain very many cells on very many spots."""
    encoder = make(n_cells, n_spots, 300, 1)
    rows = np.arange(n_cells)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    began = time.perf_counter()
    options = ExplainOptions(refined_steps=0, scalar=Scalar.PROBABILITY)
    found = attribute(encoder, rows, options, SilentMonitor())
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{n_cells} cells x {n_spots} spots: {seconds:.0f} s, {found.values.nnz} attributions, "
          f"largest resident memory {peak:.2f} GiB ({before:.2f} GiB before)")  # fmt: skip


def main() -> None:
    """Run what is asked for."""
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["speed", "memory"])
    parser.add_argument("--cells", type=int, help="60 for Captum; 100,000 for memory")
    parser.add_argument("--spots", type=int, default=20_000)
    given = parser.parse_args()
    if given.what == "speed":
        speed(given.cells or 60)
    else:
        memory(given.cells or 100_000, given.spots)


if __name__ == "__main__":
    main()
