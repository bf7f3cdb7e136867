"""``colours``: choose the colours of a run's types or domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_tessera.cli.say import answer, answer_json, prints_aside
from napari_tessera.contract.errors import InputError
from napari_tessera.jobs.outcome import DONE

if TYPE_CHECKING:
    import argparse


def run_colours(arguments: argparse.Namespace) -> int:
    """Set colours, and say which are chosen.

    Returns
    -------
    int
        Exit code.
    """
    from napari_tessera.workflows.colours import set_colours

    chosen = dict(_pair(text) for text in arguments.set)
    with prints_aside():
        kept = set_colours(arguments.tissue, arguments.run, chosen, reset=arguments.reset)
    if arguments.json:
        answer_json({"run": arguments.run, "colours": kept})
        return DONE
    for name, colour in kept.items():
        answer(f"{name}  {colour}")
    if not kept:
        answer("All colours are the palette's.")
    return DONE


def _pair(text: str) -> tuple[str, str]:
    """Split ``T cells=#1f77b4``; the name may hold an equals sign.

    Raises
    ------
    InputError
        If there is no name or no colour.
    """
    name, _, colour = text.rpartition("=")
    if not name or not colour:
        msg = f"--set: expected NAME=#rrggbb, found {text!r}."
        raise InputError(msg, "Write for example --set 'T cells=#1f77b4'.")
    return name, colour
