"""Domains on real and planted sections, with the figures of the page on domains.

    NAPARI_TESSERA_DATA=... python benchmarks/domains.py [--parts alone,transfer,...] [--seeds 5]

Parts: ``alone`` (adjusted Rand index without labels, at the true number, baselines beside),
``transfer`` (a labelled section beside), ``number`` (the number of domains, on real and on planted
sections), ``simulation`` (that of the paper), ``smoothness`` (of its whole sections), ``released``
(how far the strengths move the domains), ``slider`` and ``size`` (100,000 spots). Labels are read
here, to score, and nowhere else; spots without one are left out beforehand. The options are the
default ones but for the seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.sections import SectionData
from napari_tessera.evaluation.domains import score_labels
from napari_tessera.methods import get_method
from napari_tessera.methods.transst.answer import Answer
from napari_tessera.methods.transst.predict import as_domains, refit_field
from napari_tessera.numerics.kernels import spot_spacing
from napari_tessera.numerics.lattice import tissue_graph
from napari_tessera.testing.paper_simulation import simulate
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.method import Fitted

FILES = {
    "H1": "her2st/her2st_H1.h5ad",
    "A1": "her2st/her2st_A1.h5ad",
    "151673": "dlpfc/dlpfc_151673.h5ad",
    "151674": "dlpfc/dlpfc_151674.h5ad",
    "BZ5": "starmap_mpfc/starmap_mpfc_BZ5.h5ad",
}
UNLABELLED = ("undetermined", "unlabelled", "nan")
PAIRS = (("151673", "151674"), ("151674", "151673"), ("H1", "A1"), ("A1", "H1"))

Labelled = tuple[SectionData, "NDArray[np.str_]"]


def read(kit: Path, name: str, genes: list[str] | None = None) -> Labelled:
    """One section without its unlabelled spots, and the labels of the rest."""
    import anndata as ad

    data = ad.read_h5ad(kit / FILES[name])
    labels = np.asarray(data.obs["label"].astype(str), dtype=np.str_)
    keep = ~np.isin(labels, UNLABELLED)
    data = data[keep, data.var_names if genes is None else genes]
    xy = np.asarray(data.obsm["spatial"], dtype=np.float64)
    section = SectionData(
        spots=Expression(
            values=sparse.csr_matrix(data.X),
            obs_names=np.asarray(data.obs_names, dtype=np.str_),
            gene_names=np.asarray(data.var_names, dtype=np.str_),
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=xy,
        spot_graph=tissue_graph(xy),
        unit="pixel",
        pitch=spot_spacing(xy),
    )
    return section, labels[keep]


def run(name: str, inputs: SectionData, **options: object) -> tuple[NDArray[np.str_], Fitted]:
    """Fit and predict."""
    method = get_method(name)
    fitted = method.fit(inputs, method.options_type(**options), SilentMonitor())
    found = method.predict(fitted, inputs).domains
    assert found is not None
    return found.domain, fitted


def alone(kit: Path, seeds: int) -> None:
    """Without labels, at the true number."""
    forms: dict[str, tuple[str, dict[str, Any]]] = {
        "k-means": ("smoothed-mixture", {"clustering": "k-means"}),
        "mixture": ("smoothed-mixture", {}),
        "transst": ("transst", {}),
    }
    for section in FILES:
        inputs, labels = read(kit, section)
        n_domains = np.unique(labels).size
        for form, (name, options) in forms.items():
            start = time.process_time()
            scores = [
                score_labels(run(name, inputs, n_domains=n_domains, seed=s, **options)[0], labels)
                for s in range(seeds)
            ]
            cpu = (time.process_time() - start) / seeds
            show("alone", section, form, scores=scores, cpu_s=cpu)


def transfer(kit: Path, seeds: int) -> None:
    """One section taught by another, and halves of one by each other."""
    for target, source in PAIRS:
        there = set(read(kit, source)[0].spots.gene_names)
        genes = [g for g in read(kit, target)[0].spots.gene_names if g in there]
        taught, labels_there = read(kit, source, genes)
        inputs, labels = read(kit, target, genes)
        both = dataclasses.replace(inputs, source=dataclasses.replace(taught, labels=labels_there))
        n_domains = np.unique(labels).size
        runs = [run("transst", both, n_domains=n_domains, seed=s) for s in range(seeds)]
        scores = [score_labels(found, labels) for found, _ in runs]
        last = runs[-1][1]
        show("transfer", f"{source} to {target}", scores=scores, **last.scores)
        print("  ", *last.warnings)


def number(kit: Path, seeds: int) -> None:
    """How many domains, real and planted."""
    off = []
    for section in FILES:
        inputs, labels = read(kit, section)
        n_true = np.unique(labels).size
        for seed in range(seeds):
            found, fitted = run("transst", inputs, seed=seed)
            n_found = len(fitted.state.values["names"])
            off.append((seed, abs(n_found - n_true)))
            print(f"number  {section}  seed={seed}  true={n_true}  found={n_found}", end="  ")
            print(f"ari={score_labels(found, labels)['adjusted_rand']:.3f}", *fitted.warnings)
    print(
        "number  sums of errors by seed:", [sum(e for s, e in off if s == i) for i in range(seeds)]
    )
    near = []
    for n_true in range(2, 13):
        for seed in (0, 1):
            planted = planted_section(DomainLaw(n_domains=n_true), seed=seed, programme=seed)
            fitted = run("transst", planted.section)[1]
            n_found = len(fitted.state.values["names"])
            near.append(abs(n_found - n_true) <= 1)
            print(f"number  planted  seed={seed}  true={n_true}  found={n_found}")
    print(f"number  planted: within one on {sum(near)} of {len(near)}")


def simulation(seeds: int) -> None:
    """Run the paper's simulation: a quarter of every class as target, and fifty spots."""
    for beta in (0.5, 1.0):
        for share in (0.25, 0.02):
            rows: dict[str, list[float]] = {}
            for seed in range(seeds):
                for form, value in simulated(beta, share, seed).items():
                    rows.setdefault(form, []).append(value)
            told = "  ".join(f"{k}={np.mean(v):.3f}±{np.std(v):.3f}" for k, v in rows.items())
            print(f"simulation  beta={beta}  share={share}  {told}", flush=True)


