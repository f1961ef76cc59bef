"""What does each variant of a job change? A matrix, with the job's own document for each of them.

A combination that leaves a setting out has the job's own value of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from jobs import captions, keys
from jobs.captions import Setting
from jobs.complaints import complaints
from jobs.documents import Document, Key, parse, parted, put
from jobs.keys import Keys
from jobs.matrix import Combination, Matrix, combinations, distinct, exact
from renderer.errors import JobError

MATRIX = "matrix"


@dataclass(frozen=True, slots=True)
class Variant:
    """One combination of a matrix, and the job's document with its values in it."""

    settings: tuple[Setting, ...]
    document: Document

    @property
    def label(self) -> str:
        """``weight_denoise 0.3, images wave``."""
        return ", ".join(setting.label for setting in self.settings)

    def of(self, step: int | None) -> tuple[Setting, ...]:
        """The settings of a step, or those of the whole job."""
        return tuple(setting for setting in self.settings if setting.step == step)


def variants(document: Document, schema: Callable[[], Mapping[str, Any]]) -> tuple[Variant, ...]:
    """The variants that a job's matrix asks for; none where there is no matrix.

    ``schema`` gives the JSON schema of a job. Raises JobError with file, line and key.
    """
    if not isinstance(document.data, dict) or document.data.get(MATRIX) is None:
        return ()
    axes, exclude, include = _written(document, Keys(document, schema()))
    plain = {key: [value for value, _ in values] for key, values in axes.items()}
    try:
        found = combinations(plain, exclude=exclude, include=[one for one, _ in include])
    except JobError as error:
        raise JobError(document.complaint((MATRIX,), str(error))) from error
    if not found:
        fault = "leaves no variant" if axes else "has no setting with a list of values"
        raise JobError(document.complaint((MATRIX,), fault))
    places = {(key, exact(v)): at for one, at in reversed(include) for key, v in one.items()}
    places |= {(key, exact(v)): at for key in axes for v, at in reversed(axes[key])}
    return _made(_without_matrix(document), plain, found, places)


def checked(document: Document) -> Matrix:
    """A document's matrix. Raises JobError with a line for each fault of its form."""
    try:
        return _Holder.model_validate(document.data).matrix
    except ValidationError as error:
        found = complaints(error, document, _Holder.model_json_schema())
        raise JobError("\n".join(found)) from None


def swept(document: Document, sweeps: Iterable[str]) -> Document:
    """The document with ``key=a,b,c`` texts as lists of its matrix."""
    for text in sweeps:
        origin = f"--sweep {text}"
        key, _, values = text.partition("=")
        if not key.strip() or not values.strip():
            raise JobError(f"{origin}: write it as key=a,b,c, like weight_denoise=0.1,0.3")
        document = put(document, [MATRIX, key.strip()], parse(f"[{values}]", origin).data, origin)
    return document


def told(faults: Mapping[str, Sequence[Variant]], total: int) -> JobError:
    """The faults of variants as one error: each line once, with the variant it is told of."""
    lines = []
    for line, among in faults.items():
        more = f" and {len(among) - 1:,} more" if len(among) > 1 else ""
        whose = "" if len(among) == total else f" (variant {among[0].label}{more})"
        lines.append(line + whose)
    return JobError("\n".join(lines))


class _Holder(BaseModel):
    """A job of which the matrix alone is looked at."""

    model_config = ConfigDict(extra="ignore")

    matrix: Matrix


Placed = tuple[Any, str]
"""Something of a job file, and the place where it is written."""


def _written(
    document: Document, known: Keys
) -> tuple[dict[str, list[Placed]], list[Combination], list[tuple[Combination, str]]]:
    """The values of each setting, the exclusions and the inclusions, under full keys."""
    matrix = checked(document)
    axes: dict[str, list[Placed]] = {}
    for word, values in matrix.axes.items():
        at: Key = (MATRIX, word)
        full = known.full(word, at)
        if full in axes:
            raise JobError(document.complaint(at, f"{full} is given twice"))
        axes[full] = [(v, document.place((*at, number))) for number, v in enumerate(values)]

    def mappings(name: str) -> list[tuple[Combination, str]]:
        return [
            (
                {known.full(word, (MATRIX, name, number, word)): v for word, v in one.items()},
                document.place((MATRIX, name, number)),
            )
            for number, one in enumerate(getattr(matrix, name))
        ]

    return axes, [one for one, _ in mappings("exclude")], mappings("include")


def _made(
    document: Document,
    axes: Mapping[str, Sequence[Any]],
    found: Sequence[Combination],
    places: Mapping[tuple[str, str], str],
) -> tuple[Variant, ...]:
    """The variants of combinations. ``places`` tells where a value is written, by its setting."""
    named = list(dict.fromkeys([*axes, *(key for one in found for key in one)]))
    base = {key: keys.value(document.data, key) for key in named}
    whole = distinct({key: one.get(key, base[key]) for key in named} for one in found)
    used = {key: {exact(one[key]) for one in whole} for key in named}
    values = {
        key: [
            v for v in (*axes.get(key, ()), *(one[key] for one in whole)) if exact(v) in used[key]
        ]
        for key in named
    }
    settings = captions.settings(values)
    made = []
    for one in whole:
        own = document
        for key, value in one.items():
            if value is not base[key]:
                own = put(own, parted(key), value, places[key, exact(value)])
        made.append(Variant(tuple(settings[key, exact(v)] for key, v in one.items()), own))
    return tuple(made)


def _without_matrix(document: Document) -> Document:
    data = {key: value for key, value in document.data.items() if key != MATRIX}
    places = {key: place for key, place in document.places.items() if key[:1] != (MATRIX,)}
    return Document(data, document.origin, places)
