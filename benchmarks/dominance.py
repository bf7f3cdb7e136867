"""Spatially dominant genes: published ones on real tissue, planted ones, calibration.

    NAPARI_TESSERA_DATA=... python benchmarks/dominance.py embryo [--seeds 3]
    python benchmarks/dominance.py planted [--seeds 10] [--first 0] [--members N] [--steps N]
    python benchmarks/dominance.py null [--discs 25]

*embryo*: mouse embryo E1z2, regions drawn around parts of the gut tube and of the brain and a path
along the spinal cord, by the places of those cell types; where the genes that the authors of STEM
report stand in the table, with expression's own place beside. *planted*: ten genes that are higher
in a disc, and how many of the first ten of the table they are. *null*: share of p-values below 0.05
for discs that have nothing to do with the genes, on smooth fields and on fitted maps.
Speed and memory are in ``benchmarks/attribution.py``.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy import sparse
from scipy.ndimage import gaussian_filter

from napari_tessera.contract.dominance import Contrast
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.contract.regions import Region
from napari_tessera.explain.gradients import attribute
from napari_tessera.explain.groups import Sides, commonest_type, sides_by_mass
from napari_tessera.explain.membership import mass_inside
from napari_tessera.explain.nulls import block_labels, null_p, shifted_labels
from napari_tessera.explain.options import ExplainOptions, Scalar, Spacing, Start
from napari_tessera.explain.path import along_path, rank_trends
from napari_tessera.explain.rank_tests import column_means, null_aucs, rank_test
from napari_tessera.explain.sdg import dominance_order, draw_labellings, rank_genes
from napari_tessera.methods.stem import Stem
from napari_tessera.methods.stem.options import StemOptions
from napari_tessera.numerics.areas import points_inside
from napari_tessera.testing.planted import planted_tissue
from placement import pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_tessera.contract.dominance import GeneRanking
    from napari_tessera.contract.expression import Expression
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.numerics.map_encoder import MapEncoder

BETWEEN = [(1546, 1498), (1541, 1480), (1536, 1460), (1533, 1440), (1536, 1420), (1543, 1407),
           (1552, 1393), (1568, 1393)]  # fmt: skip
OUTLINES = {
    "dorsal": [*BETWEEN, (1568, 1378), (1535, 1378), (1520, 1400), (1520, 1480), (1535, 1500)],
    "ventral": [*BETWEEN, (1572, 1395), (1570, 1412), (1550, 1430), (1546, 1445), (1549, 1465),
                (1557, 1485), (1560, 1498)],
    "forebrain": [(1566, 1363), (1620, 1363), (1620, 1420), (1566, 1420)],
    "midbrain": [(1555, 1322), (1605, 1322), (1605, 1362), (1555, 1362)],
    "hindbrain": [(1510, 1358), (1546, 1358), (1546, 1410), (1510, 1410)],
}  # fmt: skip
SPINE = [(1517, 1455), (1522, 1475), (1530, 1497), (1545, 1517), (1570, 1528), (1600, 1530),
         (1625, 1522), (1642, 1500), (1655, 1470), (1657, 1418)]  # fmt: skip
GUT, BRAIN, CORD = "Gut tube", "Forebrain/Midbrain/Hindbrain", "Spinal cord"
ASKED = (
    ("dorsal", "ventral", GUT, ("Tbx1", "Smoc2")),
    ("ventral", "dorsal", GUT, ("Sox4", "Osr1", "Podxl")),
    ("forebrain", None, BRAIN, ("Fezf1",)),
    ("midbrain", None, BRAIN, ("Irx3",)),
    ("hindbrain", None, BRAIN, ("Sfrp1",)),
)
SHOWN = ("auc", "p_adjusted", "p_null", "fdr_null", "expression_auc", "expression_rank",
         "detected_group", "detected_rest")  # fmt: skip
STARTS = (Start.ZERO, Start.MEAN, Start.SURPLUS)
ALONG = ("Hoxb1", "Pcdh19", "Sfrp1", "Marcks")


def ways(seed: int) -> dict[str, ExplainOptions]:
    """Ours, ours from zero, and the published way: the spot's probability with 50 nodes."""
    published = ExplainOptions(
        seed=seed, scalar=Scalar.PROBABILITY, start=Start.ZERO, steps=50, refined_steps=0,
        spacing=Spacing.EVEN,
    )  # fmt: skip
    zero = ExplainOptions(seed=seed, start=Start.ZERO)
    return {"default": ExplainOptions(seed=seed), "zero": zero, "published": published}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """A fitted map with what is needed to explain it."""

    paired: PairedData
    encoder: MapEncoder
    xy: NDArray[np.float64]