def simulated(beta: float, share: float, seed: int) -> dict[str, float]:
    """Score every form on one drawn section."""
    drawn = simulate(beta=beta, seed=seed)
    here, there = drawn.quarters(share)
    target = drawn.part(here)
    both = dataclasses.replace(target, source=drawn.part(there, labelled=True))
    truth = drawn.labels[here].astype(np.str_)
    found = {"oracle": score_labels(drawn.oracle(here).astype(np.str_), truth)["adjusted_rand"]}
    for form, inputs in (("alone", target), ("taught", both)):
        for variant in ("improved", "three-steps", "released"):
            options = {"variant": variant, "n_domains": 4, "n_factors": 10, "seed": seed}
            labels = run("transst", inputs, **options)[0]
            found[f"{variant} {form}"] = score_labels(labels, truth)["adjusted_rand"]
    return found


def smoothness(seeds: int) -> None:
    """Compare the smoothness of whole simulated sections with that they were drawn with."""
    for beta in (0.5, 1.0):
        ratios = []
        for seed in range(seeds):
            drawn = simulate(beta=beta, seed=seed)
            whole = drawn.part(np.arange(drawn.labels.size))
            options = {"variant": "three-steps", "n_domains": 4, "n_factors": 10, "seed": seed}
            ratios.append(run("transst", whole, **options)[1].scores["smoothness"] / (2 * beta))
        print(
            f"smoothness  beta={beta}  found over true:", *(f"{r:.3f}" for r in ratios), flush=True
        )


def released(kit: Path) -> None:
    """How many labels the strengths move, released and in eigenvalues."""
    names = ("A1", "H1")
    there = set(read(kit, names[1])[0].spots.gene_names)
    genes = [g for g in read(kit, names[0])[0].spots.gene_names if g in there]
    inputs, labels = read(kit, names[0], genes)
    taught, known = read(kit, names[1], genes)
    both = dataclasses.replace(inputs, source=dataclasses.replace(taught, labels=known))
    for variant, strengths in (("released", (0.0, 0.2)), ("three-steps", (0.0, 0.3, 1.0, 10.0))):
        first = None
        for strength in strengths:
            options = {"variant": variant, "n_domains": 5, "strength": strength}
            found, fitted = run("transst", both, **options)
            first = found if first is None else first
            ari = score_labels(found, labels)["adjusted_rand"]
            same = score_labels(found, first)["adjusted_rand"]
            print(f"released  {variant}  strength={strength}  like_the_first={same:.3f}", end="  ")
            print(f"ari={ari:.3f}  smoothness={fitted.scores['smoothness']:.2f}", flush=True)


