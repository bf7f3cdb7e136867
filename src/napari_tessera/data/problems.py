"""Short ways to say what the gate found."""

from __future__ import annotations

from functools import partial

from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.report import Problem, Report, Severity


def _say(  # noqa: PLR0913 - where, what, and what to do
    severity: Severity,
    code: str,
    element: str,
    column: str,
    *,
    expected: str,
    found: str,
    hint: str,
) -> Problem:
    """Make one problem."""
    return Problem(
        code=code,
        severity=severity,
        element=element,
        column=column,
        expected=expected,
        found=found,
        hint=hint,
    )


refuse = partial(_say, Severity.REFUSE)
repair = partial(_say, Severity.REPAIR)
remark = partial(_say, Severity.REMARK)


def some(names: object, n: int = 3) -> str:
    """Name the first few of many, and say that there are more."""
    listed = [str(x) for x in names]  # type: ignore[attr-defined]
    return ", ".join(listed[:n]) + (" ..." if len(listed) > n else "")


def refusal(  # noqa: PLR0913 - where, what, and what to do
    element: object, column: str = "", *, code: str, expected: str, found: str, hint: str
) -> RefusedError:
    """Make the error for one problem that leaves nothing to go on with."""
    said = refuse(code, str(element), column, expected=expected, found=found, hint=hint)
    error = RefusedError(Report(problems=(said,)))
    error.message, error.hint = str(said).removesuffix(f" {hint}"), hint
    return error
