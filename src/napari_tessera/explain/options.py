"""Options of an explanation. Loads no torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from napari_tessera.contract.options import Options, option


class Scalar(StrEnum):
    """The number of a cell that is attributed to its genes; see `napari_tessera.explain.scores`."""

    REGION = "region"
    PROBABILITY = "probability"
    LOG_PROBABILITY = "log-probability"
    LOGIT = "logit"


class Start(StrEnum):
    """Where the path of the integral starts."""

    AUTO = "auto"
    ZERO = "zero"
    MEAN = "mean"
    SURPLUS = "surplus"


class Spacing(StrEnum):
    """How the nodes of the integral are spread; see `napari_tessera.explain.quadrature`."""

    ANGLE = "angle"
    EVEN = "even"


class Null(StrEnum):
    """How labels are drawn that have nothing to do with the genes."""

    SHIFT = "shift"
    BLOCKS = "blocks"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class ExplainOptions(Options):
    """What an explanation can be told."""

    scalar: Scalar = option(
        Scalar.REGION, "Number attributed to genes: the log-odds of the region, or its own spot's."
    )
    start: Start = option(
        Start.AUTO,
        "Where paths start: no expression (zero), or the mean of the compared cells; surplus is "
        "the mean, counting what a cell has more of. Auto: surplus for a region, else zero.",
    )
    steps: int = option(
        12, "Nodes of the integral; 50 evenly spaced ones is what the authors use.",
        ge=2, le=1000, step=10,
    )  # fmt: skip
    spacing: Spacing = option(
        Spacing.ANGLE, "Nodes where the path turns, or spread evenly along it.", advanced=True
    )
    reach: float = option(
        2.0, "How far from a path a cell may lie.", gt=0.0, le=1000.0, step=0.5, unit="pitch",
        advanced=True,
    )  # fmt: skip
    inside: float = option(
        0.5, "Least map mass in a region that makes a cell one of its cells.", gt=0.0, le=1.0,
        step=0.05, advanced=True,
    )  # fmt: skip
    outside: float = option(
        0.1, "Most map mass in a region that leaves a cell among the others.", ge=0.0, le=1.0,
        step=0.05, advanced=True,
    )  # fmt: skip
    null: Null = option(
        Null.SHIFT, "How labels are drawn that have nothing to do with the genes.", advanced=True
    )
    draws: int = option(
        499, "Labellings drawn under the null.", ge=19, le=100_000, step=100, advanced=True
    )
    blocks: int = option(
        16, "Patches of equal size whose labels are shuffled.", ge=4, le=4096, step=8,
        advanced=True,
    )  # fmt: skip
    refined_steps: int = option(
        200, "Nodes for cells whose attribution does not add up; 0 leaves them.", ge=0, le=5000,
        step=50, advanced=True,
    )  # fmt: skip

    def settled(self, *, has_region: bool) -> ExplainOptions:
        """Decide where paths start, if that was left open.

        Parameters
        ----------
        has_region : bool
            Whether spots of a region are asked about.
        """
        if self.start is not Start.AUTO:
            return self
        asked = has_region and self.scalar is Scalar.REGION
        return replace(self, start=Start.SURPLUS if asked else Start.ZERO)
