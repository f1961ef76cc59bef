"""How do settings with knobs become checked keys of a job file?

A settings dataclass says what a key may be; ``Flat`` adds such keys to a model, and ``Record``
turns a mapping into the dataclass itself. Both are made from ``renderer.settings.knobs``, so that
a type, a default, a bound and a help text are written in one place only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, cast, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from renderer.errors import SettingError
from renderer.settings import Knob, knobs


class Model(BaseModel):
    """A mapping of known keys; it can't be changed once it is made."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class OneOf(Model):
    """A mapping with exactly one of its keys. The key alone stands for empty settings."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = {value: None}
        if isinstance(value, dict):
            return {key: {} if below is None else below for key, below in value.items()}
        return value

    @property
    def kind(self) -> str:
        """Its one key."""
        return next(iter(self.model_fields_set))

    @model_validator(mode="after")
    def _one(self) -> OneOf:
        if len(self.model_fields_set) != 1:
            *words, last = type(self).model_fields
            told = f"{', '.join(words)} or {last}"
            raise ValueError(f"must be exactly one of {told}; begin another entry with `-`")
        return self


class Choice:
    """Annotates text that is one of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __get_pydantic_core_schema__(self, source: Any, _: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))


class Many:
    """Annotates a list for which a single value may stand (``layers: inception4c``)."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_many, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        listed = handler(core)
        return {"anyOf": [listed, listed["items"]]}


class _AsText:
    """Annotates text that may look like a number (``layers: [7]``)."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_text, handler(source))

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(core), "type": ["string", "number"]}


# Strict where YAML's types tell: `yes` is no 1 and "10" no 10.
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Text = Annotated[str, _AsText()]
_SCALARS: dict[type, Any] = {int: Whole, float: Number, bool: Flag, str: Text}


class Flat:
    """Annotates a Model: the knobs of ``kind`` are keys of it too (``given`` reads them)."""

    def __init__(self, kind: type, *, without: tuple[str, ...] = ()) -> None:
        self.kind, self.without = kind, without

    def __get_pydantic_core_schema__(
        self, source: type[BaseModel], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        fields = _fields(self.kind, self.without)
        prefix = self.kind.__name__.removesuffix("Settings")
        name = prefix + source.__name__.removeprefix(prefix)
        model = create_model(name, __base__=source, __doc__=_summary(self.kind), **fields)
        return handler.generate_schema(model)


class Record:
    """Annotates a settings dataclass: a mapping of its knobs is checked and becomes one."""

    def __get_pydantic_core_schema__(
        self, source: type, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        model = create_model(
            source.__name__, __base__=Model, __doc__=_summary(source), **_fields(source)
        )

        def made(checked: Any) -> Any:
            try:
                return source(**{name: getattr(checked, name) for name in knobs(source)})
            except SettingError as error:  # what the settings themselves know better than bounds
                raise ValueError(str(error)) from error

        return core_schema.no_info_after_validator_function(made, handler.generate_schema(model))


def subset(kind: type, *, without: tuple[str, ...] = ()) -> type[Model]:
    """A model of those knobs of a settings dataclass that aren't named; all may be left out."""
    return create_model(kind.__name__, __base__=Model, **_fields(kind, without))


def part(model: type[BaseModel], names: Iterable[str]) -> type[Model]:
    """A model of some fields of another one."""
    fields = {name: model.model_fields[name] for name in names}
    own: dict[str, Any] = {name: (field.annotation, field) for name, field in fields.items()}
    return create_model(model.__name__, __base__=Model, **own)


def given(model: BaseModel, kind: type) -> dict[str, Any]:
    """The knobs of ``kind`` that were given; the others may still be a network's own defaults."""
    return {name: getattr(model, name) for name in knobs(kind) if name in model.model_fields_set}


def _fields(kind: type, without: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        name: (_type(base, knob), Field(default, description=_described(knob)))
        for name, (base, knob, default) in knobs(kind).items()
        if name not in without
    }


def _summary(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _described(knob: Knob) -> str:
    return f"{knob.help} ({knob.unit})" if knob.unit else knob.help


def _type(base: Any, knob: Knob) -> Any:
    if get_origin(base) is tuple:
        item = _bounded(get_args(base)[0], knob)
        return Annotated[cast(Any, tuple)[item, ...], Many()]
    return _bounded(base, knob)


def _bounded(base: Any, knob: Knob) -> Any:
    if type(None) in get_args(base):
        inner = next(kind for kind in get_args(base) if kind is not type(None))
        return _bounded(inner, knob) | None
    if knob.choices:
        return Annotated[base, Choice(*knob.choices)]
    bounds = {name: getattr(knob, name) for name in ("ge", "gt", "le", "lt")}
    set_bounds = {name: bound for name, bound in bounds.items() if bound is not None}
    return Annotated[_SCALARS[base], Field(**set_bounds)] if set_bounds else _SCALARS[base]


def _as_text(value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else value


def _as_many(value: Any) -> Any:
    return (value,) if isinstance(value, str | int | float | dict) else value
