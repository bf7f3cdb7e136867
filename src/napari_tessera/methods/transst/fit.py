"""Domains of a section, with what a labelled one taught (:cite:`liu2025transst`).

===============  =========================  ====================================================
paper            here                       meaning
===============  =========================  ====================================================
X_t, X_s         ``inputs``, its source     expression of the section and of the labelled one
v                ``scores``                 factors of a spot, q of them
W, W_0           ``loading``                genes by factors: adapted, and the source's own
lambda           ``strength``               pull of W towards W_0
z, R             ``probability``            domains, soft
beta             ``smoothness``             of the hidden Potts field, per unlike pair beta / 2
===============  =========================  ====================================================

The default (``variant="improved"``) departs from the paper's three steps, which
``variant="three-steps"`` computes as they are meant and ``variant="released"`` as the authors'
program does. It looks at a section in several views, smooths them by the width that predicts a spot
best, finds domains in each by a mixture with one shared covariance and a hidden Potts field, and
gives the consensus. Labels of a source come in through a shrunken discriminant on scores that both
sections share, and only where the gate lets them (`transfer`).
"""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.errors import InputError
from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.methods.transst.answer import Answer
from napari_tessera.methods.transst.members import (
    Consensus,
    FieldLaw,
    Member,
    agree,
    by_size,
    fit_member,
    smoothed_views,
)
from napari_tessera.methods.transst.number import choose_number
from napari_tessera.methods.transst.options import Variant
from napari_tessera.methods.transst.seen import MEMBER_STREAM, Seen, look_at
from napari_tessera.methods.transst.three_steps import three_steps
from napari_tessera.methods.transst.transfer import judge, mark_absent, transfer
from napari_tessera.methods.transst.worth import smoothed_where_it_pays
from napari_tessera.numerics.partition_scores import coherence, explained
from napari_tessera.numerics.section_views import SPATIAL
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.transst.options import TransstOptions


@dataclasses.dataclass
class Course:
    """How a fit appears to whoever watches; remembers whether to finish early."""

    monitor: Monitor
    began: float = dataclasses.field(default_factory=time.monotonic)
    finish: bool = False

    def say(self, stage: str, fraction: float, message: str = "") -> None:
        """Report a stage."""
        progress = Progress(
            stage=stage,
            fraction=fraction,
            elapsed_s=time.monotonic() - self.began,
            message=message,
        )
        self.finish |= self.monitor.report(progress) is Verdict.FINISH


def fit(inputs: SectionData, options: TransstOptions, monitor: Monitor) -> Fitted:
    """Find domains.

    Parameters
    ----------
    inputs : SectionData
        Counts of one or several sections, with a labelled one beside or not.
    options : TransstOptions
        Options.
    monitor : Monitor
        Is told of progress.

    Raises
    ------
    InputError
        If there are too few spots or genes, or a transfer was required and does not hold.
    """
    course = Course(monitor)
    course.say("reading the section", 0.01)
    seen = look_at(inputs, options)
    if options.variant is Variant.IMPROVED:
        seen = smoothed_where_it_pays(seen, options)
    if options.variant is not Variant.IMPROVED:
        refuse_composition(inputs, options)
        answer = in_three_steps(seen, options, course)
    elif inputs.source is None:
        refuse_if_required(options, "there is no labelled source")
        answer = without_labels(seen, options, course)
    else:
        answer = with_source(seen, inputs.source, options, course)
    return Fitted(
        state=answer.to_state(),
        device=str(seen.device),
        ending="finished early" if course.finish else "complete",
        scores=answer.scores,
        warnings=answer.warnings,
    )


def without_labels(seen: Seen, options: TransstOptions, course: Course) -> Answer:
    """Find domains in the section alone."""
    if options.n_domains is not None:
        consensus = find_consensus(seen, options.n_domains, options, course)
        return of_consensus(seen, consensus)

    def say(k: int, most: int) -> bool:
        course.say(f"trying {k} domains", 0.05 + 0.75 * k / most)
        return course.finish

    choice = choose_number(seen, options, say)
    consensus = find_consensus(seen, choice.best, options, course)
    answer = of_consensus(seen, consensus)
    sentence = choice.sentence()
    return dataclasses.replace(
        answer,
        curve=choice.curve,
        stability=choice.stability,
        warnings=(sentence,) if sentence else (),
    )


