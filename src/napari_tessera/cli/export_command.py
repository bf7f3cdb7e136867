"""``export``, and ``import`` of regions: what other programs read and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.cli.say import answer, prints_aside, remark
from napari_tessera.contract.errors import InputError
from napari_tessera.jobs.outcome import DONE
from napari_tessera.workflows.files import FIGURES, check_file, save_figure

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

REGION_SUFFIXES = (".geojson", ".json")
_OF_A_RUN = ("csv", "figure", "domain_genes", "script")


def run_export(arguments: argparse.Namespace) -> int:
    """Write what was asked for.

    Returns
    -------
    int
        Exit code.

    Raises
    ------
    InputError
        If nothing was asked for, or no run was named for what shows one.
    """
    _check(arguments)
    written: list[Path] = []
    if arguments.geojson:
        from napari_tessera.data.region_files import export_regions

        with prints_aside():
            export_regions(
                arguments.tissue, arguments.geojson,
                coordinate_system=arguments.coordinate_system, image=arguments.pixels_of,
            )  # fmt: skip
        written.append(arguments.geojson)
    if arguments.csv or arguments.figure or arguments.domain_genes:
        written += _write_run(arguments)
    if arguments.script:
        from napari_tessera.workflows.stored_steps import export_script

        with prints_aside():
            export_script(
                arguments.tissue, arguments.run, arguments.script, reference=arguments.reference
            )
        written.append(arguments.script)
    for path in written:
        answer(f"Wrote {path}")
    return DONE


def _check(arguments: argparse.Namespace) -> None:
    """Refuse a command that asks for nothing, or for a file of no run."""
    asked = [name for name in _OF_A_RUN if getattr(arguments, name)]
    if not asked and not arguments.geojson:
        msg = "export: expected something to write, found nothing."
        raise InputError(msg, "Give --geojson FILE, or --run RUN with one of the others.")
    if asked and not arguments.run:
        msg = f"export --{asked[0].replace('_', '-')}: expected the name of a run, found none."
        raise InputError(msg, "Give --run RUN; `napari-tessera runs TISSUE` lists them.")
    if arguments.figure:
        check_file(arguments.figure, "--figure", FIGURES)


def _write_run(arguments: argparse.Namespace) -> list[Path]:
    """Write the tables and the figure of a run."""
    from napari_tessera.workflows.export import write_tables
    from napari_tessera.workflows.verbs import read

    with prints_aside():
        run = read(arguments.tissue, arguments.run)
        written = [] if not arguments.csv else list(write_tables(run, arguments.csv))
        if arguments.figure:
            from matplotlib.figure import Figure

            figure = Figure(layout="constrained")
            run.plot(figure.subplots())
            save_figure(figure, arguments.figure)
            written.append(arguments.figure)
        if arguments.domain_genes:
            from napari_tessera.explain.domain_genes import CAVEAT
            from napari_tessera.workflows.domain_genes import write_domain_genes

            written += write_domain_genes(arguments.tissue, run, arguments.domain_genes)
            remark(CAVEAT)
    return written


def run_import_regions(arguments: argparse.Namespace) -> int:
    """Add the regions of a GeoJSON file to a store.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.data.region_files import import_regions

    with prints_aside():
        found = import_regions(
            arguments.out, arguments.source,
            coordinate_system=arguments.coordinate_system, image=arguments.pixels_of,
        )  # fmt: skip
    answer(f"{len(found)} regions and paths in {arguments.out}: {', '.join(r.name for r in found)}")
    return DONE
