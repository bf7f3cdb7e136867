"""stAI: imputation and annotation in one latent space (:cite:`zou2025stai`).

Minimised is the weighted sum of the terms of `methods.stai.losses`, for each of several sub-models.

============  ===================================  ==========================================
paper         here                                 meaning
============  ===================================  ==========================================
X1, X2        ``StaiData.spots``, ``.cells``       z-scored expression
Z1, Z2        `SubModel.embed_spots`, `..._cells`  embeddings, 16 numbers
S             `answers.cell_weights`               weights of the nearest cells of a spot
D1, D2        ``decode_spots``, ``decode_cells``   decoders
k sub-models  ``options.folds``                  one per fold of genes that it does not see
============  ===================================  ==========================================

Departures of the default (``variant="improved"``) from the published form: cells are thinned to the
tissue's depth and both sides are logged alike; one encoder serves both sides, and the attention
over neighbours stands behind a gate that starts closed; the temperature of S is learned; weights of
types are milder; one-cycle schedule with fewer rounds; nearest cells are looked for every 25
rounds. Both forms: exact neighbours in the tissue, each spot attends to its own; the graph is built
once; batches are made of patches with their true neighbours; MMD on a sample; a trial network that
never saw a fold of genes and cells gives scores, temperature, sets and intervals.
"""

from __future__ import annotations

import dataclasses
import math
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, SilentMonitor
from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.stai.calibrate import calibrate_genes, calibrate_types
from napari_tessera.methods.stai.network import StaiNet
from napari_tessera.methods.stai.prepare import StaiData, n_batches, prepare, sampled
from napari_tessera.methods.stai.simple import fit_simple, held_out_simple
from napari_tessera.methods.stai.training import Panel, SubModel
from napari_tessera.numerics.labels import stratified_folds
from napari_tessera.numerics.minimise import (
    CLIP,
    Plan,
    Watch,
    load_module,
    minimise,
    module_arrays,
    one_cycle,
)
from napari_tessera.numerics.seeding import rng_for, torch_generator
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.stai.options import StaiOptions

CELL_FOLDS = 10
"""One of so many folds of the cells is kept from all networks, to calibrate on."""

TRIAL = 0
"""Number of the trial's stage; members follow."""


