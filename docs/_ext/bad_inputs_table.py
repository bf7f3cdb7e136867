"""The table of bad inputs, made at build time from the catalogue that the tests run."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.testing.bad_inputs import Outcome, all_bad_inputs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

WORDS = {
    Outcome.REFUSED: "refused",
    Outcome.MENDED: "mended, and recorded",
    Outcome.NOTED: "used, with a remark",
    Outcome.ACCEPTED: "used as it is",
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the table before Sphinx looks for it."""
    app.connect("builder-inited", make_table)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def make_table(app: Sphinx) -> None:
    """Write the table if it has changed."""
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    path, text = folder / "bad-inputs.txt", "\n".join(lines()) + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def lines() -> Iterator[str]:
    """Yield the lines of the table, group by group."""
    cases = all_bad_inputs()
    codes = {case.code for case in cases if case.code}
    yield f"{len(cases)} inputs, {len(codes)} kinds of problem.\n"
    for group, members in itertools.groupby(cases, key=lambda case: case.group):
        yield f"\n## {group}\n\n| input | what happens | code |\n| --- | --- | --- |"
        for case in members:
            code = f"`{case.code}`" if case.code else ""
            yield f"| {case.about.replace('|', ' ')} | {WORDS[case.outcome]} | {code} |"
