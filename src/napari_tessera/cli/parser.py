"""Every sub-command with its arguments. Loads neither torch nor spatialdata."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

import napari_tessera
from napari_tessera.cli.option_flags import add_option_flags, add_type_flags
from napari_tessera.contract.imputing import ImputingOptions
from napari_tessera.contract.method import Task
from napari_tessera.explain.options import ExplainOptions
from napari_tessera.methods import method_for, names_for

SELECTION_FLAGS = {
    "table": "table with the spots' expression",
    "region": "element that the table annotates, where it annotates several",
    "coordinate_system": "coordinate system of spots and image",
    "layer": "layer of the table that holds counts; raw is allowed",
    "gene_column": "var column with gene symbols",
    "sample_column": "obs column that tells sections apart",
    "reference_layer": "the same layer for the reference",
    "reference_gene_column": "the same var column for the reference",
    "cell_type_column": "obs column of the reference with the cell types",
}
"""Fields of `Selection` that have a flag, with their help."""


@functools.cache
def make_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command, once."""
    parser = argparse.ArgumentParser(
        prog="napari-tessera",
        description="Put single cells back into their tissue.",
        allow_abbrev=False,
    )
    version = f"napari-tessera {napari_tessera.__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (
        _add_demo, _add_import, _add_info, _add_map, _add_impute, _add_annotate, _add_cluster,
        _add_runs, _add_export, _add_colours, _add_scale, _add_resume, _add_fit,
        _add_explain, _add_sample, _add_evaluate, _add_check, _add_commit,
        _add_explain_unit, _add_embed_unit,
    ):  # fmt: skip
        add(commands)
    return parser


def _command(
    commands: Any,  # noqa: ANN401 - argparse's type has no public name
    name: str,
    about: str | None,
) -> argparse.ArgumentParser:
    """Add a sub-command; one without words stays out of the list."""
    shown = {} if about is None else {"help": about}
    added: argparse.ArgumentParser = commands.add_parser(
        name, description=about, allow_abbrev=False, **shown
    )
    return added


def _add_demo(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "demo", "open napari on the sample tissue and map the reference onto it")
    p.add_argument("--headless", action="store_true", help="leave when the picture is taken")
    p.add_argument("--screenshot", type=Path, metavar="FILE", help="write a picture of the window")


