"""Where smoothing pays: what neighbours predict, and what their domains tell with it and without.

    NAPARI_TESSERA_DATA=... python benchmarks/domains_width.py

Sections of the paper's simulation at the larger beta, two real ones, and planted ones. No label is
read but those that say which spots are used.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.domains import read
from napari_tessera.methods.transst.options import TransstOptions
from napari_tessera.methods.transst.seen import WIDTH_STREAM, look_at
from napari_tessera.methods.transst.worth import smoothed_where_it_pays, told_by_neighbours
from napari_tessera.numerics.section_views import SPATIAL
from napari_tessera.numerics.seeding import rng_for
from napari_tessera.numerics.smoothing import WIDER, predicted_share
from napari_tessera.testing.paper_simulation import simulate
from napari_tessera.testing.planted_domains import DomainLaw, planted_section

if TYPE_CHECKING:
    from napari_tessera.contract.sections import SectionData


def compare(
    name: str,
    section: SectionData,
    numbers: tuple[int | None, ...] = (None,),
    n_factors: int = 15,
) -> None:
    """Say for one section what the choice rests on."""
    for number in numbers:
        options = TransstOptions(n_domains=number, n_factors=n_factors)
        seen = look_at(section, options)
        if seen.width == 0:
            print(f"width  {name}  not smoothed: neighbours predict less than a tenth", flush=True)
            return
        rng = rng_for(options.seed, WIDTH_STREAM, 1)
        scores, xy = seen.views[SPATIAL], section.spot_xy
        share = predicted_share(scores, xy, seen.width / WIDER, section.sample, rng=rng)
        without, with_it = told_by_neighbours(seen, options, (0.0, seen.width), rng)
        taken = smoothed_where_it_pays(seen, options).width / section.pitch
        print(
            f"width  {name}  domains={number}  width={seen.width / section.pitch:.2f}",
            f"predicted={share:.3f}  told without/with={without / with_it:.2f}  taken={taken:.2f}",
            sep="  ", flush=True,
        )  # fmt: skip


def main() -> None:
    """Run all sections."""
    warnings.filterwarnings("ignore", module="anndata")
    kit = Path(os.environ.get("NAPARI_TESSERA_DATA", ""))
    for seed in range(5):
        drawn = simulate(beta=1.0, seed=seed)
        compare(f"simulation {seed}", drawn.part(drawn.quarters(0.25)[0]), (3, 4, 6, 8), 10)
    for name in ("BZ5", "H1"):
        compare(name, read(kit, name)[0], (3, 4, 6, 8))
    for n_domains in range(2, 13):
        for seed in (0, 1):
            law = DomainLaw(n_domains=n_domains)
            planted = planted_section(law, seed=seed, programme=seed).section
            compare(f"planted {n_domains} {seed}", planted)


if __name__ == "__main__":
    main()
