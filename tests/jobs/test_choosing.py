"""Channels chosen by what they see: how a job asks for them, and which they come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from jobs.activity import MAX_SIDE_PX, Activity, View
from jobs.choosing import draw, picture
from jobs.plan import Plan, plan
from jobs.spec import build, schema
from renderer.channels import Region
from renderer.errors import JobError, WeightsError
from renderer.networks.entries import Preprocessing
from renderer.settings import DreamSettings
from renderer.weights import Weights

RED, GREEN, BLUE = 5, 9, 20
Planner = Callable[..., Plan]


class Shelf:
    """VGG-16 to conv1_2: three channels of conv1_1 are a colour each; conv1_2 puts 7 on red."""

    def __init__(self) -> None:
        self.asked = 0
        first, second = np.zeros((64, 3, 3, 3), "f4"), np.zeros((64, 64, 3, 3), "f4")
        for colour, channel in enumerate((RED, GREEN, BLUE)):
            first[channel, colour, 1, 1] = 1
        first[30, :, 1, 1] = 1  # sees every colour: always the strongest
        second[7, RED, 1, 1] = 1
        tensors = {
            "features.0.weight": first,
            "features.0.bias": np.zeros(64, "f4"),
            "features.2.weight": second,
            "features.2.bias": np.zeros(64, "f4"),
        }
        self.held = Weights("vgg16", tensors, Preprocessing((0.0, 0.0, 0.0)), "digest", "a test")

    def digest(self, network: str, until: str) -> str:
        return f"{network}:{until}"

    def weights(self, network: str, until: str, digest: str) -> Weights:
        assert digest == self.digest(network, until)
        self.asked += 1
        return self.held


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two inputs, red above green and blue above red, and a green picture that a job may name."""
    for name, top, bottom in (
        ("in/a.png", (200, 0, 0), (0, 100, 0)),
        ("in/b.png", (0, 0, 200), (100, 0, 0)),
        ("green.png", (0, 90, 0), (0, 90, 0)),
    ):
        image = Image.new("RGB", (40, 40), top)
        image.paste(bottom, (0, 20, 40, 40))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        image.save(tmp_path / name)
    return tmp_path


@pytest.fixture
def chosen(folder: Path, shelf: Shelf) -> Callable[..., list[tuple[int, ...]]]:
    """The channels of every task of a job with one dream step."""

    def make(channels: Any, layers: Any = "conv1_1", **step: Any) -> list[tuple[int, ...]]:
        found = planned(folder, shelf, channels, layers, **step)
        return [task.settings.channels for task in found.tasks]  # type: ignore[union-attr]

    return make


def planned(folder: Path, shelf: Shelf, channels: Any, layers: Any, **step: Any) -> Plan:
    dream = {"network": "vgg16", "layers": layers, "channels": channels, **step}
    spec = build({"inputs": ["in"], "size": 40, "steps": [{"dream": dream}]}, base=folder)
    return plan(spec, shelf.digest, activity=Activity(shelf, folder / "cache"))


Chosen = Callable[..., list[tuple[int, ...]]]


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ("10..12", (10, 11, 12)),
        ([1, "12..10", 40], (1, 10, 11, 12, 40)),
        (3, (3,)),
        ([], ()),
        ({"conv1_1": ["0..2"]}, (0, 1, 2)),
    ],
)
def test_ranges(channels: Any, expected: tuple[int, ...], chosen: Chosen) -> None:
    assert chosen(channels) == [expected, expected]


def test_every_input_gets_its_own_channels(chosen: Chosen) -> None:
    assert chosen({"strongest": 2}) == [(RED, 30), (BLUE, 30)]
    assert chosen({"strongest": 3}) == [(RED, GREEN, 30), (RED, BLUE, 30)]
    assert chosen({"weakest": 1}) == [(GREEN,), (RED,)]  # of those that see anything
    assert chosen({"average": 1}) == [(RED,), (BLUE,)]


