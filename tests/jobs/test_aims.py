"""What a dream step amplifies: mixes, guides and regions become settings, ids, recipes, reasons."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.history import recipe as logged
from jobs.plan import Plan, Task
from jobs.reasons import _recipes as changes
from jobs.recipe import reading, recipe
from renderer.aims import Aim, Region
from renderer.errors import JobError
from renderer.settings import DreamSettings

Paint = Callable[..., Path]
Planner = Callable[..., Plan]


@pytest.fixture(autouse=True)
def pictures(paint: Paint) -> None:
    paint("in/a.png", colour=1)
    paint("guide.png", colour=2, size=(20, 20))
    paint("sky.png", colour=3)
    paint("ground.png", colour=4, size=(20, 15))


@pytest.fixture
def dreams(planned: Planner) -> Callable[..., tuple[Task, ...]]:
    """The tasks of one dream step."""

    def make(**step: Any) -> tuple[Task, ...]:
        return planned(inputs=["in"], steps=[{"dream": step}]).tasks

    return make


Dreams = Callable[..., tuple[Task, ...]]


def settings(task: Task) -> DreamSettings:
    assert isinstance(task.settings, DreamSettings)
    return task.settings


def faults(dreams: Dreams, **step: Any) -> str:
    with pytest.raises(JobError) as error:
        dreams(**step)
    return str(error.value)


def test_a_mix_is_one_picture_of_weighted_aims(dreams: Dreams) -> None:
    (task,) = dreams(mix={"inception3b": 1, "inception4c": -0.3}, channels={"inception4c": [5, 2]})
    assert settings(task).regions == (
        Region(
            aims=(
                Aim(layer="inception3b"),
                Aim(layer="inception4c", weight=-0.3, channels=(2, 5)),
            )
        ),
    )
    assert (task.label, task.until) == ("inception3b - 0.3 inception4c", "inception4c")
    assert task.file == "frames/1-dream/a-inception3b-inception4c.png"


def test_a_guide_is_a_picture_of_each_layer(dreams: Dreams) -> None:
    first, second = dreams(layers=["conv1", "conv2"], guide="guide.png", guide_max_size=99)
    assert settings(first).regions == (Region(aims=(Aim(layer="conv1", guide=0),)),)
    assert settings(second).guide_max_size == 99
    assert [Path(picture.path).name for picture in second.pictures] == ["guide.png"]
    assert first.label == "conv1 to guide"
    assert first.file == "frames/1-dream/a-01-conv1-guide.png"


def test_regions_say_their_own_or_take_the_steps(dreams: Dreams) -> None:
    (task,) = dreams(
        layers="conv2",
        channels=[1],
        guide="guide.png",
        regions=[
            {"mask": "sky.png", "layer": "conv3", "channels": [7]},
            {"mask": "ground.png"},
            {"mix": {"conv1": 1, "conv2": 2}, "guide": "sky.png"},
        ],
    )
    assert settings(task).regions == (
        Region(aims=(Aim(layer="conv3", channels=(7,), guide=0),), mask=1),
        Region(aims=(Aim(layer="conv2", channels=(1,), guide=0),), mask=2),
        Region(aims=(Aim(layer="conv1", guide=1), Aim(layer="conv2", weight=2.0, guide=1))),
    )
    names = [Path(picture.path).name for picture in task.pictures]
    assert names == ["guide.png", "sky.png", "ground.png"]


def test_layers_within_a_mask_are_a_picture_each(dreams: Dreams) -> None:
    tasks = dreams(layers=["1..3"], chain=True, regions=[{"mask": "sky.png"}])
    assert [task.label for task in tasks] == ["conv2", "conv3", "inception3a"]
    assert all(settings(task).regions[0].mask == 0 for task in tasks)
    assert tasks[1].needs == (tasks[0].id,)


def test_one_layer_is_the_same_task_however_it_is_written(dreams: Dreams) -> None:
    (plain,) = dreams(layers="conv2", channels=[3])
    (mixed,) = dreams(mix={"conv2": 0.4}, channels=[3], guide_max_size=77)
    assert (mixed.id, mixed.seed) == (plain.id, plain.seed)
    assert settings(mixed).regions == ()


def test_masks_and_guides_are_part_of_the_id(dreams: Dreams, paint: Paint) -> None:
    step = {"layers": "conv2", "guide": "guide.png", "regions": [{"mask": "sky.png"}]}
    ids = {dreams(**step)[0].id}
    paint("sky.png", colour=99)
    ids.add(dreams(**step)[0].id)
    paint("guide.png", colour=99)
    ids.add(dreams(**step)[0].id)
    ids.add(dreams(**step, guide_max_size=20)[0].id)
    ids.add(dreams(layers="conv2", regions=[{"mask": "sky.png"}])[0].id)
    assert len(ids) == 5
    paint("other.png", colour=99)
    ids.add(dreams(**{**step, "regions": [{"mask": "other.png"}]})[0].id)
    assert len(ids) == 5, "the bytes count, not the name"


def written(task: Task, base: Path) -> dict[str, Any]:
    made = recipe([task], job="job", seed=0, threads=1, base=base)
    data: dict[str, Any] = json.loads(json.dumps(made))
    return data


def test_a_frame_says_its_regions(dreams: Dreams, tmp_path: Path, paint: Paint) -> None:
    (task,) = dreams(
        mix={"conv1": 1, "conv2": 0.5}, guide="guide.png", regions=[{"mask": "sky.png"}]
    )
    data = written(task, tmp_path)
    assert reading(data, folders=[tmp_path], name="x.png").tasks == (task,)
    paint("sky.png", colour=98)
    with pytest.raises(JobError, match=r"the picture sky\.png \(sha256 .*\) isn't there"):
        reading(data, folders=[tmp_path], name="x.png")


def test_a_plain_frame_says_nothing_of_regions(dreams: Dreams, tmp_path: Path) -> None:
    (task,) = dreams(layers="conv2")
    data = written(task, tmp_path)["tasks"][0]
    assert not {"pictures"} & set(data)
    assert not {"regions", "guide_max_size"} & set(data["settings"])


def test_changes_are_told_in_words(dreams: Dreams, paint: Paint) -> None:
    def told(**step: Any) -> dict[str, Any]:
        return logged(dreams(**step)[0])

    before = told(mix={"conv1": 1, "conv2": 0.5}, guide="guide.png")
    after = told(mix={"conv1": 1, "conv2": 0.25}, guide="guide.png")
    assert changes(before, after) == [
        "dream.regions conv1 to guide 1 + 0.5 conv2 to guide 1 → "
        "conv1 to guide 1 + 0.25 conv2 to guide 1"
    ]
    paint("guide.png", colour=77)
    assert changes(after, told(mix={"conv1": 1, "conv2": 0.25}, guide="guide.png")) == [
        "dream picture guide.png changed"
    ]
    masked = told(layers="conv2", regions=[{"mask": "sky.png"}])
    assert changes(told(layers="conv2"), masked) == [
        "dream.regions none → conv2 by mask 1",
        "dream pictures none → sky.png",
    ]


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ({"layers": "conv1", "mix": {"conv2": 1}}, "mix: can't be used together with layers"),
        ({"mix": {"conv2": 1}, "channels": {"strongest": 3}}, "channels: can't be chosen by act"),
        ({"mix": {"conv2": 0}}, "mix: the weight of conv2 must be a number other than 0"),
        ({"mix": {"konv2": 1}}, "mix: network googlenet has no layer 'konv2'; did you mean 'conv2"),
        ({"mix": {"conv2": "much"}}, "mix.conv2: expected a number, got 'much'"),
        ({"guide": "none.png"}, "guide: none.png: there is no such file or folder"),
        ({"guide": "*.png"}, "guide: *.png: is more than one picture; name one"),
        ({"classes": "lion", "guide": "guide.png"}, "guide: a guide has features in a layer"),
        ({"regions": [{"mask": "sky.png"}, {}, {}]}, "regions: only one region may be without"),
        ({"regions": [{"mask": "no.png"}]}, "regions.0.mask: no.png: there is no such file"),
        ({"regions": [{"mask": "guide.png"}]}, "guide.png is 20 x 20 px and a 40 x 30"),
        ({"regions": [{"channels": [1]}]}, "regions.0.channels: are of a layer; name the region"),
        ({"regions": [{"layer": "konv1"}]}, "regions.0.layer: network googlenet has no layer"),
        ({"regions": [{"maks": "sky.png"}]}, "regions.0.maks: unknown key; did you mean 'mask'"),
        (
            {"layers": "conv1", "regions": [{"layer": "conv2"}]},
            "layers: every region says what it amplifies; leave layers out",
        ),
    ],
)
def test_faults_name_their_key(dreams: Dreams, step: dict[str, Any], fault: str) -> None:
    assert fault in faults(dreams, **step)
