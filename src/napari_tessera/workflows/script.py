"""Steps as Python that does them again, on a copy of the data, to the same numbers."""

from __future__ import annotations

import dataclasses
import pprint
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari_tessera
from napari_tessera.contract.errors import InputError
from napari_tessera.contract.inputs import Selection
from napari_tessera.contract.method import Task
from napari_tessera.methods import get_method
from napari_tessera.workflows.steps import (
    Computed,
    Deleted,
    Drawn,
    Exported,
    Opened,
    Ranked,
    Referred,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_VERBS = {
    Task.PLACE: "map_cells",
    Task.COMPOSE: "map_cells",
    Task.IMPUTE: "impute_genes",
    Task.ANNOTATE: "annotate_spots",
    Task.CLUSTER: "find_domains",
}
"""Verb of the Python door that answers a question."""

_WIDTH = 96
COPY_ENDING = "_replayed.zarr"
"""Ending of the copy in which a script computes."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A step of a script.

    Parameters
    ----------
    title : str
        Words for people.
    code : tuple of str
        Lines of Python.
    figure : tuple of str
        Lines that draw what came out; a notebook has them too.
    """

    title: str
    code: tuple[str, ...]
    figure: tuple[str, ...] = ()


def script_text(steps: Iterable[Step]) -> str:
    """Write steps as a Python script.

    Parameters
    ----------
    steps : iterable of Step
        What was done, oldest first.

    Returns
    -------
    str
        Source that ``python script.py`` and ``napari script.py`` run.

    Raises
    ------
    InputError
        If nothing was done, or on data that live in memory only.
    """
    parts = sections_of(steps)
    body = "\n\n".join("\n".join((f"# {s.title}", *s.code)) for s in parts[1:])
    head = (
        f'"""Recorded by napari-tessera {napari_tessera.__version__}; does the same again.\n\n'
        "    python script.py      or      napari script.py\n\n"
        "Everything is computed anew in a copy of the data; the data themselves stay as they are.\n"
        '"""\n\n'
    )
    return head + "\n".join(parts[0].code) + "\n\n" + body + "\n"


def sections_of(steps: Iterable[Step]) -> tuple[Section, ...]:
    """Write steps as sections, the first of which imports what the others use.

    Raises
    ------
    InputError
        If nothing was done, or on data that live in memory only.
    """
    kept = _condensed(tuple(steps))
    if not any(isinstance(step, Opened) for step in kept):
        msg = "Script: expected something that was done with a tissue, found nothing."
        raise InputError(msg, "Open a tissue and run a method first.")
    writer = _Writer()
    for step in kept:
        writer.take(step)
    imports = ("from pathlib import Path", "", "import napari_tessera as nt")
    return (Section(title="What is needed", code=imports), *writer.sections)


def _condensed(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Leave out drawings that the next drawing replaced, and runs that are there already."""
    kept: list[Step] = []
    known: set[str] = set()
    for step in steps:
        if isinstance(step, Drawn) and kept and isinstance(kept[-1], Drawn):
            kept.pop()
        if isinstance(step, Computed):
            if step.name in known:
                continue
            known.add(step.name)
        if isinstance(step, Deleted):
            if step.run not in known:
                continue
            known.discard(step.run)
        kept.append(step)
    return tuple(kept)


@dataclass
class _Writer:
    """Gives things their names in a script, and writes its sections."""

    sections: list[Section] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    here: str = ""

    def take(self, step: Step) -> None:
        """Write one step."""
        writers: dict[type, Callable[[Any], None]] = {
            Opened: self._opened, Referred: self._referred, Computed: self._computed,
            Drawn: self._drawn, Ranked: self._ranked, Deleted: self._deleted,
            Exported: self._exported,
        }  # fmt: skip
        writers[type(step)](step)

    def _add(self, title: str, *code: str, figure: tuple[str, ...] = ()) -> None:
        self.sections.append(Section(title=title, code=code, figure=figure))

    def _opened(self, step: Opened) -> None:
        """Copy a tissue that is met for the first time; go back to its copy otherwise."""
        source = _on_disk(step.source, "tissue")
        if source not in self.copies:
            number = _suffix(len(self.copies))
            self.copies[source] = out = f"OUT{number}"
            copy = f"{Path(source).name.partition('.')[0]}{number.lower()}{COPY_ENDING}"
            extra = {} if not step.image else {"image_scale": step.image_scale}
            image = f", image=Path({step.image!r})" if step.image else ""
            self._add(
                f"The tissue {Path(source).name}, copied without its runs",
                f"TISSUE{number} = Path({source!r})",
                f"{out} = Path({copy!r})  # must not exist",
                f"nt.import_tissue(TISSUE{number}, {out}{image}{_more(extra)})",
                f"for old in nt.runs({out}):",
                f"    nt.delete({out}, old.name)",
            )
        self.here = self.copies[source]

    def _referred(self, step: Referred) -> None:
        self._reference(step.source)

    def _reference(self, source: str) -> str:
        """Name of a reference, written down where it is met for the first time."""
        source = _on_disk(source, "reference")
        if source not in self.references:
            name = f"REFERENCE{_suffix(len(self.references))}"
            self.references[source] = name
            title = f"The reference {Path(source).name}"
            self._add(title, f"{name} = Path({source!r})")
        return self.references[source]

    def _computed(self, step: Computed) -> None:
        spec, task = step.spec, Task(step.spec.task)
        variable = self._named(step.name, "run")
        given = [self.here]
        if task is not Task.CLUSTER:
            given.append(self._reference(spec.reference))
        if spec.source:
            given.append(f"source=Path({spec.source!r})")
        if spec.composition:
            given.append(f"composition={self._known(spec.composition)}.name")
        method = get_method(spec.method)
        given += [
            f"method={method.name!r}",
            f"options={_call(method.options_type.__name__, spec.options)}",
            f"selection={_call('Selection', _chosen(spec.selection))}",
            f"out={self.here}",
        ]
        note = [f"# {step.note}"] if step.note else []
        self._add(
            f"{method.title}: {task} (recorded as {step.name})", *note,
            f"{variable} = nt.{_VERBS[task]}(",
            *(f"    {_indented(argument)}," for argument in given),
            ")",
            f'print({variable}.name, dict({variable}.provenance.scores))',
            figure=(f"{variable}.plot();",) if step.places else (),
        )  # fmt: skip

    def _drawn(self, step: Drawn) -> None:
        regions = [_literal(region.to_json()) for region in step.regions]
        listed = "".join(f"    nt.Region.from_json({_indented(text)}),\n" for text in regions)
        names = ", ".join(region.name for region in step.regions) or "none any more"
        self._add(
            f"Drawn regions: {names}",
            f"regions = [\n{listed}]",
            f"nt.write_regions({self.here}, regions, {step.coordinate_system!r}, {step.element!r})",
        )

    def _ranked(self, step: Ranked) -> None:
        run, variable = self._known(step.run), self._named(step.name, "genes")
        asked = dataclasses.asdict(step.question)
        plain = {name: value for name, value in asked.items() if value is not None}
        options = _call("ExplainOptions", step.options.to_json())
        self._add(
            f"Genes: {_words(plain)}",
            f"{variable} = nt.explain_region(",
            f"    {self.here},",
            f"    {run}.name,",
            *(f"    {name}={value!r}," for name, value in plain.items()),
            f"    options={_indented(options)},",
            ")",
            f"print({variable}.ranking.table().head())",
            figure=(f"{variable}.figure()",),
        )

    def _deleted(self, step: Deleted) -> None:
        run = self._known(step.run)
        self._add(f"{step.run} was deleted", f"nt.delete({self.here}, {run}.name)")

    def _exported(self, step: Exported) -> None:
        name = Path(step.path).name
        path = f"{self.here}.with_name({name!r})"
        if step.what == "regions":
            self._add(f"Wrote {name}", f"nt.export_regions({self.here}, {path})")
            return
        source = self._known(step.source)
        code = {
            "tables": f"nt.write_tables({source}, {path})",
            "domain genes": f"nt.write_domain_genes({self.here}, {source}, {path})",
            "table": f"{source}.ranking.table().to_csv({path})",
            "figure": f"{source}.figure().savefig({path}, dpi=200)",
        }[step.what]
        self._add(f"Wrote {name}", code)

    def _named(self, recorded: str, word: str) -> str:
        """Give a run or ranking a variable."""
        count = sum(name.startswith(word) for name in self.names.values()) + 1
        return self.names.setdefault(recorded, f"{word}_{count}")

    def _known(self, recorded: str) -> str:
        """Variable of a run or ranking that the script has made."""
        if recorded not in self.names:
            msg = f"Script: expected steps that make {recorded}, found none."
            raise InputError(msg, "Compute it again in this window.")
        return self.names[recorded]


def _on_disk(source: str, what: str) -> str:
    """Refuse what a script cannot open."""
    if not source:
        msg = f"Script: expected a {what} with a path, found one that lives in memory only."
        raise InputError(msg, f"Write the {what} to disk and open it from there.")
    return source


def _suffix(number: int) -> str:
    """Tell the second and third thing of a kind from the first."""
    return "" if number == 0 else f"_{number + 1}"


def _chosen(selection: Selection) -> dict[str, Any]:
    """Fields of a selection that say something."""
    standard = dataclasses.asdict(Selection())
    return {k: v for k, v in dataclasses.asdict(selection).items() if v != standard[k]}


def _call(name: str, values: Mapping[str, Any]) -> str:
    """Write a call of one of our own types, one argument to a line."""
    if not values:
        return f"nt.{name}()"
    return f"nt.{name}(\n" + "".join(f"    {k}={_literal(v)},\n" for k, v in values.items()) + ")"


def _more(values: Mapping[str, Any]) -> str:
    return "".join(f", {name}={value!r}" for name, value in values.items())


def _literal(value: Any) -> str:  # noqa: ANN401 - any plain value
    """Write a value so that Python reads the very same one."""
    return pprint.pformat(value, width=_WIDTH, compact=True, sort_dicts=False)


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _words(asked: Mapping[str, str]) -> str:
    """Say what was asked in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asked.items())
