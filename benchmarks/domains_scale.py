"""Domains of many spots as a person asks for them, and the slider in the real dock.

    python benchmarks/domains_scale.py whole [--spots 100000]   # .h5ad to a store with its domains
    python benchmarks/domains_scale.py slider [--spots 5000]    # on a server: xvfb-run -a

`whole` plants sections of one tissue side by side, writes them as an .h5ad file, and runs
``napari-tessera cluster`` with its default options in a process of its own: the file is read,
judged and prepared, the number of domains searched, the domains found, and a store written.
Time is that of the whole command, memory what the command says: the largest sum over its
processes. `slider` opens a store of that many spots with their domains in a real window, moves
the slider of *Edit domains* in the Results dock, and takes the time from the move until the new
domains stand in the dock and the canvas was painted with them.
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
    from collections.abc import Callable

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


def slider(n_spots: int, folder: Path) -> None:
    """Move the slider in the window."""
    import napari

    import napari_tessera as nt
    from napari_tessera.widgets import contributions
    from napari_tessera.widgets.domain_editor import DomainEditor, smoothness_at
    from napari_tessera.widgets.session import session_of

    source, store = folder / "section.h5ad", folder / "section.zarr"
    write_file(*planted(n_spots), source)
    run = nt.find_domains(source, options=nt.TransstOptions(n_domains=7), out=store)
    viewer = napari.Viewer(show=True)
    dock: Any = contributions.results_dock(viewer)
    viewer.window.add_dock_widget(dock, name="Results", area="right")
    bench = session_of(viewer).bench
    bench.open_tissue(store)
    until(lambda: bench.runs)
    bench.show_run(run.name)
    (editor,) = dock.findChildren(DomainEditor)
    editor.expand()
    until(lambda: editor.slider.isEnabled())
    pause(3.0)
    for position in (0, 20, 50, 75, 100, 30, 60):
        whole, field, cpu = moved(viewer, editor, position)
        print(
            f"slider  smoothness={smoothness_at(position):g}  until drawn {whole:.0f} ms "
            f"({cpu:.0f} cpu ms), until the field was there {field:.0f}  "
            f"load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    viewer.close()


def moved(viewer: Any, editor: Any, position: int) -> tuple[float, ...]:  # noqa: ANN401
    """Milliseconds until drawn, until the field was there, and of all processors until drawn."""
    from napari_tessera.widgets.legend import canvas_widget_of

    canvas: Any = canvas_widget_of(viewer)
    editing, times, drawn = editor._editing, [], []  # noqa: SLF001 - it says when the field is there

    def changed(_: object) -> None:
        times.append(time.perf_counter())

    def swapped() -> None:
        if times:
            drawn.append((time.perf_counter(), time.process_time()))

    editing.changed.connect(changed)
    canvas.frameSwapped.connect(swapped)
    began, used = time.perf_counter(), time.process_time()
    editor.slider.setValue(position)
    until(lambda: drawn)
    editing.changed.disconnect(changed)
    canvas.frameSwapped.disconnect(swapped)
    pause(1.0)
    last, spent = drawn[0]
    return (last - began) * 1000, (times[0] - began) * 1000, (spent - used) * 1000


def until(holds: Callable[[], object], seconds: float = 120.0) -> None:
    """Let the window live until something holds."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop, end = QEventLoop(), time.monotonic() + seconds
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if holds() or time.monotonic() > end else None)
    timer.start(5)
    loop.exec()


def pause(seconds: float) -> None:
    """Let the window live for a while."""
    until(lambda: False, seconds)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("whole", "slider"))
    parser.add_argument("--spots", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.part == "whole":
            whole(given.spots or 100_000, Path(folder))
        else:
            slider(given.spots or 5_000, Path(folder))


if __name__ == "__main__":
    main()
