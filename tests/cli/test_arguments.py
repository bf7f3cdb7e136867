"""Usage of the command: exit codes, messages, and a light start."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import napari_tessera
from napari_tessera.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ["demo", "import", "info", "map", "runs", "resume", "fit", "sample", "evaluate"]


def python(code: str) -> str:
    """Run code in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"napari-tessera {napari_tessera.__version__}"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"napari-tessera {command}" in capsys.readouterr().out


def test_the_commands_of_the_window_stay_out_of_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--help"])
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert not {"check", "commit"} & set(listed)
    assert set(COMMANDS) <= set(listed)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["map"],
        ["map", "t.zarr"],
        ["map", "t.zarr", "--reference", "r.h5ad", "--method", "oracle"],
        ["map", "t.zarr", "--reference", "r.h5ad", "--unknown", "1"],
        ["map", "t.zarr", "--refer", "r.h5ad"],
        ["evaluate", "placement", "s.zarr"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert main(arguments) == 2


def test_an_option_of_another_method_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tissue, reference = str(tmp_path / "t.zarr"), str(tmp_path / "r.h5ad")
    command = ["map", tissue, "--reference", reference, "--method", "baseline", "--steps", "5"]
    assert main(command) == 2
    assert "--steps: expected an option of baseline" in capsys.readouterr().err


def test_a_table_without_a_store_for_the_result_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["map", str(tmp_path / "t.h5ad"), "--reference", str(tmp_path / "r.h5ad")]
    assert main(command) == 2
    assert "--out OUT.zarr" in capsys.readouterr().err


def test_a_result_is_not_written_over_a_folder_of_something_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.zarr").mkdir()
    (tmp_path / "out.zarr" / "thesis.txt").write_text("precious")
    command = ["map", str(tmp_path / "t.h5ad"), "--reference", str(tmp_path / "r.h5ad")]
    assert main([*command, "--out", str(tmp_path / "out.zarr")]) == 2
    assert "something else" in capsys.readouterr().err


@pytest.mark.parametrize("grid", ["30", "30x", "x40", "0x4", "axb", "3x4x5"])
def test_a_grid_that_is_none_is_refused(grid: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "pseudospots", "c.h5ad", "o.h5ad", "--grid", grid]) == 2
    assert "30x40" in capsys.readouterr().err


def test_a_run_directory_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resume", str(tmp_path)]) == 2
    assert "spec.json" in capsys.readouterr().err


def test_help_loads_no_heavy_library() -> None:
    code = (
        "import sys; from napari_tessera.cli.main import main\n"
        "for c in ('map', 'evaluate'): main([c, '--help'])\n"
        "heavy = {'torch', 'spatialdata', 'scanpy', 'squidpy', 'anndata', 'napari', 'pandas'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    assert python(code).splitlines()[-1] == "HEAVY []"


def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "napari_tessera", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"napari-tessera {napari_tessera.__version__}"


@pytest.mark.skipif(os.name != "posix", reason="closes a pipe as a posix shell does")
def test_a_reader_that_leaves_early_sees_no_traceback() -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "napari_tessera", "map", "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    child.stdout.close()
    _, said = child.communicate(timeout=60)
    assert b"Traceback" not in said
