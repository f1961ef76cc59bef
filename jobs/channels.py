"""What may a job file say below ``channels``, of a layer or of all of them?

    channels: [1, 2, 40..47]                      these
    channels: {random: 32}                        so many, drawn by the job's seed
    channels: {strongest: 8, region: [0, 0, 1, 0.5]}      by their activation on the input
    channels: {like: eyes.png, count: 8}          by likeness to a picture
    channels: {"7..11": {weakest: 8}, inception4a: [3]}   any of these for some layers

What is chosen this way, jobs.choosing finds out.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, field_validator, model_validator

from jobs.complaints import listed, shown
from jobs.models import Model, Number, Text, Whole
from renderer.channels import ORDERS, Region
from renderer.errors import SettingError

ALL_LAYERS = "*"
WAYS = ("only", "random", *ORDERS, "like")
MAX_CHANNEL = 1_000_000
DEFAULT_COUNT = 8
_RANGE = re.compile(r"(\d{1,7})\s*\.\.\s*(\d{1,7})")

_COUNT = {"type": "integer", "minimum": 1}
_REGION = {
    "type": "array",
    "items": {"type": "number", "minimum": 0, "maximum": 1},
    "minItems": 4,
    "maxItems": 4,
}
_ENTRY = {
    "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+\.\.\d+$"}]
}


def _way(required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": False,
    }


_CHOSEN_SCHEMA = [
    *_ENTRY["anyOf"],
    {"type": "array", "items": _ENTRY},
    _way("random", random=_COUNT),
    *(_way(order, **{order: _COUNT}, of={"type": "string"}, region=_REGION) for order in ORDERS),
    _way("like", like={"type": "string"}, count=_COUNT, region=_REGION),
]
SCHEMA = {
    "anyOf": [
        *_CHOSEN_SCHEMA,
        {"type": "object", "additionalProperties": {"anyOf": _CHOSEN_SCHEMA}},
    ]
}
"""JSON schema of all ways to write channels."""


def _entry(value: Any) -> int | range:
    """A channel, or a range of them with both ends."""
    match = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        first, last = sorted(map(int, match.groups()))
        return range(first, last + 1)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"expected a whole number or a range like 10..20, got {shown(value)}")
    if not 0 <= value <= MAX_CHANNEL:
        bound = "at least 0" if value < 0 else f"at most {MAX_CHANNEL}"
        raise ValueError(f"must be {bound}, not {shown(value)}")
    return value


Count = Annotated[Whole, Field(ge=1)]


class Channels(Model):
    """Channels of a layer: these, some drawn by the job's seed, or some chosen by activation."""

    only: tuple[Annotated[int | range, PlainValidator(_entry)], ...] = ()
    random: Count | None = None
    strongest: Count | None = None
    weakest: Count | None = None
    average: Count | None = None
    of: Text | None = None
    like: Text | None = None
    count: Count | None = None
    region: tuple[Number, ...] | None = None

    @field_validator("region")
    @classmethod
    def _check_region(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None:
            if len(value) != 4:
                raise ValueError(f"must be [left, top, right, bottom], not {len(value)} numbers")
            try:
                Region(*value)
            except SettingError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Channels:
        given = [way for way in WAYS if way in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(f"must be a list or exactly one of {listed(WAYS[1:])}")
        way = given[0]
        for key, ways in (("of", ORDERS), ("count", ("like",)), ("region", (*ORDERS, "like"))):
            if key in self.model_fields_set and way not in ways:
                raise ValueError(f"`{key}` goes with {listed(ways)} only")
        return self

    @property
    def order(self) -> str | None:
        """``strongest``, ``weakest`` or ``average``, where channels are chosen by that."""
        return next((order for order in ORDERS if getattr(self, order) is not None), None)

    @property
    def by_activation(self) -> bool:
        """Whether the network must be asked which channels they are."""
        return self.order is not None or self.like is not None

    @property
    def wanted(self) -> int:
        """How many channels are to be chosen; 0 where they are listed."""
        if self.like is not None:
            return self.count or DEFAULT_COUNT
        return int(self.random or (getattr(self, self.order) if self.order else 0))


def by_layers(value: Any) -> Any:
    """Every way to write channels, as a mapping from layers to what becomes ``Channels``."""
    if not isinstance(value, dict) or set(value) & set(Channels.model_fields):
        return {ALL_LAYERS: _chosen(value)}
    return {layers: _chosen(below) for layers, below in value.items()}


def _chosen(value: Any) -> Any:
    if isinstance(value, dict | Channels):
        return value
    return {"only": [value] if isinstance(value, int | str) else value}
