"""Nothing that is read can run code: no way to a pickle in the source, no payload that ran."""

from __future__ import annotations

import ast
import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import napari_tessera
from napari_tessera.testing.bad_inputs import Ground
from napari_tessera.testing.bad_inputs_hostile import payload

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(napari_tessera.__file__).parent
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
LOADS = {"eval", "exec", "unpack_archive", "extractall", "read_pickle"}
MAKES_PAYLOADS = "testing/bad_inputs_hostile.py"


def files() -> list[Path]:
    return sorted(p for p in SOURCE.rglob("*.py") if not p.as_posix().endswith(MAKES_PAYLOADS))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module).split(".")[0]


def calls(tree: ast.AST) -> Iterator[tuple[str, dict[str | None, object]]]:
    """Name of what is called, with its literal keywords."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            given = {k.arg: getattr(k.value, "value", None) for k in node.keywords}
            yield ast.unparse(node.func), given


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_no_file_imports_what_reads_pickles(path: Path) -> None:
    assert not set(imported(ast.parse(path.read_text()))) & FORBIDDEN_IMPORTS


@pytest.mark.parametrize("path", files(), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_no_file_loads_in_a_way_that_may_run_code(path: Path) -> None:
    for name, keywords in calls(ast.parse(path.read_text())):
        last = name.rsplit(".", 1)[-1]
        assert name not in LOADS
        assert last not in LOADS - {"eval", "exec"}
        if name == "np.load":
            assert keywords.get("allow_pickle") is False
        if name == "torch.load":
            assert keywords.get("weights_only") is True


def test_the_payload_runs_where_someone_unpickles_it(tmp_path: Path) -> None:
    ground = Ground(folder=tmp_path, tissue=tmp_path, reference=tmp_path)
    pickle.loads(payload(ground))  # noqa: S301 - shows that the marker would be seen
    assert ground.marker.exists()
