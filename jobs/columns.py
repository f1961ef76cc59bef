"""What does a column of a manifest set, and may a cell of it say what it says?

A column is called as the keys of a matrix are: ``seed``, ``size``, ``iterations``,
``style.step_size``. What decides which tasks there are (networks, layers, channels, styles) is the
same for all pictures, and what the job's matrix varies is the matrix's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from jobs.complaints import complaints
from jobs.documents import Document, parse
from jobs.keys import Keys
from jobs.models import Model, part, subset
from jobs.spec import JobSpec, schema
from renderer.errors import JobError
from renderer.settings import DreamSettings, StyleSettings, nearest

PLACES, NAME, PASSED_OVER = ("path", "url"), "name", "x-"
"""Columns that set nothing: where the picture is, what it is called, and what isn't looked at."""

OF_THE_JOB = ("seed", "size")
"""What of a whole job may be one picture's own."""

SAME_FOR_ALL = (
    *("network", "layer", "channels", "classes", "content_layers", "style_layers"),
    *("style_weights", "regions"),
)
"""Settings that decide which tasks there are, or of what other pictures they are made."""

VALUES_KNOWN = 4096
"""So many values are known to be right: often many rows have the same."""

Change = tuple[int | None, str, Any]
"""A setting: its step (from 0; None: it is the whole job's), its name, its value."""

_MODELS: Mapping[str, type] = {"dream": DreamSettings, "style": StyleSettings}


class Columns:
    """The columns of one manifest; each, and each of their values, is looked at once.

    The ``swept`` settings, by their full keys, are the matrix's. Values ``as_text`` are read as
    YAML, as after ``--set``.
    """

    def __init__(self, spec: JobSpec, swept: Collection[str], *, as_text: bool) -> None:
        self._spec, self._swept, self._as_text = spec, swept, as_text
        self._known: dict[str, tuple[int | None, str, str]] = {}  # step, its kind, the setting
        self._values: dict[tuple[str, str], Any] = {}

    def check(self, place: str, columns: Iterable[str]) -> None:
        """Raises JobError, with a line for each column that sets nothing that could be set."""
        faults = []
        for column in filter(sets, columns):
            try:
                self._setting(place, column)
            except JobError as error:
                faults.append(str(error))
        if faults:
            raise JobError("\n".join(faults))

    def change(self, place: str, column: str, value: Any) -> Change:
        """What a cell sets. JobError with its place, its column and what is wrong."""
        step, kind, name = self._setting(place, column)
        key = (column, repr(value))
        if key not in self._values:
            if len(self._values) >= VALUES_KNOWN:
                self._values.clear()
            if self._as_text:
                value = parse(value, f"{place}: {column}").data
            self._values[key] = _checked(place, column, model=_model(kind), setting={name: value})
        return step, name, self._values[key]

    def _setting(self, place: str, column: str) -> tuple[int | None, str, str]:
        if column not in self._known:
            self._known[column] = self._meant(place, column)
        return self._known[column]

    def _meant(self, place: str, column: str) -> tuple[int | None, str, str]:
        """The step, its kind and the setting that a column means."""
        try:
            full = Keys(Document(self._spec.data, place), schema()).full(column, (column,))
        except JobError as error:
            near = nearest(column, (*PLACES, NAME)) or f" (x-{column} would be passed over)"
            raise JobError(f"{error}{near}") from None
        _, number, kind, name = [*full.split(".", 3), "", "", ""][:4]
        if full in OF_THE_JOB:
            number, name = "", full
        elif kind not in _MODELS or name not in _model(kind).model_fields:
            raise JobError(f"{place}: {column}: is the same for all pictures of a job")
        if full in self._swept:
            raise JobError(f"{place}: {column}: is varied by the job's matrix already")
        return int(number) if number else None, kind, name


def sets(column: str) -> bool:
    """Whether a column is to set something."""
    return column not in (*PLACES, NAME) and not column.startswith(PASSED_OVER)


@cache
def _model(kind: str) -> type[Model]:
    """The settings of a kind of step, or of a whole job, that may be one picture's own."""
    return subset(_MODELS[kind], without=SAME_FOR_ALL) if kind else part(JobSpec, OF_THE_JOB)


def _checked(place: str, column: str, *, model: type[Model], setting: Mapping[str, Any]) -> Any:
    """The value of one setting, as steps have it. JobError with place and column."""
    ((name, _),) = setting.items()
    try:
        return getattr(model.model_validate(setting), name)
    except ValidationError as error:
        found = complaints(error, Document(setting, place), model.model_json_schema())
        told = "\n".join(line.replace(f"{place}: {name}", f"{place}: {column}") for line in found)
        raise JobError(told) from None