def _add_import(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    about = "turn an .h5ad or a vendor's folder into a store, or add a .geojson's regions to one"
    p = _command(commands, "import", about)
    p.add_argument("source", type=Path, metavar="SRC")
    p.add_argument("out", type=Path, metavar="OUT.zarr")
    _add_picture(p)
    _add_frame(p)


def _add_info(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "info", "say what is in a tissue, and every problem that it has")
    p.add_argument("tissue", type=Path, metavar="TISSUE")
    p.add_argument("--reference", type=Path, metavar="REF.h5ad", help="reference to pair it with")
    p.add_argument("--json", action="store_true", help="print one JSON object")
    _add_selection(p)
    _add_picture(p)


def _add_map(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "map", "place the cells of a reference in a tissue")
    _add_run(p, Task.PLACE)
    p.add_argument("--reference", type=Path, required=True, metavar="REF.h5ad")


def _add_impute(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "impute", "predict genes in a tissue from a reference")
    _add_run(p, Task.IMPUTE)
    p.add_argument("--reference", type=Path, required=True, metavar="REF.h5ad")
    p.add_argument(
        "--genes-file", type=Path, metavar="FILE", help="genes to predict, one on each line"
    )


def _add_annotate(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "annotate", "name the cells of a tissue by the types of a reference")
    _add_run(p, Task.ANNOTATE)
    p.add_argument("--reference", type=Path, required=True, metavar="REF.h5ad")


def _add_cluster(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "cluster", "find the spatial domains of a tissue")
    _add_run(p, Task.CLUSTER)
    p.add_argument(
        "--source", type=Path, metavar="SRC.h5ad", help="labelled section, .h5ad or .zarr"
    )
    p.add_argument("--label-column", metavar="NAME", help="obs column of the source with domains")
    about = "run of this tissue whose composition of the spots is looked at beside the genes"
    p.add_argument("--composition", metavar="RUN", help=about)


def _add_run(p: argparse.ArgumentParser, task: Task) -> None:
    """Add what every command that runs a method takes."""
    p.set_defaults(task=task)
    p.add_argument("tissue", type=Path, metavar="TISSUE", help=".zarr store, or .h5ad with --out")
    names = names_for(task)
    p.add_argument("--method", choices=names, default=names[0])
    p.add_argument("--out", type=Path, metavar="OUT.zarr", help="store that takes the result")
    p.add_argument("--run-dir", type=Path, metavar="DIR", help="run directory to use")
    p.add_argument("--again", action="store_true", help="run although an identical run finished")
    p.add_argument("--json", action="store_true", help="print one JSON object")
    _add_selection(p)
    _add_picture(p)
    add_option_flags(p, [method_for(task, name) for name in names])


def _add_runs(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "runs", "list the runs in a tissue, newest first")
    p.add_argument("tissue", type=Path, metavar="TISSUE")
    p.add_argument("--delete", metavar="RUN", help="remove a run")
    p.add_argument("--json", action="store_true", help="print one JSON object")


def _add_colours(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "colours", "choose the colours of a run's types or domains")
    p.add_argument("tissue", type=Path, metavar="TISSUE")
    p.add_argument("--run", required=True, metavar="RUN")
    p.add_argument(
        "--set", action="append", default=[], metavar="NAME=#rrggbb", help="one colour; repeatable"
    )
    p.add_argument("--reset", action="store_true", help="first forget the colours chosen before")
    p.add_argument("--json", action="store_true", help="print one JSON object")


def _add_scale(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "scale", "say how many micrometres a unit of the coordinates is")
    p.add_argument("tissue", type=Path, metavar="TISSUE")
    p.add_argument("--micrometres", type=float, metavar="X", help="micrometres per unit")
    p.add_argument("--pitch", type=float, metavar="X", help="micrometres between the spots instead")
    p.add_argument("--coordinate-system", metavar="NAME", help=SELECTION_FLAGS["coordinate_system"])
    p.add_argument("--json", action="store_true", help="print one JSON object")


def _add_export(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "export", "write regions, tables, a figure or a script of a run")
    p.add_argument("tissue", type=Path, metavar="TISSUE")
    p.add_argument("--run", metavar="RUN", help="run to write; for --csv, --figure and --script")
    p.add_argument("--geojson", type=Path, metavar="FILE", help="drawn regions as GeoJSON")
    p.add_argument("--csv", type=Path, metavar="FILE", help="what the run answers, as tables")
    p.add_argument("--figure", type=Path, metavar="FILE", help="placed cells: .svg, .png or .pdf")
    p.add_argument(
        "--domain-genes", type=Path, metavar="FILE", help="genes of every domain and factor: .csv"
    )
    about = ".py or .ipynb that computes the run again, to the same numbers"
    p.add_argument("--script", type=Path, metavar="FILE", help=about)
    p.add_argument("--reference", type=Path, metavar="REF.h5ad", help="for a script, if it moved")
    _add_frame(p)


def _add_frame(p: argparse.ArgumentParser) -> None:
    """Add what says which coordinates a GeoJSON file has."""
    about = "GeoJSON: system of the coordinates; default: that of the spots"
    p.add_argument("--coordinate-system", metavar="NAME", help=about)
    about = "GeoJSON: coordinates count the pixels of this picture, as QuPath's do"
    p.add_argument("--pixels-of", metavar="IMAGE", help=about)


def _add_resume(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "resume", "go on with a run that was interrupted, and store its result")
    p.add_argument("run_dir", type=Path, metavar="RUN_DIR")
    p.add_argument("--json", action="store_true", help="print one JSON object")


def _add_fit(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    about = "fit what a run directory asks for; JSON lines on standard output, no store is touched"
    p = _command(commands, "fit", about)
    p.add_argument("--spec", type=Path, required=True, metavar="run.json")
    p.add_argument("--run-dir", type=Path, required=True, metavar="DIR")


def _add_explain(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "explain", "say which genes put the cells of a region where they are")
    p.add_argument("tissue", type=Path, metavar="TISSUE", help="store with a run that placed cells")
    p.add_argument("--run", required=True, metavar="RUN", help="run whose map is explained")
    asked = p.add_mutually_exclusive_group(required=True)
    asked.add_argument("--region", metavar="NAME", help="cells in a drawn region")
    asked.add_argument("--cell-type", metavar="TYPE", help="cells of a type")
    asked.add_argument("--domain", metavar="LABEL", help="cells in a domain")
    asked.add_argument("--path", metavar="NAME", help="trends along a drawn path")
    p.add_argument("--within", metavar="TYPE|all", help="compare cells of this type only")
    p.add_argument("--against", metavar="NAME", help="second region, type or domain")
    p.add_argument("--column", default="domain", help="column with the domains; default: domain")
    p.add_argument("--run-dir", type=Path, metavar="DIR", help="directory of the run")
    p.add_argument("--csv", type=Path, metavar="FILE", help="write the table")
    p.add_argument("--figure", type=Path, metavar="FILE", help="write a figure: .svg, .png or .pdf")
    p.add_argument("--json", action="store_true", help="print one JSON object")
    add_type_flags(p, "options of an explanation", ExplainOptions)


def _add_sample(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "sample", "make a planted tissue, its reference and the truth")
    p.add_argument("out_dir", type=Path, metavar="OUT_DIR")
    for flag, default in (("--cells", 1500), ("--spots", 300), ("--genes", 200), ("--seed", 0)):
        p.add_argument(flag, type=int, default=default, metavar="N", help=f"default: {default}")


def _add_evaluate(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "evaluate", "simulate, and score against a known truth")
    kinds = p.add_subparsers(dest="kind", metavar="KIND", required=True)
    q = _command(kinds, "pseudospots", "pool cells with known places into spots")
    q.add_argument("cells", type=Path, metavar="CELLS.h5ad")
    q.add_argument("out", type=Path, metavar="OUT.h5ad")
    q.add_argument("--grid", default="30x40", metavar="NxM", help="default: 30x40")
    q.add_argument("--window", type=float, default=0.55, metavar="X", help="default: 0.55")
    q.add_argument(
        "--construction",
        choices=["released", "realistic"],
        default="released",
        help="windows without loss as STEM's authors made them, or hexagonal discs with loss",
    )
    for flag, default, about in (
        ("--capture", 0.3, "realistic: mean chance to catch a molecule"),
        ("--platform", 0.5, "realistic: spread of the genes' capture (log)"),
    ):
        help_text = f"{about}; default: {default}"
        q.add_argument(flag, type=float, default=default, metavar="X", help=help_text)
    q.add_argument("--seed", type=int, default=0, metavar="N", help="realistic: default: 0")
    q.add_argument("--cell-type-column", default="cell_type", metavar="COL")
    out = "also write the cells, the spot of each in obs['st_spot']"
    q.add_argument("--cells-out", type=Path, metavar="FILE", help=out)
    q = _command(kinds, "placement", "score where a run put cells whose places are known")
    q.add_argument("store", type=Path, metavar="STORE")
    q.add_argument("--run", required=True, metavar="RUN")
    q.add_argument("--truth", type=Path, required=True, metavar="CELLS.h5ad")
    q.add_argument("--pooled-column", metavar="COL", help="obs column that names a cell's spot")
    q.add_argument("--truth-composition", metavar="KEY", help="obsm key with true compositions")
    _add_evaluate_answers(kinds)


def _add_evaluate_answers(kinds: Any) -> None:  # noqa: ANN401 - see `_command`
    """Add the evaluations of genes, cell types and domains."""
    q = _command(kinds, "genes", "predict every shared gene without having seen it, and score that")
    q.add_argument("tissue", type=Path, metavar="TISSUE")
    q.add_argument("--reference", type=Path, required=True, metavar="REF.h5ad")
    names = [n for n in names_for(Task.IMPUTE) if predicts_chosen_genes(n)]
    q.add_argument("--method", choices=names, default=names[0])
    q.add_argument("--folds", type=int, default=10, metavar="N", help="default: 10")
    q.add_argument("--fold-order", choices=["alphabetical", "stratified"], default="alphabetical")
    _add_selection(q)
    _add_picture(q)
    own = frozenset({"folds", "genes"})
    add_option_flags(q, [method_for(Task.IMPUTE, name) for name in names], leave_out=own)
    for kind, what in (("annotation", "cell types"), ("domains", "domains")):
        q = _command(kinds, kind, f"compare the {what} of a run with a column of the table")
        q.add_argument("store", type=Path, metavar="STORE")
        q.add_argument("--run", required=True, metavar="RUN")
        q.add_argument("--label-column", required=True, metavar="COL", help="obs column with truth")
    q.add_argument(
        "--unlabelled", action="append", metavar="LABEL",
        help="label that means none, may be repeated; else words such as unlabelled and unknown",
    )  # fmt: skip


def predicts_chosen_genes(name: str) -> bool:
    """Whether a method predicts genes that can be chosen.

    Parameters
    ----------
    name : str
        Method of the question.
    """
    return issubclass(method_for(Task.IMPUTE, name).options_type, ImputingOptions)


def _add_check(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "check", None)
    p.add_argument("--spec", type=Path, required=True)
    p.add_argument("--run-dir", type=Path, required=True)


def _add_commit(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "commit", None)
    p.add_argument("--run-dir", type=Path, required=True)


def _add_explain_unit(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "explain-unit", None)
    p.add_argument("--run-dir", type=Path, required=True)


def _add_embed_unit(commands: Any) -> None:  # noqa: ANN401 - see `_command`
    p = _command(commands, "embed-unit", None)
    p.add_argument("--rows", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the flags that choose what is read."""
    group = parser.add_argument_group("what to read (sensible defaults are chosen and printed)")
    for name, about in SELECTION_FLAGS.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar="NAME", help=about)


def _add_picture(parser: argparse.ArgumentParser) -> None:
    """Add the flags for a picture that lies beside the table."""
    group = parser.add_argument_group("picture")
    group.add_argument("--image", metavar="FILE|NAME", help="picture file, or image in the store")
    group.add_argument(
        "--image-scale",
        type=float,
        default=1.0,
        metavar="S",
        help="picture pixels per unit of the spots' coordinates",
    )
    group.add_argument(
        "--image-landmarks",
        type=Path,
        metavar="FILE",
        help="CSV with picture_x, picture_y, x, y of three or more places, in place of the scale",
    )
