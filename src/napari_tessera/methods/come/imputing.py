"""Genes of the cells, brought to the spots by the map, with what to expect of each."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from napari_tessera.contract.expression import ExpressionScale
from napari_tessera.contract.imputation import Imputation
from napari_tessera.methods.come.kriging import Kriging
from napari_tessera.methods.come.preparing import library, log_share
from napari_tessera.numerics.gene_scores import gene_pcc, standardise
from napari_tessera.numerics.linear_rule import LinearRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_tessera.contract.inputs import PairedData
    from napari_tessera.methods.come.maps import Relation
    from napari_tessera.methods.come.packing import Learned
    from napari_tessera.methods.come.preparing import Prepared

COVERAGE = 0.9
"""Nominal coverage of the intervals."""

GENE_BLOCK = 1000
"""Further genes at a time."""

RIDGE = 3.0
"""Of the regression that says how well a gene will do, in genes."""

LARGEST = 0.98
"""Correlations are cut here."""


def impute(inputs: PairedData, learned: Learned, data: Prepared, relation: Relation) -> Imputation:
    """Predict the measured genes from their folds, and the further ones from all of them.

    Parameters
    ----------
    inputs : PairedData
        Perhaps with further genes.
    learned : Learned
        With held-out predictions, where genes were held out; one of the two must be there.
    data : Prepared
        Genes that the map knows.
    relation : Relation
        The map for expression.
    """
    truth, own = data.spots.values.toarray(), data.cells.values.toarray()
    trust = _Trust.learn(learned, truth, own)
    names = [inputs.cells.gene_names[data.genes]] if trust.judged else []
    parts = [trust.measured(own)] if trust.judged else []
    further = log_further(inputs)
    for start in range(0, further.shape[1], GENE_BLOCK):
        block = sparse.csr_matrix(further[:, start : start + GENE_BLOCK])
        carried = relation.carry(block, learned.sharpness)
        parts.append(trust.further(carried, block.toarray(), own))
    if inputs.further is not None:
        names.append(inputs.further.gene_names)
    genes = np.concatenate(names)
    values, half_width, expected = (np.concatenate(p, axis=-1) for p in zip(*parts, strict=True))
    scale = inputs.spots.scale
    if scale is not ExpressionScale.SCALED:
        values = values.clip(min=0.0)
    return Imputation(
        spot_names=inputs.spots.obs_names,
        gene_names=genes,
        values=values.astype(np.float32),
        scale=ExpressionScale.LOG1P if scale is ExpressionScale.COUNTS else scale,
        half_width=half_width.astype(np.float32),
        expected_pcc=expected.astype(np.float32),
        measured=np.arange(genes.size) < (data.genes.size if trust.judged else 0),
        coverage=COVERAGE,
    )


def log_further(inputs: PairedData) -> sparse.csr_matrix:
    """Further genes of the cells on the scale on which the shared ones are mapped."""
    if inputs.further is None:
        return sparse.csr_matrix(np.zeros((inputs.n_cells, 0), dtype=np.float32))
    if inputs.cells.scale is not ExpressionScale.COUNTS:
        return inputs.further.values
    totals = library(inputs)
    return log_share(inputs.further.values, totals, float(max(np.median(totals), 1.0)))


Part = tuple["NDArray[np.floating]", "NDArray[np.floating]", "NDArray[np.floating]"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Trust:
    """What held-out genes say of others: residuals, reliability, units and width.

    Parameters
    ----------
    judged : bool
        Whether genes were held out at all.
    kriging : Kriging or None
        Residuals.
    predicted : ndarray, shape (n_spots, n_used)
        Held-out predictions, standardised.
    pcc : ndarray, shape (n_used,)
        Their correlation with the truth.
    rule : LinearRule or None
        From features to the hyperbolic arc tangent of the correlation.
    units : ndarray, shape (2, 2)
        Lines from the logarithms of mean and spread over cells to those over spots.
    quantile : float
        Half width in expected errors.
    """

    judged: bool
    kriging: Kriging | None
    predicted: NDArray[np.float64]
    pcc: NDArray[np.float64]
    rule: LinearRule | None
    units: NDArray[np.float64]
    quantile: float

    @classmethod
    def learn(
        cls, learned: Learned, truth: NDArray[np.floating], own: NDArray[np.floating]
    ) -> _Trust:
        """Compare held-out predictions (n_spots, n_used) with the truth."""
        lines = [_line(measure(own), measure(truth)) for measure in (_log_mean, _log_sd)]
        if learned.held_out is None:
            return cls(
                judged=False, kriging=None, predicted=np.empty((len(truth), 0)), pcc=np.empty(0),
                rule=None, units=np.stack(lines), quantile=2.0,
            )  # fmt: skip
        kriging = Kriging.learn(truth, learned.held_out, own, learned.options.kriging)
        predicted = kriging.held_out(learned.held_out, learned.folds)
        pcc = gene_pcc(truth, predicted)
        seen = np.empty((pcc.size, N_FEATURES))
        for fold in learned.folds:
            rest = np.setdiff1d(np.arange(pcc.size), fold)
            seen[fold] = features(own[:, fold], kriging.own[np.ix_(rest, fold)])
        rule = LinearRule.fit(seen, np.arctanh(pcc.clip(-LARGEST, LARGEST)), RIDGE)
        known = cls(
            judged=True, kriging=kriging, predicted=predicted, pcc=pcc, rule=rule,
            units=np.stack(lines), quantile=1.0,
        )  # fmt: skip
        values, unit_error, _ = known.measured(own)
        quantile = np.quantile(np.abs(truth - values) / unit_error, COVERAGE)
        return dataclasses.replace(known, quantile=float(quantile))

    def measured(self, own: NDArray[np.floating]) -> Part:
        """Values, half widths and correlations of the measured genes, as held out."""
        return self._in_units(self.predicted, self.pcc, own)

    def further(
        self,
        carried: NDArray[np.floating],
        block: NDArray[np.floating],
        own: NDArray[np.floating],
    ) -> Part:
        """Values, half widths and expected correlations of further genes."""
        if self.kriging is None or self.rule is None:
            nothing = np.zeros(block.shape[1])
            return self._in_units(standardise(carried), nothing, block, shrink=False)
        across = standardise(own).T @ standardise(block) / len(own)
        expected = np.tanh(self.rule.predict(features(block, across)))
        return self._in_units(self.kriging.predict(carried, across), expected, block)

    def _in_units(
        self,
        z: NDArray[np.float64],
        pcc: NDArray[np.float64],
        cells: NDArray[np.floating],
        *,
        shrink: bool = True,
    ) -> Part:
        """Give standardised predictions the mean and spread that genes have in the tissue."""
        means, spreads = (_log_mean(cells), _log_sd(cells))
        mean, sd = (
            np.exp(slope * x + height)
            for (slope, height), x in zip(self.units, (means, spreads), strict=True)
        )
        share = pcc.clip(min=0.0) if shrink else 1.0
        half = np.broadcast_to(self.quantile * sd * _noise(pcc), z.shape)
        return mean + sd * share * z, half, pcc


N_FEATURES = 5
"""Features of a gene in the reference; see `features`."""


def features(cells: NDArray[np.floating], across: NDArray[np.floating]) -> NDArray[np.float64]:
    """Say how a gene goes with others in the reference, and how much of it there is.

    Parameters
    ----------
    cells : ndarray, shape (n_cells, n_genes)
        The genes in the reference.
    across : ndarray, shape (n_others, n_genes)
        Correlation with the measured genes that predict it.

    Returns
    -------
    ndarray, shape (n_genes, 5), float64
    """
    size = np.sort(np.abs(across), axis=0)[::-1]
    rows = [
        size[0],
        size[:5].mean(axis=0),
        (cells > 0).mean(axis=0),
        _log_mean(cells),
        _log_sd(cells),
    ]
    return np.stack(rows, axis=1).astype(np.float64)


def _noise(pcc: NDArray[np.floating]) -> NDArray[np.float64]:
    """Error of a standardised gene whose prediction has that correlation."""
    return np.asarray(np.sqrt(1 - np.clip(pcc, 0.0, LARGEST) ** 2))


def _log_mean(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithm of every column's mean."""
    return np.asarray(np.log(np.maximum(np.abs(values.mean(axis=0, dtype=np.float64)), 1e-4)))


def _log_sd(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithm of every column's standard deviation."""
    return np.asarray(np.log(np.maximum(values.std(axis=0, dtype=np.float64), 1e-4)))


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope, drawn a little towards 0, and height of the regression of y on x."""
    dx, dy = x - x.mean(), y - y.mean()
    slope = (dx @ dy) / (dx @ dx + RIDGE * max(float(dx.var()), 1e-9))
    return np.array([slope, y.mean() - slope * x.mean()])
