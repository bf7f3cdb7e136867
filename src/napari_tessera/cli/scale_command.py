"""``scale``: say how many micrometres a unit of the coordinates is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.cli.say import answer, answer_json, prints_aside
from napari_tessera.jobs.outcome import DONE

if TYPE_CHECKING:
    import argparse


def run_scale(arguments: argparse.Namespace) -> int:
    """Keep what was said, and repeat it.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.workflows.scale import set_scale

    with prints_aside():
        kept = set_scale(
            arguments.tissue,
            micrometres=arguments.micrometres,
            pitch=arguments.pitch,
            coordinate_system=arguments.coordinate_system,
        )
    if arguments.json:
        answer_json({"micrometres": kept.micrometres})
    else:
        answer(f"1 unit = {kept.micrometres:.6g} µm")
    return DONE
