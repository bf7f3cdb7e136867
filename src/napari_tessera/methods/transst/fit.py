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

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_tessera.contract.method import Fitted
from napari_tessera.contract.progress import Monitor, Progress, Verdict
from napari_tessera.methods.transst.answer import Answer
from napari_tessera.methods.transst.members import (
    Consensus,
    Member,
    agree,
    by_size,
    fit_member,
    smoothed_views,
)
from napari_tessera.methods.transst.seen import MEMBER_STREAM, Seen, look_at
from napari_tessera.numerics.partition_scores import coherence, explained
from napari_tessera.numerics.section_views import SPATIAL
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.transst.options import TransstOptions


@dataclass
class Course:
    """How a fit appears to whoever watches; remembers whether to finish early."""

    monitor: Monitor
    began: float = field(default_factory=time.monotonic)
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
    answer = without_labels(seen, options, course)
    return Fitted(
        state=answer.to_state(),
        device=str(seen.device),
        ending="finished early" if course.finish else "complete",
        scores=answer.scores,
        warnings=answer.warnings,
    )


def without_labels(seen: Seen, options: TransstOptions, course: Course) -> Answer:
    """Find domains in the section alone."""
    n_domains = options.n_domains or 7
    consensus = find_consensus(seen, n_domains, options, course)
    labels = consensus.probability.argmax(axis=1)
    return Answer(
        probability=consensus.probability,
        names=tuple(str(k + 1) for k in range(n_domains)),
        embedding=consensus.members[consensus.middle].scores,
        energy=np.stack([m.energy for m in consensus.members]).astype(np.float16),
        betas=tuple(m.beta for m in consensus.members),
        scores={"stability": consensus.stability, **label_free(seen, labels)},
    )


def find_consensus(
    seen: Seen, n_domains: int, options: TransstOptions, course: Course
) -> Consensus:
    """Fit all members and name them alike; with one at least if asked to finish."""
    scores = smoothed_views(seen.views, seen.inputs, seen.width)
    members: list[Member] = []
    for i, own in enumerate(scores):
        rng = rng_for(options.seed, MEMBER_STREAM, n_domains, i)
        members.append(fit_member(own, seen.field, n_domains, options.smoothness, rng))
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
