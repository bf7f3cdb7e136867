"""The pieces that all stages of a fit share: what is trained, and what is chosen by it."""

from __future__ import annotations

import dataclasses
import time
from functools import partial
from typing import TYPE_CHECKING

from napari_tessera.contract.progress import Monitor, Progress
from napari_tessera.methods.come import judging
from napari_tessera.methods.come.course import PLACE, Course, Stage, member_stages, trial_stages
from napari_tessera.methods.come.maps import Arrays, kept_arrays, new_net, relate, start_arrays
from napari_tessera.methods.come.network import AmortisedMap
from napari_tessera.methods.come.preparing import Prepared, has_counts, prepare
from napari_tessera.methods.come.training import (
    PRETRAINING,
    Draws,
    Terms,
    amortised_terms,
    draw,
    free_terms,
    loss_weights,
)
from napari_tessera.numerics.ahead import Ahead
from napari_tessera.numerics.folds import rest_of
from napari_tessera.numerics.held_out import HeldOut, hold_out
from napari_tessera.numerics.minimise import Plan, Watch, minimise, one_cycle
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.numerics.tensors import pick_device, quick_products

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    import torch
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.state import State
    from napari_tessera.methods.come.options import ComeOptions

PREVIEW_EVERY = 25
"""Steps between two offers of a preview."""

FREE_RATE = 1 / 3
"""Rate of the free map in shares of the largest: 0.001 as published."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Places:
    """What held-out spots chose: the position among the candidates, and its score."""

    snapshot: int
    scores: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """The pieces that all stages share."""

    inputs: PairedData
    options: ComeOptions
    monitor: Monitor
    device: torch.device
    start: float
    data: Prepared
    folds: list[NDArray[np.int64]]
    split: HeldOut | None
    held: Prepared | None
    trials: list[Stage]
    members: list[Stage]

    @classmethod
    def prepare(cls, inputs: PairedData, options: ComeOptions, monitor: Monitor) -> Work:
        """Prepare the data and say what has to be trained."""
        start = time.monotonic()
        data = prepare(inputs, options)
        folds = judging.folds_of(data, options)
        can_hold = has_counts(inputs) and not options.is_free
        split = hold_out(inputs, options.seed) if can_hold else None
        held = None if split is None else prepare(split.inputs, options, data.genes)
        steps = options.step_choices
        return cls(
            inputs=inputs,
            options=options,
            monitor=monitor,
            device=pick_device(options.device),
            start=start,
            data=data,
            folds=folds,
            split=split,
            held=held,
            trials=trial_stages(len(folds), steps, with_spots=split is not None),
            members=member_stages(options.n_networks, steps),
        )

    def source(self, stage: Stage) -> Prepared:
        """Give what a stage may see."""
        if stage.fold is not None:
            return self.data.only(rest_of(self.folds[stage.fold], self.data.genes.size))
        return self.held if stage.name == PLACE and self.held is not None else self.data

    def train(self, stage: Stage, course: Course, resume: State | None) -> bool:
        """Train one network, its snapshots go to the course; says whether it was cut short."""
        data = self.source(stage)
        net = new_net(data, self.options, torch_generator(self.options.seed, stage.number))
        net = net.to(self.device)
        first = PRETRAINING if self.options.is_free else 0
        kept = {first + n - 1 for n in stage.steps}
        if resume is None:
            course.current = []

        def each_step(step: int) -> None:
            if step in kept:
                course.current.append(kept_arrays(net))
            elif stage.is_member and step % PREVIEW_EVERY == PREVIEW_EVERY - 1 and step >= first:
                self.monitor.preview(lambda: self._placed(kept_arrays(net), data))

        plan = Plan(
            terms=self._terms(net, data, stage),
            weights=loss_weights(self.options),
            n_steps=first + stage.steps[-1],
            rate=self._rate(),
        )
        watch = Watch(
            monitor=self.monitor,
            describe=partial(self._progress, stage, plan.n_steps),
            wrap=course.state,
            each_step=each_step,
        )
        with quick_products():
            course.history, early = minimise(net, plan, watch, resume)
        if early:
            course.current.append(kept_arrays(net))
        else:
            course.finish(stage)
        return early

    def _terms(self, net: torch.nn.Module, data: Prepared, stage: Stage) -> Callable[[int], Terms]:
        """Terms of a step by the form of the map."""
        if not isinstance(net, AmortisedMap):
            return free_terms(net, data, self.options, stage.number)  # type: ignore[arg-type]

        def drawn(step: int) -> Draws:
            return draw(data, self.options, (stage.number, step), self.device)

        return amortised_terms(net, data, self.options, Ahead(drawn, stage.steps[-1]))

    def _rate(self) -> Callable[[int], float]:
        """Constant for the free map; else one cycle over the longest training there may be."""
        peak = self.options.learning_rate
        if self.options.is_free:
            return lambda _step: peak * FREE_RATE
        return one_cycle(self.options.step_choices[-1], peak)

    def _progress(
        self, stage: Stage, n_steps: int, step: int, losses: Mapping[str, float]
    ) -> Progress:
        """Sign of life with the share of the whole fit."""
        order = [*self.trials, *self.members]
        sizes = [s.steps[-1] for s in order]
        at = [s.name for s in order].index(stage.name)
        done = sum(sizes[:at]) + sizes[at] * step / n_steps
        return Progress(
            stage=stage.title,
            step=step,
            n_steps=n_steps,
            losses=losses,
            elapsed_s=time.monotonic() - self.start,
            fraction=min(1.0, done / sum(sizes)),
        )

    def _placed(self, arrays: Arrays, data: Prepared) -> NDArray[np.float64]:
        """Places of all cells as they are now."""
        relation = relate([arrays], data, self.device)
        return relation.over_spots.place(self.inputs.spot_xy, self.inputs.pitch)

    def candidates(self, snapshots: list[Arrays], data: Prepared) -> list[Arrays]:
        """Weights to choose from: where training begins, if that is one of them, and snapshots."""
        return [start_arrays(data), *snapshots] if self.options.has_start else snapshots

    @property
    def lengths(self) -> tuple[int, ...]:
        """Steps of the candidates."""
        return ((0,) if self.options.has_start else ()) + self.options.step_choices

    def choose(self, course: Course) -> tuple[judging.Choice, Places]:
        """Let held-out genes and spots choose; the longest training where there are none."""
        longest = len(self.lengths) - 1
        choice = judging.Choice(snapshot=longest, sharpness=1.0)
        if self.folds:
            scores = []
            for f, fold in enumerate(self.folds):
                rest = self.data.only(rest_of(fold, self.data.genes.size))
                tried = self.candidates(course.done.get(f"fold{f}", []), rest)
                scores.append(judging.held_out_pcc(tried, self.data, fold, self.device))
            choice = judging.choose(scores, self.folds)
        if self.split is None or self.held is None:
            return choice, Places(snapshot=choice.snapshot if self.options.is_free else longest)
        found = [
            judging.place_pseudo_cells(arrays, self.held, self.split, self.device)
            for arrays in self.candidates(course.done.get(PLACE, []), self.held)
        ]
        best = min(range(len(found)), key=lambda i: found[i]["held_out_distance"])
        return choice, Places(snapshot=best, scores=found[best])

    def member_steps(self, choice: judging.Choice, places: Places) -> tuple[int, ...]:
        """Say after which steps weights are kept: for expression, and for places."""
        wanted = {self.lengths[choice.snapshot], self.lengths[places.snapshot]}
        return tuple(sorted(wanted - {0}))
