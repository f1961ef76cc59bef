"""A job that travels means the same elsewhere: the same tasks, the same names of frames."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from jobs import travel
from jobs.plan import Plan, plan
from jobs.spec import JobSpec, build
from jobs.travel import File
from renderer.errors import JobError
from tests.jobs.conftest import Paint

DREAM = {"network": "googlenet", "layers": ["conv1"]}
STYLE = {"network": "googlenet", "images": "style.png", "content_layers": "conv2",
         "style_layers": "conv1"}  # fmt: skip


def spec_of(base: Path, **data: Any) -> JobSpec:
    job = {"name": "job", "inputs": ["a.png"], "size": 40, "steps": [{"dream": DREAM}], **data}
    return build(job, base=base)


def planned(spec: JobSpec) -> Plan:
    return plan(spec, lambda network, until: f"{network}:{until}")


def moved(spec: JobSpec, home: Path) -> JobSpec:
    """The same job with its files elsewhere, as a machine reads it that has no others."""
    packed = travel.packed(spec)

    def address(file: File) -> str:
        target = home / f"{abs(hash(file.path))}" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, target)
        return str(target)

    text = travel.written(travel.filled(packed, address))
    return build(yaml.safe_load(text), base=home / "nowhere")


def same(spec: JobSpec, home: Path) -> list[str]:
    """Asserts that both come to the same frames; their files."""
    here, there = planned(spec), planned(moved(spec, home))
    frames = [[(f.file, f.label) for f in one.frames[-1]] for one in (here, there)]
    assert frames[0] == frames[1]
    assert [task.id for task in here.tasks] == [task.id for task in there.tasks]
    return [file for file, _ in frames[0]]


def test_folders_globs_and_files_are_the_same_pictures_by_the_same_names(
    tmp_path: Path, paint: Paint
) -> None:
    for number, name in enumerate(
        ["holiday/cat.png", "home/cat.png", "p9.png", "p10.png", "odd [1] näme.png"]
    ):
        paint(name, colour=number)
    spec = spec_of(tmp_path, inputs=["holiday", "home/cat.png", "p*.png", "odd [1] näme.png"])
    found = same(spec, tmp_path / "there")
    assert [Path(file).stem for file in found] == [
        "holiday-cat-conv1", "home-cat-conv1", "p9-conv1", "p10-conv1", "odd _1_ näme-conv1",
    ]  # fmt: skip


def test_everything_beside_the_inputs_travels_too(tmp_path: Path, paint: Paint) -> None:
    for number, name in enumerate(["a.png", "style.png", "guide.png", "mask.png", "eyes.png"]):
        paint(name, colour=40 * number)
    regions = [{"mask": "mask.png", "guide": "guide.png"}, {"layer": "conv2"}]
    likes = {"conv1": {"strongest": 3, "of": "eyes.png"}}
    steps = [
        {"dream": {**DREAM, "guide": "guide.png"}},
        {"dream": {"network": "googlenet", "regions": [regions[0] | {"layer": "conv1"}]}},
        {"style": STYLE},
    ]
    same(spec_of(tmp_path, steps=steps), tmp_path / "there")
    for channels in ({"like": "eyes.png", "count": 2}, likes):
        packed = travel.packed(
            spec_of(tmp_path, steps=[{"dream": {**DREAM, "channels": channels}}])
        )
        assert [Path(file.path).name for file in travel.files(packed)] == ["a.png", "eyes.png"]


def test_values_of_a_matrix_travel_and_keep_their_names(tmp_path: Path, paint: Paint) -> None:
    for number, name in enumerate(["a.png", "b.png", "style.png", "wave.png"]):
        paint(name, colour=40 * number)
    steps = [{"dream": DREAM}, {"style": STYLE}]
    matrix: dict[str, Any] = {
        "images": ["style.png", "wave.png"],
        "steps.1.style.iterations": [1, 2],
        "inputs": ["a.png", ["a.png", "b.png"]],
        "exclude": [{"images": "wave.png", "style.iterations": 2}],
    }
    found = same(spec_of(tmp_path, steps=steps, matrix=matrix), tmp_path / "there")
    assert any("wave" in file for file in found)
    assert not any("images-wave" in file and "iterations-2" in file for file in found)


def test_urls_and_generated_pictures_stay(tmp_path: Path) -> None:
    inputs = ["s3://bucket/a.png", {"noise": "32x32"}]
    packed = travel.packed(spec_of(tmp_path, inputs=inputs, weights={"vgg16": "s3://w/v.pth"}))
    assert packed["inputs"] == inputs
    assert packed["weights"] == {"vgg16": "s3://w/v.pth"}
    assert list(travel.files(packed)) == []


def test_weight_files_travel(tmp_path: Path, paint: Paint) -> None:
    paint("a.png")
    (tmp_path / "own.pth").write_bytes(b"tensors")
    packed = travel.packed(spec_of(tmp_path, weights={"googlenet": "own.pth"}))
    assert packed["weights"] == {"googlenet": File(str(tmp_path / "own.pth"), "own.pth")}


def test_what_is_not_there_is_named_with_its_key(tmp_path: Path, paint: Paint) -> None:
    paint("style.png")
    steps = [{"dream": {**DREAM, "guide": "gide.png"}}, {"style": STYLE}]
    spec = spec_of(tmp_path, inputs=["a.png"], steps=steps, weights={"vgg16": "v.pth"})
    with pytest.raises(JobError) as error:
        travel.packed(spec)
    told = str(error.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "inputs.0", "steps.0.dream.guide", "weights.vgg16",
    ]  # fmt: skip
