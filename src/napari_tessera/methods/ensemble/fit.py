"""The stack: a greedy weighted mean of standardised predictions.

Members are soft correlation, its kriged form and kernel ridge, on the data as they are and on
views of them (`numerics.gene_views`), and networks that are trained on the reference with random
genes hidden (`numerics.masked_network`). Fifteen times the member is added that raises the mean
correlation over held-out genes most.
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, SilentMonitor, Verdict
from napari_tessera.contract.results import RunResult
from napari_tessera.contract.state import State, join_states
from napari_tessera.methods.ensemble.options import GeneEnsembleOptions
from napari_tessera.numerics.gene_families import KernelRidge, Kriged, SoftCorrelation
from napari_tessera.numerics.gene_fitting import options_of, packed, warnings_of
from napari_tessera.numerics.gene_judging import GeneTask, Judged, judge, judged_rows
from napari_tessera.numerics.gene_panel import prepare_panel
from napari_tessera.numerics.gene_stack import greedy_stack
from napari_tessera.numerics.gene_views import (
    DENOISED,
    POOLED,
    SMOOTHED,
    some_spots,
    with_views,
)
from napari_tessera.numerics.imputers import Sides
from napari_tessera.numerics.imputing import impute
from napari_tessera.numerics.masked_network import (
    MaskedNetwork,
    MaskedNetworks,
    restored,
    training_plan,
)
from napari_tessera.numerics.minimise import Watch, minimise, module_arrays
from napari_tessera.numerics.seeding import rng_for, torch_generator
from napari_tessera.numerics.tensors import pick_device

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import torch
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.ensemble import Guest
    from napari_tessera.numerics.gene_panel import GenePanel
    from napari_tessera.numerics.gene_stack import Family

KINDS = {"network": 0.0, "network, dropped": 0.3}
"""Both kinds of networks with their dropout: many cells want none, few cells much."""

TRAINED = 0.6
"""Share of a fit's time after which the networks are trained."""


def simple_members() -> tuple[Family, ...]:
    """Members that need no training."""
    return (
        SoftCorrelation((0.04, 0.07, 0.1, 0.15)),
        SoftCorrelation((0.05, 0.1), DENOISED),
        SoftCorrelation((0.05, 0.1), POOLED),
        SoftCorrelation((0.07, 0.1), SMOOTHED),
        KernelRidge((0.1, 0.3, 1.0, 3.0)),
        KernelRidge((1.0, 3.0), DENOISED),
        Kriged(SoftCorrelation((0.05, 0.07, 0.1)), (1.0, 3.0)),
        Kriged(SoftCorrelation((0.05, 0.1), POOLED), (3.0,)),
        Kriged(SoftCorrelation((0.07,), SMOOTHED), (3.0,)),
    )


@dataclasses.dataclass
class _Course:
    """Networks that are trained so far: the part of a checkpoint that is not the loop's own."""

    networks: list[Mapping[str, NDArray[Any]]] = dataclasses.field(default_factory=list)
    history: dict[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)

    def state(self, loop: State) -> State:
        """Pack for a checkpoint."""
        joined = join_states({**network_states(self.networks), "loop": loop})
        own = {"n_networks": len(self.networks)}
        return State(arrays=joined.arrays, values={**joined.values, **own})

    @classmethod
    def restore(cls, state: State) -> _Course:
        """Inverse of `state`."""
        n_networks = int(state.values["n_networks"])
        return cls([state.part(f"network{i}").arrays for i in range(n_networks)])


@dataclasses.dataclass(frozen=True)
class _Fit:
    """The pieces that all stages share."""

    options: GeneEnsembleOptions
    monitor: Monitor
    device: torch.device
    start: float

    def train(self, panel: GenePanel, cells: torch.Tensor, resume: State | None) -> _Course:
        """Train what is not trained yet; finishing early keeps what there is."""
        course = _Course() if resume is None else _Course.restore(resume)
        loop = None if resume is None else resume.part("loop")
        kinds = [rate for rate in KINDS.values() for _ in range(self.options.networks)]
        for number in range(len(course.networks), len(kinds)):
            stream = int(rng_for(self.options.seed, number).integers(2**31))
            net = MaskedNetwork(
                panel.n_panel, panel.n_all, torch_generator(stream), kinds[number]
            ).to(self.device)
            plan = training_plan(net, cells, panel.n_panel, stream)
            done = number / len(kinds)
            watch = Watch(
                monitor=self.monitor,
                describe=lambda step, losses, d=done, n=plan.n_steps: self._progress(  # type: ignore[misc]
                    "training networks", step, n, losses, TRAINED * (d + step / n / len(kinds))
                ),
                wrap=course.state,
            )
            course.history, early = minimise(net, plan, watch, loop)
            loop = None
            course.networks.append(module_arrays(net))
            if early:
                break
        return course

    def judged(self, task: GeneTask) -> tuple[Judged, bool]:
        """Weigh the members; says whether somebody wanted to finish early."""
        verdicts = []
        n_folds = min(self.options.folds, task.panel.n_panel)

        def report(done: int) -> None:
            share = TRAINED + 0.3 * done / n_folds
            verdicts.append(
                self.monitor.report(self._progress("holding out genes", done, n_folds, {}, share))
            )

        return judge(task, greedy_stack, report), Verdict.FINISH in verdicts

    def _progress(
        self, stage: str, step: int, n_steps: int, losses: Mapping[str, float], fraction: float
    ) -> Progress:
        """Sign of life with the share of the whole fit."""
        return Progress(
            stage=stage,
            step=step,
            n_steps=n_steps,
            losses=losses,
            elapsed_s=time.monotonic() - self.start,
            fraction=fraction,
        )


