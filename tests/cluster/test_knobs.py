"""Settings as options: the same names, bounds and defaults, and back again."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from cluster.knobs import bounds, given, help_of, metavar, parameters, with_parameters
from renderer.settings import DreamSettings, Knob, StyleSettings, knobs


def test_every_knob_is_an_option_of_its_name() -> None:
    names = [parameter.name for parameter in parameters(DreamSettings, without=("layer",))]
    assert names == [name for name in knobs(DreamSettings) if name != "layer"]


def test_help_tells_unit_bounds_and_default() -> None:
    knob = Knob("size of a step", unit="px", gt=0, le=9)
    assert help_of(knob, 3) == "size of a step (px, 0 < x ≤ 9, default 3)"
    assert help_of(Knob("a name"), "") == "a name"


@pytest.mark.parametrize(
    ("knob", "words"),
    [
        (Knob("", ge=1), "1 ≤ x"),
        (Knob("", ge=0.5, le=1_000_000), "0.5 ≤ x ≤ 1,000,000"),
        (Knob("", lt=1), "x < 1"),
        (Knob("", gt=0, lt=1), "0 < x < 1"),
        (Knob(""), ""),
    ],
)
def test_bounds_in_signs(knob: Knob, words: str) -> None:
    assert bounds(knob) == words


def test_metavar_says_what_to_write() -> None:
    assert metavar(str, Knob("", choices=("sum", "mean"))) == "sum|mean"
    assert metavar(tuple[str, ...], Knob("")) == "TEXT,..."
    assert metavar(int | None, Knob("")) == "INTEGER|null"
    assert metavar(float, Knob("")) == "NUMBER"


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ({"iterations": "20"}, {"iterations": 20}),
        ({"step_size": "2"}, {"step_size": 2}),
        ({"step_size": "1e-3"}, {"step_size": 0.001}),
        ({"iterations": "many"}, {"iterations": "many"}),  # the job's check says what is wrong
        ({"iterations": "2.5"}, {"iterations": "2.5"}),
        ({"style_max_size": "null"}, {"style_max_size": None}),
        ({"style_max_size": "150"}, {"style_max_size": 150}),
        ({"style_weights": ["1,2.5"]}, {"style_weights": [1, 2.5]}),
        ({"style_layers": ["0..3, conv4_1", "9"]}, {"style_layers": ["0..3", "conv4_1", "9"]}),
        ({"network": "1"}, {"network": "1"}),
        ({"gram": None, "style_layers": []}, {}),
        ({"no_knob": "1"}, {}),
    ],
)
def test_options_become_settings(options: dict[str, Any], settings: dict[str, Any]) -> None:
    assert given(StyleSettings, options) == settings


def test_flags_and_lists_of_names() -> None:
    options = {"smooth_colour": False, "classes": ["tabby, lynx", "7"]}
    settings = {"smooth_colour": False, "classes": ["tabby", "lynx", "7"]}
    assert given(DreamSettings, options) == settings


def test_parameters_take_the_place_of_a_commands_rest() -> None:
    def command(name: str, **rest: Any) -> None: ...

    with_parameters(command, parameters(DreamSettings))
    signature = inspect.signature(command)
    assert list(signature.parameters)[:2] == ["name", "network"]
    assert set(command.__annotations__) == set(signature.parameters)
