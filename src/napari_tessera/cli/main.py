"""The command ``napari-tessera``: read the arguments, call the verb, give an exit code."""

from __future__ import annotations

import importlib
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING

from napari_tessera.cli.parser import make_parser
from napari_tessera.cli.say import complain, remark
from napari_tessera.contract.errors import FitCancelled, TesseraError
from napari_tessera.jobs.outcome import BAD_INPUT, CANCELLED, FAILED
from napari_tessera.jobs.supervise import thread_environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

_COMMANDS = {
    "annotate": "map_command:run_map",
    "check": "fit_command:run_check",
    "commit": "fit_command:run_commit",
    "colours": "colours_command:run_colours",
    "cluster": "map_command:run_map",
    "demo": "demo_command:run_demo",
    "embed-unit": "embed_command:run_embed_unit",
    "explain": "explain_command:run_explain",
    "evaluate": "evaluate_command:run_evaluate",
    "explain-unit": "explain_command:run_explain_unit",
    "export": "export_command:run_export",
    "fit": "fit_command:run_fit",
    "import": "store_commands:run_import",
    "info": "store_commands:run_info",
    "impute": "map_command:run_map",
    "map": "map_command:run_map",
    "resume": "map_command:run_resume",
    "runs": "store_commands:run_runs",
    "scale": "scale_command:run_scale",
    "sample": "store_commands:run_sample",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; one that was cancelled leaves at once.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process if not given.

    Returns
    -------
    int
        0 done, 1 failed, 2 bad input or usage, 130 cancelled.
    """
    if argv is None:
        _settle()
    code = _run(argv)
    if argv is None and code == CANCELLED:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # taking torch's threads down may last a second, and nothing is left to do
    return code


def _settle() -> None:
    """Set up a process that is ours alone: threads that yield, libraries that keep quiet."""
    os.environ.update({**thread_environment(), **os.environ})
    logging.disable(logging.INFO)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _run(argv: Sequence[str] | None) -> int:
    """Run a command; every error that a person can meet becomes an exit code."""
    try:
        arguments = make_parser().parse_args(argv)
        return _verb(arguments.command)(arguments)
    except SystemExit as leaving:  # argparse has said why
        return leaving.code if isinstance(leaving.code, int) else BAD_INPUT
    except TesseraError as error:
        complain(error)
        return error.exit_code
    except (FitCancelled, KeyboardInterrupt):
        remark("Cancelled.")
        return CANCELLED
    except BrokenPipeError:  # whoever read the answer has left; keep the interpreter quiet
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return FAILED


def _verb(command: str) -> Callable[[argparse.Namespace], int]:
    """Load the function of a command, and only that."""
    module, name = _COMMANDS[command].split(":")
    verb: Callable[[argparse.Namespace], int] = getattr(
        importlib.import_module(f"napari_tessera.cli.{module}"), name
    )
    return verb
