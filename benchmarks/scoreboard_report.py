"""Tables and figure of the scoreboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

Row = dict[str, Any]

BEGIN, END = "<!-- scoreboard: begin -->", "<!-- scoreboard: end -->"
"""Marks between which the tables are written."""

COLUMNS = {
    "mean_pitch": "mean error, pitches",
    "median_pitch": "median",
    "hit_50": "hits @50",
    "hit_200": "hits @200",
    "composition_pcc": "composition PCC",
    "marker_pcc": "marker PCC",
    "held_out_pitch": "held out, pitches",
}
"""Metrics that are shown."""

EMBRYO_PITCH = 5.419
"""Units of the embryo's coordinates per pitch."""

OTHERS = (
    ("STEM, printed by its authors", "all 10,150", 10.63, None, None, 0.875),
    ("STEM, their code measured here", "all 6,285", 10.98, 12.79, 112.0, 0.880),
    ("Tangram, printed by STEM's authors", "all 10,150", 29.28, None, None, 0.889),
    ("CellTrek, printed by STEM's authors", "all 10,150", 24.19, None, None, 0.755),
    ("scSpace, printed by STEM's authors", "all 10,150", 37.68, None, None, 0.470),
    ("Seurat, printed by STEM's authors", "all 10,150", 30.07, None, None, 0.573),
    ("SpaOTsc, printed by STEM's authors", "all 10,150", 59.85, None, None, 0.727),
)
"""Mouse embryo: who, cells of the reference, mean error over all cells and over the unpooled ones
(units of the embryo), hits @200, composition PCC. The first from the notebooks of their repository,
the rivals from its paper."""

COLOURS = {"baseline": "#999999", "stem": "#0072b2", "stem, one network": "#56b4e9"}


def values(rows: list[Row], case: str, method: str, metric: str) -> list[float]:
    """One value per seed."""
    found = [r[metric] for r in rows if r["case"] == case and r["method"] == method]
    return [float(v) for v in found if v not in {"", None}]


def said(found: list[float]) -> str:
    """Mean, and the range of the seeds."""
    if not found:
        return ""
    digits = 3 if max(found) < 1.5 else 2 if max(found) < 20 else 1
    text = f"{np.mean(found):.{digits}f}"
    if len(found) > 1:
        text += f" ({min(found):.{digits}f} to {max(found):.{digits}f})"
    return text


def write_tables(rows: list[Row], page: Path) -> None:
    """Put the tables between the marks of a page; without the page there is nothing to do."""
    if not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    head, tail = text.partition(BEGIN)[0], text.partition(END)[2]
    body = "\n".join([BEGIN, "", *_ours(rows), "", *_others(rows), "", END])
    page.write_text(head + body + tail, encoding="utf-8")


def _ours(rows: list[Row]) -> list[str]:
    """Our methods on every case."""
    lines = ["| tissue | method | " + " | ".join(COLUMNS.values()) + " |"]
    lines.append("| --- " * (len(COLUMNS) + 2) + "|")
    for case in dict.fromkeys(r["case"] for r in rows):
        for method in dict.fromkeys(r["method"] for r in rows if r["case"] == case):
            cells = [said(values(rows, case, method, metric)) for metric in COLUMNS]
            lines.append(f"| {case.replace('_', ' ')} | `{method}` | " + " | ".join(cells) + " |")
    return lines


def _others(rows: list[Row]) -> list[str]:
    """Show the embryo in its own units, beside what others printed."""
    lines = [
        "| mouse embryo E1z2 | cells of the reference | mean error, unpooled | hits @200 | "
        "composition PCC, all cells in the reference |",
        "| --- | --- | --- | --- | --- |",
    ]
    for method in ("stem", "stem, one network", "baseline"):
        means, hits, shares = (
            said(values(rows, "embryo_all", method, m))
            for m in ("mean", "hit_200", "composition_pcc")
        )
        lines.append(f"| `{method}` | all 6,285 | {means} | {hits} | {shares} |")
    for who, cells, over_all, unpooled, hits_200, pcc in OTHERS:
        mean = f"{over_all} over all" if unpooled is None else f"{unpooled} ({over_all} over all)"
        lines.append(f"| {who} | {cells} | {mean} | {hits_200 or ''} | {pcc} |")
    return lines


def draw(rows: list[Row], path: Path) -> None:
    """One panel per metric, one group per case, dots for seeds, whiskers for cells."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    fig, axes = plt.subplots(3, 1, figsize=(10, 9), layout="constrained")
    shown = ("mean_pitch", "hit_50", ("composition_pcc", "marker_pcc"))
    titles = ("mean error (pitches)", "hits among the 50 nearest", "composition, PCC")
    for axis, metric, title in zip(axes, shown, titles, strict=True):
        names = (metric,) if isinstance(metric, str) else metric
        _panel(axis, rows, names)
        axis.set_title(title, loc="left", fontsize=10)
    handles = [plt.Rectangle((0, 0), 1, 1, color=c) for c in COLOURS.values()]
    axes[0].legend(handles, list(COLOURS), frameon=False, ncols=3)
    fig.savefig(path, dpi=130)


def _panel(axis: Axes, rows: list[Row], metrics: tuple[str, ...]) -> None:
    """Bars of one metric over all cases that have it."""
    cases = [
        c
        for c in dict.fromkeys(r["case"] for r in rows)
        if any(values(rows, c, "stem", m) for m in metrics)
    ]
    for at, case in enumerate(cases):
        for shift, (method, colour) in enumerate(COLOURS.items()):
            found = [v for m in metrics for v in values(rows, case, method, m)]
            if not found:
                continue
            x = at + 0.27 * (shift - 1)
            axis.bar(x, np.mean(found), 0.25, color=colour)
            axis.plot([x] * len(found), found, "k.", markersize=3)
            low, high = (values(rows, case, method, m) for m in ("low_pitch", "high_pitch"))
            if "mean_pitch" in metrics and low:
                axis.vlines(x, np.mean(low), np.mean(high), color="k", linewidth=0.8)
    axis.set_xticks(range(len(cases)), [c.replace("_", "\n") for c in cases], fontsize=7)
