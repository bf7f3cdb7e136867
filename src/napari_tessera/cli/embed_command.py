"""``embed-unit``: a UMAP for a window, in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.cli.say import answer_json, prints_aside
from napari_tessera.jobs.outcome import DONE

if TYPE_CHECKING:
    import argparse


def run_embed_unit(arguments: argparse.Namespace) -> int:
    """Lay out the rows of a file.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.workflows.embed import embed_file

    with prints_aside():
        embed_file(arguments.rows, arguments.out)
    answer_json({"out": str(arguments.out)})
    return DONE