def test_a_region_or_another_picture_decides(chosen: Chosen) -> None:
    lower = {"strongest": 2, "region": [0, 0.5, 1, 1]}
    assert chosen(lower) == [(GREEN, 30), (RED, 30)]
    assert chosen({"strongest": 2, "of": "green.png"}) == [(GREEN, 30)] * 2
    upper_of_b = {"strongest": 2, "of": "in/b.png", "region": [0.0, 0.0, 1.0, 0.5]}
    assert chosen(upper_of_b) == [(BLUE, 30)] * 2


def test_likeness_passes_over_what_is_always_on(chosen: Chosen) -> None:
    assert chosen({"like": "green.png", "count": 1}) == [(GREEN,)] * 2
    assert chosen({"strongest": 1, "of": "in/a.png"}) == [(30,)] * 2
    assert chosen({"like": "in/a.png", "count": 1}) == [(RED,)] * 2


def test_each_layer_may_choose_in_its_own_way(chosen: Chosen) -> None:
    channels = {"conv1_1": {"like": "in/a.png", "count": 1}, "conv1_2": {"strongest": 1}}
    assert chosen(channels, ["conv1_1", "conv1_2"]) == [(RED,), (7,)] * 2


def test_a_chain_chooses_on_the_source_picture(chosen: Chosen) -> None:
    beside = chosen({"strongest": 1}, ["conv1_1", "conv1_2"])
    assert chosen({"strongest": 1}, ["conv1_1", "conv1_2"], chain=True) == beside
    assert beside == [(30,), (7,)] * 2


def test_settings_hold_the_plain_list_so_that_identity_is_as_if_listed(
    folder: Path, shelf: Shelf
) -> None:
    by_activation = planned(folder, shelf, {"strongest": 2}, "conv1_1").tasks[0]
    listed = planned(folder, shelf, [30, RED], "conv1_1").tasks[0]
    assert (by_activation.id, by_activation.seed) == (listed.id, listed.seed)


def test_what_was_found_is_remembered(folder: Path, shelf: Shelf) -> None:
    first = planned(folder, shelf, {"strongest": 2}, ["conv1_1", "conv1_2"])
    assert shelf.asked > 0
    shelf.asked = 0
    again = planned(folder, shelf, {"strongest": 2}, ["conv1_1", "conv1_2"])
    assert [task.id for task in again.tasks] == [task.id for task in first.tasks]
    assert shelf.asked == 0
    for file in (folder / "cache").glob("*/*.json"):
        file.write_text("{damaged")
    third = planned(folder, shelf, {"strongest": 2}, ["conv1_1", "conv1_2"])
    assert [task.id for task in third.tasks] == [task.id for task in first.tasks]


def test_it_is_told_what_is_looked_at(folder: Path, shelf: Shelf) -> None:
    seen: list[str] = []
    spec = build(
        {
            "inputs": ["in"],
            "size": 40,
            "steps": [
                {"dream": {"network": "vgg16", "layers": ["0..1"], "channels": {"strongest": 1}}}
            ],
        },
        base=folder,
    )
    for _ in range(2):
        plan(spec, shelf.digest, activity=Activity(shelf, folder / "cache", told=seen.append))
    assert [Path(path).name for path in seen] == ["a.png", "b.png"]  # once each, for both layers


def test_a_cache_that_cannot_be_written_harms_nothing(folder: Path, shelf: Shelf) -> None:
    (folder / "cache").write_text("a file is where the folder should be")
    found = planned(folder, shelf, {"strongest": 1}, "conv1_1")
    assert isinstance(found.tasks[0].settings, DreamSettings)
    assert found.tasks[0].settings.channels == (30,)