def fit(paired: PairedData, seed: int, **options: int) -> Fit:
    """Train STEM and place the cells."""
    method = Stem()
    fitted = method.fit(paired, StemOptions(seed=seed, **options), SilentMonitor())
    placement = method.predict(fitted, paired).placement
    assert placement is not None
    encoder = method.map_encoder(fitted.state, paired, torch.device("cpu"))
    return Fit(paired=paired, encoder=encoder, xy=placement.xy)


def sides_of(
    found: Fit, regions: list[Region], within: str | None, options: ExplainOptions
) -> tuple[Sides, NDArray[np.bool_]]:
    """Both sides, and which spots lie in the first region."""
    inside = [points_inside(region, found.paired.spot_xy) for region in regions]
    mass = [mass_inside(found.encoder, spots) for spots in inside]
    limits = (options.inside, options.outside)
    types = found.paired.cell_types
    assert types is not None
    only = within if within is not None else commonest_type(types, mass[0], limits)
    allowed = np.ones(types.size, dtype=np.bool_) if only == "all" else types == only
    names = [region.name for region in regions]
    sides = sides_by_mass(
        mass[0], mass[1] if len(mass) > 1 else None, allowed, limits,
        (names[0], names[1] if len(names) > 1 else "the rest"),
    )  # fmt: skip
    sides.check()
    return dataclasses.replace(sides, within=str(only)), inside[0]


def ranked(
    found: Fit,
    sides: Sides,
    inside: NDArray[np.bool_],
    options: ExplainOptions,
) -> GeneRanking:
    """Attribute and rank as the command does."""
    rng = np.random.default_rng(options.seed)
    values = explained(found, sides.rows, options, inside)
    shape = found.paired.spot_xy[inside]
    labellings = draw_labellings(found.xy[sides.rows], shape, sides, options, rng)
    return rank_genes(found.encoder.gene_names, values, sides, labellings, Contrast())


def explained(
    found: Fit,
    rows: NDArray[np.int64],
    options: ExplainOptions,
    inside: NDArray[np.bool_] | None = None,
) -> dict[str, sparse.csr_matrix]:
    """Attribution and expression of some cells."""
    given = attribute(found.encoder, rows, options, SilentMonitor(), inside)
    return {"attribution": given.values, "expression": found.encoder.cells[rows]}


def embryo(kit: Path, n_seeds: int) -> None:
    """Where the published genes stand, seed by seed."""
    import anndata as ad

    folder = kit / "mouse_embryo_seqfish"
    spots = ad.read_h5ad(folder / "e1z2_simulated_st.h5ad")
    cells = ad.read_h5ad(folder / "e1z2_cells.h5ad")
    paired = pair(spots, cells, np.asarray(spots.obsm["spatial"], dtype=np.float64), "unit")
    regions = {n: Region.area(n, np.array(o, dtype=np.float64)) for n, o in OUTLINES.items()}
    for seed in range(n_seeds):
        began = time.monotonic()
        found = fit(paired, seed)
        print(f"seed={seed} fit_seconds={time.monotonic() - began:.0f}")
        for name, against, within, genes in ASKED:
            chosen = [regions[name]] + ([regions[against]] if against else [])
            sides, inside = sides_of(found, chosen, within, ExplainOptions())
            print(f"seed={seed} {sides}")
            for way, options in ways(seed).items():
                began = time.monotonic()
                ranking = ranked(found, sides, inside, options)
                print(f"  {way}: {time.monotonic() - began:.1f} s")
                tell(ranking, genes, SHOWN)
        trends(found, seed)


def trends(found: Fit, seed: int) -> None:
    """Rank the published genes along the spinal cord."""
    types = found.paired.cell_types
    path = Region.path("cord", np.array(SPINE, dtype=np.float64))
    cells = along_path(path, found.xy, 3 * found.paired.pitch, types == CORD)
    print(f"seed={seed} {cells.rows.size} cells along the spinal cord")
    for way, options in ways(seed).items():
        values = explained(found, cells.rows, options)
        draws = (499, 16, np.random.default_rng(seed))
        ranking = rank_trends(found.encoder.gene_names, values, cells, draws, Contrast(kind="path"))
        print(f"  {way}")
        tell(ranking, ALONG, ("r2", "p_null", "spearman", "peak", "expression_r2"))


