"""STEM: spatial transfer learning of one encoder for cells and spots (:cite:`hao2024stem`).

Minimised is ``L = L_ext + alpha L_MMD + beta_t L_trans`` over the weights of one encoder f.

=============  =======================  ================================================
paper          here                     meaning
=============  =======================  ================================================
f              `Encoder`                K -> 512 -> 256 -> 128
S              ``adjacency``            spatial adjacency of the spots, Gaussian, sparse
Z_sc, Z_st     ``cells``, ``spots``     embeddings
C, C-hat       rows of the `CellMap`    cell over spots, spot over cells
alpha, beta_t  ``alignment`` weight,    weights of the terms
               ``transport`` weight
=============  =======================  ================================================

Departures of the default (``variant="improved"``) from the published form: spots are thinned to the
depth of random cells instead of losing inputs by dropout; both sides are normalised to the median
cell total; embeddings have length one and a learned inverse temperature; the spot that is found is
the whole one, only the one that asks is thinned; a one-cycle schedule of few steps whose number is
chosen on held-out spots; several networks are averaged; placement by the geometric median.
"""

from __future__ import annotations

import dataclasses
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress
from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.stem.network import Encoder, new_encoder
from napari_tessera.methods.stem.options import Variant
from napari_tessera.methods.stem.placing import credible, place
from napari_tessera.methods.stem.training import TrainingData, draw, loss_terms, loss_weights
from napari_tessera.numerics.ahead import Ahead
from napari_tessera.numerics.held_out import HeldOut, hold_out
from napari_tessera.numerics.minimise import Plan, Watch, minimise, module_arrays, one_cycle
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.numerics.tensors import pick_device, quick_products

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stem.options import StemOptions

PREVIEW_EVERY, PREVIEW_SPOTS = 20, 12
"""Steps between two offers of a preview, and spots per cell that it looks at."""

PREVIEW_PAIRS = 1e8
"""Cells x spots up to which previews come that often; they are rarer where each takes longer."""

FEW_NEIGHBOURS, MANY_NEIGHBOURS = 1.5, 50.0
"""Effective neighbours under the target outside of which a warning is given."""

NO_TRIAL = "Too few spots to hold some out: steps were not chosen and there is no held-out score."


TRIAL, MEMBER = "choosing steps", "fitting"
"""The two kinds of training run, by their names for people."""


@dataclasses.dataclass(frozen=True)
class _Stage:
    """One training run among those of a fit: a trial on 90 % of the spots, or a member on all."""

    number: int
    trial: bool
    n_steps: int
    before: int
    total: int

    @property
    def title(self) -> str:
        """Name for people."""
        return TRIAL if self.trial else MEMBER


