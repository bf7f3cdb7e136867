"""Compare what two runs say: the verb of the Python door, and of the Results dock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.agreement import Agreement
from napari_tessera.contract.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.results import Run

LABELLED = ("composition", "annotation", "domains")
"""Answers that give a label to every spot, the first that both runs have is compared."""


def comparable(first: Run, second: Run) -> tuple[str, ...]:
    """Answers that both runs give, in the order in which they are offered.

    Parameters
    ----------
    first, second : Run
        Two runs on one tissue.
    """
    both = set(first.result.answers) & set(second.result.answers)
    found = tuple(answer for answer in LABELLED if answer in both)
    return (*found, "genes") if "imputation" in both else found


def compare_runs(
    first: Run, second: Run, *, answer: str = "", gene: str = "", with_gene: str = ""
) -> Agreement:
    """Say where two runs agree, spot by spot and label by label.

    Domains of two runs have names of their own: those of the second are first renamed so that they
    share as many spots with the first's as possible.

    Parameters
    ----------
    first, second : Run
        Two runs on one tissue; the same one twice to compare two genes.
    answer : str
        ``composition``, ``annotation``, ``domains`` or ``genes``; the first in common if empty.
    gene, with_gene : str
        Predicted gene of the first run, and of the second: the same one if empty.

    Returns
    -------
    Agreement
        Values to draw, a table per label, Cohen's kappa and the adjusted Rand index.

    Raises
    ------
    InputError
        If the runs have no answer, no spot or no such gene in common.
    """
    there = comparable(first, second)
    chosen = "genes" if gene and not answer else answer or next(iter(there), "")
    if chosen not in there:
        msg = f"Expected two runs that both answer {chosen or 'something'}, found {_words(first)} "
        msg += f"and {_words(second)}."
        raise InputError(msg, "Choose two runs of the same question.")
    if chosen == "genes":
        return _compare_genes(first, second, gene, with_gene or gene)
    return _compare_labels(first, second, chosen)


def _words(run: Run) -> str:
    return f"{run.name} ({', '.join(run.result.answers) or 'nothing'})"


def _compare_labels(first: Run, second: Run, answer: str) -> Agreement:
    """Compare distributions over labels."""
    from sklearn.metrics import adjusted_rand_score, cohen_kappa_score

    sides = [_distribution(run, answer) for run in (first, second)]
    rows = _shared(sides[0][0], sides[1][0])
    shares = [side[2][at] for side, at in zip(sides, rows, strict=True)]
    own = [side[1] for side in sides]
    if answer == "domains":
        own[1] = _matched(shares, own)
    names = tuple(sorted({*own[0].tolist(), *own[1].tolist()}))
    wide = [_spread(share, mine, names) for share, mine in zip(shares, own, strict=True)]
    labels = [mine[share.argmax(axis=1)] for share, mine in zip(shares, own, strict=True)]
    one_label = len({*labels[0].tolist(), *labels[1].tolist()}) == 1
    scores = {
        "same": float((labels[0] == labels[1]).mean()),
        "kappa": 1.0 if one_label else float(cohen_kappa_score(*labels)),
        "ari": float(adjusted_rand_score(*labels)),
    }
    return Agreement(
        answer=answer,
        titles=(first.name, second.name),
        spot_names=sides[0][0][rows[0]],
        values=np.asarray(np.minimum(wide[0], wide[1]).sum(axis=1), dtype=np.float32),
        first=labels[0],
        second=labels[1],
        names=names,
        scores=scores,
    )


def _compare_genes(first: Run, second: Run, gene: str, with_gene: str) -> Agreement:
    """Compare the values of one gene, or of two."""
    from scipy import stats

    parts = [run.result.imputation for run in (first, second)]
    if parts[0] is None or parts[1] is None:
        msg = f"Expected predicted genes, found {_words(first)}."
        raise InputError(msg, "Impute genes first.")
    rows = _shared(parts[0].spot_names, parts[1].spot_names)
    values = []
    for part, name, at in zip(parts, (gene, with_gene), rows, strict=True):
        if part is None or name not in part.gene_names:
            msg = f"Expected a gene that both runs predicted, found {name or 'no name'}."
            raise InputError(msg, "Choose one of the genes in the Results dock's list.")
        values.append(part.gene(name)[at])
    ranks = [stats.rankdata(column) / len(column) for column in values]
    flat = any(np.ptp(column) == 0 for column in values)
    scores = {
        "pcc": 0.0 if flat else float(np.corrcoef(values[0], values[1])[0, 1]),
        "spearman": 0.0 if flat else float(np.corrcoef(ranks[0], ranks[1])[0, 1]),
    }
    return Agreement(
        answer="genes",
        titles=(f"{gene} by {first.name}", f"{with_gene} by {second.name}"),
        spot_names=parts[0].spot_names[rows[0]],
        values=np.asarray(1 - np.abs(ranks[0] - ranks[1]), dtype=np.float32),
        first=values[0],
        second=values[1],
        scores=scores,
    )


def _distribution(
    run: Run, answer: str
) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.float32]]:
    """Spots, labels and the share of every label at every spot."""
    result = run.result
    if answer == "composition" and result.composition is not None:
        return result.composition.spot_names, result.composition.types, result.composition.values
    if answer == "annotation" and result.annotation is not None:
        part = result.annotation
        return part.spot_names, part.types, part.probability
    if result.domains is None:
        raise ValueError(answer)
    return result.domains.spot_names, result.domains.names, result.domains.probability


def _shared(
    first: NDArray[np.str_], second: NDArray[np.str_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the spots that both sides have, in the order of the first."""
    place = {name: i for i, name in enumerate(second.tolist())}
    found = np.array([place.get(name, -1) for name in first.tolist()], dtype=np.int64)
    if not (found >= 0).any():
        msg = "Expected two runs on the same tissue, found no spot that both speak of."
        raise InputError(msg, "Choose two runs that were made of the same spots.")
    return np.flatnonzero(found >= 0), found[found >= 0]


def _matched(shares: list[NDArray[np.float32]], own: list[NDArray[np.str_]]) -> NDArray[np.str_]:
    """Names of the second side's domains, after those of the first that they share most with."""
    from scipy.optimize import linear_sum_assignment

    overlap = np.asarray(shares[0], dtype=np.float64).T @ shares[1]
    rows, columns = linear_sum_assignment(-overlap)
    names = [f"{name} (second only)" for name in own[1].tolist()]
    for row, column in zip(rows, columns, strict=True):
        names[column] = str(own[0][row])
    return np.array(names, dtype=np.str_)


def _spread(
    share: NDArray[np.float32], own: NDArray[np.str_], names: tuple[str, ...]
) -> NDArray[np.float32]:
    """Shares with a column for every name of either side."""
    wide = np.zeros((len(share), len(names)), dtype=np.float32)
    wide[:, [names.index(name) for name in own.tolist()]] = share
    return wide