def tell(ranking: GeneRanking, genes: tuple[str, ...], columns: tuple[str, ...]) -> None:
    """Print the asked genes, and the first of the table."""
    table = ranking.table()
    for gene in genes:
        row = table.loc[gene]
        numbers = "  ".join(f"{c}={row[c]:.3g}" for c in columns)
        print(f"    {gene:<8} rank={int(row['rank'])}/{len(table)}  {numbers}")
    print("    first:", ", ".join(ranking.gene_names[:8].tolist()))


def with_disc(seed: int, n_planted: int) -> tuple[PairedData, Region, set[str]]:
    """Plant genes that are three times as high in a disc, and as many that are even all over."""
    tissue = planted_tissue(seed=seed)
    paired, rng = tissue.paired, np.random.default_rng([seed, 77])
    span = np.ptp(paired.spot_xy, axis=0)
    centre = paired.spot_xy.min(axis=0) + span * rng.uniform(0.3, 0.7, 2)
    radius = 0.22 * float(span.mean())
    names = [f"{w}{i:02d}" for w in ("DISC", "EVEN") for i in range(n_planted)]

    def grown(data: Expression, xy: NDArray[np.float64]) -> Expression:
        near = np.linalg.norm(xy - centre, axis=1) <= radius
        totals = np.asarray(data.values.sum(axis=1)).ravel()
        rate = np.where(near, 3.0, 1.0)[:, None] * np.array([1.0] * n_planted + [0.0] * n_planted)
        rate += np.array([0.0] * n_planted + [1.4] * n_planted)
        more = rng.poisson(rate * totals[:, None] / 400.0)
        return dataclasses.replace(
            data,
            values=sparse.csr_matrix(sparse.hstack([data.values, more.astype(np.float64)])),
            gene_names=np.concatenate([data.gene_names, names]),
        )

    angle = np.linspace(0, 2 * np.pi, 49)[:-1]
    outline = centre + radius * np.column_stack([np.cos(angle), np.sin(angle)])
    paired = dataclasses.replace(
        paired,
        cells=grown(paired.cells, tissue.truth_xy),
        spots=grown(paired.spots, paired.spot_xy),
    )
    return paired, Region.area("disc", outline), set(names[:n_planted])


def planted(seeds: range, training: dict[str, int], n_planted: int = 10) -> None:
    """Precision at the number planted, by attribution in several ways and by expression."""
    found_by: dict[str, list[float]] = {}
    for seed in seeds:
        paired, disc, genes = with_disc(seed, n_planted)
        found = fit(paired, seed, **training)
        truth = points_inside(disc, planted_tissue(seed=seed).truth_xy)
        for name, hit in precisions(found, disc, truth, genes, seed):
            found_by.setdefault(name, []).append(hit)
    for name, hits in found_by.items():
        print(f"{name}: mean {np.mean(hits):.3f} least {min(hits):.1f}")


def precisions(
    found: Fit, disc: Region, truth: NDArray[np.bool_], genes: set[str], seed: int
) -> Iterator[tuple[str, float]]:
    """Share of planted genes among the first ones, way by way.

    Two of the ways are no method but ceilings: expression of the cells that truly lie in the disc.
    """
    names = found.encoder.gene_names
    is_planted = np.isin(names, sorted(genes))

    def share(matrix: sparse.csr_matrix, labels: NDArray[np.bool_]) -> float:
        mean = column_means(matrix, labels)[0]
        first = dominance_order(rank_test(matrix, labels).auc, mean)[: len(genes)]
        return float(is_planted[first].mean())

    for within in (None, "all"):
        sides, inside = sides_of(found, [disc], within, ExplainOptions())
        what, rows = within or "one type", sides.rows
        p = ranked(found, sides, inside, ExplainOptions(seed=seed)).table()["p_null"]
        print(f"seed={seed} {sides}: p_null of the planted {p.loc[sorted(genes)].median():.3f}")
        types = found.paired.cell_types
        assert types is not None
        of_type = np.flatnonzero((types == sides.within) | (within == "all"))
        yield (
            f"{what}: expression, true places",
            share(found.encoder.cells[of_type], truth[of_type]),
        )
        yield f"{what}: expression", share(found.encoder.cells[rows], sides.labels)
        for scalar, start in itertools.product(Scalar, STARTS):
            options = ExplainOptions(scalar=scalar, start=start, refined_steps=0)
            matrix = explained(found, rows, options, inside)["attribution"]
            yield f"{what}: {scalar}/{start}", share(matrix, sides.labels)


