"""Which frames go into which animation or sheet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.plan import Output, Plan
from renderer.errors import JobError
from renderer.settings import AnimationSettings, SheetSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]
BESIDE = {"dream": {"layers": "1..2"}}


def labels(output: Output) -> list[str]:
    return [cell.label for cell in output.cells]


@pytest.fixture(autouse=True)
def pictures(paint: Paint) -> None:
    paint("a.png", colour=1)
    paint("b.png", colour=2)


def test_one_frame_of_each_input_makes_one_output(planned: Planner) -> None:
    gif, sheet = planned(steps=["dream"], outputs=["gif", "sheet"]).outputs
    assert (gif.kind, gif.file, labels(gif)) == ("gif", "job.gif", ["a", "b"])
    assert (sheet.kind, sheet.file, labels(sheet)) == ("sheet", "job-sheet.png", ["a", "b"])


def test_several_frames_of_each_input_make_an_output_each(planned: Planner) -> None:
    found = planned(steps=[BESIDE], outputs=["gif"])
    assert [(o.file, labels(o)) for o in found.outputs] == [
        ("job-a.gif", ["conv2", "conv3"]),
        ("job-b.gif", ["conv2", "conv3"]),
    ]
    tasks = [frame.task for frame in found.frames[0]]
    assert [cell.task for o in found.outputs for cell in o.cells] == tasks
    assert [cell.file for cell in found.outputs[0].cells] == [
        "frames/1-dream/a-01-conv2.png",
        "frames/1-dream/a-02-conv3.png",
    ]


def test_a_single_input_gives_the_output_the_jobs_name(planned: Planner) -> None:
    (output,) = planned(inputs=["a.png"], steps=[BESIDE], outputs=["gif"]).outputs
    assert output.file == "job.gif"


def test_an_animation_stays_together(planned: Planner, animate: Paint) -> None:
    animate("clip.gif", frames=2)
    (output,) = planned(inputs=["clip.gif"], steps=["dream"], outputs=["gif"]).outputs
    assert (output.file, labels(output)) == ("job.gif", ["clip-01", "clip-02"])


def test_the_same_picture_twice_is_shown_twice(planned: Planner, paint: Paint) -> None:
    paint("b.png", colour=1)
    found = planned(steps=["dream"], outputs=["gif"])
    assert len(found.tasks) == 1
    assert labels(found.outputs[0]) == ["a", "b"]


@pytest.mark.parametrize("of", [1, "1", "1-dream", "dream"])
def test_an_output_may_be_of_another_step(planned: Planner, of: Any) -> None:
    style = {"style": {"images": "a.png"}}
    (output,) = planned(steps=["dream", style], outputs=[{"gif": {"of": of}}]).outputs
    assert (output.step, output.file) == (0, "job-1-dream.gif")
    assert all("1-dream" in cell.file for cell in output.cells)


def test_styled_frames_keep_the_names_of_their_layers(planned: Planner) -> None:
    steps = [BESIDE, {"style": {"images": "b.png"}}]
    (output,) = planned(inputs=["a.png"], steps=steps, outputs=["sheet"]).outputs
    assert labels(output) == ["conv2", "conv3"]


def test_settings_are_those_of_the_job(planned: Planner) -> None:
    gif, sheet = planned(
        steps=["dream"], outputs=[{"gif": {"fps": 3, "bounce": True}}, {"sheet": {"columns": 2}}]
    ).outputs
    assert gif.settings == AnimationSettings(fps=3.0, bounce=True)
    assert sheet.settings == SheetSettings(columns=2)


def test_two_outputs_of_a_kind_have_names_of_their_own(planned: Planner) -> None:
    outputs = planned(steps=["dream"], outputs=["gif", {"gif": {"fps": 3}}]).outputs
    assert [output.file for output in outputs] == ["job.gif", "job-2.gif"]


@pytest.mark.parametrize(
    ("steps", "output", "line"),
    [
        (["dream"], {"gif": {"of": 2}}, "outputs.0.gif.of: '2' is no step (steps: 1-dream)"),
        (["dream"], {"sheet": {"of": "x"}}, "outputs.0.sheet.of: 'x' is no step"),
        (["dream"] * 2, {"gif": {"of": "dream"}}, "outputs.0.gif.of: 'dream' is more than one"),
        (
            ["dream"],
            {"gif": {"durations": [40]}},
            "outputs.0.gif.durations: has 1 values for 2 frames",
        ),
    ],
)
def test_what_cannot_be_made_is_told(planned: Planner, steps: Any, output: Any, line: str) -> None:
    with pytest.raises(JobError) as caught:
        planned(steps=steps, outputs=[output])
    assert str(caught.value).startswith(line)


def test_frames_of_unequal_size_are_named_before_anything_is_rendered(
    planned: Planner, paint: Paint
) -> None:
    paint("b.png", size=(30, 40))
    with pytest.raises(JobError, match="a is 40 x 30 px and b 30 x 40"):
        planned(steps=["dream"], outputs=["gif"])
    assert len(planned(steps=["dream"], outputs=["sheet"]).outputs) == 1


class TestOrigins:
    STYLED: tuple[Any, ...] = (BESIDE, {"style": {"images": ["a.png", "b.png"]}})

    def test_a_sheet_shows_the_input_and_the_styles(self, planned: Planner) -> None:
        keys = {"first": "input", "beside": ["style", "input"]}
        (sheet,) = planned(inputs="a.png", steps=self.STYLED, outputs=[{"sheet": keys}]).outputs
        assert [item.label for item in sheet.first] == ["input: a"]
        assert [item.label for item in sheet.beside] == ["style: a", "style: b", "input: a"]
        assert labels(sheet) == ["conv2", "conv3"]

    def test_each_input_then_has_a_sheet_of_its_own(self, planned: Planner) -> None:
        steps, keys = [{"dream": {"layers": "2"}}], {"first": "input"}
        found = planned(steps=steps, outputs=[{"sheet": keys}]).outputs
        assert [(o.file, labels(o)) for o in found] == [
            ("job-a-sheet.png", ["conv3"]),
            ("job-b-sheet.png", ["conv3"]),
        ]
        assert [item.label for o in found for item in o.first] == ["input: a", "input: b"]

    def test_without_asking_nothing_is_shown(self, planned: Planner) -> None:
        for output in planned(steps=self.STYLED, outputs=["sheet", "gif"]).outputs:
            assert (output.first, output.beside) == ((), ())

    def test_a_style_that_never_was_is_told(self, planned: Planner) -> None:
        output = {"sheet": {"of": 1, "beside": ["input", "style"]}}
        with pytest.raises(JobError, match=r"^outputs\.0\.sheet\.beside: there is no style"):
            planned(steps=self.STYLED, outputs=[output])

    def test_what_cannot_be_shown_is_told(self, planned: Planner) -> None:
        with pytest.raises(JobError, match="must be input or style, not 'content'"):
            planned(steps=self.STYLED, outputs=[{"sheet": {"first": ["content"]}}])


def test_the_last_pictures_alone(planned: Planner) -> None:
    steps = [{"dream": {"layers": "1..4", "chain": True}}]
    gif, sheet = planned(
        steps=steps, outputs=[{"gif": {"last": True}}, {"sheet": {"last": True, "first": "input"}}]
    ).outputs[:2]
    assert (gif.file, labels(gif)) == ("job.gif", ["a", "b"])
    assert (sheet.file, labels(sheet)) == ("job-a-sheet.png", ["inception3b"])
    assert [cell.file for cell in gif.cells] == [
        "frames/1-dream/a-04-inception3b.png",
        "frames/1-dream/b-04-inception3b.png",
    ]


def test_a_sheet_of_many_goes_on_on_further_pages(planned: Planner, paint: Paint) -> None:
    for number in range(5):
        paint(f"{number}.png", colour=number)
    found = planned(inputs=["[0-4].png"], steps=["dream"], outputs=[{"sheet": {"page": 2}}]).outputs
    assert [(output.file, labels(output)) for output in found] == [
        ("job-01-sheet.png", ["0", "1"]),
        ("job-02-sheet.png", ["2", "3"]),
        ("job-03-sheet.png", ["4"]),
    ]


def test_an_animation_or_plot_of_many_takes_one_in_so_many(planned: Planner, paint: Paint) -> None:
    for number in range(5):
        paint(f"{number}.png", colour=number)
    gif, plot, table = planned(
        inputs=["[0-4].png"], steps=["dream"], outputs=[{"gif": {"most": 3}}, {"plot": {"most": 4}}]
    ).outputs
    assert (labels(gif), gif.one_in) == (["0", "2", "4"], 2)
    assert (labels(plot), plot.one_in) == (["0", "2", "4"], 2)
    assert (len(table.cells), table.one_in) == (5, 1)
    wanted = {"most": 3, "durations": [20] * 5}  # as many as there are frames: all are meant
    (whole,) = planned(inputs=["[0-4].png"], steps=["dream"], outputs=[{"gif": wanted}]).outputs
    assert len(whole.cells) == 5
