"""SpaIM: imputation by style transfer (:cite:`li2025spaim`).

A gene is a sample. Its *content* is its profile over clusters of reference cells, its *style* what
the section makes of it. An autoencoder of the measured genes' patterns over the spots and a
generator that starts from profiles share one decoder; four losses bring the generator's codes and
patterns to the autoencoder's (`losses`). Predicted is what the generator makes of a new gene's
profile. Networks are in `network`, targets and profiles in `training`.

Departures of the published form from the authors' program: every batch of genes is kept, names
keep their order, clusters are cell types or k-means; values come back in the tissue's scale, which
the losses do not fix, by the regression that all predictors of genes share.

The improved form (default) learns *standardised* patterns, so that the cosine is a correlation and
not mostly the mean; writes them in an orthonormal basis of their own, so that neither time nor
memory grow with the spots; profiles are standardised, over many small clusters; the generator is
also held to the truth itself; the rate follows one cycle; several networks are averaged.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import torch

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, SilentMonitor
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.spaim.network import Generator
from napari_tessera.methods.spaim.options import SpaimOptions
from napari_tessera.methods.spaim.training import (
    Targets,
    Training,
    cluster_cells,
    gene_profiles,
    in_basis,
)
from napari_tessera.numerics.gene_fitting import options_of, packed, warnings_of
from napari_tessera.numerics.gene_judging import GeneTask, Judged, judge, judged_rows
from napari_tessera.numerics.gene_panel import prepare_panel
from napari_tessera.numerics.gene_stack import best_single
from napari_tessera.numerics.imputers import Sides
from napari_tessera.numerics.imputing import impute
from napari_tessera.numerics.minimise import Watch, load_module, module_arrays
from napari_tessera.numerics.seeding import torch_generator
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_tessera.contract.imputing import ImputingOptions
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.numerics.gene_panel import GenePanel
    from napari_tessera.numerics.gene_stack import Family

NAME = "spaim"

NOTHING_TO_PREDICT = "Option genes: expected a gene that was not measured, found none."


@dataclasses.dataclass
class _Course:
    """Generators that are trained so far: the part of a checkpoint that is not the loop's own."""

    trained: list[Mapping[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    history: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)

    def state(self, loop: State) -> State:
        """Pack for a checkpoint."""
        joined = join_states({**generator_states(self.trained), "loop": loop})
        return State(arrays=joined.arrays, values={**joined.values, "n_trained": len(self.trained)})

    @classmethod
    def restore(cls, state: State) -> _Course:
        """Inverse of `state`."""
        n_trained = int(state.values["n_trained"])
        return cls([state.part(f"generator{i}").arrays for i in range(n_trained)])


@dataclasses.dataclass
class _Fit:
    """What all trainings share, how many of them are done, and the step of the last one."""

    panel: GenePanel
    profiles: torch.Tensor
    options: SpaimOptions
    monitor: Monitor
    n_epochs: int
    start: float = dataclasses.field(default_factory=time.monotonic)
    done: int = 0
    step: int = 0

    def targets(self, spots: torch.Tensor, genes: torch.Tensor) -> tuple[Targets, torch.Tensor]:
        """Say what is learned of some genes, and in which basis (empty: the spots themselves)."""
        everything = len(genes) == self.panel.n_panel  # no copy: a large section has but one
        x = spots if everything else spots[:, genes]
        profiles = self.profiles[genes]
        if self.options.improved:
            basis, coordinates = in_basis(x)
            ones = torch.ones(len(genes), device=x.device)
            return Targets(x=coordinates, scale=ones, centre=0 * ones, profiles=profiles), basis
        at = genes.cpu().numpy()
        scale, centre = (
            torch.from_numpy(v[at]).to(x.device) for v in (self.panel.spot_sd, self.panel.spot_mean)
        )
        found = Targets(x=x, scale=scale, centre=centre, profiles=profiles)
        return found, x.new_empty(0)

    def watch(self, stage: str, n_steps: int, course: _Course | None) -> Watch:
        """Progress of one training; checkpoints where there is a course."""
        planned = self.options.n_networks * (self.options.folds + 1)
        before = self.done / planned

        def describe(step: int, losses: Mapping[str, float]) -> Progress:
            self.step = step
            return Progress(
                stage=stage, step=step, n_steps=n_steps, losses=losses,
                elapsed_s=time.monotonic() - self.start,
                fraction=min(1.0, before + step / n_steps / planned),
            )  # fmt: skip

        monitor = self.monitor if course is not None else _WithoutCheckpoints(self.monitor)
        return Watch(
            monitor=monitor,
            describe=describe,
            wrap=(lambda loop: loop) if course is None else course.state,
        )

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Train without the outputs and predict them: what holding out genes asks for."""
        del names
        targets, basis = self.targets(sides.spots, inputs)
        made = []
        for member in range(self.options.n_networks):
            training = Training(
                targets=targets, options=self.options, stream=member, n_epochs=self.n_epochs
            )
            watch = self.watch("holding out genes", training.n_steps, None)
            made.append(training.run(watch)[0])
            self.done += 1
        return {NAME: patterns(made, self.profiles[outputs], basis)}

    @property
    def names(self) -> tuple[str, ...]:
        """The one name."""
        return (NAME,)


class _WithoutCheckpoints:
    """Passes progress on; trainings for the score are done again after a break."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self.report = monitor.report
        self.preview = monitor.preview

    def checkpoint(self, make_state: object) -> None:
        """Keep nothing."""


@dataclasses.dataclass(frozen=True)
class _Trained:
    """Generators that were trained on the whole panel; what has fewer inputs is trained anew."""

    generators: Sequence[Generator]
    profiles: torch.Tensor
    basis: torch.Tensor
    anew: _Fit
    names: tuple[str, ...] = (NAME,)

    def predict(
        self, sides: Sides, inputs: torch.Tensor, outputs: torch.Tensor, names: Sequence[str]
    ) -> Mapping[str, torch.Tensor]:
        """Turn profiles into patterns."""
        if len(inputs) < self.anew.panel.n_panel:
            return self.anew.predict(sides, inputs, outputs, names)
        return {NAME: patterns(self.generators, self.profiles[outputs], self.basis)}


def patterns(
    generators: Sequence[Generator], profiles: torch.Tensor, basis: torch.Tensor
) -> torch.Tensor:
    """Mean pattern over the spots, (n_spots, n_genes); without a basis never negative."""
    total = sum((g.generated(profiles) for g in generators), torch.zeros(1, device=profiles.device))
    mean = (total / len(generators)).T
    return basis @ mean if basis.numel() else mean.clamp(min=0)


def fit(
    inputs: PairedData, options: SpaimOptions, monitor: Monitor, resume: State | None = None
) -> Fitted:
    """Train on all measured genes, then without each fold in turn for the score.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    options : SpaimOptions
        Options.
    monitor : Monitor
        Takes progress and checkpoints.
    resume : State or None
        Checkpoint of an unfinished fit of the same inputs and options.
    """
    device = pick_device(options.device)
    panel = prepare_panel(inputs, options)
    if not _anew(inputs, options) and not panel.wanted.size:
        hint = "With so many spots the published form predicts no measured genes; name others."
        raise InputError(NOTHING_TO_PREDICT, hint)
    profiles = gene_profiles(panel, cluster_cells(inputs, options), options).to(device)
    shared = _Fit(panel, profiles, options, monitor, options.n_epochs)
    course = _Course() if resume is None else _Course.restore(resume)
    loop = None if resume is None else resume.part("loop")
    early = _train(shared, Sides.of(panel, device), course, loop)
    rows = judged_rows(inputs.n_spots, options.seed)
    sides = Sides.of(panel, device, None if rows.size == inputs.n_spots else rows)
    task = GeneTask(panel=panel, sides=sides, families=(shared,), options=options)
    judged = judge(task, best_single)
    state = packed(judged, options, **generator_states(course.trained))
    return Fitted(
        state=State(arrays=state.arrays, values={**state.values, "n_epochs": shared.n_epochs}),
        device=str(device),
        ending="finished early" if early else "complete",
        scores=judged.scores,
        history=course.history,
        warnings=warnings_of(panel, judged.scores),
    )


def guest(
    inputs: PairedData, panel: GenePanel, options: ImputingOptions, monitor: Monitor
) -> Family:
    """One improved network as a predictor that is trained whenever it is asked."""
    own = SpaimOptions(
        seed=options.seed, device=options.device, folds=options.folds,
        max_cells=options.max_cells, members=1,
    )  # fmt: skip
    device = pick_device(options.device)
    profiles = gene_profiles(panel, cluster_cells(inputs, own), own).to(device)
    return _Fit(panel, profiles, own, monitor, own.n_epochs)


def _train(shared: _Fit, sides: Sides, course: _Course, loop: State | None) -> bool:
    """Train the networks of the answer; says whether somebody wanted to finish early.

    Finished early, the score is made with trainings of the same length.
    """
    everything = torch.arange(shared.panel.n_panel, device=sides.spots.device)
    targets, _ = shared.targets(sides.spots, everything)
    shared.done = len(course.trained)
    for member in range(len(course.trained), shared.options.n_networks):
        training = Training(
            targets=targets, options=shared.options, stream=member, n_epochs=shared.n_epochs
        )
        watch = shared.watch("fitting", training.n_steps, course)
        generator, course.history, early = training.run(watch, loop)
        loop = None
        course.trained.append(module_arrays(generator))
        shared.done += 1
        if early:
            shared.n_epochs = max(1, shared.step // training.n_batches)
            return True
    return False


def predict(fitted: Fitted, inputs: PairedData) -> RunResult:
    """Turn the profiles of the wanted genes into patterns.

    Measured genes are those of the held-out folds.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    """
    options = SpaimOptions.from_json(options_of(fitted))
    device = torch.device(fitted.device)
    panel = prepare_panel(inputs, options)
    profiles = gene_profiles(panel, cluster_cells(inputs, options), options).to(device)
    sides = Sides.of(panel, device)
    basis = in_basis(sides.spots)[0] if options.improved else sides.spots.new_empty(0)
    n_outputs = basis.shape[1] if options.improved else inputs.n_spots
    states = [fitted.state.part(f"generator{i}").arrays for i in range(options.n_networks)]
    generators = [_restored(s, n_outputs, profiles) for s in states if s]
    n_epochs = int(fitted.state.values["n_epochs"])
    anew = _Fit(panel, profiles, options, SilentMonitor(), n_epochs)
    family = _Trained(generators, profiles, basis, anew)
    judged = Judged.from_state(fitted.state.part("judged"))
    task = GeneTask(panel=panel, sides=sides, families=(family,), options=options)
    return RunResult(imputation=impute(task, judged, inputs, measured=_anew(inputs, options)))


def _anew(inputs: PairedData, options: SpaimOptions) -> bool:
    """Whether measured genes are predicted from the other folds; too costly for many spots."""
    return options.improved or judged_rows(inputs.n_spots, options.seed).size == inputs.n_spots


def generator_states(trained: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, State]:
    """Weights of generators as parts of a state."""
    return {f"generator{i}": State(arrays=arrays) for i, arrays in enumerate(trained)}


def _restored(
    arrays: Mapping[str, NDArray[Any]], n_outputs: int, profiles: torch.Tensor
) -> Generator:
    """Make a generator from its saved weights."""
    net = Generator(n_outputs, profiles.shape[1], torch_generator(0))
    load_module(net, arrays)
    return net.to(profiles.device)
