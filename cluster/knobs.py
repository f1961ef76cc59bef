"""How settings become options of a command, and options become settings again.

Each knob of ``renderer.settings`` is an option of the same name (``step_size``: ``--step-size``)
with its help, its bounds and its default. What is given becomes a job like any other, and is
checked where job files are.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

import typer

from renderer.settings import Knob, knobs


def parameters(kind: type, *, without: Iterable[str] = ()) -> list[inspect.Parameter]:
    """The knobs of a settings dataclass as keyword parameters that Typer makes options of."""
    return [
        parameter(name, base, knob, default)
        for name, (base, knob, default) in knobs(kind).items()
        if name not in without
    ]


def parameter(name: str, base: Any, knob: Knob, default: Any) -> inspect.Parameter:
    """One knob as a keyword parameter; not given, it is None."""
    listed, flag = get_origin(base) is tuple, base is bool
    option = f"--{name.replace('_', '-')}"
    declared = f"{option}/--no-{option[2:]}" if flag else option
    info = typer.Option(
        declared,
        help=help_of(knob, default),
        metavar=None if flag else metavar(base, knob),
        show_default=False,
    )
    kind: Any = bool if flag else list[str] if listed else str
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


def help_of(knob: Knob, default: Any) -> str:
    """A knob's help with its unit, bounds and default."""
    notes = [
        knob.unit,
        bounds(knob),
        "" if default in ((), "", None) else f"default {_text(default)}",
    ]
    told = ", ".join(note for note in notes if note)
    return f"{knob.help} ({told})" if told else knob.help


def bounds(knob: Knob) -> str:
    """A knob's bounds in signs: ``0 < x < 1``."""
    least, most = ((knob.ge, "≤"), (knob.gt, "<")), ((knob.le, "≤"), (knob.lt, "<"))
    low = "".join(f"{_number(bound)} {sign} " for bound, sign in least if bound is not None)
    high = "".join(f" {sign} {_number(bound)}" for bound, sign in most if bound is not None)
    return f"{low}x{high}" if low or high else ""


def metavar(base: Any, knob: Knob) -> str:
    """What stands for a knob's value in the help: ``INTEGER``, ``sum|mean``, ``NAME,...``."""
    if knob.choices:
        return "|".join(knob.choices)
    if get_origin(base) is tuple:
        return f"{_word(get_args(base)[0])},..."
    if type(None) in get_args(base):
        return f"{_word(get_args(base)[0])}|null"
    return _word(base)


def given(kind: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given as options, as a job file would have them.

    What doesn't read as the number it should be stays text; the job's own check names it.
    """
    known = knobs(kind)
    return {
        name: _value(known[name][0], value)
        for name, value in options.items()
        if name in known and value is not None and value != []
    }


def with_parameters(
    command: Callable[..., Any], added: Sequence[inspect.Parameter]
) -> Callable[..., Any]:
    """The command with more parameters, in place of its ``**knobs``."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    every = [*own, *added]
    command.__signature__ = signature.replace(parameters=every)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in every}
    return command


def _value(base: Any, value: Any) -> Any:
    if isinstance(value, list):
        items = [part.strip() for text in value for part in text.split(",")]
        return [_scalar(get_args(base)[0], item) for item in items if item]
    return value if isinstance(value, bool) else _scalar(base, value)


def _scalar(base: Any, text: str) -> Any:
    allowed = get_args(base) or (base,)
    if type(None) in allowed and text.lower() in ("null", "none"):
        return None
    for number in (int, float):
        if number in allowed or (number is int and float in allowed):
            try:
                return number(text)
            except ValueError:
                continue
    return text


def _number(bound: float) -> str:
    return f"{int(bound):,}" if bound == int(bound) else f"{bound:g}"


def _word(base: Any) -> str:
    return {int: "INTEGER", float: "NUMBER", str: "TEXT"}[base]


def _text(default: Any) -> str:
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return default if isinstance(default, str) else json.dumps(default)
