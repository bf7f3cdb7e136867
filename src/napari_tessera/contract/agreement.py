"""Where two runs, or two genes, say the same of the spots, and where they do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two answers to one question, spot by spot.

    Parameters
    ----------
    answer : str
        What is compared: ``composition``, ``annotation``, ``domains`` or ``genes``.
    titles : tuple of str
        The two sides, in words.
    spot_names : ndarray of str, shape (n_spots,)
        Spots that both sides speak of.
    values : ndarray, shape (n_spots,), float32
        How far they agree, 0 to 1: the overlap of the two distributions over the types (1 less half
        of their distance), or 1 less the difference of a gene's two ranks among the spots.
    first, second : ndarray, shape (n_spots,)
        Likeliest label on either side, or the gene's value.
    names : tuple of str
        Labels that either side knows, sorted; empty for genes.
    scores : mapping of str to float
        ``same``, ``kappa`` and ``ari`` of labels; ``pcc`` and ``spearman`` of genes.
    """

    answer: str
    titles: tuple[str, str]
    spot_names: NDArray[np.str_]
    values: NDArray[np.float32]
    first: NDArray[Any]
    second: NDArray[Any]
    names: tuple[str, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)

    def confusion(self) -> pd.DataFrame:
        """Count the spots by the first side's label (rows) and the second's (columns)."""
        import pandas as pd

        rows, columns = (pd.Categorical(side, categories=self.names) for side in self._sides)
        return pd.crosstab(rows, columns, rownames=["first"], colnames=["second"], dropna=False)

    def table(self) -> pd.DataFrame:
        """One row per label: spots on either side, on both, and that as a share of all of them."""
        import pandas as pd

        counts = self.confusion().to_numpy()
        both, first, second = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        either = np.maximum(first + second - both, 1)
        columns = {"first": first, "second": second, "both": both, "overlap": both / either}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="label"))

    @property
    def _sides(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return self.first, self.second
