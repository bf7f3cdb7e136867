"""Pages that are made from the code at build time: what is declared once is not written twice."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_tessera.cli.parser import make_parser
from napari_tessera.contract.options import option_fields
from napari_tessera.explain.options import ExplainOptions
from napari_tessera.methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

    from napari_tessera.contract.options import OptionField


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the pages before Sphinx looks for them."""
    app.connect("builder-inited", make_pages)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def make_pages(app: Sphinx) -> None:
    """Write every page that has changed."""
    folder = Path(app.srcdir) / "_generated"
    folder.mkdir(exist_ok=True)
    for name, lines in {"options": options_page(), "commands": commands_page()}.items():
        text = "\n".join(lines) + "\n"
        path = folder / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def options_page() -> Iterator[str]:
    """Yield the lines of the page with the options of every method."""
    yield "# Options\n"
    yield (
        "Each option is declared once, with its bounds and its default; the window's form, the "
        "command line, the check of its value and this page are made from that declaration. In "
        "Python they are the fields of the method's options type."
    )
    for method in METHODS.values():
        cited = f" {{cite}}`{method.reference}`" if method.reference else ""
        yield f"\n(options-{method.name})=\n## `{method.name}`: {method.title}\n"
        yield f"{method.summary}{cited} Options type: `{method.options_type.__name__}`.\n"
        yield "| option | flag | values | default | what it does |\n| --- | --- | --- | --- | --- |"
        for field in option_fields(method.options_type):
            yield option_row(field)
    yield "\n(options-explain)=\n## Explanations: which genes put cells where they are\n"
    yield "See [the guide](../guides/why-here.md). Options type: `ExplainOptions`.\n"
    yield "| option | flag | values | default | what it does |\n| --- | --- | --- | --- | --- |"
    for field in option_fields(ExplainOptions):
        yield option_row(field)


def option_row(field: OptionField) -> str:
    """Row of the table of options."""
    d = field.declaration
    bounds = ((d.ge, "at least"), (d.gt, "above"), (d.le, "at most"))
    values = ", ".join(
        [
            ", ".join(f"`{c}`" for c in field.choices) or field.kind.__name__,
            *(f"{word} {bound:g}" for bound, word in bounds if bound is not None),
            *([f"or `{d.none_means}`"] if field.optional else []),
        ]
    )
    default = d.none_means if field.default is None else str(field.default)
    unit = f" {d.unit}" if d.unit else ""
    flag = "--" + field.name.replace("_", "-")
    return f"| `{field.name}` | `{flag}` | {values} | `{default}`{unit} | {d.help} |"


def commands_page() -> Iterator[str]:
    """Yield the lines of the page with every sub-command."""
    parser = make_parser()
    yield "# Command line\n"
    yield f"{parser.description}\n"
    yield (
        "Exit codes: 0 done, 1 failed, 2 bad input or usage (the store is untouched), 130 "
        "cancelled with Ctrl-C."
    )
    for name, about, command in commands(parser):
        yield f"\n## `{name}`\n\n{sentence(about)}\n"
        yield f"```text\n{command.format_help().rstrip()}\n```"


def commands(
    parser: argparse.ArgumentParser, above: str = "napari-tessera"
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    """Yield name, description and parser of every sub-command that people are shown."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to list them
        if not isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            continue
        for choice in action._choices_actions:  # noqa: SLF001 - as above
            command = action.choices[choice.dest]
            below = list(commands(command, f"{above} {choice.dest}"))
            if below:
                yield from below
            else:
                yield f"{above} {choice.dest}", choice.help or "", command


def sentence(words: str) -> str:
    """Words of a help as a sentence."""
    return words[:1].upper() + words[1:] + "."
