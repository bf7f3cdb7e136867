"""Colours of categories: the one palette for layers, legends, tables and figures.

The first colours are those of Okabe and Ito (their pink, which H&E hides, comes late); the others
were chosen one by one so that each keeps the greatest distance in CIELAB from all before it and
from the pinks and violets of H&E, for full colour vision and for those who do not see red
(protanopia), green (deuteranopia) or blue (tritanopia) alike; then the dark ones, which nuclei
hide, were put last. In each of the four ways to see, any two of the thirty differ by at least 13,
any two of the first sixteen by at least 16.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PALETTE = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00",
    "#6644ff", "#bbee99", "#dd1144", "#aa77ff", "#00ffff", "#994477",
    "#ccaa55", "#7744cc", "#446633", "#aaffcc", "#88cc99", "#aa1100",
    "#993355", "#ddee77", "#77aa66", "#cc33bb", "#7788dd", "#cc79a7",
    "#551177", "#440099", "#661144", "#770000", "#2211cc", "#662266",
)  # fmt: skip


_COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


def is_colour(text: str) -> bool:
    """Whether a text is a colour as it is kept here: ``#rrggbb``."""
    return _COLOUR.fullmatch(text) is not None


def colours_of(names: Iterable[str], chosen: Mapping[str, str] | None = None) -> dict[str, str]:
    """One colour per name: the same set of names has the same colours, whatever its order.

    Parameters
    ----------
    names : iterable of str
        Names of categories; repeated ones count once.
    chosen : mapping of str to str, optional
        Colours that a person has chosen for some of them.

    Returns
    -------
    dict of str to str
        Name to ``#rrggbb``, sorted by name. After the thirtieth name the palette begins again,
        darker each time.
    """
    own = chosen or {}
    ordered = sorted({str(n) for n in names})
    return {name: own.get(name) or _colour(i) for i, name in enumerate(ordered)}


def _colour(number: int) -> str:
    again, place = divmod(number, len(PALETTE))
    colour = PALETTE[place]
    if again == 0:
        return colour
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part * 0.7**again):02x}" for part in parts)