def fit(
    inputs: PairedData,
    options: GeneEnsembleOptions,
    monitor: Monitor,
    resume: State | None = None,
    guests: Sequence[Guest] = (),
) -> Fitted:
    """Train the networks, then weigh all members on held-out genes.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots.
    options : GeneEnsembleOptions
        Options.
    monitor : Monitor
        Takes progress and checkpoints.
    resume : State or None
        Checkpoint of an unfinished fit of the same inputs and options.
    guests : sequence of Guest
        Published methods; they join where the options say so.

    Returns
    -------
    Fitted
        Weights of the networks and of the members.
    """
    shared = _Fit(options, monitor, pick_device(options.device), time.monotonic())
    panel = prepare_panel(inputs, options)
    whole = with_views(Sides.of(panel, shared.device), inputs, options)
    course = shared.train(panel, whole.cells, resume)
    planned = len(KINDS) * options.networks
    families = (
        *simple_members(),
        *_networks(course.networks, panel, options, shared.device),
        *_invited(guests, inputs, panel, options, monitor),
    )
    sides = some_spots(whole, judged_rows(inputs.n_spots, options.seed))
    task = GeneTask(panel=panel, sides=sides, families=families, options=options)
    judged, early = shared.judged(task)
    early = early or len(course.networks) < planned
    return Fitted(
        state=packed(judged, options, **network_states(course.networks)),
        device=str(shared.device),
        ending="finished early" if early else "complete",
        scores=judged.scores,
        history=course.history,
        warnings=warnings_of(panel, judged.scores),
    )


def predict(fitted: Fitted, inputs: PairedData, guests: Sequence[Guest] = ()) -> RunResult:
    """Predict with the members and weights of a fit.

    Parameters
    ----------
    fitted : Fitted
        What `fit` gave.
    inputs : PairedData
        The same cells and spots.
    guests : sequence of Guest
        The same published methods.
    """
    import torch

    options = GeneEnsembleOptions.from_json(options_of(fitted))
    device = torch.device(fitted.device)
    panel = prepare_panel(inputs, options)
    sides = with_views(Sides.of(panel, device), inputs, options)
    n_networks = len(KINDS) * options.networks
    states = [fitted.state.part(f"network{i}").arrays for i in range(n_networks)]
    families = (
        *simple_members(),
        *_networks([s for s in states if s], panel, options, device),
        *_invited(guests, inputs, panel, options, SilentMonitor()),
    )
    task = GeneTask(panel=panel, sides=sides, families=families, options=options)
    judged = Judged.from_state(fitted.state.part("judged"))
    return RunResult(imputation=impute(task, judged, inputs))


def _invited(
    guests: Sequence[Guest],
    inputs: PairedData,
    panel: GenePanel,
    options: GeneEnsembleOptions,
    monitor: Monitor,
) -> tuple[Family, ...]:
    """Make members of the published methods, if they are wanted."""
    if not options.guests:
        return ()
    return tuple(guest.family(inputs, panel, options, monitor) for guest in guests)


def network_states(networks: Sequence[Mapping[str, NDArray[Any]]]) -> dict[str, State]:
    """Weights of networks as parts of a state."""
    return {f"network{i}": State(arrays=arrays) for i, arrays in enumerate(networks)}


def _networks(
    trained: Sequence[Mapping[str, NDArray[Any]]],
    panel: GenePanel,
    options: GeneEnsembleOptions,
    device: torch.device,
) -> tuple[Family, ...]:
    """One predictor per kind of network, of those that were trained."""
    found: list[Family] = []
    for i, name in enumerate(KINDS):
        own = trained[i * options.networks : (i + 1) * options.networks]
        nets = [restored(arrays, panel.n_panel, panel.n_all).to(device) for arrays in own]
        if nets:
            found.append(MaskedNetworks(nets, name))
    return tuple(found)
