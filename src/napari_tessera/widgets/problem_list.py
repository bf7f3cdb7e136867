"""What the gate found, one row per problem, all of it readable."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QStyle, QVBoxLayout, QWidget

from napari_tessera.contract.report import Severity
from napari_tessera.widgets.parts import picture, words

if TYPE_CHECKING:
    from napari_tessera.contract.report import Problem, Report

SIGNS = {
    Severity.REFUSE: (QStyle.StandardPixmap.SP_MessageBoxCritical, "This forbids training"),
    Severity.REPAIR: (QStyle.StandardPixmap.SP_DialogApplyButton, "This is mended for the run"),
    Severity.REMARK: (QStyle.StandardPixmap.SP_MessageBoxInformation, "Worth knowing"),
}


class ProblemList(QWidget):  # type: ignore[misc]  # Qt comes without types
    """Refusals first, then repairs, then remarks."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[QWidget] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def show_report(self, report: Report | None) -> None:
        """Show what a report says; None empties the list."""
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        problems = () if report is None else (*report.refusals, *report.repairs, *report.remarks)
        self.rows = [self._row(problem.severity, _as_html(problem)) for problem in problems]
        for row in self.rows:
            self._column.addWidget(row)

    def show_failure(self, message: str, hint: str) -> None:
        """Show something that went wrong beside the gate."""
        self.show_report(None)
        text = f"{escape(message)} <i>{escape(hint)}</i>".strip()
        self.rows = [self._row(Severity.REFUSE, text.replace("\n", "<br>"))]
        self._column.addWidget(self.rows[0])

    def _row(self, severity: Severity, text: str) -> QWidget:
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        sign, tip = SIGNS[severity]
        line.addWidget(picture(sign, tip), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(words(text, tip), 1)
        return row


def _as_html(problem: Problem) -> str:
    """Write one problem as a paragraph."""
    where = f"{problem.element}, {problem.column}" if problem.column else problem.element
    return (
        f"<b>{escape(where)}</b>: expected {escape(problem.expected)}; "
        f"found {escape(problem.found)}. <i>{escape(problem.hint)}</i>"
    )
