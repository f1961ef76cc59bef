"""From jobs to tasks: order, needs, ids, names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.plan import Plan, Task, plan
from jobs.spec import build
from renderer.errors import JobError, WeightsError
from renderer.settings import DreamSettings, StyleSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]

CHAIN = {"dream": {"layers": ["1..3"], "chain": True}}
BESIDE = {"dream": {"layers": ["1..3"]}}
STYLE = {"style": {"images": "s.jpg"}}


@pytest.fixture(autouse=True)
def pictures(paint: Paint) -> None:
    paint("a.png", colour=1)
    paint("s.jpg", colour=200)


def ids(found: Plan, step: int = 0) -> list[str]:
    return [frame.task for frame in found.frames[step]]


def by_id(found: Plan) -> dict[str, Task]:
    return {task.id: task for task in found.tasks}


def files(found: Plan, step: int = 0) -> list[str]:
    return [frame.file for frame in found.frames[step]]


def test_one_picture_and_one_layer_are_one_task(planned: Planner) -> None:
    found = planned(steps=["dream"])
    (task,) = found.tasks
    assert (task.kind, task.step, task.index, task.input) == ("dream", 0, 0, "a")
    assert (task.label, task.until, task.needs, task.carries) == (
        "inception4c",
        "inception4c",
        (),
        False,
    )
    assert task.weights == "googlenet:inception4c"
    assert task.size == 40
    assert task.source is not None
    assert task.source.name == "a"
    assert task.file == "frames/1-dream/a-inception4c.png"


def test_layers_side_by_side_multiply_frames(planned: Planner, paint: Paint) -> None:
    paint("b.png", colour=2)
    found = planned(steps=[BESIDE])
    assert files(found) == [
        f"frames/1-dream/{picture}-{layer}.png"
        for picture in "ab"
        for layer in ("01-conv2", "02-conv3", "03-inception3a")
    ]
    assert all(task.needs == () for task in found.tasks)
    assert found.width == 6


def test_a_chain_links_each_layer_to_the_one_before(planned: Planner) -> None:
    found = planned(steps=[CHAIN])
    first, second, third = found.tasks
    assert (first.needs, second.needs, third.needs) == ((), (first.id,), (second.id,))
    assert (first.source is None, second.source is None) == (False, True)
    assert (first.size, second.size) == (40, None)
    assert [task.carries for task in found.tasks] == [True, True, False]
    assert found.width == 1


def test_the_next_step_takes_every_frame_depth_first(planned: Planner) -> None:
    found = planned(steps=[CHAIN, STYLE])
    assert [(task.step, task.index) for task in found.tasks] == [
        (0, 0),
        (1, 0),
        (0, 1),
        (1, 1),
        (0, 2),
        (1, 2),
    ]
    tasks = by_id(found)
    for above, below in zip(ids(found, 0), ids(found, 1), strict=True):
        assert tasks[below].needs == (above,)
        assert tasks[above].carries
    assert [Path(f).stem for f in files(found, 1)] == [
        "a-01-conv2",
        "a-02-conv3",
        "a-03-inception3a",
    ]


def test_every_task_comes_after_what_it_needs(planned: Planner, paint: Paint) -> None:
    paint("b.png", colour=2)
    seen: set[str] = set()
    for task in planned(steps=[CHAIN, STYLE, BESIDE]).tasks:
        assert set(task.needs) <= seen
        seen.add(task.id)


def test_each_style_makes_its_own_frame_or_all_blend_into_one(
    planned: Planner, paint: Paint
) -> None:
    paint("t.jpg", colour=150)
    styles = {"images": ["s.jpg", "t.jpg"]}
    each = planned(steps=[{"style": {**styles, "combine": "each"}}])
    assert files(each) == ["frames/1-style/a-s.png", "frames/1-style/a-t.png"]
    assert [[s.name for s in task.styles] for task in each.tasks] == [["s"], ["t"]]
    blend = planned(steps=[{"style": styles}])
    assert files(blend) == ["frames/1-style/a.png"]
    assert [s.name for s in blend.tasks[0].styles] == ["s", "t"]


def test_animated_inputs_are_planned_frame_by_frame(planned: Planner, animate: Paint) -> None:
    animate("clip.gif", frames=3)
    found = planned(inputs=["clip.gif"], steps=["dream"])
    assert [task.input for task in found.tasks] == ["clip-01", "clip-02", "clip-03"]
    assert [frame.picture for frame in found.frames[0]] == ["clip"] * 3


def test_the_same_plan_twice_has_the_same_ids_and_seeds(planned: Planner) -> None:
    job: dict[str, Any] = {"steps": [CHAIN, STYLE], "seed": 3}
    assert planned(**job) == planned(**job)


def test_names_places_and_how_it_is_run_change_no_id(planned: Planner, paint: Paint) -> None:
    before = ids(planned(steps=[CHAIN]), 0)
    paint("other name.png", colour=1)
    after = planned(
        inputs=["other name.png"],
        steps=[CHAIN],
        name="another",
        format="jpeg",
        outputs=["gif"],
        resources={"workers": 4, "threads": 2},
        retries={"error": 5},
    )
    assert ids(after) == before


def test_adding_a_picture_or_a_step_changes_no_id(planned: Planner, paint: Paint) -> None:
    before = ids(planned(steps=[BESIDE]))
    paint("0.png", colour=9)
    assert ids(planned(steps=[BESIDE, STYLE]))[3:] == before


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"size": 41},
        {"steps": [{"dream": {"layers": "1..3", "iterations": 9}}]},
        {"steps": [{"dream": {"layers": "1..3", "network": "inception5h"}}]},
        {"steps": [{"dream": {"layers": "1..3", "channels": [0]}}]},
    ],
    ids=str,
)
def test_whatever_changes_pixels_changes_the_id(planned: Planner, change: dict[str, Any]) -> None:
    before = ids(planned(steps=[BESIDE]))
    assert not set(before) & set(ids(planned(**{"steps": [BESIDE], **change})))


def test_a_changed_picture_changes_the_id(planned: Planner, paint: Paint) -> None:
    before = ids(planned(steps=["dream"]))
    paint("a.png", colour=2)
    assert ids(planned(steps=["dream"])) != before


def test_a_changed_style_picture_changes_what_is_styled_alone(
    planned: Planner, paint: Paint
) -> None:
    before = planned(steps=[CHAIN, STYLE])
    paint("s.jpg", colour=90)
    after = planned(steps=[CHAIN, STYLE])
    assert ids(after, 0) == ids(before, 0)
    assert not set(ids(after, 1)) & set(ids(before, 1))


def test_a_change_in_a_chain_changes_what_comes_after_it(planned: Planner) -> None:
    before = planned(steps=[CHAIN, STYLE])
    chain = {"dream": {**CHAIN["dream"], "channels": {"conv3": [1]}}}
    after = planned(steps=[chain, STYLE])
    for step in (0, 1):
        same = [a == b for a, b in zip(ids(before, step), ids(after, step), strict=True)]
        assert same == [True, False, False]


def test_other_weights_change_the_id(paint: Paint, tmp_path: Path) -> None:
    spec = build({"inputs": ["a.png"], "steps": ["dream"]}, base=tmp_path)
    assert plan(spec, lambda *_: "x").tasks[0].id != plan(spec, lambda *_: "y").tasks[0].id


def test_however_a_setting_is_written_the_id_is_the_same(planned: Planner) -> None:
    for one, other in (
        ({"layers": 7}, {"layers": "inception4c"}),
        ({"layers": 7}, {}),
        ({"step_size": 3}, {"step_size": 3.0}),
        ({"channels": [2, 1]}, {"channels": [1, 2, 1]}),
        ({"classes": 291}, {"classes": "LION"}),
    ):
        assert ids(planned(steps=[{"dream": one}])) == ids(planned(steps=[{"dream": other}]))


def test_the_same_picture_under_two_names_is_one_task_with_two_files(
    planned: Planner, paint: Paint
) -> None:
    paint("b.png", colour=1)
    found = planned(steps=["dream"])
    (task,) = found.tasks
    assert task.files == tuple(files(found))
    assert files(found) == [f"frames/1-dream/{n}-inception4c.png" for n in "ab"]


def test_work_that_two_steps_share_is_done_once(planned: Planner) -> None:
    # conv3 over conv2 is the chain's second link, and the second step of its first.
    found = planned(
        steps=[
            {"dream": {"layers": ["conv2", "conv3"], "chain": True}},
            {"dream": {"layers": "conv3"}},
        ]
    )
    assert ids(found, 1)[0] == ids(found, 0)[1]
    assert len(found.tasks) == 3
    assert by_id(found)[ids(found, 0)[1]].carries


def test_files_never_meet(planned: Planner, paint: Paint) -> None:
    for name in ("x/a.png", "x/a-b.png", "y/A.png"):
        paint(name, colour=len(name) + ord(name[0]))
    for name in ("st/b-c.png", "st/c.png"):
        paint(name, colour=ord(name[3]))
    found = planned(
        inputs=["*.png", "x", "y"],
        steps=[{"style": {"images": ["st/b-c.png", "st/c.png"], "combine": "each"}}],
    )
    names = [file.casefold() for file in files(found)]
    assert len(names) == len(set(names)) == 8


def test_formats_have_their_suffixes(planned: Planner) -> None:
    for format, suffix in {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}.items():
        assert planned(steps=["dream"], format=format).tasks[0].file.endswith(suffix)


def test_settings_come_from_the_job_then_the_network_then_the_report(planned: Planner) -> None:
    found = planned(steps=[{"dream": {"network": "vgg16", "blend": 0.5}}])
    settings = found.tasks[0].settings
    assert isinstance(settings, DreamSettings)
    assert settings.layer == "conv5_1"  # the network's
    assert settings.blend == 0.5  # the job's
    assert settings.iterations == 10  # the report's


def test_a_style_is_compared_at_named_layers(planned: Planner) -> None:
    task = planned(steps=[{"style": {"images": "s.jpg", "style_layers": ["0..2", 4]}}]).tasks[0]
    assert isinstance(task.settings, StyleSettings)
    assert task.settings.style_layers == ("conv1_1", "conv1_2", "conv2_1", "conv3_1")
    assert task.settings.content_layers == ("conv3_1",)
    assert task.until == "conv3_1"


def test_classes_are_dreamt_of_at_the_classifier(planned: Planner) -> None:
    task = planned(steps=[{"dream": {"classes": "lion"}}]).tasks[0]
    assert isinstance(task.settings, DreamSettings)
    assert (task.settings.layer, task.until, task.label) == ("classes", "classes", "lion")
    assert task.file == "frames/1-dream/a-lion.png"


def test_unreadable_pictures_are_listed_and_the_others_planned(
    planned: Planner, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    found = planned(steps=["dream"])
    assert [task.input for task in found.tasks] == ["a"]
    assert [Path(item.path).name for item in found.failed_inputs] == ["bad.png"]


def fault(planned: Planner, **data: Any) -> str:
    with pytest.raises(JobError) as caught:
        planned(**data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"steps": [{"dream": {"network": "gogglenet"}}]}, "steps.0.dream.network: there is no"),
        (
            {"steps": [{"dream": {"layers": "conv9"}}]},
            "steps.0.dream.layers: network googlenet has",
        ),
        (
            {"steps": [{"dream": {"layers": 0, "channels": [64]}}]},
            "steps.0.dream.channels: conv1 has the channels 0 to 63, no 64",
        ),
        (
            {"steps": [{"dream": {"layers": 0, "channels": {"random": 65}}}]},
            "steps.0.dream.channels: conv1 has only 64 channels, not 65",
        ),
        (
            {"steps": [{"dream": {"layers": 0, "channels": {"1..2": [0]}}}]},
            "steps.0.dream.channels.1..2: none of these layers is among the step's layers",
        ),
        ({"steps": [{"dream": {"classes": "lio"}}]}, "steps.0.dream.classes: network googlenet"),
        (
            {"steps": [{"dream": {"classes": "lion", "layers": 1}}]},
            "steps.0.dream.classes: can't be used together with layers",
        ),
        (
            {"steps": [{"style": {"images": "nix.jpg"}}]},
            "steps.0.style.images.0: nix.jpg: there is",
        ),
        (
            {"steps": [{"style": {"images": "s.jpg", "style_layers": "conv9"}}]},
            "steps.0.style.style_layers: network vgg16 has no layer 'conv9'",
        ),
        (
            {"steps": [{"style": {"images": "s.jpg", "style_weights": [1, 2]}}]},
            "steps.0.style.style_weights: has 2 shares for 1 style pictures",
        ),
        (
            {"steps": [{"style": {"images": "s.jpg", "style_weights": 0}}]},
            "steps.0.style.style_weights: the shares must not all be zero",
        ),
        (
            {"steps": [{"style": {"images": "s.jpg", "style_weights": 1, "combine": "each"}}]},
            "steps.0.style.style_weights: shares are for `combine: blend`",
        ),
        ({"steps": ["dream"], "inputs": ["nix.png"]}, "inputs.0: nix.png: there is no such file"),
        ({"steps": ["dream"], "weights": {"vgg": "x"}}, "weights.vgg: there is no network 'vgg'"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_wrong_is_told_with_its_key(
    planned: Planner, data: dict[str, Any], line: str
) -> None:
    found = fault(planned, **data)
    assert found.startswith(line)
    assert "\n" not in found


def test_every_wrong_step_is_told(planned: Planner) -> None:
    lines = fault(planned, steps=[{"dream": {"layers": "x"}}, "dream", {"style": {"images": "y"}}])
    assert [line.split(":")[0] for line in lines.splitlines()] == [
        "steps.0.dream.layers",
        "steps.2.style.images.0",
    ]


def test_a_style_picture_that_cannot_be_read_is_a_fault(planned: Planner, tmp_path: Path) -> None:
    (tmp_path / "s.jpg").write_text("no picture")
    assert "steps.0.style.images" in fault(planned, steps=[STYLE])


def test_no_readable_picture_at_all_is_a_fault(planned: Planner, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    assert "no picture can be read (1 tried)" in fault(planned, steps=["dream"])


def test_missing_weights_are_told_as_they_are(tmp_path: Path) -> None:
    def missing(network: str, until: str) -> str:
        raise WeightsError(f"no weights of {network}")

    spec = build({"inputs": ["a.png"], "steps": ["dream"]}, base=tmp_path)
    with pytest.raises(WeightsError, match="no weights of googlenet"):
        plan(spec, missing)


def test_random_channels_are_the_same_for_every_picture_and_seed(
    planned: Planner, paint: Paint
) -> None:
    paint("b.png", colour=2)
    step = {"dream": {"layers": "1..2", "channels": {"random": 8}}}

    def drawn(seed: int) -> list[tuple[int, ...]]:
        tasks = planned(steps=[step], seed=seed).tasks
        return [t.settings.channels for t in tasks if isinstance(t.settings, DreamSettings)]

    first = drawn(1)
    assert all(len(set(channels)) == 8 for channels in first)
    assert first[:2] == first[2:] == drawn(1)[:2]
    assert first[0] != first[1]
    assert set(first).isdisjoint(drawn(2))


def test_a_smaller_draw_is_part_of_a_larger_one(planned: Planner) -> None:
    def drawn(count: int) -> set[int]:
        step = {"dream": {"layers": 1, "channels": {"random": count}}}
        settings = planned(steps=[step]).tasks[0].settings
        assert isinstance(settings, DreamSettings)
        return set(settings.channels)

    assert drawn(4) < drawn(9) < drawn(64) == set(range(64))


def test_channels_of_some_layers_leave_the_others_whole(planned: Planner) -> None:
    step = {"dream": {"layers": "1..3", "channels": {"2..3": {"random": 4}, "3": [5]}}}
    counts = [len(t.settings.channels) for t in planned(steps=[step]).tasks]  # type: ignore[union-attr]
    assert counts == [0, 4, 1]
