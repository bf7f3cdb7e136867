"""Domains of many spots as a person asks for them, and the slider in the real dock.

    python benchmarks/domains_scale.py whole [--spots 100000]   # .h5ad to a store with its domains
    python benchmarks/domains_scale.py fit [--spots 100000]     # the same fit alone, by its parts
    python benchmarks/domains_scale.py slider [--spots 5000]    # on a server: xvfb-run -a

`whole` plants sections of one tissue side by side, writes them as an .h5ad file, and runs
``napari-tessera cluster`` with its default options in a process of its own: the file is read,
judged and prepared, the number of domains searched, the domains found, and a store written.
Time is that of the whole command, memory what the command says: the largest sum over its
processes. `slider` moves the slider of *Edit domains* in a real window and takes the time from the
move until the canvas was painted anew.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.domains import tiled

if TYPE_CHECKING:
    from napari_tessera.contract.sections import SectionData

TILE = 10_000
"""Spots of one planted section: its draws are dense."""


def planted(n_spots: int) -> tuple[SectionData, Any]:
    """As many sections side by side as it takes."""
    return tiled(max(1, round(n_spots / TILE)), min(n_spots, TILE))


def write_file(section: SectionData, labels: Any, path: Path) -> None:  # noqa: ANN401
    """Write a section as people have it."""
    import anndata as ad
    import pandas as pd

    data = ad.AnnData(
        X=section.spots.values,
        obs=pd.DataFrame({"planted": labels}, index=section.spots.obs_names),
        var=pd.DataFrame(index=section.spots.gene_names),
        obsm={"spatial": section.spot_xy},
    )
    data.write_h5ad(path)


def whole(n_spots: int, folder: Path) -> None:
    """Run the command on a file."""
    source, out = folder / "section.h5ad", folder / "section.zarr"
    section, labels = planted(n_spots)
    write_file(section, labels, source)
    print(f"whole  {section.n_spots} spots, {section.n_genes} genes", flush=True)
    del section
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "napari_tessera", "cluster", source, "--out", out, "--json"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    said = json.loads(done.stdout)
    peak = said["peak_memory_bytes"] / 2**30
    print(f"whole  {wall:.0f} s, {cpu:.0f} cpu s, peak {peak:.2f} GiB", *said["warnings"])
    print(f"whole  {score(out, said['run'], labels)}  load {os.getloadavg()[0]:.1f}", flush=True)


def score(store: Path, run: str, labels: Any) -> str:  # noqa: ANN401
    """How many domains there are, and how they agree with the planted ones."""
    import napari_tessera as nt
    from napari_tessera.evaluation.domains import score_labels

    domains = nt.read(store, run).result.domains
    assert domains is not None
    at = {name: i for i, name in enumerate(domains.spot_names.tolist())}
    own = domains.domain[[at[f"spot{i}"] for i in range(len(labels))]]
    ari = score_labels(own, labels)["adjusted_rand"]
    return f"{len(domains.names)} domains of {np.unique(labels).size}, ari={ari:.3f}"


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("whole", "fit", "slider"))
    parser.add_argument("--spots", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.part == "whole":
            whole(given.spots or 100_000, Path(folder))


if __name__ == "__main__":
    main()
