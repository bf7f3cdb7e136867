"""A figure of ranked genes: their order, effect against evidence, the best one on the tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_tessera.contract.dominance import GeneRanking

N_SHOWN = 12
"""Genes named in the figure."""

GROUP, REST, OTHER = "#0072b2", "#999999", "#e69f00"


def draw_ranking(
    ranking: GeneRanking,
    xy: NDArray[np.float64],
    values: NDArray[np.floating],
    labels: NDArray[np.bool_] | None,
) -> Figure:
    """Draw a ranking with the best gene on the tissue.

    Parameters
    ----------
    ranking : GeneRanking
        Ranked genes.
    xy : ndarray, shape (n_cells, 2), float64
        Places of the compared cells.
    values : ndarray, shape (n_cells,)
        Attribution of the best gene in them.
    labels : ndarray of bool or None, shape (n_cells,)
        Which of them belong to the group; None along a path.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``savefig`` writes it as SVG or PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.2), layout="constrained")
    first, second, third = figure.subplots(1, 3)
    _bars(first, ranking)
    if "p" in ranking.values:
        _volcano(second, ranking)
    else:
        _peaks(second, ranking)
    _tissue(third, xy, values, labels)
    third.set_title(f"{ranking.gene_names[0]}: attribution")
    figure.suptitle(str(ranking.contrast), fontsize=10)
    return figure


def _bars(axes: Axes, ranking: GeneRanking) -> None:
    """Best genes, with the expression's own figure beside."""
    name = "auc" if "auc" in ranking.values else "r2"
    n = min(N_SHOWN, ranking.gene_names.size)
    at = np.arange(n)[::-1]
    low = 0.5 if name == "auc" else 0.0
    axes.barh(at, ranking.values[name][:n] - low, left=low, color=GROUP, height=0.6)
    axes.plot(ranking.values[f"expression_{name}"][:n], at, "|", color=OTHER, ms=10, mew=2)
    axes.set_yticks(at, ranking.gene_names[:n].tolist(), fontsize=8)
    axes.set_xlabel("area under the curve" if name == "auc" else "explained variance")
    axes.set_title("attribution (bar) and expression (mark)", fontsize=9)


def _volcano(axes: Axes, ranking: GeneRanking) -> None:
    """Mean difference against evidence."""
    evidence = -np.log10(np.maximum(ranking.values["p"], 1e-300))
    passed = ranking.values["dominant"].astype(bool)
    difference = ranking.values["mean_difference"]
    for chosen, colour in ((~passed, REST), (passed, GROUP)):
        axes.scatter(difference[chosen], evidence[chosen], s=9, color=colour, linewidths=0)
    for i in range(min(N_SHOWN, ranking.gene_names.size)):
        axes.annotate(str(ranking.gene_names[i]), (difference[i], evidence[i]), fontsize=7)
    axes.set(xlabel="difference of mean attribution", ylabel="-log10 p (optimistic)")


def _peaks(axes: Axes, ranking: GeneRanking) -> None:
    """Where along the path genes are highest, against how much the trend explains."""
    axes.scatter(ranking.values["peak"], ranking.values["r2"], s=9, color=GROUP, linewidths=0)
    for i in range(min(N_SHOWN, ranking.gene_names.size)):
        place = (ranking.values["peak"][i], ranking.values["r2"][i])
        axes.annotate(str(ranking.gene_names[i]), place, fontsize=7)
    axes.set(xlabel="highest at (share of the path)", ylabel="explained variance")


def _tissue(
    axes: Axes,
    xy: NDArray[np.float64],
    values: NDArray[np.floating],
    labels: NDArray[np.bool_] | None,
) -> None:
    """Colour the compared cells by attribution; those of the group have an edge."""
    most = float(np.quantile(np.abs(values), 0.99)) if values.size else 1.0
    x, y = xy.T
    shown = axes.scatter(x, y, c=values, s=10, cmap="RdBu_r", vmin=-most, vmax=most, linewidths=0)
    if labels is not None:
        axes.scatter(x[labels], y[labels], s=14, facecolors="none", edgecolors="k", linewidths=0.3)
    axes.figure.colorbar(shown, ax=axes, shrink=0.7)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_xticks([])
    axes.set_yticks([])
