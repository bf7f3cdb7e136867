"""The verbs of the Python door, on a planted tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import napari_tessera as nt
from napari_tessera.contract.errors import FitCancelled, OptionError, RunNotFoundError
from napari_tessera.contract.progress import Progress, SilentMonitor, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from napari_tessera.data.sample import SamplePaths

QUICK = nt.BaselineOptions()


@pytest.fixture
def sample(
    plant: Callable[..., SamplePaths], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SamplePaths:
    """Copy a planted sample; runs of objects in memory go below it too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return plant(tmp_path, n_cells=200, n_spots=160, n_genes=60, seed=0)


def baseline(sample: SamplePaths) -> nt.Run:
    """Map quickly, from paths."""
    return nt.map_cells(
        sample.tissue, sample.reference, cell_type_column="cell_type", method="baseline"
    )


def test_mapping_writes_nothing_into_the_store(sample: SamplePaths) -> None:
    baseline(sample)
    assert nt.runs(sample.tissue) == ()


def test_a_run_that_is_written_is_listed(sample: SamplePaths) -> None:
    run = baseline(sample)
    nt.write(sample.tissue, run)
    assert [summary.name for summary in nt.runs(sample.tissue)] == [run.name]


def test_a_run_that_is_written_is_read_back(sample: SamplePaths) -> None:
    run = baseline(sample)
    nt.write(sample.tissue, run)
    back = nt.read(sample.tissue, run.name)
    assert back.result.placement is not None
    assert run.result.placement is not None
    np.testing.assert_allclose(back.result.placement.xy, run.result.placement.xy)


def test_a_run_that_is_deleted_is_gone(sample: SamplePaths) -> None:
    run = baseline(sample)
    nt.write(sample.tissue, run)
    nt.delete(sample.tissue, run.name)
    with pytest.raises(RunNotFoundError):
        nt.read(sample.tissue, run.name)


def test_out_writes_into_the_store(sample: SamplePaths) -> None:
    run = nt.map_cells(
        sample.tissue,
        sample.reference,
        cell_type_column="cell_type",
        method="baseline",
        out=sample.tissue,
    )
    assert [summary.name for summary in nt.runs(sample.tissue)] == [run.name]


def test_objects_in_memory_give_the_same_answer_as_files(sample: SamplePaths) -> None:
    import anndata as ad
    import spatialdata as sd

    from_files = baseline(sample)
    tissue, reference = sd.read_zarr(sample.tissue), ad.read_h5ad(sample.reference)
    run = nt.map_cells(tissue, reference, cell_type_column="cell_type", method="baseline")
    assert run.name == from_files.name
    assert run.result.placement is not None
    assert from_files.result.placement is not None
    np.testing.assert_array_equal(run.result.placement.xy, from_files.result.placement.xy)


def test_the_same_call_gives_the_same_run(sample: SamplePaths) -> None:
    assert baseline(sample) is not baseline(sample)
    assert baseline(sample).provenance == baseline(sample).provenance


def test_another_seed_gives_another_name(sample: SamplePaths) -> None:
    run = nt.map_cells(
        sample.tissue,
        sample.reference,
        cell_type_column="cell_type",
        method="baseline",
        options=nt.BaselineOptions(seed=1),
    )
    assert run.name != baseline(sample).name


def test_options_of_another_method_are_refused(sample: SamplePaths) -> None:
    with pytest.raises(OptionError, match="BaselineOptions"):
        nt.map_cells(sample.tissue, sample.reference, method="baseline", options=nt.StemOptions())


class _Stopping(SilentMonitor):
    """Cancels when the network has begun to train."""

    def report(self, progress: Progress) -> Verdict:
        """Stop at the third step."""
        if progress.losses and progress.step >= 3:
            raise FitCancelled
        return Verdict.CONTINUE


def test_a_cancelled_run_goes_on_from_its_checkpoint(sample: SamplePaths) -> None:
    def go(monitor: SilentMonitor | None) -> nt.Run:
        return nt.map_cells(
            sample.tissue,
            sample.reference,
            cell_type_column="cell_type",
            options=nt.StemOptions(steps=12, members=1, batch_cells=64),
            monitor=monitor,
        )

    with pytest.raises(FitCancelled):
        go(_Stopping())
    folder = next(sample.tissue.with_name("tissue.zarr.tessera").glob("stem_*"))
    assert list(folder.glob("checkpoint_*"))
    assert nt.resume(folder).name == folder.name
    assert go(None).name == folder.name


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    import runpy
    from pathlib import Path

    example = Path(__file__).parents[2] / "examples" / "map_cells.py"
    runpy.run_path(str(example))["main"]([])
    assert "runs in the store: ['stem_" in capsys.readouterr().out
