"""Peak memory of SpaIM on a large section, everything counted: interpreter, data, fit, answer.

    python benchmarks/imputation_memory.py [published|improved] [--spots 100000] [--genes 1000]

One pass over the genes; more passes take no more memory. The section is random and a tenth of its
entries is not zero.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
from scipy import sparse

from napari_tessera.contract.expression import Expression, ExpressionScale
from napari_tessera.contract.inputs import PairedData
from napari_tessera.contract.progress import SilentMonitor
from napari_tessera.methods import get_method

N_CELLS, N_NEW, SHARE = 5000, 20, 0.1


def random_counts(rng: np.random.Generator, n_rows: int, n_genes: int) -> sparse.csr_matrix:
    """Sparse counts, built without a dense copy."""
    per_row = max(1, int(SHARE * n_genes))
    indices = rng.integers(0, n_genes, size=(n_rows, per_row)).astype(np.int32)
    indices.sort(axis=1)
    values = rng.integers(1, 9, size=n_rows * per_row).astype(np.float32)
    indptr = np.arange(0, n_rows * per_row + 1, per_row)
    found = sparse.csr_matrix((values, indices.ravel(), indptr), shape=(n_rows, n_genes))
    found.sum_duplicates()
    return found


def section(n_spots: int, n_genes: int) -> PairedData:
    """Make a section and cells of noise."""
    rng = np.random.default_rng(0)
    names = np.array([f"G{i:05d}" for i in range(n_genes + N_NEW)])

    def expression(what: str, n_rows: int, genes: np.ndarray) -> Expression:
        return Expression(
            values=random_counts(rng, n_rows, genes.size),
            obs_names=np.array([f"{what}{i}" for i in range(n_rows)]),
            gene_names=genes,
            scale=ExpressionScale.COUNTS,
        )

    return PairedData(
        cells=expression("c", N_CELLS, names[:n_genes]),
        spots=expression("s", n_spots, names[:n_genes]),
        further=expression("c", N_CELLS, names[n_genes:]),
        spot_xy=rng.random((n_spots, 2)) * 1000,
        unit="micrometre",
        pitch=10.0,
    )


def peak_gib() -> float:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    """Fit and predict once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variant", nargs="?", default="published")
    parser.add_argument("--spots", type=int, default=100_000)
    parser.add_argument("--genes", type=int, default=1000)
    given = parser.parse_args()
    inputs = section(given.spots, given.genes)
    assert inputs.further is not None
    method = get_method("spaim")
    options = method.options_type(
        variant=given.variant, epochs=1, folds=2, members=1, n_genes=None,
        genes=",".join(inputs.further.gene_names), device="cpu",
    )  # fmt: skip
    print(f"data ready: {peak_gib():.2f} GiB", flush=True)
    clock = time.process_time()
    fitted = method.fit(inputs, options, SilentMonitor())
    print(f"fitted: {peak_gib():.2f} GiB, {time.process_time() - clock:.0f} CPU s", flush=True)
    found = method.predict(fitted, inputs).imputation
    assert found is not None
    print(f"predicted {found.values.shape}: {peak_gib():.2f} GiB")


if __name__ == "__main__":
    main()
