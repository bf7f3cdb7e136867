"""What STEM trains, in which order, and what is finished of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_tessera.contract.state import State, join_states
from napari_tessera.numerics.minimise import module_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_tessera.methods.stem.network import Encoder
    from napari_tessera.methods.stem.options import StemOptions
    from napari_tessera.numerics.together import Together

ENOUGH = 0.3
"""Share of their steps from which on the average of networks that were cut short is used."""

TRIAL, MEMBER = "choosing steps", "fitting"
"""The two kinds of training, by their names for people: on 90 % of the spots, and on all."""

_JUDGED_BY = "held_out_distance"
_FIRST_MEMBER = 1000
"""Number of the first member: its draws do not depend on how many trials there were."""


@dataclasses.dataclass(frozen=True)
class Training:
    """One network that is to be trained; its draws depend on the seed and its number alone."""

    kind: str
    number: int
    n_steps: int


@dataclasses.dataclass(frozen=True)
class Stage:
    """Networks that are trained beside each other.

    Parameters
    ----------
    trainings : tuple of Training
        The networks, those of trials first.
    before, total : int
        Steps of all networks before this stage, and in the whole fit.
    """

    trainings: tuple[Training, ...]
    before: int
    total: int

    @property
    def kinds(self) -> frozenset[str]:
        """Whether `TRIAL` or `MEMBER` networks are trained, or both."""
        return frozenset(t.kind for t in self.trainings)

    @property
    def title(self) -> str:
        """What it is for, in words for people."""
        return MEMBER if MEMBER in self.kinds else TRIAL

    @property
    def n_steps(self) -> int:
        """Steps of all its networks."""
        return sum(t.n_steps for t in self.trainings)


@dataclasses.dataclass
class Course:
    """What is finished so far: the part of a checkpoint that is not the loop's own.

    Parameters
    ----------
    choices : tuple of int
        Lengths of training to try.
    trials : dict of str to dict
        Held-out scores by length.
    judges, members : list of dict of str to ndarray
        Weights of the networks of the trials, and of those that will be averaged.
    history : dict of str to tuple of float
        Losses of one network, the first of the last stage.
    by_judge : bool
        Whether the member is a network of the trials: the rest was cut short.
    """

    choices: tuple[int, ...]
    trials: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    judges: list[dict[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    members: list[dict[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    history: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    by_judge: bool = False

    def state(self, loop: State) -> State:
        """Pack for a checkpoint."""
        parts = {f"member{i}": State(arrays=m) for i, m in enumerate(self.members)}
        parts |= {f"judge{i}": State(arrays=j) for i, j in enumerate(self.judges)}
        joined = join_states({**parts, "loop": loop})
        own = {"trials": self.trials, "n_members": len(self.members)}
        own["n_judges"] = len(self.judges)
        return State(arrays=joined.arrays, values={**joined.values, **own})

    @classmethod
    def restore(cls, choices: tuple[int, ...], state: State) -> Course:
        """Inverse of `state`."""
        n_members, n_judges = (int(state.values[f"n_{w}"]) for w in ("members", "judges"))
        return cls(
            choices=choices,
            trials={k: dict(v) for k, v in state.values["trials"].items()},
            judges=[dict(state.part(f"judge{i}").arrays) for i in range(n_judges)],
            members=[dict(state.part(f"member{i}").arrays) for i in range(n_members)],
        )

    def best_steps(self) -> int:
        """Pick the steps with the best held-out score; without a trial the given or the most."""
        if not self.trials:
            return max(self.choices)
        return min((int(n) for n in self.trials), key=lambda n: self.trials[str(n)][_JUDGED_BY])

    def take(
        self,
        stage: Stage,
        nets: Sequence[Encoder],
        trained: Together,
        score: Callable[[Encoder], dict[str, float]],
    ) -> None:
        """Take over what a stage trained.

        Parameters
        ----------
        stage : Stage
            What was trained.
        nets : sequence of Encoder
            The networks.
        trained : Together
            How far they came.
        score : callable
            From a network of a trial to its held-out scores.
        """
        n = sum(t.kind == TRIAL for t in stage.trainings)
        if n:
            self._judge(stage.trainings[:n], nets[:n], trained.some(slice(n)), score)
        if n < len(nets):
            self._keep(nets[n:], trained.some(slice(n, None)))
        elif trained.early:
            self.members, self.history, self.by_judge = self.judges[-1:], trained.histories[0], True

    def _judge(
        self,
        trainings: Sequence[Training],
        nets: Sequence[Encoder],
        trained: Together,
        score: Callable[[Encoder], dict[str, float]],
    ) -> None:
        """Keep the scores of trials; of some cut short only the one that was furthest."""
        tried = list(zip(trainings, nets, strict=True))
        if trained.early:
            tried = [tried[int(np.argmax(trained.shares))]]
        for training, net in tried:
            self.trials[str(training.n_steps)] = score(net)
            self.judges.append(module_arrays(net))

    def _keep(self, nets: Sequence[Encoder], trained: Together) -> None:
        """Keep trained networks; those cut short only if nothing is better.

        Soon after their beginning the average of several is better than the one of the trial,
        which was trained to its end on nine tenths of the spots.
        """
        usable = [net for net, share in zip(nets, trained.shares, strict=True) if share == 1]
        if not (usable or self.members) and (not self.judges or min(trained.shares) >= ENOUGH):
            usable = list(nets)
        self.members += [module_arrays(net) for net in usable]
        self.history = trained.histories[0]
        if not self.members:
            self.members = [self.judges[list(self.trials).index(str(self.best_steps()))]]
            self.by_judge = True

    def next_stage(
        self, options: StemOptions, *, with_trials: bool, together: bool
    ) -> Stage | None:
        """Say what to train now; None when all is done.

        A single network of a given length does not wait for its trial, which chooses nothing.

        Parameters
        ----------
        options : StemOptions
            Options.
        with_trials : bool
            Whether there are spots enough to hold some out.
        together : bool
            Whether all networks of a kind are trained beside each other, or one after the other.
        """
        planned = [Training(TRIAL, i, n) for i, n in enumerate(self.choices) if with_trials]
        untried = [t for t in planned if str(t.n_steps) not in self.trials]
        steps = self.best_steps()
        numbers = range(_FIRST_MEMBER, _FIRST_MEMBER + options.n_networks)
        members = [Training(MEMBER, i, steps) for i in numbers]
        missing = members[len(self.members) :]
        if together and len(self.choices) == options.n_networks == 1:
            waiting = untried + missing
        else:
            waiting = (untried or missing)[: None if together else 1]
        if not waiting:
            return None
        total = sum(t.n_steps for t in (*planned, *members))
        before = total - sum(t.n_steps for t in untried + missing)
        return Stage(tuple(waiting), before, total)
