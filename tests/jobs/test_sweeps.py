"""Grids and tables of a job: their axes, their cells' places, their columns."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.history import Result
from jobs.outputs import Output
from jobs.plan import Plan
from jobs.tables import TableSettings, table
from renderer.errors import JobError
from renderer.settings import GridSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]

STYLE = {"style": {"images": "s.jpg"}}
SWEEP = {"weight_denoise": [0.6, 0.1], "images": ["t.jpg", "s.jpg"]}


@pytest.fixture(autouse=True)
def pictures(paint: Paint) -> None:
    paint("a.png", colour=1)
    paint("s.jpg", colour=200)
    paint("t.jpg", colour=90)


def grids(found: Plan) -> list[Output]:
    return [output for output in found.outputs if output.kind == "grid"]


def axes(output: Output) -> list[tuple[str, list[str]]]:
    return [(axis.name, [value.text for value in axis.values]) for axis in output.axes]


def test_a_matrix_ends_in_a_grid_and_a_table(planned: Planner) -> None:
    found = planned(steps=[STYLE], matrix=SWEEP, outputs=["sheet"])
    assert [output.file for output in found.outputs] == [
        "job-sheet.png",
        "job-grid.png",
        "job-table.csv",
    ]


def test_axes_are_in_the_order_of_the_matrix(planned: Planner, tmp_path: Path) -> None:
    (output,) = grids(planned(steps=[STYLE], matrix=SWEEP))
    assert axes(output) == [("weight_denoise", ["0.6", "0.1"]), ("images", ["t", "s"])]
    assert [cell.place for cell in output.cells] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert output.axes[1].pictures == (str(tmp_path / "t.jpg"), str(tmp_path / "s.jpg"))


def test_what_an_exclusion_leaves_out_moves_nothing(planned: Planner) -> None:
    matrix = {**SWEEP, "exclude": [{"weight_denoise": 0.6, "images": "t.jpg"}]}
    (output,) = grids(planned(steps=[STYLE], matrix=matrix))
    assert [cell.place for cell in output.cells] == [(0, 1), (1, 0), (1, 1)]


def test_a_combination_of_its_own_comes_last(planned: Planner) -> None:
    matrix = {**SWEEP, "include": [{"weight_denoise": 1.2}]}
    (output,) = grids(planned(steps=[STYLE], matrix=matrix))
    assert axes(output)[0][1] == ["0.6", "0.1", "1.2"]
    assert output.cells[-1].place == (2, 1)  # the style is the job's own


def test_what_does_not_differ_is_no_axis(planned: Planner) -> None:
    (output,) = grids(planned(steps=[STYLE], matrix={**SWEEP, "images": ["t.jpg"]}))
    assert [axis.name for axis in output.axes] == ["weight_denoise"]


@pytest.mark.parametrize("asked", [{"across": "images"}, {"down": "steps.0.style.weight_denoise"}])
def test_axes_can_be_turned(planned: Planner, asked: dict[str, str]) -> None:
    (output,) = grids(planned(steps=[STYLE], matrix=SWEEP, outputs=[{"grid": asked}]))
    assert [axis.name for axis in output.axes] == ["images", "weight_denoise"]
    assert output.settings == GridSettings(**asked)


def test_layers_of_a_step_are_an_axis_too(planned: Planner) -> None:
    dream = {"dream": {"layers": ["conv2", "conv3"]}}
    (output,) = grids(planned(steps=[dream], matrix={"blend": [0, 1]}))
    assert axes(output) == [("blend", ["0", "1"]), ("layer", ["conv2", "conv3"])]
    (alone,) = grids(planned(steps=[dream], outputs=["grid"]))
    assert axes(alone) == [("layer", ["conv2", "conv3"])]


def test_layers_that_vary_have_their_own_names(planned: Planner) -> None:
    sweep = {"layers": [["conv2", "conv3"], ["conv1"]]}
    (output,) = grids(planned(steps=["dream"], matrix=sweep))
    assert axes(output)[1] == ("layer", ["conv2", "conv1", "conv3"])
    assert [cell.place for cell in output.cells] == [(0, 0), (0, 2), (1, 1)]


def test_each_input_has_a_grid_unless_inputs_are_varied(planned: Planner, paint: Paint) -> None:
    paint("b.png", colour=2)
    found = grids(planned(steps=["dream"], matrix={"blend": [0, 1]}))
    assert [output.file for output in found] == ["job-a-grid.png", "job-b-grid.png"]
    (one,) = grids(planned(steps=["dream"], matrix={"blend": [0, 1], "inputs": ["a.png", "b.png"]}))
    assert axes(one)[1] == ("inputs", ["a", "b"])
    assert one.axes[1].pictures[0].endswith("a.png")


@pytest.mark.parametrize(
    ("job", "line"),
    [
        (
            {"outputs": [{"grid": {"across": "weight_denois"}}], "matrix": SWEEP},
            "outputs.0.grid.across: 'weight_denois' was not varied; did you mean 'weight_denoise'?",
        ),
        (
            {"outputs": [{"grid": {"down": "gram"}}], "matrix": SWEEP},
            "outputs.0.grid.down: 'gram' was not varied (varied: weight_denoise, images)",
        ),
        ({"outputs": ["grid"]}, "outputs.0.grid: nothing was varied; it needs a matrix, or a step"),
    ],
)
def test_a_grid_that_cannot_be_made_is_told(
    planned: Planner, job: dict[str, Any], line: str
) -> None:
    with pytest.raises(JobError) as caught:
        planned(steps=[STYLE], **job)
    assert str(caught.value).startswith(line)


def test_a_table_has_a_row_a_frame_and_what_is_known_of_it(planned: Planner) -> None:
    found = planned(steps=[STYLE], matrix=SWEEP)
    frames = found.frames[0]
    losses = {"content": 1.25, "style": 3e13}
    results = {frames[1].task: Result((), 0, losses=losses, iterations=120, seconds=1.5)}
    rows = list(csv.DictReader(table(frames, results, TableSettings()).splitlines()))
    assert len(rows) == 4
    assert rows[1] == {
        "input": "a",
        "weight_denoise": "0.6",
        "images": "s",
        "content": "1.25",
        "style": "3e+13",
        "iterations": "120",
        "seconds": "1.500",
        "file": "frames/1-style/a-weight_denoise-0.6-images-s.png",
    }
    assert rows[0]["content"] == rows[0]["seconds"] == ""


def test_a_tables_columns_may_be_parted_otherwise(planned: Planner) -> None:
    found = planned(steps=["dream"])
    text = table(found.frames[0], {}, TableSettings(separator="semicolon"))
    assert text.splitlines()[0] == "input;iterations;seconds;file"