def with_source(seen: Seen, source: SectionData, options: TransstOptions, course: Course) -> Answer:
    """Name the domains after a source if the gate lets them; else find them in the section alone.

    Raises
    ------
    InputError
        If the source has no usable labels, or a transfer was required and does not hold.
    """
    found = transfer(seen, source, options)
    own = comparable_domains(seen, len(found.names), options, course)
    verdict = judge(seen, found.labels, own, options.seed)
    course.say("transfer judged", 0.9, verdict.sentence())
    if not verdict.accepted:
        refuse_if_required(options, verdict.sentence())
        answer = without_labels(seen, options, course)
        return dataclasses.replace(
            answer,
            scores={**answer.scores, **verdict.scores},
            warnings=(verdict.sentence(), *answer.warnings),
        )
    names, probability, energy = mark_absent(found, own.probability)
    return Answer(
        probability=probability,
        names=names,
        embedding=found.scores,
        energy=energy[None].astype(np.float16),
        betas=(found.beta,),
        scores={**label_free(seen, probability.argmax(axis=1)), **verdict.scores},
    )


def comparable_domains(
    seen: Seen, n_classes: int, options: TransstOptions, course: Course
) -> Consensus:
    """Find own domains to judge a source by: as many as it has classes, or one more.

    One more where that is more stable: the section may have a domain that the source lacks.
    """
    found = [find_consensus(seen, n_classes, options, course)]
    if 2 * (n_classes + 1) <= seen.inputs.n_spots and not course.finish:
        found.append(find_consensus(seen, n_classes + 1, options, course))
    return max(found, key=lambda consensus: consensus.stability)


def in_three_steps(seen: Seen, options: TransstOptions, course: Course) -> Answer:
    """Run the paper's steps, or the released program's; there is no gate."""
    if options.n_domains is None:
        choice = choose_number(seen, options, lambda _k, _most: course.finish)
        answer = three_steps(seen, choice.best, options)
        answer = dataclasses.replace(answer, curve=choice.curve, stability=choice.stability)
    else:
        answer = three_steps(seen, options.n_domains, options)
    free = label_free(seen, answer.probability.argmax(axis=1))
    return dataclasses.replace(answer, scores={**answer.scores, **free})


def refuse_composition(inputs: SectionData, options: TransstOptions) -> None:
    """Stop where a composition is there that this form would not look at.

    Raises
    ------
    InputError
        If it is.
    """
    if inputs.composition is not None:
        msg = f"Option variant: expected improved beside a composition, found {options.variant}."
        raise InputError(msg, "Leave the composition or the variant out.")


def refuse_if_required(options: TransstOptions, why: str) -> None:
    """Stop where a transfer was required.

    Raises
    ------
    InputError
        If it was.
    """
    if options.require_transfer:
        msg = f"Option require_transfer: expected a source whose labels hold; found: {why}"
        raise InputError(msg, "Give another source, or leave the option out.")


def of_consensus(seen: Seen, consensus: Consensus) -> Answer:
    """Dress a consensus as an answer, domains numbered from the largest."""
    probability = consensus.probability
    return Answer(
        probability=probability,
        names=tuple(str(k + 1) for k in range(probability.shape[1])),
        embedding=consensus.members[consensus.middle].scores,
        energy=np.stack([m.energy for m in consensus.members]).astype(np.float16),
        betas=tuple(m.beta for m in consensus.members),
        scores={
            "stability": consensus.stability,
            **label_free(seen, probability.argmax(axis=1)),
        },
    )


def find_consensus(
    seen: Seen, n_domains: int, options: TransstOptions, course: Course
) -> Consensus:
    """Fit all members and name them alike; with one at least if asked to finish."""
    scores = smoothed_views(seen.members, seen.inputs, seen.width)
    law = FieldLaw(field=seen.field, beta=options.smoothness, smoothed=seen.width > 0)
    members: list[Member] = []
    for i, own in enumerate(scores):
        rng = rng_for(options.seed, MEMBER_STREAM, n_domains, i)
        members.append(fit_member(own, law, n_domains, rng))
        course.say("finding domains", 0.4 + 0.6 * (i + 1) / len(scores))
        if course.finish:
            break
    return by_size(agree(members))


def label_free(seen: Seen, labels: np.ndarray) -> dict[str, float]:
    """Scores that need no truth, the same as of the baseline."""
    return {
        "coherence": coherence(labels, seen.inputs.spot_graph),
        "explained": explained(labels, seen.views[SPATIAL]),
    }