@dataclasses.dataclass
class Course:
    """What is finished so far: the part of a checkpoint that is not the loop's own."""

    networks: list[dict[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    history: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)

    def state(self, loop: State, model: SubModel | None = None) -> State:
        """Pack for a checkpoint, with the lists of nearest cells that are in use."""
        parts = {f"network{i}": State(arrays=n) for i, n in enumerate(self.networks)}
        if model is not None and model.lists is not None:
            held = {"rows": model.lists, "bank": model.bank}
            arrays = {k: v.cpu().numpy() for k, v in held.items() if v is not None}
            parts["lists"] = State(arrays=arrays)
        joined = join_states({**parts, "loop": loop})
        values = {**joined.values, "n_networks": len(self.networks)}
        return State(arrays=joined.arrays, values=values)

    @classmethod
    def restore(cls, state: State) -> Course:
        """Inverse of `state`, but for lists and loop."""
        n = int(state.values["n_networks"])
        return cls(networks=[dict(state.part(f"network{i}").arrays) for i in range(n)])


@dataclasses.dataclass(frozen=True)
class Design:
    """Which genes and cells each network sees.

    Parameters
    ----------
    gene_folds : list of ndarray of int64
        Folds of the used genes, one per member.
    trial : Panel
        Genes of the trial.
    held_genes : ndarray of int64
        Genes that the trial never sees.
    held_cells : ndarray of int64
        Cells that no network sees.
    """

    gene_folds: list[NDArray[np.int64]]
    trial: Panel
    held_genes: NDArray[np.int64]
    held_cells: NDArray[np.int64]

    def panel(self, stage: int) -> Panel:
        """Genes of a network: the trial's, or all, one fold of them hidden."""
        if stage == TRIAL:
            return self.trial
        hidden = stage - 1
        rest = [f for i, f in enumerate(self.gene_folds) if i != hidden]
        return Panel(np.sort(np.concatenate(rest)), self.gene_folds[hidden])


def design(data: StaiData, options: StaiOptions) -> Design:
    """Deal genes and cells over the networks; the seed decides."""
    rng = rng_for(options.seed, 2)
    n_genes = data.panel.n_panel
    n_folds = min(options.folds, max(2, n_genes // 2))
    folds = [np.sort(f) for f in np.array_split(rng.permutation(n_genes), n_folds)]
    held, calibration = folds[0], folds[1]
    rest = np.setdiff1d(np.arange(n_genes), np.concatenate([held, calibration]))
    trial = Panel(rest if rest.size else calibration, calibration)
    codes = np.zeros(data.n_cells, dtype=np.int64)
    if data.codes is not None:
        codes = data.codes.cpu().numpy()
    held_cells = np.flatnonzero(stratified_folds(codes, CELL_FOLDS, rng) == 0)
    return Design(folds, trial, held, held_cells)


@dataclasses.dataclass(frozen=True)
class StaiFit:
    """The pieces that all stages share."""

    data: StaiData
    options: StaiOptions
    design: Design
    monitor: Monitor = dataclasses.field(default_factory=SilentMonitor)
    start: float = 0.0

    @property
    def n_steps(self) -> int:
        """Steps of one network."""
        return self.options.n_epochs * n_batches(self.data, self.options)

    def model(self, stage: int, data: StaiData) -> SubModel:
        """Make a network with fresh weights that answers from the given cells."""
        panel = self.design.panel(stage)
        net = StaiNet(
            panel.inputs.size,
            data.types.size,
            shared=self.options.improved,
            generator=torch_generator(self.options.seed, stage),
        )
        return SubModel(net.to(data.spots.device), data, panel, self.options)

    def trained(self, stage: int, arrays: Mapping[str, NDArray[Any]]) -> SubModel:
        """Make a network with the weights it has learned."""
        model = self.model(stage, self.data)
        load_module(model.net, arrays)
        model.net.eval()
        return model

    def train(self, stage: int, course: Course, resume: State | None) -> tuple[SubModel, bool]:
        """Train one network; says whether it was finished early."""
        seen = np.setdiff1d(np.arange(self.data.n_cells), self.design.held_cells)
        model = self.model(stage, self.data.take_cells(seen))
        options, improved = self.options, self.options.improved
        if resume is not None:
            held = resume.part("lists").arrays
            tensors = {k: torch.from_numpy(np.array(v)) for k, v in held.items()}
            lists, bank = (tensors.get(k) for k in ("rows", "bank"))
            model.lists = None if lists is None else lists.to(self.data.spots.device)
            model.bank = None if bank is None else bank.to(self.data.spots.device)
        rate = one_cycle(self.n_steps, options.learning_rate)
        plan = Plan(
            terms=partial(model.terms, stage=stage),
            weights=lambda _step: options.loss_weights,
            n_steps=self.n_steps,
            rate=rate if improved else lambda _step: options.learning_rate,
            weight_decay=0.01 if improved else 0.0,
            clip=CLIP if improved else math.inf,
        )
        watch = Watch(
            monitor=self.monitor,
            describe=lambda step, losses: self._progress(stage, step, losses),
            wrap=partial(course.state, model=model),
        )
        loop = None if resume is None else resume.part("loop")
        course.history, early = minimise(model.net, plan, watch, loop)
        return model, early

    def _progress(self, stage: int, step: int, losses: Mapping[str, float]) -> Progress:
        """Sign of life with the share of the whole fit."""
        return Progress(
            stage="trial" if stage == TRIAL else f"network {stage}",
            step=step,
            n_steps=self.n_steps,
            losses=losses,
            elapsed_s=time.monotonic() - self.start,
            fraction=(stage + step / self.n_steps) / (len(self.design.gene_folds) + 1),
        )


def fit(
    inputs: PairedData, options: StaiOptions, monitor: Monitor, resume: State | None = None
) -> Fitted:
    """Train the trial, then the members.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots over the same genes; types of the cells where spots are to be annotated.
    options : StaiOptions
        Options.
    monitor : Monitor
        Takes progress and checkpoints.
    resume : State or None
        Checkpoint of an unfinished fit of the same inputs and options.

    Returns
    -------
    Fitted
        Weights of the trial and of every member, calibration, held-out scores of the trial.
    """
    device = pick_device(options.device)
    data = prepare(sampled(inputs, options), options, device)
    shared = StaiFit(data, options, design(data, options), monitor, time.monotonic())
    course = Course() if resume is None else Course.restore(resume)
    early = False
    while not early and len(course.networks) <= len(shared.design.gene_folds):
        stage = len(course.networks)
        model, early = shared.train(stage, course, resume)
        resume = None
        if not early or stage <= 1:  # what was cut short counts if it is all there is
            course.networks.append(module_arrays(model.net))
    models = [shared.trained(i, n) for i, n in enumerate(course.networks)]
    arrays, scores = _calibrate(shared, models)
    parts = {f"network{i}": State(arrays=n) for i, n in enumerate(course.networks)}
    values = {**options.to_json(), "n_networks": len(course.networks), "types": data.types.tolist()}
    return Fitted(
        state=State(arrays={**join_states(parts).arrays, **arrays}, values=values),
        device=str(device),
        ending="finished early" if early else "complete",
        scores=scores,
        history=course.history,
    )


def _calibrate(
    shared: StaiFit, models: list[SubModel]
) -> tuple[dict[str, NDArray[Any]], dict[str, float]]:
    """All that held-out genes and cells teach, and the simple member."""
    data, options, plan = shared.data, shared.options, shared.design
    genes, gene_scores = calibrate_genes(models[TRIAL], plan.held_genes, options.coverage)
    others, arrays = [], {}
    if options.simple_member and options.improved and data.codes is not None:
        log_p, penalty = held_out_simple(data, plan.held_cells)
        others, arrays = [log_p], fit_simple(data, penalty)
    members = models[TRIAL + 1 :] or models
    types, type_scores = calibrate_types(members, plan.held_cells, others, options)
    return {**genes, **types, **arrays}, {**type_scores, **gene_scores}