def size() -> None:
    """Time and memory of 100,000 spots and 2,000 genes, the number given and not."""
    section, labels = tiled(10, 10_000)
    print(
        f"size  {section.n_spots} spots, {section.n_genes} genes, {section.spots.values.nnz} counts"
    )
    for n_domains in (7, None):
        start, cpu = time.monotonic(), time.process_time()
        found, _ = run("transst", section, n_domains=n_domains)
        ari = score_labels(found, labels)["adjusted_rand"]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        seconds = f"{time.monotonic() - start:.0f} s, {time.process_time() - cpu:.0f} cpu s"
        print(
            f"size  n_domains={n_domains}  {seconds}  peak {peak:.2f} GiB  ari={ari:.3f}",
            flush=True,
        )


def tiled(n_tiles: int, n_spots: int) -> Labelled:
    """Put planted sections of one tissue side by side: dense draws stay small."""
    law = DomainLaw(n_domains=7, n_genes=2000, depth=1500.0)
    tiles = [planted_section(law, n_spots=n_spots, seed=i) for i in range(n_tiles)]
    step = np.ptp(tiles[0].section.spot_xy[:, 0]) + 2 * tiles[0].section.pitch
    xy = np.concatenate(
        [t.section.spot_xy + np.array([i * step, 0.0]) for i, t in enumerate(tiles)]
    )
    values = sparse.vstack([t.section.spots.values for t in tiles], format="csr")
    section = SectionData(
        spots=Expression(
            values=values,
            obs_names=np.array([f"spot{i}" for i in range(len(xy))]),
            gene_names=tiles[0].section.spots.gene_names,
            scale=ExpressionScale.COUNTS,
        ),
        spot_xy=xy,
        spot_graph=tissue_graph(xy),
        unit="micrometre",
        pitch=tiles[0].section.pitch,
    )
    return section, np.concatenate([t.domains for t in tiles])


def slider() -> None:
    """How long another smoothness of 5,000 spots takes."""
    section = planted_section(DomainLaw(n_domains=7), n_spots=5000).section
    fitted = run("transst", section, n_domains=7)[1]
    domains = as_domains(Answer.from_state(fitted.state), section.spots.obs_names)
    for smoothness in (0.0, 2.0, 10.0, 50.0):
        start, cpu = time.monotonic(), time.process_time()
        refit_field(fitted.state, section.spot_graph, smoothness, domains)
        seconds = f"{time.monotonic() - start:.2f} s, {time.process_time() - cpu:.2f} cpu s"
        print(f"slider  smoothness={smoothness}  {seconds}", flush=True)


def show(*words: str, scores: list[dict[str, Any]], **more: float) -> None:
    """One line: mean and standard deviation over seeds."""
    values = {k: np.array([s[k] for s in scores]) for k in ("adjusted_rand", "mutual_information")}
    if "accuracy" in scores[-1]:
        values["accuracy"] = np.array([s.get("accuracy", np.nan) for s in scores])
    told = [f"{k}={v.mean():.3f}±{v.std():.3f}" for k, v in values.items()]
    print(*words, *told, *(f"{k}={v:.2f}" for k, v in more.items()), sep="  ", flush=True)


def main() -> None:
    """Run what is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = (
        "alone",
        "transfer",
        "number",
        "simulation",
        "smoothness",
        "released",
        "slider",
        "size",
    )
    parser.add_argument("--parts", default=",".join(known), help="some of " + ", ".join(known))
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    kit = Path(os.environ.get("NAPARI_TESSERA_DATA", ""))
    parts = {
        "alone": lambda: alone(kit, given.seeds),
        "transfer": lambda: transfer(kit, given.seeds),
        "number": lambda: number(kit, given.seeds),
        "simulation": lambda: simulation(given.seeds),
        "smoothness": lambda: smoothness(given.seeds),
        "released": lambda: released(kit),
        "slider": slider,
        "size": size,
    }
    for part in given.parts.split(","):
        parts[part]()


if __name__ == "__main__":
    main()
