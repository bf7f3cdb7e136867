"""How sure placements are, against the truth: discs, confidence, modes, types that are not here.

    NAPARI_TESSERA_DATA=... python benchmarks/calibration.py [--seeds 3] [--figures docs/_static]

Mouse embryo E1z2 (reference without the cells inside spots) and a planted tissue with a platform
effect, default options. Then a mirror-symmetric tissue, in which each cell has a twin on the other
side; and the embryo once without the cells of each larger type in the spots, the type kept in the
reference. Truth is read here, to score, and nowhere else.
"""

from __future__ import annotations

import argparse
import dataclasses
import warnings
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cases import CASES, places, read
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.evaluation.pseudospots import (
    POOLED,
    Construction,
    PseudoSpots,
    simulate_pseudospots,
)
from napari_tessera.methods import get_method
from napari_tessera.numerics.calibration import risk_coverage, risk_curve
from napari_tessera.numerics.placing import is_bimodal
from napari_tessera.numerics.presence import NOT_HERE, type_evidence
from napari_tessera.testing.planted import planted_tissue
from placement import pair

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cases import Case
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.results import Placement

LEAST_CELLS = 100
"""Cells of a type from which its absence is tried."""

COLOURS = {"baseline": "#999999", "stem": "#0072b2"}

Row = dict[str, Any]


def placed(paired: PairedData, name: str, seed: int) -> Placement:
    """Fit with default options and place."""
    method = get_method(name)
    fitted = method.fit(paired, method.options_type(seed=seed), SilentMonitor())
    placement = method.predict(fitted, paired).placement
    assert placement is not None
    return placement


def score(case: Case, placement: Placement) -> tuple[Row, NDArray[np.float64]]:
    """Figures of one placement, and its risk by share of the cells, both in pitches."""
    assert case.truth_xy is not None
    assert placement.radius is not None
    rows, pitch = np.flatnonzero(case.judged), case.paired.pitch
    off = np.linalg.norm(placement.xy - case.truth_xy, axis=1)[rows] / pitch
    radius, confidence = placement.radius[rows] / pitch, placement.confidence[rows]
    curve = risk_curve(off, confidence)
    shares = np.linspace(0.02, 1, 50)
    found = {
        "coverage": (off <= radius).mean(),
        "median_disc": np.median(np.pi * radius**2),
        "risk": risk_coverage(off, confidence),
        "risk_by_radius": risk_coverage(off, -radius),
        "random": off.mean(),
        "oracle": risk_coverage(off, -off),
    }
    return found, curve[(shares * len(curve)).astype(int) - 1]


