"""Every input of the catalogue at the command: refused, mended, noted or accepted, never silent."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from napari_tessera.cli.main import main
from napari_tessera.contract.errors import RefusedError
from napari_tessera.contract.inputs import Selection
from napari_tessera.data.gate import check_inputs
from napari_tessera.data.landmarks import read_landmarks
from napari_tessera.data.prepare import prepare_pair
from napari_tessera.data.read import open_tissue, read_reference
from napari_tessera.data.write import list_runs, read_run
from napari_tessera.testing.bad_inputs import (
    BadInput,
    Ground,
    Outcome,
    all_bad_inputs,
    ground_in,
    plant_spots,
)
from napari_tessera.testing.bad_inputs_files import recipes

if TYPE_CHECKING:
    from napari_tessera.contract.inputs import PictureScale
    from napari_tessera.data.sample import SamplePaths

CASES = all_bad_inputs()
REFUSED = [c for c in CASES if c.outcome is Outcome.REFUSED]
PASSING = [c for c in CASES if c.outcome is not Outcome.REFUSED]
MENDED = [c for c in CASES if c.outcome is Outcome.MENDED]

pytestmark = pytest.mark.filterwarnings("ignore")  # libraries warn of what is spoiled on purpose


def by_name(case: BadInput) -> str:
    return case.name.encode("ascii", "replace").decode()


@pytest.fixture(scope="module")
def good(planted: SamplePaths) -> Path:
    folder = planted.tissue.parent
    if not (folder / "spots.h5ad").exists():
        plant_spots(folder)
    return folder


@pytest.fixture
def ground(good: Path, tmp_path: Path) -> Ground:
    return ground_in(tmp_path / "ground", good)


def content(folder: Path) -> str:
    """Hash of everything below a folder: names, links and bytes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_symlink():
            digest.update(str(path.readlink()).encode())
        elif path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def command(ground: Ground) -> list[str]:
    given = ["map", str(ground.tissue), "--reference", str(ground.reference)]
    return [*given, "--method", "baseline", *ground.flags]


def codes_of(ground: Ground) -> set[str]:
    """Codes of the problems, by the functions that the command calls."""
    arguments = dict(zip(ground.flags[::2], ground.flags[1::2], strict=False))
    arguments.pop("--out", None)
    image = arguments.pop("--image", "")
    scale: PictureScale = float(arguments.pop("--image-scale", "1"))
    named = {
        k[2:].replace("-", "_"): v for k, v in arguments.items() if not k.startswith("--image")
    }
    is_file = "." in image and not image.startswith("..")
    chosen = Selection(**named, image=image if image and not is_file else None)  # type: ignore[arg-type]
    if "--image-scale=-1" in ground.flags:
        scale = -1
    try:
        if "--image-landmarks" in arguments:
            scale = read_landmarks(Path(arguments["--image-landmarks"]))
        tissue = open_tissue(
            ground.tissue, image=Path(image) if is_file else None, image_scale=scale
        )
        report = check_inputs(tissue, read_reference(ground.reference), chosen)
    except RefusedError as error:
        report = error.report
    return {problem.code for problem in report.problems}


@pytest.mark.parametrize("case", REFUSED, ids=by_name)
def test_a_bad_input_is_refused_in_words_and_nothing_changes(
    case: BadInput, ground: Ground, capfd: pytest.CaptureFixture[str]
) -> None:
    case.make(ground)
    before = content(ground.folder)
    capfd.readouterr()
    assert main(command(ground)) == 2
    said = capfd.readouterr().err
    assert "expected" in said
    assert "found" in said
    assert "Traceback" not in said
    assert content(ground.folder) == before
    assert not ground.marker.exists()
    if case.code:
        assert case.code in codes_of(ground)


@pytest.mark.parametrize("case", PASSING, ids=by_name)
def test_an_odd_input_is_mended_or_noted_or_taken_as_it_is(
    case: BadInput, ground: Ground, capfd: pytest.CaptureFixture[str]
) -> None:
    case.make(ground)
    flags = [f for f in ground.flags if "out" not in f]
    info = ["info", str(ground.tissue), "--reference", str(ground.reference), *flags, "--json"]
    assert main(info) == 0
    problems = json.loads(capfd.readouterr().out.splitlines()[-1])["report"]["problems"]
    found = [p for p in problems if p["code"] == case.code]
    if case.outcome is not Outcome.ACCEPTED:
        assert [p["severity"] for p in found][:1] == [case.outcome]
    else:
        assert not [p for p in problems if p["severity"] == "refuse"]


@pytest.mark.parametrize("case", MENDED, ids=by_name)
def test_what_was_mended_stands_in_the_origin_of_the_data(case: BadInput, ground: Ground) -> None:
    case.make(ground)
    arguments = dict(zip(ground.flags[::2], ground.flags[1::2], strict=False))
    arguments.pop("--out", None)
    chosen = Selection(**{k[2:].replace("-", "_"): v for k, v in arguments.items()})  # type: ignore[arg-type]
    inputs, _ = prepare_pair(open_tissue(ground.tissue), read_reference(ground.reference), chosen)
    assert any(step.startswith(f"{case.code}:") for step in inputs.origin.preparation)


def test_what_was_mended_stands_in_the_provenance_of_a_run(ground: Ground) -> None:
    case = next(c for c in MENDED if c.code == "genes-spaces")
    case.make(ground)
    assert main(command(ground)) == 0
    (summary,) = list_runs(ground.store)
    warnings = read_run(ground.store, summary.name).provenance.warnings
    assert any("spaces" in warning for warning in warnings)


@pytest.mark.parametrize("about", sorted(recipes()))
@pytest.mark.parametrize("verb", ["check", "fit"])
def test_a_bad_recipe_is_refused_in_words(
    about: str, verb: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(recipes()[about])
    assert main([verb, "--spec", str(spec), "--run-dir", str(tmp_path / "run")]) == 2
    said = "".join(capfd.readouterr()).replace("Expected", "expected")
    assert "expected" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("code", ["counts-nan", "store-pickle", "claims-memory"])
def test_a_real_command_ends_with_two_and_words(code: str, ground: Ground) -> None:
    next(c for c in REFUSED if c.code == code).make(ground)
    done = subprocess.run(
        [sys.executable, "-m", "napari_tessera", *command(ground)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "expected" in done.stderr
    assert "Traceback" not in done.stderr


def test_names_in_the_catalogue_are_unique() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_the_catalogue_asks_for_at_least_120_kinds_of_problem() -> None:
    assert len({case.code for case in CASES if case.code}) >= 120


def test_there_are_at_least_30_hostile_files() -> None:
    assert sum(case.group.startswith("Hostile") for case in CASES) >= 30
