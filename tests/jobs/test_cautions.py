"""What is told of a plan that is allowed, and yet hardly what its user wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.cautions import MOST, cautions
from jobs.plan import Plan

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@pytest.fixture
def told(planned: Planner, paint: Paint) -> Callable[..., tuple[str, ...]]:
    """The cautions about a picture of 300 x 200 px, styled by one of 30 x 20 px or of its size."""
    paint("a.png", size=(300, 200))
    paint("paintings/small.png", size=(30, 20))

    def make(**settings: Any) -> tuple[str, ...]:
        step = {"images": "paintings/small.png", "style_layers": 0, "content_layers": 0}
        return cautions(
            planned(size=300, inputs=["a.png"], steps=[{"style": {**step, **settings}}])
        )

    return make


def test_sums_of_a_much_smaller_painting_style_each_position_less(
    told: Callable[..., tuple[str, ...]],
) -> None:
    (line,) = told()
    assert "a picture of 0.06 MP for what its painting of 0.0006 MP adds up to" in line
    assert "each position is styled 100 times weaker; better: gram: mean" in line
    assert told(images="a.png", style_max_size=30) == (line,)


def test_means_and_paintings_of_about_its_size_are_fine(
    told: Callable[..., tuple[str, ...]],
) -> None:
    assert told(gram="mean") == ()
    assert told(images="a.png") == ()
    assert told(images=["paintings/small.png", "a.png"]) == ()  # on average half as large


def test_sums_of_a_much_larger_painting_style_each_position_more(
    planned: Planner, paint: Paint
) -> None:
    paint("a.png", size=(30, 20))
    paint("paintings/large.png", size=(300, 200))
    step = {"images": "paintings/large.png", "style_layers": 0, "content_layers": 0}
    (line,) = cautions(planned(size=30, inputs=["a.png"], steps=[{"style": step}]))
    assert "100 times stronger" in line


def test_of_many_kinds_a_few_are_told(planned: Planner, paint: Paint) -> None:
    paint("paintings/small.png", size=(30, 20))
    for height in range(100, 107):
        paint(f"{height}.png", size=(300, height))
    step = {"images": "paintings/small.png", "style_layers": 0, "content_layers": 0}
    plan = planned(size=300, inputs=["1*.png"], steps=[{"style": step}])
    assert len(plan.tasks) == 7
    assert len(cautions(plan)) == MOST
