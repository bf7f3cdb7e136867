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

import torch

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress
from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.stem.course import MEMBER, TRIAL, Course
from napari_tessera.methods.stem.network import Encoder, new_encoder
from napari_tessera.methods.stem.options import Variant
from napari_tessera.methods.stem.placing import credible, place
from napari_tessera.methods.stem.training import TrainingData, draw, loss_terms, loss_weights
from napari_tessera.numerics.ahead import Ahead
from napari_tessera.numerics.blocks import with_smaller_blocks
from napari_tessera.numerics.held_out import HeldOut, hold_out
from napari_tessera.numerics.minimise import Plan, Watch, one_cycle
from napari_tessera.numerics.release import release_memory
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.numerics.tensors import pick_device, quick_products
from napari_tessera.numerics.together import Together, minimise_together, side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stem.course import Stage, Training
    from napari_tessera.methods.stem.options import StemOptions

PREVIEW_EVERY, PREVIEW_SPOTS = 20, 12
"""Steps between two offers of a preview, and spots per cell that it looks at."""

PREVIEW_PAIRS = 1e8
"""Cells x spots up to which previews come that often; they are rarer where each takes longer."""

FEW_NEIGHBOURS, MANY_NEIGHBOURS = 1.5, 50.0
"""Effective neighbours under the target outside of which a warning is given."""

NO_TRIAL = "Too few spots to hold some out: steps were not chosen and there is no held-out score."


LIGHT_ENTRIES = 2**25
"""Entries of the rows that a step encodes (128 MiB) up to which networks are trained together."""


@dataclasses.dataclass(frozen=True)
class _Fit:
    """The pieces that all stages share."""

    inputs: PairedData
    options: StemOptions
    monitor: Monitor
    device: torch.device
    start: float

    @property
    def at_once(self) -> int:
        """Threads for networks beside each other; 0 where one fills the machine."""
        if self.device.type != "cpu":
            return 0
        options, n_spots = self.options, self.inputs.n_spots
        cells = min(options.batch_cells or self.inputs.n_cells, self.inputs.n_cells)
        spots = options.batch_spots if options.samples_spots(n_spots) else n_spots
        genes = min(options.n_genes or self.inputs.n_genes, self.inputs.n_genes)
        light = (cells + 2 * spots) * genes <= LIGHT_ENTRIES
        return torch.get_num_threads() if light else 0

    def train(
        self, data: _Prepared, stage: Stage, course: Course, resume: State | None
    ) -> tuple[list[Encoder], Together]:
        """Train the networks of a stage."""
        data.prepare(stage.kinds)
        nets = [self._new(data[t.kind], t) for t in stage.trainings]
        shown = nets[[t.kind for t in stage.trainings].index(stage.title)]
        watch = Watch(
            monitor=self.monitor,
            describe=lambda step, losses: self._progress(stage, step, losses),
            wrap=course.state,
            each_step=lambda step: self._preview(shown, data[stage.title], step),
        )
        spare = len(nets) < self.at_once or self.at_once == 0
        pairs = [
            (n, self._plan(n, data[t.kind], t, draw_ahead=spare))
            for n, t in zip(nets, stage.trainings, strict=True)
        ]
        with quick_products():
            return nets, minimise_together(pairs, watch, resume, at_once=self.at_once)

    def _new(self, data: TrainingData, training: Training) -> Encoder:
        """Make a network with weights of its own."""
        seeds = torch_generator(self.options.seed, training.number)
        cosine = self.options.variant is Variant.IMPROVED
        return new_encoder(data.genes.size, cosine=cosine, generator=seeds).to(self.device)

    def _plan(
        self, net: Encoder, data: TrainingData, training: Training, *, draw_ahead: bool
    ) -> Plan:
        """Losses and schedule of one network; where a core is idle draws are made a step ahead."""
        draws = partial(draw, data, self.options, training.number)
        made = Ahead(draws, training.n_steps) if draw_ahead else draws
        return Plan(
            terms=loss_terms(net, data, self.options, made),
            weights=loss_weights(self.options, training.n_steps),
            n_steps=training.n_steps,
            rate=self._rate(training.n_steps),
        )

    def _rate(self, n_steps: int) -> Callable[[int], float]:
        """One cycle, or the published halving every 200 steps after a warm-up."""
        peak = self.options.learning_rate
        if self.options.variant is Variant.PUBLISHED:
            return lambda step: peak * min(1.0, (step + 1) / 10) * 0.5 ** (step // 200)
        return one_cycle(n_steps, peak)

    def _progress(self, stage: Stage, step: int, losses: Mapping[str, float]) -> Progress:
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
        source, options = self.sources[kind], self.options
        self[kind] = with_smaller_blocks(lambda: TrainingData.prepare(source, options, self.device))
        release_memory()
        return self[kind]

    def prepare(self, kinds: Collection[str]) -> None:
        """Prepare what is to be trained at the same time, beside each other too."""
        if len(kinds) > 1:
            list(side_by_side(self.__getitem__, sorted(kinds)))

    def over(self, kind: str) -> None:
        """Drop what only training needs: nothing of this kind is trained any more."""
        if kind in self:
            self[kind] = dataclasses.replace(self[kind], parts=None)


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
    course = Course(choices) if resume is None else Course.restore(choices, resume)
    loop = None if resume is None else resume.part("loop")
    matched = options.variant is Variant.IMPROVED
    split = hold_out(inputs, options.seed, match_platform=matched)
    sources = {TRIAL: inputs if split is None else split.inputs, MEMBER: inputs}
    data = _Prepared(sources, options, shared.device)
    together, early = shared.at_once > 0, False
    while not early and (
        stage := course.next_stage(options, with_trials=split is not None, together=together)
    ):
        if TRIAL not in stage.kinds:
            data.over(TRIAL)
        nets, trained = shared.train(data, stage, course, loop)
        loop, early = None, trained.early
        course.take(stage, nets, trained, partial(_score, data=data, split=split))
    final = data[TRIAL if course.by_judge else MEMBER]
    discs = None
    if split is not None and course.judges:
        learned = data[TRIAL], data.get(MEMBER)
        asked = partial(credible, course.judges, inputs, split, learned, options.seed)
        discs = with_smaller_blocks(asked)
    return Fitted(
        state=_pack(course, final, {"credible": discs, "seed": options.seed}),
        device=str(shared.device),
        ending="finished early" if early else "complete",
        scores=course.trials.get(str(course.best_steps()), {}),
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


def _score(net: Encoder, *, data: _Prepared, split: HeldOut | None) -> dict[str, float]:
    """Place the pseudo-cells, if there are any, and score them."""
    if split is None:
        return {}
    cells = data[TRIAL].log_cells(split.pseudo_cells.values)
    return split.scores(with_smaller_blocks(lambda: place(net, data[TRIAL], cells)))


def _pack(course: Course, data: TrainingData, further: dict[str, Any]) -> State:
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
