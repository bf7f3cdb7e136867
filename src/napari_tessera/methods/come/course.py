"""The stages of a fit, and what is finished of them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.state import State, join_states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.come.maps import Arrays

PLACE = "place"
"""Name of the stage that is judged by held-out spots."""

FIRST_PLACE, FIRST_MEMBER = 500, 1000
"""Numbers of stages: draws do not depend on how many stages came before."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """One training run among those of a fit.

    Parameters
    ----------
    name : str
        ``fold0``, ``place``, ``member0`` and so on.
    number : int
        Stream of its random draws.
    steps : tuple of int
        Steps after which the weights are kept, rising.
    """

    name: str
    number: int
    steps: tuple[int, ...]

    @property
    def is_member(self) -> bool:
        """Whether it trains on everything, for the answer."""
        return self.number >= FIRST_MEMBER

    @property
    def fold(self) -> int | None:
        """Gene fold that it does not see."""
        return self.number if self.number < FIRST_PLACE else None

    @property
    def title(self) -> str:
        """Name for people."""
        if self.is_member:
            return "fitting"
        return "choosing on held-out spots" if self.name == PLACE else "choosing on held-out genes"


@dataclasses.dataclass
class Course:
    """What is finished so far: the part of a checkpoint that is not the loop's own.

    Parameters
    ----------
    done : dict of str to list of mapping
        Snapshots of finished stages by name.
    current : list of mapping
        Snapshots of the stage that is running.
    history : dict of str to tuple of float
        Loss terms of the last stage.
    """

    done: dict[str, list[Arrays]] = dataclasses.field(default_factory=dict)
    current: list[Arrays] = dataclasses.field(default_factory=list)
    history: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)

    def state(self, loop: State) -> State:
        """Pack for a checkpoint."""
        kept = {**self.done, "current": self.current}
        parts = {
            f"{name}/{i}": State(arrays=arrays)
            for name, snapshots in kept.items()
            for i, arrays in enumerate(snapshots)
        }
        joined = join_states({**parts, "loop": loop})
        counts = {name: len(snapshots) for name, snapshots in kept.items()}
        return State(arrays=joined.arrays, values={**joined.values, "counts": counts})

    @classmethod
    def restore(cls, state: State) -> Course:
        """Inverse of `state`."""
        counts: Mapping[str, int] = state.values["counts"]
        kept: dict[str, list[dict[str, NDArray[Any]]]] = {
            name: [dict(state.part(f"{name}/{i}").arrays) for i in range(n)]
            for name, n in counts.items()
        }
        current = kept.pop("current")
        return cls(done=kept, current=current)

    def finish(self, stage: Stage) -> None:
        """Count the running stage as done."""
        self.done[stage.name] = self.current
        self.current = []


def trial_stages(n_folds: int, steps: Sequence[int], *, with_spots: bool) -> list[Stage]:
    """Stages that only choose: one per gene fold, and one for held-out spots."""
    if not steps:
        return []
    found = [Stage(name=f"fold{f}", number=f, steps=tuple(steps)) for f in range(n_folds)]
    if with_spots:
        found.append(Stage(name=PLACE, number=FIRST_PLACE, steps=tuple(steps)))
    return found


def member_stages(n_members: int, steps: Sequence[int]) -> list[Stage]:
    """Stages that train on everything; none where nothing is trained."""
    if not steps:
        return []
    return [
        Stage(name=f"member{m}", number=FIRST_MEMBER + m, steps=tuple(steps))
        for m in range(n_members)
    ]
