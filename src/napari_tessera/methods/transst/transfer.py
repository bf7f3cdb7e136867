"""Labels of a source, where they hold: a shrunken discriminant behind a gate.

A discriminant on scores that both sections share names every spot of the section. Whether that
helps is judged without any label of the section: the names must agree with the section's own
domains, and explain held-out spots nearly as well as those do. Where they do not, transfer does
harm, and the section's own domains are the answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.contract.errors import InputError
from napari_tessera.methods.transst.joint import joint_scores
from napari_tessera.methods.transst.members import LARGEST_ENERGY
from napari_tessera.methods.transst.seen import SOURCE_STREAM
from napari_tessera.numerics.discriminant import fit_discriminant
from napari_tessera.numerics.hidden_potts import estimate_beta, mean_field
from napari_tessera.numerics.partition_scores import held_out_density
from napari_tessera.numerics.partitions import adjusted_rand
from napari_tessera.numerics.section_views import SPATIAL
from napari_tessera.numerics.seeding import rng_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.transst.joint import Joint
    from napari_tessera.methods.transst.members import Consensus
    from napari_tessera.methods.transst.options import TransstOptions
    from napari_tessera.methods.transst.seen import Seen
    from napari_tessera.numerics.discriminant import Discriminant

LEAST_AGREEMENT, WEAK_AGREEMENT = 0.4, 0.3
"""Adjusted Rand index between transferred and own domains below which labels are not taken; the
second where the own ones are not stable, and so agree with nothing very well."""

LEAST_STABILITY = 0.3
"""Stability of the own domains below which they decide nothing alone."""

LEAST_SHARE = 0.5
"""Least part of what the own domains explain of held-out spots that transferred ones must."""

FEWEST_LABELLED = 3
"""Classes of a source with fewer spots are left out."""

BEYOND = 0.99
"""Quantile of the source's distances beyond which a spot is unlike all of its classes."""

MOSTLY = 0.75
"""Share of the spots of a domain that must be so for the domain to be absent from the source."""

ABSENT = "not in source"
"""Name of what no class of the source is like."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What the labels of the source say of the section.

    Parameters
    ----------
    names : tuple of str
        Classes of the source.
    probability : ndarray, shape (n_spots, n_classes), float32
        After the field.
    energy : ndarray, shape (n_spots, n_classes), float32
        Before the field, over the smallest of the spot.
    beta : float
        Smoothness of the field.
    beyond : ndarray of bool, shape (n_spots,)
        Spots unlike every class, the section's general shift taken off.
    scores : ndarray, shape (n_spots, n_factors), float32
        Shared scores of the section.
    """

    names: tuple[str, ...]
    probability: NDArray[np.float32]
    energy: NDArray[np.float32]
    beta: float
    beyond: NDArray[np.bool_]
    scores: NDArray[np.float32]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Likeliest class, shape (n_spots,)."""
        return np.asarray(self.probability.argmax(axis=1), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the gate says.

    Parameters
    ----------
    agreement : float
        Adjusted Rand index between transferred and own domains.
    share : float or None
        Held-out gain of the transferred domains over that of the own ones, 0 to 1; None where the
        own ones gain nothing, as with few spots.
    stability : float
        Mean agreement of the members that the own domains come from.
    """

    agreement: float
    share: float | None
    stability: float

    @property
    def accepted(self) -> bool:
        """Whether the labels are taken.

        Own domains that are not stable have no say, unless held-out spots have none either.
        """
        agrees = self.agreement > self.needed
        if self.share is None:
            return agrees
        return (agrees or self.stability < LEAST_STABILITY) and self.share > LEAST_SHARE

    @property
    def needed(self) -> float:
        """Agreement that is asked for."""
        return LEAST_AGREEMENT if self.stability >= LEAST_STABILITY else WEAK_AGREEMENT

    @property
    def scores(self) -> dict[str, float]:
        """What is kept of it."""
        share = {} if self.share is None else {"transfer_share": self.share}
        return {"transfer_agreement": self.agreement, **share}

    def sentence(self) -> str:
        """Say to a person what was decided and why."""
        agree = f"they agree with the section's own domains at {self.agreement:.2f}"
        if self.accepted and self.agreement <= self.needed and self.share is not None:
            return (
                "Labels of the source were used: the section's own domains are not stable "
                f"({self.stability:.2f}), and the labels explain {self.share:.0%} of what those do."
            )
        if self.accepted:
            return f"Labels of the source were used: {agree}."
        why = f"{agree}, and {self.needed:g} is needed"
        if self.share is not None and self.share <= LEAST_SHARE:
            why = (
                f"they explain {self.share:.0%} of what the section's own domains explain of "
                f"held-out spots, and {LEAST_SHARE:.0%} is needed"
            )
        return (
            f"Labels of the source do not fit this section: {why}. They were not used; the domains "
            "come from the section alone."
        )


