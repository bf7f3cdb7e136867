"""COME: a contrastive map between cells and spots (:cite:`wei2025come`).

Minimised over the weights of an autoencoder, shared by both sides, and over the map P is

    L = L_rec + L_coef + w_ssim L_ssim + w_con L_con     (terms: `losses`, `contrast`).

=================  ==========================  ==================================================
paper              here                        meaning
=================  ==========================  ==================================================
E, D               `Autoencoder`               K -> 256 -> 128 -> 256 -> K, ReLU, shared
C (cells x spots)  ``FreeMap.weights`` (its    one number per pair, without a softmax, as in the
                   transpose)                  authors' program (``map="free"``)
P                  `Relation`                  softmax over spots (places) or cells (expression)
alpha, lambda      `loss_weights`              weights of the terms
=================  ==========================  ==================================================

Departures of the default (``map="amortised"``): the logit of a cell and a spot is a sum of the
correlation of their expression and of the cosine of projected codes, so that memory is linear and
a cell that was never seen has a place; a step hides some genes and asks the map to carry them
(similarity gene by gene); spots thinned to the depth of cells ask for their own place; positives of
the contrast are averaged. The number of steps and the sharpness over cells are chosen on inner
folds of the genes, the number of steps for places on held-out spots.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from napari_tessera.contract.method import Fitted
from napari_tessera.methods.come import judging
from napari_tessera.methods.come.composing import choose_neighbours, composition_spread
from napari_tessera.methods.come.course import Course, Stage, member_stages
from napari_tessera.methods.come.maps import relate, start_arrays
from napari_tessera.methods.come.packing import Learned, pack
from napari_tessera.methods.come.work import Places, Work
from napari_tessera.numerics.folds import rest_of

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.contract.progress import Monitor
    from napari_tessera.contract.state import State
    from napari_tessera.methods.come.maps import Arrays
    from napari_tessera.methods.come.options import ComeOptions

MANY = 2 * 10**7
"""Held-out predictions that are kept although nobody asked for further genes: 80 MB."""

NO_FOLDS = "Genes were not held out: steps and sharpness are defaults; no gene has a score."
NO_SPOTS = "Spots were not held out: there is no held-out distance."
NOT_JUDGED = "Finished early: steps and sharpness are defaults; no gene has a score."


def fit(
    inputs: PairedData, options: ComeOptions, monitor: Monitor, resume: State | None = None
) -> Fitted:
    """Choose on held-out genes and spots, then train on everything.

    Parameters
    ----------
    inputs : PairedData
        Cells and spots over the same genes.
    options : ComeOptions
        Options.
    monitor : Monitor
        Takes progress, checkpoints and previews.
    resume : State or None
        Checkpoint of an unfinished fit of the same inputs and options.

    Returns
    -------
    Fitted
        Weights, what was held out and predicted, and the scores of both kinds of trial.
    """
    work = Work.prepare(inputs, options, monitor)
    course = Course() if resume is None else Course.restore(resume)
    loop = None if resume is None else resume.part("loop")
    for stage in work.trials:
        if stage.name in course.done:
            continue
        if work.train(stage, course, loop):
            return _cut_short(work, stage, course)
        loop = None
    choice, places = work.choose(course)
    members = member_stages(options.n_networks, work.member_steps(choice, places))
    work = dataclasses.replace(work, members=members)
    for stage in members:
        if stage.name in course.done:
            continue
        if work.train(stage, course, loop):
            return _cut_short(work, stage, course)
        loop = None
    return _whole(work, course, choice, places)


def _whole(work: Work, course: Course, choice: judging.Choice, places: Places) -> Fitted:
    """Pack a fit that ran to its end."""
    steps = work.member_steps(choice, places)
    done = [course.done[stage.name] for stage in work.members]

    def after(n_steps: int) -> list[Arrays]:
        if n_steps == 0:
            return [start_arrays(work.data)]
        return [snapshots[steps.index(n_steps)] for snapshots in done]

    lengths = (work.lengths[choice.snapshot], work.lengths[places.snapshot])
    for_places = after(lengths[1])
    relation = relate(for_places, work.data, work.device)
    learned = Learned(
        options=work.options,
        kept=work.data.genes,
        for_places=for_places,
        for_genes=after(lengths[0]),
        sharpness=choice.sharpness,
        steps=lengths,
        neighbours=choose_neighbours(work.inputs, relation, work.options),
        **_of_folds(work, course, choice, places),
    )
    scores = dict(places.scores)
    if choice.pcc is not None:
        scores["held_out_pcc"] = float(choice.pcc.mean())
    return Fitted(
        state=pack(learned),
        device=str(work.device),
        ending="complete",
        scores=scores,
        history=course.history,
        warnings=_warnings(work),
    )


def _of_folds(work: Work, course: Course, choice: judging.Choice, places: Places) -> dict[str, Any]:
    """Gather what the gene folds leave: predictions of held-out genes, and compositions."""
    if not work.folds:
        return {}
    for_genes, for_places, rests = [], [], []
    for f, fold in enumerate(work.folds):
        rests.append(work.data.only(rest_of(fold, work.data.genes.size)))
        tried = work.candidates(course.done.get(f"fold{f}", []), rests[-1])
        for_genes.append(tried[choice.snapshot])
        for_places.append(tried[places.snapshot])
    found: dict[str, Any] = {"folds": work.folds}
    if work.inputs.further is not None or work.data.spots.n_rows * work.data.genes.size < MANY:
        found["held_out"] = judging.held_out_predictions(
            for_genes, work.data, work.folds, (choice.sharpness, work.device)
        )
    if work.inputs.cell_types is not None:
        found["spread"] = composition_spread(
            work.inputs, list(zip(for_places, rests, strict=True)), choice.sharpness, work.device
        )
    return found


def _cut_short(work: Work, stage: Stage, course: Course) -> Fitted:
    """Pack what there is when somebody wanted no more: finished members, or the network at work."""
    done = [course.done[m.name] for m in work.members if m.name in course.done]
    found = [snapshots[-1] for snapshots in done] or [course.current[-1]]
    data = work.data if done else work.source(stage)
    learned = Learned(options=work.options, kept=data.genes, for_places=found, for_genes=found)
    return Fitted(
        state=pack(learned),
        device=str(work.device),
        ending="finished early",
        history=course.history,
        warnings=(*_warnings(work), NOT_JUDGED),
    )


def _warnings(work: Work) -> tuple[str, ...]:
    """Say what a reader of the result should know."""
    found = []
    if not work.folds:
        found.append(NO_FOLDS)
    if work.split is None:
        found.append(NO_SPOTS)
    return tuple(found)