def mirrored() -> tuple[PairedData, NDArray[np.float64]]:
    """Plant a tissue twice, the second time as its mirror image; cells come from both halves."""
    tissue = planted_tissue(n_cells=1500, n_spots=300, n_genes=200, seed=2)
    paired = tissue.paired
    low = float(paired.spot_xy[:, 0].min())

    def image(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([2 * (low - 300) - xy[:, 0], xy[:, 1]])

    rng = np.random.default_rng(3)
    counts = paired.spots.values
    half = counts.copy()
    half.data = rng.binomial(counts.data.astype(int), 0.9).astype(np.float32)
    both = type(counts)(np.concatenate([counts.toarray(), half.toarray()]))
    names = np.concatenate([paired.spots.obs_names, np.char.add("m", paired.spots.obs_names)])
    spots = dataclasses.replace(paired.spots, values=both, obs_names=names)
    xy = np.concatenate([paired.spot_xy, image(paired.spot_xy)])
    truth = np.where(rng.random((paired.n_cells, 1)) < 0.5, tissue.truth_xy, image(tissue.truth_xy))
    return dataclasses.replace(paired, spots=spots, spot_xy=xy, spot_graph=None), truth


def score_modes(paired: PairedData, truth: NDArray[np.float64], placement: Placement) -> Row:
    """Share of bimodal cells, and how far their placement and their better mode are off."""
    assert placement.modes is not None
    assert placement.mode_mass is not None
    two = is_bimodal(placement.mode_mass)
    off = np.linalg.norm(placement.xy - truth, axis=1) / paired.pitch
    modes = np.linalg.norm(placement.modes - truth[:, None], axis=2).min(axis=1) / paired.pitch
    near = np.linalg.norm(placement.xy[:, None] - placement.modes, axis=2).min(axis=1)
    return {
        "bimodal": two.mean(),
        "placement_off": np.median(off[two]),
        "nearer_mode_off": np.median(modes[two]),
        "placement_to_mode": np.median(near[two]) / paired.pitch,
    }


def absent_types(construction: Construction) -> list[Row]:
    """Take each larger type out of the embryo's spots, one at a time, and ask for all types."""
    cells = read("mouse_embryo_seqfish", "e1z2_cells.h5ad")
    types = np.asarray(cells.obs["cell_type"], dtype=np.str_)
    how = PseudoSpots(construction=construction, grid=(24, 31))
    large = [t for t in np.unique(types).tolist() if (types == t).sum() >= LEAST_CELLS]
    found = []
    for gone in large:
        spots, marked = simulate_pseudospots(cells[types != gone].copy(), how)
        held = marked.obs_names[np.asarray(marked.obs[POOLED] != "")]
        reference = cells[~np.isin(cells.obs_names, held)].copy()
        evidence = type_evidence(pair(spots, reference, places(spots), "unit"), 0)
        absence = dict(zip(evidence.types.tolist(), evidence.absence.tolist(), strict=True))
        others = [t for t in large if t != gone]
        called = [t for t in others if absence[t] > NOT_HERE]
        share = len(called) / len(others)
        found.append({"gone": gone, "absence": absence[gone], "called": called, "share": share})
    return found


def of_another_person() -> Row:
    """Ask breast tumour A1 for the types of another patient's cells."""
    spots = read("her2st", "her2st_A1.h5ad")
    cells = read("breast_scrna_wu2021", "wu2021_CID4465.h5ad")
    xy = np.asarray(spots.obs[["pixel_x_fullres", "pixel_y_fullres"]], dtype=np.float64)
    found = type_evidence(pair(spots, cells, xy, "pixel"), 0)
    return {"tissue": "A1", "not_here": found.types[found.absence > NOT_HERE].tolist()}


def draw(
    curves: dict[tuple[str, str], list[NDArray[np.float64]]], rows: list[Row], path: Path
) -> None:
    """Coverage by method and case, and risk-coverage curves."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    cases = list(dict.fromkeys(case for case, _ in curves))
    fig, axes = plt.subplots(1, 1 + len(cases), figsize=(11, 3.4), layout="constrained")
    for at, (case, name) in enumerate(curves):
        mine = [r for r in rows if r["case"] == case and r["method"] == name]
        axes[0].plot([at] * len(mine), [r["coverage"] for r in mine], "o", color=COLOURS[name])
    axes[0].axhspan(0.85, 0.95, color="#009e73", alpha=0.15)
    axes[0].set_ylim(0.6, 1)
    axes[0].set_xticks(
        range(len(curves)), [f"{c}\n{m}".replace("_", " ") for c, m in curves], fontsize=7
    )
    axes[0].set_title("cells inside their 90 % disc", fontsize=10)
    for axis, case in zip(axes[1:], cases, strict=True):
        for name, colour in COLOURS.items():
            mean = np.mean(curves[case, name], axis=0)
            axis.plot(np.linspace(0.02, 1, mean.size), mean, color=colour, label=name)
            axis.axhline(mean[-1], color=colour, linestyle=":", linewidth=1)
        axis.set_title(case.replace("_", " "), fontsize=10)
        axis.set_xlabel("share of the cells, surest first")
        axis.set_ylabel("mean error (pitches)")
        axis.legend(frameon=False)
    fig.savefig(path / "calibration.png", dpi=130)


def show(row: Row) -> None:
    """One line."""
    print("  ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()))


def main() -> None:
    """Run everything."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--figures", type=Path, help="folder for the figure")
    given = parser.parse_args()
    for construction in Construction:
        found = absent_types(construction)
        caught = sum(r["absence"] > NOT_HERE for r in found)
        missed = [r["gone"] for r in found if r["absence"] <= NOT_HERE]
        often = Counter(t for r in found for t in r["called"]).most_common(4)
        show({"construction": str(construction), "gone": len(found), "recognised": caught,
              "others_called_gone": float(np.mean([r["share"] for r in found])), "often": often,
              "missed": missed})  # fmt: skip
    show(of_another_person())
    paired, truth = mirrored()
    for name in COLOURS:
        show(
            {
                "tissue": "mirrored",
                "method": name,
                **score_modes(paired, truth, placed(paired, name, 0)),
            }
        )
    rows, curves = [], {}
    for case_name in ("embryo", "planted_platform"):
        case = CASES[case_name]()
        for name in COLOURS:
            for seed in range(given.seeds):
                found_row, curve = score(case, placed(case.paired, name, seed))
                rows.append({"case": case_name, "method": name, "seed": seed, **found_row})
                curves.setdefault((case_name, name), []).append(curve)
                show(rows[-1])
    if given.figures is not None:
        draw(curves, rows, given.figures)


if __name__ == "__main__":
    main()
