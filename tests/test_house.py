"""What the linters cannot say: sizes, doors, words, the cost of an import, and the real data."""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import napari_tessera
from napari_tessera.cli.parser import make_parser
from napari_tessera.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "napari_tessera"

MAX_FILE_LINES = 400
MAX_BODY_LINES = 50
MAX_PARAMETERS = 5

MANY_PARAMETERS = {
    "workflows/answers.py:annotate_spots": "a public verb",
    "workflows/answers.py:find_domains": "a public verb",
    "workflows/answers.py:impute_genes": "a public verb",
    "workflows/verbs.py:make_spec": "what a verb was told",
    "contract/options.py:option": "one declaration of everything there is to say of an option",
    "data/problems.py:_say": "where, what was expected, what was found, what to do",
    "data/problems.py:refusal": "where, what was expected, what was found, what to do",
    "evaluation/placement.py:evaluate_placement": "a public verb",
    "workflows/explain.py:explain_region": "a public verb",
    "workflows/verbs.py:begin": "what `map_cells` was told",
    "workflows/verbs.py:map_cells": "a public verb",
}
"""Functions with more parameters than the limit, each with its reason."""

LIGHT_ROOMS = ("contract", "data", "jobs", "viewer", "workbench", "widgets")
"""Rooms that load no torch."""

CHECKED_SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".bib", ".cfg", ".json", ""}

ODD_WORDS = {
    "unfinished work": r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b",
    "path of one machine": r"(?<![\w.])/(?:home|root|Users|work)/\w|/\.?pye" r"nv/",
    "package registry": r"pypi\.o"
    r"rg|pythonho"
    r"sted|download\.pyto"
    r"rch|--(?:extra-)?index-u"
    r"rl",
}
"""What no text contains, by reason; written in pieces, so that they do not find themselves."""


@cache
def tracked() -> tuple[Path, ...]:
    """Text files of the repository: those git knows, or all that lie in its folders."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    folders = ("src", "tests", "docs", "examples", "benchmarks", "changes")
    names = listed.stdout.splitlines() or [
        str(p.relative_to(ROOT)) for f in folders for p in (ROOT / f).rglob("*")
    ]
    paths = (ROOT / name for name in names)
    return tuple(p for p in paths if p.is_file() and p.suffix in CHECKED_SUFFIXES)


def modules() -> tuple[Path, ...]:
    """Every Python file of the package."""
    return tuple(sorted(SOURCE.rglob("*.py")))


def python_files() -> tuple[Path, ...]:
    """Every Python file of the repository."""
    return tuple(path for path in tracked() if path.suffix == ".py")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's body, its docstring not counted."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Parameters of a function, self and cls not counted."""
    spec = function.args
    named = [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def run_python(code: str, **environment: str) -> str:
    """Run code in a new interpreter; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=False, timeout=120, env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def loaded_after(code: str, *names: str) -> set[str]:
    """Which of the named modules are loaded after running code in a new interpreter."""
    end = f"\nimport sys; print('|', *[n for n in {names!r} if n in sys.modules])"
    return set(run_python(code + end).rpartition("|")[2].split())


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_fits_in_the_head(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES


def test_no_function_body_is_longer_than_the_limit() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{f.name}": body_lines(f)
        for path in python_files()
        for f in functions(path)
        if body_lines(f) > MAX_BODY_LINES
    }
    assert long == {}


def test_no_function_has_more_parameters_than_the_limit() -> None:
    many = {
        f"{path.relative_to(SOURCE)}:{f.name}": parameters(f)
        for path in modules()
        for f in functions(path)
        if parameters(f) > MAX_PARAMETERS
    }
    assert set(many) - set(MANY_PARAMETERS) == set()


def test_every_listed_exception_is_still_needed() -> None:
    found = {f"{p.relative_to(SOURCE)}:{f.name}" for p in modules() for f in functions(p)}
    assert set(MANY_PARAMETERS) - found == set()


def test_doors_are_sorted() -> None:
    unsorted = []
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
                names = [ast.literal_eval(e) for e in getattr(node.value, "elts", [])
                         if isinstance(e, ast.Constant)]  # fmt: skip
                if names != sorted(names):
                    unsorted.append(path.name)
    assert unsorted == []


def test_the_python_door_is_sorted() -> None:
    names = [name for name in napari_tessera.__all__ if name != "__version__"]
    assert names == sorted(names)


@pytest.mark.parametrize("name", [n for n in napari_tessera.__all__ if n != "__version__"])
def test_the_python_door_leads_somewhere(name: str) -> None:
    assert getattr(napari_tessera, name).__doc__


def test_a_name_that_is_not_in_the_door_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = napari_tessera.nothing


def test_no_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "common", "base", "misc"}
    assert [p.name for p in SOURCE.rglob("*") if p.stem in drawers] == []


@pytest.mark.parametrize("what", ODD_WORDS)
def test_no_text_contains(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(ODD_WORDS[what], line)
    ]
    assert found == []


def test_importing_the_package_costs_less_than_a_tenth_of_a_second() -> None:
    code = """
import time
start = time.process_time()
import napari_tessera
print(time.process_time() - start)
"""
    assert min(float(run_python(code)) for _ in range(3)) < 0.1


def test_importing_the_package_loads_neither_numpy_nor_torch() -> None:
    assert loaded_after("import napari_tessera", "numpy", "torch") == set()


@pytest.mark.parametrize("room", LIGHT_ROOMS)
def test_a_room_without_models_loads_no_torch(room: str) -> None:
    code = f"""
import importlib, pkgutil
import napari_tessera.{room} as room
for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    importlib.import_module(found.name)
"""
    assert loaded_after(code, "torch") == set()


def test_widgets_load_no_spatialdata() -> None:
    code = """
import importlib, pkgutil
import napari_tessera.widgets as room
for found in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    importlib.import_module(found.name)
"""
    assert loaded_after(code, "spatialdata", "squidpy", "scanpy") == set()


def test_knowing_the_methods_loads_no_torch() -> None:
    code = """
from napari_tessera.contract.options import option_fields
from napari_tessera.methods import METHODS
for method in METHODS.values():
    option_fields(method.options_type)
"""
    assert loaded_after(code, "torch", "spatialdata", "scanpy") == set()


def test_printing_the_help_loads_nothing_heavy() -> None:
    code = """
from napari_tessera.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
    assert loaded_after(code, "torch", "spatialdata", "scanpy", "squidpy", "napari") == set()


def shown_commands() -> list[str]:
    """Sub-commands that people are shown."""
    (action,) = (a for a in make_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return [choice.dest for choice in action._choices_actions]


@pytest.mark.parametrize("name", shown_commands())
def test_people_are_told_of_every_command(name: str) -> None:
    pages = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "guides").glob("*.md")]
    assert any(f"napari-tessera {name}" in page.read_text(encoding="utf-8") for page in pages)


def test_every_paper_that_the_code_names_is_in_the_bibliography() -> None:
    known = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "docs/references.bib").read_text(), re.M))
    cited = {m.reference for m in METHODS.values() if m.reference}
    for path in modules():
        cited |= set(re.findall(r":cite:`(\w+)`", path.read_text(encoding="utf-8")))
    assert cited - known == set()


@pytest.mark.kit
def test_the_real_data_are_as_they_were(kit_changes: tuple[str, ...]) -> None:
    assert kit_changes == ()
