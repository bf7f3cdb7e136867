"""Groups of cells against genes: mean attribution, and the figures of it and of a trend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from napari_tessera.contract.explanation import Explanation

N_GENES = 20
"""Genes of a heatmap: the first of the table."""

N_STRETCHES = 10
"""Stretches of a path, each a group."""


@dataclass(frozen=True, kw_only=True)
class GeneHeat:
    """Mean attribution of genes in groups of cells; of expression where nothing was attributed.

    Parameters
    ----------
    groups : tuple of str
        Groups, with the number of their cells in `sizes`.
    sizes : tuple of int
        Cells of every group.
    genes : tuple of str
        Genes.
    values : ndarray, shape (n_groups, n_genes), float64
        Means.
    what : str
        ``attribution`` or ``expression``.
    """

    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    genes: tuple[str, ...]
    values: NDArray[np.float64]
    what: str

    @property
    def scaled(self) -> NDArray[np.float64]:
        """Values over the largest of their gene, -1 to 1."""
        most = np.abs(self.values).max(axis=0, initial=0.0)
        return self.values / np.where(most > 0, most, 1.0)


def heat_of(explanation: Explanation, groups: Mapping[str, NDArray[np.bool_]]) -> GeneHeat:
    """Average the first genes of a ranking over groups of the compared cells.

    Parameters
    ----------
    explanation : Explanation
        What was compared.
    groups : mapping of str to ndarray of bool, shape (n,)
        Which of the compared cells; groups without a cell are left out.
    """
    genes = explanation.ranking.gene_names[:N_GENES]
    found = {name: mask for name, mask in groups.items() if mask.any()}
    place = {gene: i for i, gene in enumerate(explanation.gene_names.tolist())}
    given = explanation.attribution
    matrix = explanation.expression if given is None else given.values
    columns = matrix[:, [place[gene] for gene in genes.tolist()]]
    masks = np.stack(list(found.values())) if found else np.zeros((0, matrix.shape[0]), dtype=bool)
    sizes = masks.sum(axis=1)
    share = sparse.csr_matrix(masks / np.maximum(sizes, 1)[:, None])
    return GeneHeat(
        groups=tuple(found),
        sizes=tuple(int(n) for n in sizes),
        genes=tuple(genes.tolist()),
        values=np.asarray((share @ columns).toarray(), dtype=np.float64),
        what="expression" if given is None else "attribution",
    )


def own_groups(explanation: Explanation) -> dict[str, NDArray[np.bool_]]:
    """Give the groups that an explanation has of itself: sides, or stretches of its path."""
    contrast = explanation.ranking.contrast
    if explanation.labels is not None:
        return {contrast.group: explanation.labels, contrast.rest: ~explanation.labels}
    if explanation.position is None:
        return {}
    at = np.minimum((explanation.position * N_STRETCHES).astype(np.int64), N_STRETCHES - 1)
    step = 100 // N_STRETCHES
    return {f"{i * step}-{(i + 1) * step} %": at == i for i in range(N_STRETCHES)}


def draw_heat(heat: GeneHeat) -> Figure:
    """Draw groups against genes.

    Parameters
    ----------
    heat : GeneHeat
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown; ``savefig`` writes it as SVG or PNG.
    """
    from matplotlib.figure import Figure

    size = (2.5 + 0.32 * len(heat.genes), 1.6 + 0.32 * len(heat.groups))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(heat.scaled, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    axes.set_xticks(range(len(heat.genes)), heat.genes, rotation=90, fontsize=8)
    named = [f"{g} ({n})" for g, n in zip(heat.groups, heat.sizes, strict=True)]
    axes.set_yticks(range(len(named)), named, fontsize=8)
    bar = figure.colorbar(shown, ax=axes)
    bar.set_label(f"mean {heat.what},\nover the gene's largest", fontsize=8)
    return figure


def draw_trend(
    gene: str,
    cells: tuple[NDArray[np.float64], NDArray[np.floating]],
    line: tuple[NDArray[np.float64], NDArray[np.float64]],
    what: str,
) -> Figure:
    """Draw one gene along a path.

    Parameters
    ----------
    gene : str
        Its name.
    cells, line : tuple of ndarray
        Position and value of every cell, and of the spline.
    what : str
        ``attribution`` or ``expression``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.scatter(*cells, s=8, color="#999999", linewidths=0)
    axes.plot(*line, color="#0072b2", lw=2)
    axes.set(xlabel="share of the path", ylabel=what, title=gene)
    return figure
