"""What the command prints: answers on standard output, everything else on standard error."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from napari_tessera.contract.errors import TesseraError
    from napari_tessera.contract.report import Report


def answer(text: str) -> None:
    """Print a line of the answer."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def answer_json(values: Mapping[str, Any]) -> None:
    """Print the answer as one JSON object on one line."""
    answer(json.dumps(_finite(values), default=_plain, allow_nan=False))


def remark(text: str) -> None:
    """Print a line beside the answer."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def complain(error: TesseraError) -> None:
    """Print what was expected and found, and what to do."""
    remark(f"Error: {error.message}")
    if error.hint:
        remark(f"       {error.hint}")


def remark_report(report: Report) -> None:
    """Print what was chosen, mended and noticed."""
    if report.chosen:
        chosen = ", ".join(f"{name} {value}" for name, value in report.chosen.items())
        remark(f"Chosen: {chosen}.")
    for problem in (*report.repairs, *report.remarks):
        remark(f"{problem.severity.value.capitalize()}: {problem}")


@contextlib.contextmanager
def prints_aside() -> Iterator[None]:
    """Send what libraries print on standard output to standard error while this lasts."""
    sys.stdout.flush()
    try:
        private = os.dup(1)
    except OSError:
        yield
        return
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stdout.flush()
        os.dup2(private, 1)
        os.close(private)


def _finite(value: Any) -> Any:  # noqa: ANN401 - any plain value
    """Replace numbers that JSON does not know by null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


def _plain(value: object) -> object:
    """Turn a numpy scalar or a path into a plain value."""
    item = getattr(value, "item", None)
    return item() if callable(item) else str(value)