def transfer(seen: Seen, source: SectionData, options: TransstOptions) -> Transfer:
    """Name the spots of a section by a source.

    Raises
    ------
    InputError
        If the source has fewer than two classes with enough spots.
    """
    joint = enough_labels(joint_scores(seen, source, options.n_genes))
    classes = fit_discriminant(joint.source, joint.labels)
    energy = -classes.log_joint(joint.target)
    energy -= energy.min(axis=1, keepdims=True)
    data = np.minimum(energy, LARGEST_ENERGY).astype(np.float32)
    soft, beta = _field(data, seen, options.smoothness)
    return Transfer(
        names=tuple(classes.names.tolist()),
        probability=soft,
        energy=data,
        beta=beta,
        beyond=_beyond(classes, joint),
        scores=joint.target,
    )


def enough_labels(joint: Joint) -> Joint:
    """Leave out classes with too few spots.

    Raises
    ------
    InputError
        If fewer than two are left.
    """
    names, size = np.unique(joint.labels, return_counts=True)
    keep = np.isin(joint.labels, names[size >= FEWEST_LABELLED])
    n_kept = int((size >= FEWEST_LABELLED).sum())
    if n_kept < 2:
        msg = f"Source: expected two labels with {FEWEST_LABELLED} spots or more, found {n_kept}."
        raise InputError(msg, "Give a source with labels, or leave it out.")
    return type(joint)(target=joint.target, source=joint.source[keep], labels=joint.labels[keep])


def judge(seen: Seen, found: NDArray[np.integer], own: Consensus, seed: int) -> Verdict:
    """Compare transferred domains with the section's own, without any label of the section.

    Parameters
    ----------
    seen : Seen
        The section.
    found : ndarray of int, shape (n_spots,)
        Transferred domains.
    own : Consensus
        The section's own ones.
    seed : int
        Seed of the halves.
    """
    scores = seen.views[SPATIAL]
    named = own.probability.argmax(axis=1)
    one, theirs, ours = (
        held_out_density(scores, labels, rng_for(seed, SOURCE_STREAM))
        for labels in (np.zeros_like(found), found, named)
    )
    gain = ours - one
    return Verdict(
        agreement=adjusted_rand(named, found),
        share=float(np.clip((theirs - one) / gain, 0.0, 1.0)) if gain > 0 else None,
        stability=own.stability,
    )


def mark_absent(
    found: Transfer, own: NDArray[np.float32]
) -> tuple[tuple[str, ...], NDArray[np.float32], NDArray[np.float32]]:
    """Give domains that no class of the source is like a name of their own.

    An own domain is absent from the source if most of its spots are unlike every class.

    Parameters
    ----------
    found : Transfer
        What the source says.
    own : ndarray, shape (n_spots, n_domains), float32
        Probabilities of the section's own domains.

    Returns
    -------
    names : tuple of str
    probability, energy : ndarray, shape (n_spots, n_names), float32
    """
    labels = own.argmax(axis=1)
    absent = [d for d in np.unique(labels) if found.beyond[labels == d].mean() > MOSTLY]
    if not absent:
        return found.names, found.probability, found.energy
    p = own[:, absent].sum(axis=1, keepdims=True)
    probability = np.concatenate([found.probability * (1 - p), p], axis=1)
    cut = float(np.exp(-LARGEST_ENERGY))
    own_energy = np.concatenate([-np.log(np.maximum(1 - p, cut)), -np.log(np.maximum(p, cut))], 1)
    energy = np.concatenate([found.energy + own_energy[:, :1], own_energy[:, 1:]], axis=1)
    energy -= energy.min(axis=1, keepdims=True)
    return (*found.names, ABSENT), probability.astype(np.float32), energy.astype(np.float32)


def _field(
    energy: NDArray[np.float32], seen: Seen, smoothness: float | None
) -> tuple[NDArray[np.float32], float]:
    """Smooth the posterior by a Potts field, its smoothness estimated if it is not given."""
    data = torch.from_numpy(energy).to(seen.device)
    soft = (-data).softmax(dim=1)
    beta = estimate_beta(soft, 0.5 * seen.field.support(soft)) if smoothness is None else smoothness
    return mean_field(data, seen.field, beta, soft).cpu().numpy(), beta


def _beyond(classes: Discriminant, joint: Joint) -> NDArray[np.bool_]:
    """Spots farther from every class than nearly all of the source, after scaling the medians."""
    there = classes.squared_distance(joint.source).min(axis=1)
    here = classes.squared_distance(joint.target).min(axis=1)
    limit = np.quantile(there, BEYOND) / max(float(np.median(there)), 1e-12)
    return np.asarray(here > limit * np.median(here))
