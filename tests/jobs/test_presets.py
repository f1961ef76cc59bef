"""A preset stands for settings: over a network's own, under the job's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.plan import Plan
from jobs.presets import PRESETS, settings
from renderer.errors import JobError
from renderer.settings import StyleSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@pytest.fixture(autouse=True)
def picture(paint: Paint) -> None:
    paint("a.png")


def style(**given: Any) -> list[Any]:
    return [{"style": {"images": "a.png", "network": "motifs", **given}}]


def of(planned: Planner, **given: Any) -> StyleSettings:
    (task,) = planned(steps=style(**given)).tasks
    assert isinstance(task.settings, StyleSettings)
    return task.settings


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_replaces_the_networks_own_settings_and_leaves_what_style_means(
    planned: Planner, name: str
) -> None:
    plain, preset = of(planned), of(planned, preset=name)
    assert {key: getattr(preset, key) for key in PRESETS[name]} == PRESETS[name]
    meant = ("content_layers", "style_layers", "weight_content", "weight_style", "gram", "start")
    assert [getattr(preset, key) for key in meant] == [getattr(plain, key) for key in meant]


def test_what_is_given_beside_it_wins(planned: Planner) -> None:
    found = of(planned, preset="fast", iterations=7, min_scale=None)
    assert (found.iterations, found.min_scale, found.optimizer) == (7, None, "lbfgs")


def test_a_preset_is_the_same_task_as_what_it_stands_for(planned: Planner) -> None:
    word, words = planned(steps=style(preset="fast")), planned(steps=style(**settings("fast")))
    assert [task.id for task in word.tasks] == [task.id for task in words.tasks]


def test_presets_can_be_swept(planned: Planner) -> None:
    found = planned(steps=style(), matrix={"preset": list(PRESETS)})
    assert {task.settings.iterations for task in found.tasks} == {3600, 240, 1500}  # type: ignore[union-attr]


def test_an_unknown_preset_is_a_fault(planned: Planner) -> None:
    with pytest.raises(JobError, match=r"steps\.0\.style\.preset: must be .*did you mean 'fast'"):
        planned(steps=style(preset="fats"))
