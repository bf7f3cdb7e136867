"""A wheel and an editable install register the plugin, with all that its manifest says."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from npe2 import PluginManifest

ROOT = Path(__file__).resolve().parents[1]

DISCOVER = """
import importlib.metadata, json, sys
where = sys.argv[1:]
if where:  # look there only: the interpreter that runs the tests has the plugin already
    sys.path[:0] = where
    everywhere = importlib.metadata.distributions
    importlib.metadata.distributions = lambda **_: everywhere(path=where)
from npe2 import PluginManifest
found = [
    result.manifest
    for result in PluginManifest.discover()
    if result.manifest is not None and result.manifest.name == "napari-tessera"
]
names = [m.display_name for m in found]
commands = [c.id for m in found for c in m.contributions.commands or ()]
print(json.dumps(names + commands))
"""


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command; give what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def manifest() -> PluginManifest:
    """Return the manifest as npe2 understands it."""
    return PluginManifest.from_file(ROOT / "napari.yaml")


@pytest.fixture(scope="session")
def written() -> dict[str, list[dict[str, str]]]:
    """Return the contributions as they are written."""
    text = (ROOT / "napari.yaml").read_text(encoding="utf-8")
    contributions: dict[str, list[dict[str, str]]] = yaml.safe_load(text)["contributions"]
    return contributions


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel, in a folder of its own."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out)
    (built,) = out.glob("napari_tessera-*.whl")
    return built


def discovered(*first: Path, cwd: Path) -> list[str]:
    """Name every Tessera manifest that a new interpreter finds, then their commands."""
    found: list[str] = json.loads(run(sys.executable, "-I", "-c", DISCOVER, *first, cwd=cwd))
    return found


def test_npe2_finds_the_installed_manifest_valid() -> None:
    script = Path(sys.executable).with_name("npe2")
    assert "valid" in run(script, "validate", "napari-tessera")


@pytest.mark.parametrize("kind", ["commands", "widgets", "sample_data", "readers", "menus"])
def test_npe2_drops_nothing_that_the_manifest_says(
    kind: str, manifest: PluginManifest, written: dict[str, list[dict[str, str]]]
) -> None:
    parsed = getattr(manifest.contributions, kind) or ()
    assert len(parsed) == len(written.get(kind, ()))


def test_every_command_is_parsed(
    manifest: PluginManifest, written: dict[str, list[dict[str, str]]]
) -> None:
    parsed = [command.id for command in manifest.contributions.commands or ()]
    assert parsed == [command["id"] for command in written["commands"]]


def test_every_command_of_the_manifest_can_be_imported(manifest: PluginManifest) -> None:
    places = [(c.python_name or "").split(":") for c in manifest.contributions.commands or ()]
    assert all(callable(getattr(importlib.import_module(m), n)) for m, n in places)


def test_the_three_docks_are_widgets(manifest: PluginManifest) -> None:
    names = {w.display_name for w in manifest.contributions.widgets or ()}
    assert {"Tissue", "Model", "Results"} <= names


def test_a_wheel_holds_the_manifest_as_a_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = archive.read("napari_tessera/napari.yaml").decode()
    assert held == (ROOT / "napari.yaml").read_text(encoding="utf-8")


def test_a_wheel_holds_nothing_but_the_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"napari_tessera"}


def test_an_installed_wheel_registers_the_plugin(
    wheel: Path, tmp_path: Path, written: dict[str, list[dict[str, str]]]
) -> None:
    target = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet",
        "--target", target, wheel)  # fmt: skip
    found = discovered(target, cwd=tmp_path)
    assert found == ["Tessera", *(command["id"] for command in written["commands"])]


def test_the_editable_install_registers_the_plugin(
    tmp_path: Path, written: dict[str, list[dict[str, str]]]
) -> None:
    found = discovered(cwd=tmp_path)
    assert found == ["Tessera", *(command["id"] for command in written["commands"])]