@dataclasses.dataclass
class _Course:
    """What is finished so far: the part of a checkpoint that is not the loop's own."""

    choices: tuple[int, ...]
    trials: dict[str, dict[str, float]] = dataclasses.field(default_factory=dict)
    judges: list[dict[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    members: list[dict[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    history: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)

    def state(self, loop: State) -> State:
        """Pack for a checkpoint."""
        parts = {f"member{i}": State(arrays=m) for i, m in enumerate(self.members)}
        parts |= {f"judge{i}": State(arrays=j) for i, j in enumerate(self.judges)}
        joined = join_states({**parts, "loop": loop})
        own = {"trials": self.trials, "n_members": len(self.members)}
        own["n_judges"] = len(self.judges)
        return State(arrays=joined.arrays, values={**joined.values, **own})

    @classmethod
    def restore(cls, choices: tuple[int, ...], state: State) -> _Course:
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

    def next_stage(self, options: StemOptions, *, with_trials: bool) -> _Stage | None:
        """Say what to train now; None when all is done."""
        planned = [n for n in self.choices if with_trials]
        before = sum(n for n in planned if str(n) in self.trials)
        members = options.n_networks * self.best_steps()
        total = sum(planned) + members
        for i, n_steps in enumerate(planned):
            if str(n_steps) not in self.trials:
                return _Stage(i, trial=True, n_steps=n_steps, before=before, total=total)
        done = len(self.members)
        if done >= options.n_networks:
            return None
        n_steps = self.best_steps()
        before += done * n_steps
        return _Stage(_FIRST_MEMBER + done, False, n_steps, before, total)  # noqa: FBT003 - fields


_JUDGED_BY = "held_out_distance"
_FIRST_MEMBER = 1000
"""Number of the first member's stage: its draws do not depend on how many trials there were."""


@dataclasses.dataclass(frozen=True)
class _Fit:
    """The pieces that all stages share."""

    inputs: PairedData
    options: StemOptions
    monitor: Monitor
    device: torch.device
    start: float

    def train(
        self, data: TrainingData, stage: _Stage, course: _Course, resume: State | None
    ) -> tuple[Encoder, bool]:
        """Train one network; says whether it was finished early."""
        seeds = torch_generator(self.options.seed, stage.number)
        cosine = self.options.variant is Variant.IMPROVED
        net = new_encoder(data.genes.size, cosine=cosine, generator=seeds).to(self.device)
        draws = partial(draw, data, self.options, stage.number)
        plan = Plan(
            terms=loss_terms(net, data, self.options, Ahead(draws, stage.n_steps)),
            weights=loss_weights(self.options, stage.n_steps),
            n_steps=stage.n_steps,
            rate=self._rate(stage.n_steps),
        )
        watch = Watch(
            monitor=self.monitor,
            describe=lambda step, losses: self._progress(stage, step, losses),
            wrap=course.state,
            each_step=lambda step: self._preview(net, data, step),
        )
        with quick_products():
            course.history, early = minimise(net, plan, watch, resume)
        return net, early

    def _rate(self, n_steps: int) -> Callable[[int], float]:
        """One cycle, or the published halving every 200 steps after a warm-up."""
        peak = self.options.learning_rate
        if self.options.variant is Variant.PUBLISHED:
            return lambda step: peak * min(1.0, (step + 1) / 10) * 0.5 ** (step // 200)
        return one_cycle(n_steps, peak)

    def _progress(self, stage: _Stage, step: int, losses: Mapping[str, float]) -> Progress:
        """Sign of life with the share of the whole fit."""
        return Progress(
            stage=stage.title,
            step=step,
            n_steps=stage.n_steps,
            losses=losses,
            elapsed_s=time.monotonic() - self.start,
            fraction=min(1.0, (stage.before + step) / stage.total),
        )

    def _preview(self, net: Encoder, data: TrainingData, step: int) -> None:
        """Offer the placement as it is now, quickly made."""
        pairs = data.cells.shape[0] * data.spots.shape[0]
        every = math.ceil(PREVIEW_EVERY * max(1.0, pairs / PREVIEW_PAIRS))
        if step % every == every - 1:
            self.monitor.preview(lambda: place(net, data, data.cells, PREVIEW_SPOTS))


class _Prepared(dict[str, TrainingData]):
    """What each kind of training run learns from, prepared when it is first asked for."""

    def __init__(
        self, sources: Mapping[str, PairedData], options: StemOptions, device: torch.device
    ) -> None:
        super().__init__()
        self.sources, self.options, self.device = sources, options, device

    def __missing__(self, kind: str) -> TrainingData:
        self[kind] = TrainingData.prepare(self.sources[kind], self.options, self.device)
        return self[kind]


def fit(
    inputs: PairedData, options: StemOptions, monitor: Monitor, resume: State | None = None
) -> Fitted:
    """Choose the steps on held-out spots, then train on all spots.

    Parameters
    ----------
    inputs : PairedData
        Counts of cells and spots over the same genes.
    options : StemOptions
        Options.
    monitor : Monitor
        Takes progress, checkpoints and previews.
    resume : State or None
        Checkpoint of an unfinished fit of the same inputs and options.

    Returns
    -------
    Fitted
        Weights of every member, and the held-out score of a single network of as many steps.
    """
    shared = _Fit(inputs, options, monitor, pick_device(options.device), time.monotonic())
    choices = options.step_choices(inputs.n_spots)
    course = _Course(choices) if resume is None else _Course.restore(choices, resume)
    loop = None if resume is None else resume.part("loop")
    matched = options.variant is Variant.IMPROVED
    split = hold_out(inputs, options.seed, match_platform=matched)
    sources = {TRIAL: inputs if split is None else split.inputs, MEMBER: inputs}
    data = _Prepared(sources, options, shared.device)
    early = False
    while not early and (stage := course.next_stage(options, with_trials=split is not None)):
        net, early = shared.train(data[stage.title], stage, course, loop)
        loop = None
        if stage.trial and split is not None:
            course.trials[str(stage.n_steps)] = _score(net, data[TRIAL], split)
            course.judges.append(module_arrays(net))
        whole = not early and not stage.trial
        if whole or (
            early and not course.members
        ):  # what was cut short counts if it is all there is
            course.members.append(module_arrays(net))
    scores = course.trials.get(str(course.best_steps()), {})
    final = data[TRIAL if early and stage and stage.trial else MEMBER]
    discs = None
    if split is not None and course.judges:
        learned = data[TRIAL], data.get(MEMBER)
        discs = credible(course.judges, inputs, split, learned, options.seed)
    return Fitted(
        state=_pack(course, final, {"credible": discs, "seed": options.seed}),
        device=str(shared.device),
        ending="finished early" if early else "complete",
        scores=scores,
        history=course.history,
        warnings=_warnings(final, judged=split is not None),
    )


def _warnings(data: TrainingData, *, judged: bool) -> tuple[str, ...]:
    """Say what a reader of the result should know."""
    found = [] if judged else [NO_TRIAL]
    if data.neighbours < FEW_NEIGHBOURS:
        found.append(
            f"Sigma is small: a spot has {data.neighbours:.1f} neighbours, itself included."
        )
    if data.neighbours > MANY_NEIGHBOURS:
        found.append(
            f"Sigma is large: a spot has {data.neighbours:.0f} neighbours; maps will blur."
        )
    return tuple(found)


def _score(net: Encoder, data: TrainingData, split: HeldOut) -> dict[str, float]:
    """Place the pseudo-cells and score them."""
    cells = data.log_cells(split.pseudo_cells.values)
    return split.scores(place(net, data, cells))


def _pack(course: _Course, data: TrainingData, further: dict[str, Any]) -> State:
    """Keep what prediction needs: every member's weights, the genes and the common total."""
    members = join_states({f"member{i}": State(arrays=m) for i, m in enumerate(course.members)})
    values = {
        "target": data.target,
        "spot_target": data.spot_target,
        "n_members": len(course.members),
        "trials": course.trials,
    }
    return State(
        arrays={**members.arrays, "genes": data.genes, "factors": data.factors},
        values=values | further,
    )
