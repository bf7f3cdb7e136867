"""What the gate asks of gene names: that they are names, mended where that is safe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.imputing import ALL_GENES
from napari_tessera.data.matching import ENSEMBL, is_ensembl
from napari_tessera.data.problems import refuse, remark, repair, some

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.report import Problem

BLANK = frozenset({"", "nan", "none", "na", "<na>"})
DATE = re.compile(
    r"^(\d{1,2}-(mar|sep|sept|dec|oct)|(mar|sep|dec|oct)-\d{1,2})$", flags=re.IGNORECASE
)
BYTES = re.compile(r"^b(['\"])(.*)\1$")
GENOME = re.compile(r"^(GRCh\d\d|hg\d\d|GRCm\d\d|mm\d{1,2})_+")

Mended = tuple["NDArray[np.str_]", "NDArray[np.bool_]", list["Problem"]]


def mend_names(names: NDArray[np.str_], element: str) -> Mended:
    """Mend what tools do to gene names, and judge the rest.

    Parameters
    ----------
    names : ndarray of str, shape (n_genes,)
        As they were read.
    element : str
        How messages call the table.

    Returns
    -------
    names : ndarray of str, shape (n_genes,)
    named : ndarray of bool, shape (n_genes,)
        Genes that have a name.
    problems : list of Problem
    """
    problems: list[Problem] = []
    plain = np.array([BYTES.sub(r"\2", n) for n in names.tolist()], dtype=np.str_)
    if (changed := plain != names).any():
        problems.append(repair(
            "genes-bytes", element, "genes", expected="gene names as text",
            found=f"{int(changed.sum())} written as bytes ({some(names[changed])})",
            hint="The b'' around them was left out.",
        ))  # fmt: skip
    stripped = np.char.strip(plain)
    if (changed := stripped != plain).any():
        problems.append(repair(
            "genes-spaces", element, "genes", expected="gene names without spaces around them",
            found=f"{int(changed.sum())} with ({some(map(repr, plain[changed].tolist()))})",
            hint="The spaces were left out.",
        ))  # fmt: skip
    named = np.array([n.casefold() not in BLANK for n in stripped.tolist()], dtype=bool)
    if not named.all():
        problems.append(repair(
            "genes-blank", element, "genes", expected="a name for every gene",
            found=f"{int((~named).sum())} genes that are called nothing, or nan",
            hint="These genes were left out.",
        ))  # fmt: skip
    return stripped, named, problems + _judge(stripped[named], element)


def _judge(names: NDArray[np.str_], element: str) -> list[Problem]:
    """Say what is odd about names that cannot be mended."""
    listed = names.tolist()
    if listed and all(n.isdigit() for n in listed):
        return [refuse(
            "genes-numbered", element, "genes", expected="names of genes",
            found=f"numbers ({some(names)}), which would match those of any other table",
            hint="Name the var column with gene names (--gene-column, --reference-gene-column).",
        )]  # fmt: skip
    problems = []
    if dates := [n for n in listed if DATE.match(n)]:
        problems.append(remark(
            "genes-dates", element, "genes", expected="gene names such as MARCHF1 or SEPTIN2",
            found=f"{len(dates)} dates ({some(dates)}), which a spreadsheet made of them",
            hint="They match nothing; take the names from the original file.",
        ))  # fmt: skip
    if genomes := sorted({m[1] for n in listed if (m := GENOME.match(n))}):
        problems.append(_prefixes(element, genomes))
    kinds = sorted({m[0].rstrip("0123456789.") for n in listed if (m := ENSEMBL.match(n))})
    if len(kinds) > 1:
        problems.append(remark(
            "genes-mixed-species", element, "genes", expected="genes of one species",
            found=f"Ensembl ids of several ({', '.join(kinds)})",
            hint="Only genes that both tables have are used; check that they are the ones meant.",
        ))  # fmt: skip
    return problems


def _prefixes(element: str, genomes: list[str]) -> Problem:
    """Say that a genome stands before the names; several make a mixture of species."""
    if len(genomes) > 1:
        return refuse(
            "genes-two-genomes", element, "genes", expected="genes of one species",
            found=f"the prefixes of several genomes ({', '.join(genomes)})",
            hint="Keep the rows and genes of one species, without the prefix.",
        )  # fmt: skip
    return remark(
        "genes-prefixed", element, "genes", expected="gene names without a genome before them",
        found=f"the prefix {genomes[0]}", hint="Take it off if few genes are shared.",
    )  # fmt: skip


def judge_shared(
    cells: NDArray[np.str_], spots: NDArray[np.str_], n_shared: int, rule: str, *, least: int
) -> list[Problem]:
    """Say why few or no genes are shared; empty where enough are.

    Parameters
    ----------
    cells, spots : ndarray of str
        Names of both tables.
    n_shared : int
        Names that agree.
    rule : str
        How they were compared.
    least : int
        Fewest that are enough.
    """
    where = ("tissue and reference", "genes")
    examples = f"tissue has {some(spots)}; reference has {some(cells)}"
    if n_shared < least and is_ensembl(cells) != is_ensembl(spots):
        side = "the reference" if is_ensembl(cells) else "the tissue"
        flag = "--reference-gene-column" if is_ensembl(cells) else "--gene-column"
        return [refuse(
            "genes-ensembl", *where, expected="the same kind of gene names",
            found=f"Ensembl ids in {side} and symbols on the other side ({examples})",
            hint=f"Name the var column of {side} that holds symbols ({flag}).",
        )]  # fmt: skip
    if n_shared == 0 and is_ensembl(cells) and is_ensembl(spots):
        return [refuse(
            "genes-species", *where, expected="Ensembl ids of one species",
            found=f"none shared ({examples})",
            hint="Map one species' genes to the other's (orthologues) before.",
        )]  # fmt: skip
    if n_shared == 0:
        return [refuse(
            "genes-none", *where, expected="shared genes", found=f"none ({examples})",
            hint="Check species and gene names.",
        )]  # fmt: skip
    if n_shared < least:
        return [refuse(
            "genes-too-few", *where, expected=f"{least} or more shared genes",
            found=f"{n_shared} ({examples})", hint="Check species and gene names.",
        )]  # fmt: skip
    return [] if rule == "exact" else [_loose(cells, spots, n_shared, rule)]


def _loose(cells: NDArray[np.str_], spots: NDArray[np.str_], n_shared: int, rule: str) -> Problem:
    """Say that names agree only when compared loosely; case may mean another species."""
    upper = [float(np.char.isupper(side).mean()) for side in (cells, spots)]
    species = "case" in rule and abs(upper[0] - upper[1]) > 0.5
    hint = "They were taken as the same genes."
    if species:
        hint += " Human genes are written in capitals, those of mice are not: check the species."
    return repair(
        "genes-case" if "case" in rule else "genes-version", "tissue and reference", "genes",
        expected="the same spelling of gene names",
        found=f"{n_shared} names that agree only {rule} "
        f"(tissue has {some(spots)}; reference has {some(cells)})",
        hint=hint,
    )  # fmt: skip


def judge_chosen(
    names: NDArray[np.str_], genes: tuple[str, ...] | None, held_out: tuple[str, ...]
) -> list[Problem]:
    """Say which genes were asked for and are not shared.

    Parameters
    ----------
    names : ndarray of str
        Shared genes.
    genes, held_out : tuple of str
        Chosen to train on, and never to train on.
    """
    there = set(names.tolist())
    problems = []
    for code, asked, what in (
        ("genes-chosen-missing", genes, "genes to train on"),
        ("genes-held-out-missing", held_out, "genes to hold out"),
    ):
        if lost := [g for g in asked or () if g not in there]:
            problems.append(remark(
                code, "tissue and reference", "genes", expected=f"{what} that both have",
                found=f"{len(lost)} that they do not ({some(lost)})",
                hint="Check the spelling; the others are used.",
            ))  # fmt: skip
    return problems


def further_columns(
    cells: NDArray[np.str_], trained: NDArray[np.str_], asked: tuple[str, ...] | None
) -> tuple[NDArray[np.int64], list[Problem]]:
    """Find the genes of the reference that can be predicted and are not trained on.

    Parameters
    ----------
    cells, trained : ndarray of str
        Genes of the reference, and those that are trained on.
    asked : tuple of str or None
        Genes that were asked for; None where no genes are to be predicted at all.

    Returns
    -------
    columns : ndarray of int64
        Columns of the reference: all others, for they tell what a cell is like.
    problems : list of Problem
        A word about those asked for that the reference lacks.
    """
    if asked is None:
        return np.empty(0, dtype=np.int64), []
    wanted = np.asarray([] if asked == (ALL_GENES,) else asked, dtype=np.str_)
    columns = np.flatnonzero(~np.isin(cells, trained))
    lost = [g for g in wanted.tolist() if g not in set(cells.tolist())]
    if lost and len(lost) == wanted.size:
        return columns, [refuse(
            "genes-imputed-none", "reference", "genes", expected="genes of the reference",
            found=f"none of those asked for ({some(lost)})", hint="Check their spelling.",
        )]  # fmt: skip
    if lost:
        return columns, [remark(
            "genes-imputed-missing", "reference", "genes",
            expected="genes that the reference measured",
            found=f"{len(lost)} that it does not have ({some(lost)})",
            hint="Check the spelling; the others are predicted.",
        )]  # fmt: skip
    return columns, []
