"""Which pictures does a manifest list, and with which settings of its own is each rendered?

A manifest is CSV with a header (``.csv``; ``.tsv`` with tabs) or JSON lines (``.jsonl``,
``.ndjson``), a picture a row:

    path,name,iterations,style.step_size
    harbour/1.jpg,dawn,200,0.5
    harbour/2.jpg,,,

``path`` (or ``url``) is taken from the manifest's folder, ``name`` is what its frames are called.
The other columns are settings of the picture's own (jobs.columns); an empty cell leaves the job's.
Columns that begin with ``x-`` are passed over.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from upath import UPath

from jobs.columns import NAME, PLACES, Change, Columns, sets
from jobs.complaints import SHOWN_FAULTS
from jobs.names import safe
from jobs.spec import JobSpec
from jobs.storage import is_url, one_line
from renderer.errors import JobError

MAX_LINE_BYTES, MAX_ROWS = 65_536, 1_000_000
Cells = Iterator[tuple[int, dict[str, Any] | JobError]]
"""The rows of a manifest: their lines, and their cells by column, or what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A picture of a manifest: its path, its name if it has one, what is set for it alone."""

    path: str
    name: str
    changes: tuple[Change, ...]
    place: str  # file and line


def rows(spec: JobSpec, manifest: str, *, swept: Collection[str] = ()) -> list[Row]:
    """The pictures of a manifest. JobError with file, line and column for each of its faults.

    The ``swept`` settings, by their full keys, are the matrix's.
    """
    path = manifest if is_url(manifest) else str(spec.base / Path(manifest).expanduser())
    as_json = path.lower().endswith((".jsonl", ".ndjson"))
    columns = Columns(spec, swept, as_text=not as_json)
    reader = _Reader(columns, folder=path.rpartition("/")[0])
    found: list[Row] = []
    faults: list[str] = []
    try:
        lines = _lines(path, manifest)
        for line, cells in (
            _json_cells(manifest, lines) if as_json else _csv_cells(manifest, lines, columns.check)
        ):
            try:
                if isinstance(cells, JobError):
                    raise cells
                found.append(reader.row(f"{manifest}:{line}", cells))
            except JobError as error:
                faults += str(error).splitlines()
            if len(faults) >= SHOWN_FAULTS:
                raise JobError(f"{manifest}: is not looked at any further")
            if len(found) > MAX_ROWS:
                raise JobError(f"{manifest}: lists more than {MAX_ROWS:,} pictures; split it")
    except JobError as error:
        faults += str(error).splitlines()
    except OSError as error:
        faults.append(f"{manifest}: can't be read ({one_line(error)})")
    if faults or not found:
        raise JobError("\n".join(faults) or f"{manifest}: lists no pictures")
    return found


def named(found: list[Row]) -> dict[str, Row]:
    """Those rows that have a name, by it. JobError where two have the same."""
    names: dict[str, Row] = {}
    for row in filter(lambda row: row.name, found):
        other = names.setdefault(row.name.casefold(), row)
        if other is not row:
            raise JobError(f"{row.place}: name: {row.name!r} is taken ({other.place})")
    return names


class _Reader:
    """Makes rows of cells."""

    def __init__(self, columns: Columns, *, folder: str) -> None:
        self._columns, self._folder = columns, folder

    def row(self, place: str, cells: Mapping[str, Any]) -> Row:
        """A row. JobError with its place, column and what is wrong."""
        places = [column for column in PLACES if cells.get(column)]
        if len(places) != 1:
            raise JobError(f"{place}: needs a {' or a '.join(PLACES)}, and one of them")
        picture, name = cells[places[0]], cells.get(NAME) or ""
        for column, text in ((places[0], picture), (NAME, name)):
            if not isinstance(text, str) or "\0" in text:
                raise JobError(f"{place}: {column}: expected text, got {text!r}")
        changes = [
            self._columns.change(place, column, value)
            for column, value in cells.items()
            if value != "" and sets(column)
        ]
        return Row(self._path(picture), safe(name) if name else "", tuple(changes), place)

    def _path(self, picture: str) -> str:
        if is_url(picture):
            return picture
        if is_url(self._folder):
            return f"{self._folder}/{picture}"
        return os.path.normpath(os.path.join(self._folder, os.path.expanduser(picture)))


def _csv_cells(
    name: str, lines: Iterator[str], check: Callable[[str, Iterable[str]], None]
) -> Cells:
    """The rows of CSV, whose columns are parted by tabs, semicolons or commas.

    ``check`` is asked, with the header's place, whether its columns are right.
    """
    head = next(lines, "")
    if not head.strip():
        return
    mark = max(",;\t", key=head.count)
    reader = csv.reader(itertools.chain([head], lines), delimiter=mark, strict=True)
    columns: list[str] = []
    line = 1
    try:
        for cells in reader:
            if not columns:
                columns = [cell.strip() for cell in cells]
                _check_header(name, columns)
                check(f"{name}:1", columns)
            elif cells and len(cells) != len(columns):
                fault = f"has {len(cells)} cells, and the header {len(columns)}"
                yield line, JobError(f"{name}:{line}: {fault}")
            elif cells:
                yield line, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise JobError(f"{name}:{reader.line_num}: is not CSV ({error})") from error


def _check_header(name: str, columns: list[str]) -> None:
    if "" in columns:
        raise JobError(f"{name}:1: has no name for column {columns.index('') + 1}")
    twice = [column for column in columns if columns.count(column) > 1]
    if twice:
        raise JobError(f"{name}:1: has the column {twice[0]!r} twice")
    if not set(PLACES).intersection(columns):
        raise JobError(
            f"{name}:1: has no column {' or '.join(PLACES)} (it has {', '.join(columns)})"
        )


def _json_cells(name: str, lines: Iterator[str]) -> Cells:
    """The rows of JSON lines."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, JobError(f"{name}:{number}: is not JSON ({error})")
            continue
        if not isinstance(row, dict):
            row = JobError(f'{name}:{number}: expected an object like {{"path": "a.jpg"}}')
        yield number, row


def _lines(path: str, name: str) -> Iterator[str]:
    """The lines of a file. JobError for one that is too long, or no text."""
    with _opened(path) as file:
        for number in itertools.count(1):
            raw = file.readline(MAX_LINE_BYTES + 1)
            if len(raw) > MAX_LINE_BYTES:
                raise JobError(f"{name}:{number}: is longer than {MAX_LINE_BYTES:,} bytes")
            if not raw:
                return
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise JobError(f"{name}:{number}: is no text in UTF-8") from error


def _opened(path: str) -> BinaryIO:
    if not is_url(path):
        return Path(path).open("rb")
    remote: Any = UPath(path).open("rb")  # which may know no limit to a line's length
    return io.BufferedReader(remote)
