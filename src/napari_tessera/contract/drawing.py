"""How a run shows itself outside a window: a table in a notebook, a figure of its cells."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from napari_tessera.contract.results import Placement, Run


def run_html(run: Run) -> str:
    """Describe a run as an HTML table.

    Parameters
    ----------
    run : Run
        Finished run.
    """
    rows = "".join(
        f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>"
        for name, text in facts(run).items()
    )
    return f"<table><caption>{html.escape(run.name)}</caption>{rows}</table>"


def facts(run: Run) -> dict[str, str]:
    """Name what a reader wants to know first.

    Parameters
    ----------
    run : Run
        Finished run.

    Returns
    -------
    dict of str to str
        Label to value, in the order of reading.
    """
    provenance, placement = run.provenance, run.result.placement
    found = {"method": provenance.method}
    if placement is not None:
        found["cells"] = str(placement.cell_names.size)
        found["spots"] = str(placement.spot_names.size)
    unit = "" if placement is None else f" {placement.unit}"
    for name, score in provenance.scores.items():
        beside = provenance.baseline.get(name)
        words = f" (baseline {beside:.4g})" if isinstance(beside, int | float) else ""
        suffix = unit if name == "held_out_distance" else ""
        found[name.replace("_", " ")] = f"{score:.4g}{suffix}{words}"
    found["computed"] = f"on {provenance.device} in {provenance.seconds:.1f} s"
    for number, warning in enumerate(provenance.warnings, start=1):
        found[f"note {number}"] = warning
    return found


def plot_run(run: Run, axes: Axes | None = None) -> Axes:
    """Draw the placed cells, coloured by type and lighter where they are unsure.

    Parameters
    ----------
    run : Run
        Finished run.
    axes : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the run placed no cells.
    """
    placement = run.result.placement
    if placement is None:
        msg = f"{run.name}: expected a run that placed cells, found none."
        raise InputError(msg, "Plot a run of `map_cells`.")
    if axes is None:
        import matplotlib.pyplot as plt

        _, axes = plt.subplots(figsize=(6, 6), layout="constrained")
    _scatter(placement, axes)
    axes.set(title=run.name, xlabel=f"x ({placement.unit})", ylabel=f"y ({placement.unit})")
    axes.set_aspect("equal")
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    return axes


def _scatter(placement: Placement, axes: Axes) -> None:
    """Draw one set of points per cell type."""
    import matplotlib as mpl

    labels = placement.cell_types
    if labels is None:
        labels = np.full(placement.cell_names.size, "cells")
    types = np.unique(labels)
    colours = mpl.colormaps["tab20"](np.arange(types.size) % 20)
    for label, colour in zip(types, colours, strict=True):
        rows = labels == label
        alpha = np.clip(0.25 + 0.75 * placement.confidence[rows], 0.0, 1.0)
        x, y = placement.xy[rows].T
        axes.scatter(x, y, s=6, color=colour, alpha=alpha, label=str(label), linewidths=0)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=2, fontsize="small")
