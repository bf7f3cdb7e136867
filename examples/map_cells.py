"""Place the cells of a reference in a tissue, look at the result, and store it.

Run it as it is (it makes a small planted tissue), or give a store, a reference and the column with
the cell types::

    python map_cells.py tissue.zarr reference.h5ad cell_type
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import napari_tessera as nt


def main(arguments: list[str]) -> None:
    """Map, print, store.

    Parameters
    ----------
    arguments : list of str
        Store, reference, column; empty for a planted tissue.
    """
    with tempfile.TemporaryDirectory() as folder:
        if arguments:
            tissue, reference, column = Path(arguments[0]), Path(arguments[1]), arguments[2]
        else:
            sample = nt.write_sample(Path(folder), n_cells=300, n_spots=160, n_genes=80, seed=0)
            tissue, reference, column = sample.tissue, sample.reference, "cell_type"
        run = nt.map_cells(
            tissue,
            reference,
            cell_type_column=column,
            options=nt.StemOptions(steps=30, members=1, seed=7),
        )
        print(run.name)
        if run.result.placement is not None:
            print(run.result.placement.table().head())
        if run.result.composition is not None:
            print(run.result.composition.table().head())
        print("held-out distance:", run.provenance.scores.get("held_out_distance"))
        print("the baseline's:", run.provenance.baseline.get("held_out_distance"))
        nt.write(tissue, run)
        print("runs in the store:", [summary.name for summary in nt.runs(tissue)])


if __name__ == "__main__":
    main(sys.argv[1:])
