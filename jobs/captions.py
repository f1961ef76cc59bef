"""What are the settings of a matrix called? As short as tells them apart.

``steps.1.style.weight_denoise`` is ``weight_denoise`` where no other key ends so, and pictures are
called by their files' names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from jobs import keys
from jobs.documents import parted
from jobs.matrix import exact

PICTURES = ("images", "inputs", "guide", "mask")
"""Settings whose values are pictures."""

MADE = {"dream": "layer", "style": "style"}
AFTER_MATRIX = 1_000_000
"""Ranks what steps make of themselves behind all settings of a matrix."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting with one of its values.

    ``name`` and ``text`` are the setting's and the value's, for people; ``exact`` tells the value
    from all others of this setting. ``rank`` is the setting's place in the matrix and the value's
    among its values. ``step`` is the step (from 0) that it is a setting of; None where it is the
    whole job's.
    """

    key: str
    name: str
    text: str
    exact: str
    rank: tuple[int, int]
    step: int | None
    pictures: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """``weight_denoise 0.3``."""
        return f"{self.name} {self.text}"

    @property
    def of_matrix(self) -> bool:
        """Whether the matrix sets it, and not a step that makes several pictures."""
        return self.rank[0] < AFTER_MATRIX


def settings(values: Mapping[str, Sequence[Any]]) -> dict[tuple[str, str], Setting]:
    """All settings of a matrix by their keys and ``exact``, from all values of each key."""
    names = short(list(values))
    made = {}
    for place, (key, name) in enumerate(zip(values, names, strict=True)):
        ordered: dict[str, Any] = {}
        for value in values[key]:
            ordered.setdefault(exact(value), value)
        called = texts(key, list(ordered.values()))
        for number, ((own, value), text) in enumerate(zip(ordered.items(), called, strict=True)):
            made[key, own] = Setting(
                key=key,
                name=name,
                text=text,
                exact=own,
                rank=(place, number),
                step=keys.step(key),
                pictures=_pictures(key, value),
            )
    return made


def made(kind: str, step: int, *, place: int, label: str, pictures: tuple[str, ...]) -> Setting:
    """What tells the pictures apart that a step makes of one: its layers, or its styles."""
    return Setting(
        key=f"steps.{step}.{kind}",
        name=MADE.get(kind, kind),
        text=label,
        exact=label,
        rank=(AFTER_MATRIX + step, place),
        step=step,
        pictures=pictures,
    )


def texts(key: str, values: Sequence[Any]) -> list[str]:
    """What the values of a setting are called, each by another name."""
    for named in (_short_text, _text):
        found = [named(key, value) for value in values]
        if len(set(found)) == len(found):
            return found
    return [f"{text} ({number})" for number, text in enumerate(found, start=1)]


def short(names: Sequence[str]) -> list[str]:
    """The shortest end of each dotted key that no other has."""
    every = [parted(name) for name in names]
    return [_end(parts, [other for other in every if other != parts]) for parts in every]


def _end(parts: list[str], others: list[list[str]]) -> str:
    for length in range(1, len(parts)):
        if all(other[-length:] != parts[-length:] for other in others):
            return ".".join(parts[-length:])
    return ".".join(parts)


def _short_text(key: str, value: Any) -> str:
    pictures = _pictures(key, value)
    return ", ".join(PurePath(p).stem for p in pictures) if pictures else _text(key, value)


def _text(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_text(key, item) for item in value) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(key, item)}" for name, item in value.items()) or "none"
    return str(value) if isinstance(value, str | keys.Missing) else json.dumps(value)


def _pictures(key: str, value: Any) -> tuple[str, ...]:
    """The picture files that a value names; none where it names something else too."""
    listed = value if isinstance(value, list | tuple) else [value]
    if parted(key)[-1] not in PICTURES or not all(isinstance(item, str) for item in listed):
        return ()
    return tuple(listed)
