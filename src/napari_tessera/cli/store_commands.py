"""``import``, ``info``, ``runs`` and ``sample``: what is in a tissue, and making one."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.cli.map_command import picture_from, scale_from, selection_from
from napari_tessera.cli.say import answer, answer_json, prints_aside
from napari_tessera.jobs.outcome import BAD_INPUT, DONE

if TYPE_CHECKING:
    import argparse

    from napari_tessera.contract.report import Report
    from napari_tessera.data.read import Tissue


def run_import(arguments: argparse.Namespace) -> int:
    """Turn a file or a vendor's folder into a store.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.cli.export_command import REGION_SUFFIXES, run_import_regions
    from napari_tessera.data.convert import import_tissue

    if arguments.source.suffix.lower() in REGION_SUFFIXES:
        return run_import_regions(arguments)
    image = picture_from(arguments)
    with prints_aside():
        tissue = import_tissue(
            arguments.source, arguments.out, image=image, image_scale=scale_from(arguments)
        )
    for repair in tissue.repairs:
        answer(f"Repaired: {repair}")
    answer(f"Wrote {arguments.out}")
    return DONE


def run_info(arguments: argparse.Namespace) -> int:
    """Say what is in a tissue, and every problem that it has.

    Returns
    -------
    int
        0, or 2 where a problem forbids training.
    """
    from napari_tessera.data.gate import check_inputs
    from napari_tessera.data.read import open_tissue, read_reference

    image = picture_from(arguments)
    with prints_aside():
        tissue = open_tissue(arguments.tissue, image=image, image_scale=scale_from(arguments))
        reference = read_reference(arguments.reference) if arguments.reference else None
        report = check_inputs(tissue, reference, selection_from(arguments))
        choices = _choices(tissue, reference)
    if arguments.json:
        answer_json({"title": tissue.title, "choices": choices, "report": report.to_json()})
    else:
        _describe(tissue.title, choices, report)
    return DONE if report.ok else BAD_INPUT


def _choices(tissue: Tissue, reference: Any) -> dict[str, Any]:  # noqa: ANN401 - an AnnData
    """List what can be chosen in tissue and reference."""
    from napari_tessera.data.choices import reference_choices, tissue_choices

    found: dict[str, Any] = {"tissue": dataclasses.asdict(tissue_choices(tissue))}
    if reference is not None:
        found["reference"] = dataclasses.asdict(reference_choices(reference))
    return found


def _describe(title: str, choices: dict[str, Any], report: Report) -> None:
    """Print a description for people."""
    answer(title)
    for whose, names in choices.items():
        for name, values in names.items():
            words = name.replace("_", " ")
            answer(f"  {whose} {words}: {_listed(values)}")
    for name, value in report.chosen.items():
        answer(f"  chosen {name.replace('_', ' ')}: {value}")
    answer(f"{report.n_cells} cells, {report.n_spots} spots, {report.n_genes} shared genes")
    for problem in report.problems:
        answer(f"{problem.severity.value.capitalize()}: {problem}")
    answer("Ready." if report.ok else "This cannot be trained on.")


def _listed(values: Any) -> str:  # noqa: ANN401 - names, or names by table
    """Write names in one line."""
    if isinstance(values, dict):
        return "; ".join(f"{key}: {_listed(names)}" for key, names in values.items()) or "none"
    if isinstance(values, list | tuple):
        return ", ".join(str(value) for value in values) or "none"
    return str(values)


def run_runs(arguments: argparse.Namespace) -> int:
    """List the runs in a tissue, or remove one.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.workflows.verbs import delete, runs

    if arguments.delete:
        with prints_aside():
            delete(arguments.tissue, arguments.delete)
        answer(f"Removed {arguments.delete}")
        return DONE
    with prints_aside():
        found = runs(arguments.tissue)
    if arguments.json:
        rows = [dataclasses.asdict(summary) for summary in found]
        answer_json({"runs": [{"run": row.pop("name"), **row} for row in rows]})
        return DONE
    for summary in found:
        score = summary.scores.get("held_out_distance")
        other = summary.baseline.get("held_out_distance")
        scores = f"  held-out {score:.4g} (baseline {other:.4g})" if score and other else ""
        sizes = f"{summary.n_cells} cells, {summary.n_spots} spots"
        answer(f"{summary.name}  {summary.created}  {sizes}{scores}")
    if not found:
        answer("No runs.")
    return DONE


def run_sample(arguments: argparse.Namespace) -> int:
    """Make a planted tissue.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.data.sample import write_sample

    with prints_aside():
        paths = write_sample(
            Path(arguments.out_dir),
            n_cells=arguments.cells,
            n_spots=arguments.spots,
            n_genes=arguments.genes,
            seed=arguments.seed,
        )
    for path in (paths.tissue, paths.reference, paths.truth):
        answer(str(path))
    return DONE