def null(n_discs: int) -> None:
    """Share of p below 0.05 where discs mean nothing: smooth fields, then fitted maps."""
    side, radius = 40, 7.0
    xy = np.indices((side, side)).reshape(2, -1).T.astype(np.float64)
    for width in (0.0, 1.0, 1.5, 3.0):
        rng = np.random.default_rng(7)
        shares: dict[str, list[float]] = {}
        for _ in range(n_discs):
            fields = [gaussian_filter(rng.normal(size=(side, side)), width, mode="wrap").ravel()
                      for _ in range(60)]  # fmt: skip
            values = np.stack(fields, axis=1) / np.std(fields)
            values += rng.normal(size=values.shape)
            labels = np.linalg.norm(xy - rng.uniform(8, side - 8, 2), axis=1) <= radius
            _add_shares(shares, values, (xy, labels, xy[labels]), rng)
        _tell_shares(f"fields of width {width:g}", shares)
    null_of_maps(n_discs)


def null_of_maps(n_discs: int) -> None:
    """Share of p below 0.05 for attributions of fitted maps, of a spot and of a drawn disc."""
    for what in ("the cells' own spots", "a drawn disc"):
        _tell_shares(f"attributions of {what}", _map_shares(n_discs, what))


def _map_shares(n_discs: int, what: str) -> dict[str, list[float]]:
    """Test discs at random places on attributions that were asked about something else."""
    shares: dict[str, list[float]] = {}
    for seed in range(max(1, n_discs // 5)):
        found = fit(planted_tissue(seed=seed).paired, seed, members=2, steps=100)
        rng = np.random.default_rng([seed, 5])
        radius = 0.2 * float(np.ptp(found.xy, axis=0).mean())
        spots, inside = found.paired.spot_xy, None
        if what == "a drawn disc":
            middle = spots[np.random.default_rng([seed, 6]).integers(len(spots))]
            inside = np.linalg.norm(spots - middle, axis=1) <= radius
        options = ExplainOptions(refined_steps=0)
        given = explained(found, np.arange(found.paired.n_cells), options, inside)
        values = given["attribution"].toarray()
        for _ in range(5):
            centre = found.xy[rng.integers(len(found.xy))]
            labels = np.linalg.norm(found.xy - centre, axis=1) <= radius
            _add_shares(shares, values, (found.xy, labels, found.xy[labels]), rng)
    return shares


def _add_shares(
    shares: dict[str, list[float]],
    values: NDArray[np.float64],
    where: tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]],
    rng: np.random.Generator,
) -> None:
    """Test one disc in every way."""
    xy, labels, shape = where
    test = rank_test(values, labels)
    draws = {
        "shift": shifted_labels(xy, shape, int(labels.sum()), 199, rng),
        "16 blocks": block_labels(xy, labels, 16, 199, rng),
        "64 blocks": block_labels(xy, labels, 64, 199, rng),
    }
    shares.setdefault("analytic", []).append(float((test.p_greater < 0.05).mean()))
    for name, drawn in draws.items():
        p = null_p(test.auc, null_aucs(values, drawn))
        shares.setdefault(name, []).append(float((p <= 0.05).mean()))


def _tell_shares(what: str, shares: dict[str, list[float]]) -> None:
    """Print one line."""
    print(what, "  ".join(f"{name}={np.mean(v):.3f}" for name, v in shares.items()))


def main() -> None:
    """Run what is asked for."""
    warnings.filterwarnings("ignore", module="anndata")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["embryo", "planted", "null"])
    parser.add_argument("--seeds", type=int, help="3 for the embryo, 10 for planted genes")
    parser.add_argument("--first", type=int, default=0, help="for planted; the first seed")
    parser.add_argument("--discs", type=int, default=25)
    parser.add_argument("--members", type=int, help="for planted; as by default where not given")
    parser.add_argument("--steps", type=int, help="for planted; as by default where not given")
    given = parser.parse_args()
    training = {n: v for n in ("members", "steps") if (v := getattr(given, n)) is not None}
    if given.what == "embryo":
        embryo(Path(os.environ["NAPARI_TESSERA_DATA"]), given.seeds or 3)
    elif given.what == "planted":
        planted(range(given.first, given.first + (given.seeds or 10)), training)
    else:
        null(given.discs)


if __name__ == "__main__":
    main()
