"""The plan of a matrix: shared work is one task, names differ, a variant is what it is alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.plan import Plan
from renderer.errors import JobError

Paint = Callable[..., Path]
Planner = Callable[..., Plan]

DREAM = {"dream": {"layers": "1..2", "chain": True}}
STYLE = {"style": {"images": "s.jpg"}}
SWEEP = {"weight_denoise": [0.1, 0.3, 0.6], "images": [["s.jpg"], ["t.jpg"], ["s.jpg", "t.jpg"]]}


@pytest.fixture(autouse=True)
def pictures(paint: Paint) -> None:
    paint("a.png", colour=1)
    paint("s.jpg", colour=200)
    paint("t.jpg", colour=90)


def files(found: Plan, step: int = 0) -> list[str]:
    return [frame.file for frame in found.frames[step]]


def test_three_by_three_are_nine_tasks(planned: Planner) -> None:
    found = planned(steps=[STYLE], matrix=SWEEP)
    assert len(found.tasks) == len(found.variants) == 9
    assert files(found)[:3] == [
        "frames/1-style/a-weight_denoise-0.1-images-s.png",
        "frames/1-style/a-weight_denoise-0.1-images-t.png",
        "frames/1-style/a-weight_denoise-0.1-images-s-t.png",
    ]
    assert found.frames[0][5].label == "weight_denoise 0.3, images s, t"


def test_steps_before_what_is_varied_are_rendered_once(planned: Planner) -> None:
    found = planned(steps=[DREAM, STYLE], matrix=SWEEP)
    assert files(found, 0) == [
        "frames/1-dream/a-01-conv2.png",
        "frames/1-dream/a-02-conv3.png",
    ]
    assert len(found.frames[1]) == 18
    assert len(found.tasks) == 20
    assert files(found, 1)[1] == "frames/2-style/a-02-conv3-weight_denoise-0.1-images-s.png"
    assert found.frames[1][1].label == "conv3, weight_denoise 0.1, images s"
    assert all(len(tasks) == 4 for tasks in found.variants)


def test_a_chains_prefix_is_rendered_once(planned: Planner) -> None:
    sweep = {"layers": [["conv2", "conv3"], ["conv2", "inception3a"], ["conv2", "conv3", "5"]]}
    found = planned(steps=[{"dream": {"chain": True}}], matrix=sweep)
    assert [len(tasks) for tasks in found.variants] == [2, 2, 3]
    assert len(found.tasks) == 4


def test_a_variant_has_the_ids_that_it_has_alone(planned: Planner) -> None:
    steps = [DREAM, STYLE]
    found = planned(steps=steps, matrix={**SWEEP, "seed": [0, 5], "size": [40, 32]})
    style = {"images": ["t.jpg"], "weight_denoise": 0.6}
    alone = planned(steps=[DREAM, {"style": style}], seed=5, size=32)
    assert frozenset(task.id for task in alone.tasks) in found.variants


def test_variants_that_come_to_the_same_are_one_task_with_names_of_their_own(
    planned: Planner, paint: Paint
) -> None:
    paint("copy/s.jpg", colour=200)
    found = planned(steps=[STYLE], matrix={"images": ["s.jpg", "copy/s.jpg"]})
    (task,) = found.tasks
    assert len(set(task.files)) == 2


def test_one_more_value_adds_tasks_and_changes_no_name(planned: Planner) -> None:
    before = planned(steps=[DREAM, STYLE], matrix=SWEEP)
    wider = {**SWEEP, "weight_denoise": [0.1, 0.2, 0.3, 0.6]}
    after = planned(steps=[DREAM, STYLE], matrix=wider)
    names = {task.id: task.files for task in after.tasks}
    assert all(names[task.id] == task.files for task in before.tasks)
    assert len(after.tasks) - len(before.tasks) == 6


def test_variants_of_a_picture_draw_the_same_random_numbers(planned: Planner) -> None:
    def seeds(**job: Any) -> set[int]:
        return {task.seed for task in planned(steps=[STYLE], matrix=SWEEP, **job).tasks}

    assert len(seeds()) == 1
    assert seeds().isdisjoint(seeds(seed=1))


def test_inputs_may_differ_between_variants(planned: Planner, paint: Paint) -> None:
    paint("b.png", colour=2)
    found = planned(steps=["dream"], matrix={"inputs": ["a.png", ["a.png", "b.png"]]})
    assert [(frame.input, frame.varied[0].text) for frame in found.frames[0]] == [
        ("a", "a"),
        ("a", "a, b"),
        ("b", "a, b"),
    ]
    assert len(found.tasks) == 2


def test_sizes_are_those_of_the_variants(planned: Planner) -> None:
    found = planned(steps=["dream"], matrix={"size": [40, 20, None]})
    assert [frame.size for frame in found.frames[0]] == [(30, 40), (15, 20), (30, 40)]
    assert [task.size for task in found.tasks] == [40, 20, None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    denoise=st.lists(st.sampled_from([0, 0.25, 1, 1.0, 2.5]), min_size=1, max_size=3),
    layers=st.lists(st.sampled_from(["0", "conv1", "0..1", "conv2"]), min_size=1, max_size=3),
    seeds=st.lists(st.integers(0, 3), min_size=1, max_size=2),
)
def test_no_two_frames_have_the_same_file(
    planned: Planner, denoise: list[Any], layers: list[str], seeds: list[int]
) -> None:
    matrix = {"weight_denoise": denoise, "dream.layers": layers, "seed": seeds}
    found = planned(steps=["dream", STYLE], matrix=matrix)
    for step in range(2):
        names = [file.casefold() for file in files(found, step)]
        assert len(set(names)) == len(names)
    owned = [file for task in found.tasks for file in task.files]
    assert sorted(owned) == sorted(file for step in range(2) for file in files(found, step))
    seen: set[str] = set()
    for task in found.tasks:
        assert seen.issuperset(task.needs)
        seen.add(task.id)


def test_what_only_planning_finds_is_told_with_its_variant(planned: Planner) -> None:
    with pytest.raises(JobError) as caught:
        planned(steps=["dream"], matrix={"layers": ["conv2", "conv9"]})
    assert str(caught.value).startswith("steps.0.dream.layers: network googlenet has no layer")
    assert str(caught.value).endswith("(variant layers conv9)")


class TestWarmStart:
    """Variants that start from their neighbours along the first axis, where that is asked for."""

    MATRIX: ClassVar[dict[str, Any]] = {
        "weight_denoise": [0.1, 0.3, 0.6],
        "images": ["s.jpg", "t.jpg"],
        "warm_start": True,
    }

    def test_each_value_starts_from_the_one_before(self, planned: Planner) -> None:
        tasks = planned(steps=[STYLE], matrix=self.MATRIX).tasks
        assert [task.neighbour for task in tasks] == ["", "", *(task.id for task in tasks[:4])]
        assert [task.needs for task in tasks[2:]] == [(task.id,) for task in tasks[:4]]
        assert [task.carries for task in tasks] == [True] * 4 + [False] * 2

    def test_it_is_part_of_what_a_task_is(self, planned: Planner) -> None:
        cold = planned(steps=[STYLE], matrix={**self.MATRIX, "warm_start": False}).tasks
        warm = planned(steps=[STYLE], matrix=self.MATRIX).tasks
        same = [one.id == other.id for one, other in zip(cold, warm, strict=True)]
        assert same == [True, True, False, False, False, False]
        assert all(task.neighbour == "" for task in cold)

    def test_what_is_styled_comes_before_what_it_starts_from(self, planned: Planner) -> None:
        found = planned(steps=[DREAM, STYLE], matrix=self.MATRIX)
        dreams = [frame.task for frame in found.frames[0]]
        last = {task.id: task for task in found.tasks}[found.frames[1][-1].task]
        assert last.needs == (dreams[1], found.frames[1][-5].task)

    def test_a_neighbour_that_is_left_out_is_passed_over(self, planned: Planner) -> None:
        matrix = {**self.MATRIX, "exclude": [{"weight_denoise": 0.3, "images": "s.jpg"}]}
        tasks = planned(steps=[STYLE], matrix=matrix).tasks
        assert [task.neighbour for task in tasks[2:]] == [tasks[1].id, tasks[0].id, tasks[2].id]

    @pytest.mark.parametrize(
        ("steps", "matrix", "told"),
        [
            ([STYLE], {"size": [32, 40]}, "the first setting is size, and a neighbour's picture"),
            (["dream"], {"blend": [0, 1]}, "only style transfers can start so"),
            ([STYLE, "dream"], {"dream.blend": [0, 1]}, "only style transfers can start so"),
        ],
    )
    def test_where_it_means_nothing_it_is_a_fault(
        self, planned: Planner, steps: Any, matrix: dict[str, Any], told: str
    ) -> None:
        with pytest.raises(JobError) as caught:
            planned(steps=steps, matrix={**matrix, "warm_start": True})
        assert str(caught.value).startswith(f"matrix.warm_start: {told}")
