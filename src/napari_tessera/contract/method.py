"""What a method is: something with a name that answers questions by fit and predict."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from napari_tessera.contract.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_tessera.contract.expression import ExpressionScale
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.results import RunResult
    from napari_tessera.contract.state import State

OptionsT = TypeVar("OptionsT", bound=Options)


class Task(StrEnum):
    """Questions that a method can answer."""

    PLACE = "place cells"
    COMPOSE = "composition"
    IMPUTE = "impute genes"
    ANNOTATE = "annotate"
    CLUSTER = "domains"


class Need(StrEnum):
    """What a method wants prepared beside counts and coordinates."""

    SPOT_GRAPH = "spot graph"
    CELL_TYPES = "cell types"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a fit is expected to take on this machine's CPU."""

    seconds: float
    memory_bytes: float


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What `Method.fit` gives and `Method.predict` takes.

    Parameters
    ----------
    state : State
        Weights and whatever else prediction needs; goes to disk as it is.
    device : str
        Device that computed.
    ending : str
        ``complete`` or ``finished early``.
    scores : mapping of str to float
        Held-out scores: ``held_out_distance`` (mean, in the unit of the coordinates) and the like.
    history : mapping of str to tuple of float
        Loss terms of the final fit, one value per recorded step; ``step`` holds the steps.
    warnings : tuple of str
        What a reader should know.
    """

    state: State
    device: str = "cpu"
    ending: str = "complete"
    scores: Mapping[str, float] = field(default_factory=dict)
    history: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Method(Protocol[OptionsT]):
    """A method of placement and composition. An instance has no state: all of it is in `Fitted`."""

    @property
    def name(self) -> str:
        """Name in ``METHODS`` and on the command line."""
        ...

    @property
    def title(self) -> str:
        """Name for people."""
        ...

    @property
    def summary(self) -> str:
        """One plain sentence."""
        ...

    @property
    def reference(self) -> str:
        """Bibliography key; empty where nothing was published."""
        ...

    @property
    def answers(self) -> frozenset[Task]:
        """Questions it answers."""
        ...

    @property
    def needs(self) -> frozenset[Need]:
        """What must be prepared for it."""
        ...

    @property
    def accepts(self) -> frozenset[ExpressionScale]:
        """Scales of spot expression it can use."""
        ...

    @property
    def options_type(self) -> type[OptionsT]:
        """Type of its options."""
        ...

    def cost(self, n_cells: int, n_spots: int, n_genes: int, options: OptionsT) -> Cost:
        """Estimate time and memory of a fit before it is started."""
        ...

    def fit(
        self,
        inputs: Any,  # noqa: ANN401 - PairedData, or SectionData where it answers CLUSTER
        options: OptionsT,
        monitor: Monitor,
        resume: State | None = None,
    ) -> Fitted:
        """Train. With `resume`, go on from a checkpoint to the same result as an unbroken run.

        Raises
        ------
        FitCancelled
            If the monitor says so.
        FitError
            If the fit cannot be completed.
        """
        ...

    def predict(self, fitted: Fitted, inputs: Any) -> RunResult:  # noqa: ANN401 - as for `fit`
        """Answer the method's questions with what was learned."""
        ...
