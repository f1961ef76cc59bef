"""How much may a job take where others want some too? What it says, until someone changes that.

`reverie set DIR priority=80 max_workers=4` changes it while the job is rendered; what the job file
says counts again for the next run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from renderer.errors import SettingError
from renderer.settings import Knob, check, nearest


@dataclass(frozen=True, kw_only=True)
class Demands:
    """How urgent a job is, and how many workers it may have at most."""

    priority: Annotated[
        int,
        Knob(
            "how urgent the job is beside others on the same cluster: workers are shared in "
            "proportion, so that 80 gets twice as many as 40",
            ge=1,
            le=100,
        ),
    ] = 50
    max_workers: Annotated[
        int | None,
        Knob("workers that the job takes at most, however many there are", ge=1, le=100_000),
    ] = None

    def __post_init__(self) -> None:
        check(self)

    def changed(self, changes: Mapping[str, int | None]) -> Demands:
        """These with some of them changed."""
        return dataclasses.replace(self, **changes) if changes else self  # type: ignore[arg-type]


NAMES = tuple(field.name for field in dataclasses.fields(Demands))


def parse(texts: Sequence[str]) -> dict[str, int | None]:
    """The changes that texts like ``priority=80`` or ``max_workers=null`` ask for. SettingError."""
    changes: dict[str, int | None] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise SettingError(f"{text}: must be NAME=VALUE, like priority=80 or max_workers=4")
        if name not in NAMES:
            told = f"{name}: can't be changed while a job is rendered"
            raise SettingError(f"{told}{nearest(name, NAMES)}; {' and '.join(NAMES)} can")
        empty = value.lower() in ("null", "none")
        if not empty and not value.lstrip("-").isdecimal():
            raise SettingError(f"{name}: must be a whole number, not {value!r}")
        changes[name] = None if empty else int(value)
        if name == "priority" and empty:
            raise SettingError("priority: must be a whole number, not null")
    Demands(**changes)  # type: ignore[arg-type]  # which knows the bounds
    return changes


def known(data: Any) -> dict[str, int | None]:
    """The changes in plain data that someone has written; what is none is passed over."""
    if not isinstance(data, dict):
        return {}
    found = {name: data[name] for name in NAMES if name in data}
    try:
        Demands(**found)
    except (SettingError, TypeError):
        return {}
    return found
