"""The paper's three steps as they are meant: source loading, adapted loading, hidden field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_tessera.methods.transst.adapting import (
    adapt,
    choose_strength,
    orthonormal,
    penalty_of,
    project,
)
from napari_tessera.methods.transst.answer import Answer
from napari_tessera.methods.transst.factor_model import class_codes, fit_factor_model
from napari_tessera.methods.transst.hidden_field import fit_hidden_field
from napari_tessera.methods.transst.joint import has_label
from napari_tessera.methods.transst.members import LARGEST_ENERGY, working_type
from napari_tessera.methods.transst.options import Variant
from napari_tessera.methods.transst.released import (
    released_field,
    released_loading,
    released_strength,
)
from napari_tessera.methods.transst.seen import MEMBER_STREAM, SOURCE_STREAM
from napari_tessera.numerics.principal import principal_scores
from napari_tessera.numerics.section_views import leading_genes, log_section
from napari_tessera.numerics.seeding import rng_for, torch_generator

if TYPE_CHECKING:
    from napari_tessera.contract.sections import SectionData
    from napari_tessera.methods.transst.hidden_field import FieldFit
    from napari_tessera.methods.transst.options import TransstOptions
    from napari_tessera.methods.transst.seen import Seen
    from napari_tessera.numerics.principal import Standardised

SOURCE_STOP = (1e-3, 100)
"""Relative gain of the likelihood at which step 1 stops, and its most iterations."""


@dataclass(frozen=True, kw_only=True)
class Loading:
    """What steps 1 and 2 give.

    Parameters
    ----------
    scores : torch.Tensor, shape (n_spots, n_factors)
        Factors of the section, orthonormal loading.
    strength : float
        Pull that was used.
    taught : torch.Tensor, shape (n_labelled, n_factors), or None
        Factors of the labelled spots of the source.
    labels : list of str
        Their labels.
    """

    scores: torch.Tensor
    strength: float
    taught: torch.Tensor | None
    labels: list[str]


def three_steps(seen: Seen, n_domains: int, options: TransstOptions) -> Answer:
    """Run the three steps.

    Parameters
    ----------
    seen : Seen
        The section.
    n_domains : int
        Number of domains.
    options : TransstOptions
        Options; the variant says which form.
    """
    source = seen.inputs.source
    loaded = own_loading(seen, options) if source is None else adapted(seen, source, options)
    rng = rng_for(options.seed, MEMBER_STREAM, n_domains)
    if options.variant is Variant.RELEASED:
        fit = released_field(loaded.scores, seen.inputs, n_domains, rng)
    else:
        fit = fit_hidden_field(loaded.scores, seen.field, n_domains, options.smoothness, rng)
    energy = fit.energy - fit.energy.min(dim=1, keepdim=True).values
    return Answer(
        probability=fit.probability.float().cpu().numpy(),
        names=matched_names(fit, loaded),
        embedding=loaded.scores.float().cpu().numpy(),
        energy=energy.clamp_max(LARGEST_ENERGY).cpu().numpy().astype(np.float16)[None],
        betas=(fit.beta,),
        scores={"smoothness": fit.beta, "strength": min(loaded.strength, 1e3)},
    )


def own_loading(seen: Seen, options: TransstOptions) -> Loading:
    """Principal components of the section alone."""
    genes = leading_genes(seen.log.moran, options.n_genes)
    parts = seen.log.standardised(genes, unit_variance=True)
    found = principal_scores(parts, options.n_factors, seen.device)[0].cpu().numpy()
    scores = seen.log.in_order(found)
    x = torch.from_numpy(scores).to(device=seen.device, dtype=working_type(seen.device))
    return Loading(scores=x, strength=0.0, taught=None, labels=[])


def adapted(seen: Seen, source: SectionData, options: TransstOptions) -> Loading:
    """Adapt the loading of the labelled source to the section."""
    taught_log = log_section(source)
    genes = leading_genes((seen.log.moran + taught_log.moran) / 2, options.n_genes)
    dtype = working_type(seen.device)

    def dense(parts: list[Standardised]) -> torch.Tensor:
        return torch.cat([b for p in parts for b in p.blocks(seen.device)]).to(dtype)

    x = _unstacked(dense(seen.log.standardised(genes, unit_variance=True)), seen.log.rows)
    taught = _unstacked(dense(taught_log.standardised(genes, unit_variance=True)), taught_log.rows)
    given = np.asarray(source.labels, dtype=np.str_)
    known = has_label(given)
    labels = given[known].tolist()
    taught = taught[torch.from_numpy(np.flatnonzero(known)).to(seen.device)]
    codes = class_codes(labels, seen.device)[1]
    generator = torch_generator(options.seed, SOURCE_STREAM)
    if options.variant is Variant.RELEASED:
        start = released_loading(taught, codes, options.n_factors, generator)
        penalty = released_strength(x, start, generator, options.strength)
        return _loading(x, taught, (adapt(x, start, penalty), penalty), labels)
    model = fit_factor_model(taught, codes, options.n_factors, SOURCE_STOP)[0]
    start = orthonormal(model.loading)
    strength = options.strength
    if strength is None:
        strength = choose_strength(x, start, generator)[0]
    final = orthonormal(adapt(x, start, penalty_of(strength, x, start)))
    return _loading(x, taught, (final, strength), labels)


def matched_names(fit: FieldFit, loaded: Loading) -> tuple[str, ...]:
    """Name domains after the nearest classes of the source (Hungarian method), or number them.

    Distances are Mahalanobis with the pooled covariance of the domains. A domain that finds no
    class is called so.
    """
    from scipy.optimize import linear_sum_assignment

    n_domains = fit.probability.shape[1]
    numbers = tuple(str(k + 1) for k in range(n_domains))
    if loaded.taught is None:
        return numbers
    names, codes = class_codes(loaded.labels, loaded.scores.device)
    means = _class_means(loaded.taught, torch.nn.functional.one_hot(codes).to(loaded.taught))
    own = _class_means(loaded.scores, fit.probability)
    offset = loaded.scores - own[fit.labels]
    covariance = offset.T @ offset / len(offset)
    floor = 1e-6 * covariance.diagonal().mean() * torch.eye(len(covariance)).to(covariance)
    factor = torch.linalg.cholesky(covariance + floor)
    apart = torch.cdist(
        torch.linalg.solve_triangular(factor, own.T, upper=False).T,
        torch.linalg.solve_triangular(factor, means.T, upper=False).T,
    )
    rows, columns = linear_sum_assignment(apart.cpu().numpy())
    found = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return tuple(
        names[found[k]] if k in found else f"not in source {k + 1}" for k in range(n_domains)
    )


def _class_means(scores: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Weighted mean of every class."""
    means: torch.Tensor = soft.T @ scores / soft.sum(dim=0).clamp_min(1e-6)[:, None]
    return means


def _loading(
    x: torch.Tensor, taught: torch.Tensor, found: tuple[torch.Tensor, float], labels: list[str]
) -> Loading:
    """Scores of both sections on a loading, which comes with its strength."""
    w, strength = found
    return Loading(
        scores=project(x, w), strength=strength, taught=project(taught, w), labels=labels
    )


def _unstacked(stacked: torch.Tensor, rows: object) -> torch.Tensor:
    """Bring rows that are stacked section by section into the order of the spots."""
    order = np.concatenate(list(rows))  # type: ignore[call-overload]
    return stacked[torch.from_numpy(np.argsort(order)).to(stacked.device)]