def test_an_input_that_cannot_be_looked_at_is_left_out(folder: Path, shelf: Shelf) -> None:
    whole = (folder / "in/a.png").read_bytes()
    (folder / "in/b.png").write_bytes(whole[:-40])
    found = planned(folder, shelf, {"strongest": 2}, "conv1_1")
    assert [task.input for task in found.tasks] == ["a"]
    assert [Path(failed.path).name for failed in found.failed_inputs] == ["b.png"]
    assert planned(folder, shelf, [1], "conv1_1").failed_inputs == ()  # told when it is rendered


def test_views_are_of_the_size_that_is_rendered(folder: Path) -> None:
    source = picture("green.png", folder)
    assert View(source, 512).side_px == 512
    assert View(source, 512, named=True).side_px == 40  # a picture's own details, not enlarged
    assert View(source, 20, named=True).side_px == 20
    assert View(source, None).side_px == 40
    assert View(source, 9999).side_px == MAX_SIDE_PX
    part = View(source, 20, region=Region(0, 0, 0.5, 1))
    assert part.identity != View(source, 20).identity


@pytest.mark.parametrize(
    ("channels", "told"),
    [
        ({"strongest": 65}, "channels: conv1_1 has only 64 channels, not 65"),
        ({"conv1_1": {"like": "green.png", "count": 65}}, "channels.conv1_1: conv1_1 has only 64"),
        ({"strongest": 0}, "channels.strongest: must be at least 1, not 0"),
        ({"strongest": 1, "weakest": 1}, "channels: must be a list or exactly one of random, "),
        ({"of": "green.png"}, "channels: must be a list or exactly one of random, strongest"),
        ({"strongest": 1, "count": 3}, "channels: `count` goes with like only"),
        ({"random": 1, "of": "green.png"}, "channels: `of` goes with strongest, weakest or"),
        ({"strongest": 1, "ofs": "a"}, "channels.ofs: unknown key"),
        ({"strongest": 1, "region": [0, 0, 1]}, "channels.region: must be [left, top, right,"),
        ({"strongest": 1, "region": [0.6, 0, 0.4, 1]}, "channels.region: must be [left, top,"),
        ({"strongest": 1, "of": "gren.png"}, "channels: gren.png: there is no such file or"),
        ({"like": "gren.png"}, "did you mean 'green.png'?"),
        ({"like": "in"}, "channels: in: is more than one picture; name one"),
        ({"like": "text.txt"}, "text.txt: is no JPEG, PNG, WebP, TIFF, BMP or GIF picture"),
        ({"like": "cut.png", "count": 1}, "steps.0.dream.channels: "),
        (["10..64"], "channels: conv1_1 has the channels 0 to 63, no 64"),
        (["10..a"], "channels.0: expected a whole number or a range like 10..20, got '10..a'"),
        ([True], "channels.0: expected a whole number or a range like 10..20, got true"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(
    channels: Any, told: str, folder: Path, shelf: Shelf
) -> None:
    (folder / "text.txt").write_text("no picture")
    (folder / "cut.png").write_bytes((folder / "green.png").read_bytes()[:-30])
    with pytest.raises(JobError) as caught:
        planned(folder, shelf, channels, "conv1_1")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_that_are_missing_are_told(folder: Path) -> None:
    class Empty(Shelf):
        def digest(self, network: str, until: str) -> str:
            raise WeightsError("there are no weights")

    with pytest.raises(WeightsError, match="there are no weights"):
        planned(folder, Empty(), {"strongest": 1}, "conv1_1")


def test_a_larger_draw_holds_the_smaller_one() -> None:
    few, many = (draw(count, 64, seed=3, layer="vgg16.conv1_1") for count in (4, 16))
    assert set(few) < set(many)
    assert few != draw(4, 64, seed=4, layer="vgg16.conv1_1")
    assert few == draw(4, 64, seed=3, layer="vgg16.conv1_1")


def test_the_schema_tells_every_way() -> None:
    text = str(schema()["$defs"]["DreamStep"]["properties"]["channels"])
    assert all(f"'{way}'" in text for way in ("strongest", "weakest", "average", "like", "random"))
