"""How the commands that look things up print: a table for people, JSON for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

Json = Annotated[bool, typer.Option("--json", help="print JSON")]


def show(rows: Sequence[Mapping[str, Any]], *, as_json: bool, grow: str = "") -> None:
    """Print records with the same keys; the column ``grow`` may wrap, the others don't."""
    if as_json:
        say_json(rows)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in rows[0] if rows else ():
        table.add_column(name.replace("_", " "), no_wrap=name != grow, overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def say(*lines: str) -> None:
    """Print lines as they are, however wide the terminal is."""
    console = Console()
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def answer(data: Mapping[str, Any], *lines: str, as_json: bool) -> None:
    """Print what came of a command: as JSON for scripts, or as lines for people."""
    if as_json:
        say_json(data)
    else:
        say(*lines)


def say_json(value: Any) -> None:
    """Print a value as JSON."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def say_json_rows(head: Mapping[str, Any], name: str, rows: Iterable[Any]) -> None:
    """Print a mapping as JSON with a list in it, an item a line as they come: never all at once."""
    began = json.dumps(head, indent=2, default=str).removesuffix("\n}")
    sys.stdout.write(f'{began},\n  "{name}": [')
    for number, row in enumerate(rows):
        sys.stdout.write(f"{',' if number else ''}\n    {json.dumps(row, default=str)}")
    sys.stdout.write("\n  ]\n}\n")


def listed(items: Iterable[object]) -> str:
    """Items as one cell of a table."""
    return ", ".join(map(str, items))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return listed(value) if isinstance(value, list | tuple) else str(value)
