"""An atlas as a job: no inputs, tasks of some channels each, cells that know no batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs import atlas, cells
from jobs.estimate import estimate
from jobs.plan import Plan, plan
from jobs.recipe import reading, recipe
from jobs.spec import build
from renderer.errors import JobError

Atlas = Callable[..., Plan]


@pytest.fixture
def planned(tmp_path: Path) -> Atlas:
    """Plans an atlas of GoogLeNet; every network's weights have the digest of their name."""

    def make(*, outputs: Any = (), seed: int = 0, **step: Any) -> Plan:
        step = {"layers": ["conv1"], **step}
        job = {"name": "job", "seed": seed, "steps": [{"atlas": step}], "outputs": list(outputs)}
        return plan(build(job, base=tmp_path), lambda network, until: f"{network}:{until}")

    return make


def test_a_layers_channels_make_enough_tasks_to_go_round(planned: Atlas) -> None:
    found = planned(layers=["conv1", "inception4c"])
    sizes = [(task.until, len(task.settings.channels)) for task in found.tasks]
    assert sizes == [("conv1", 8)] * 8 + [("inception4c", 32)] * 16
    assert found.tasks[1].file == "frames/1-atlas/conv1-0008-0015.png"
    assert found.tasks[1].label == "conv1 0008-0015"


def test_a_batch_is_as_large_as_is_said(planned: Atlas) -> None:
    found = planned(channels=[5, 3, 9], batch=2)
    assert [task.settings.channels for task in found.tasks] == [(3, 5), (9,)]
    assert [task.file.rpartition("/")[2] for task in found.tasks] == [
        "conv1-0003-0005.png",
        "conv1-0009.png",
    ]


def test_random_channels_are_those_of_a_dream(planned: Atlas) -> None:
    chosen = [c for t in planned(channels={"random": 9}).tasks for c in t.settings.channels]
    others = [c for t in planned(channels={"random": 9}, seed=1).tasks for c in t.settings.channels]
    assert len(set(chosen)) == 9 == len(set(others))
    assert chosen != others


def test_a_cell_is_the_same_in_any_batch(planned: Atlas) -> None:
    (whole,) = planned(channels=[1, 2, 3], batch=3).tasks
    (part,) = planned(channels=[2], batch=3).tasks
    assert whole.id != part.id
    assert whole.seed == part.seed
    assert cells.ids(whole, job_seed=0)[2] == cells.ids(part, job_seed=0)[2] == part.id


@pytest.mark.parametrize("change", [{"size": 64}, {"iterations": 7}, {"layers": "conv2"}])
def test_a_changed_setting_is_another_cell(planned: Atlas, change: dict[str, Any]) -> None:
    (one,), (other,) = planned(channels=[2]).tasks, planned(channels=[2], **change).tasks
    assert one.id != other.id


def test_the_seed_changes_every_cell(planned: Atlas) -> None:
    assert planned(channels=[2]).tasks[0].id != planned(channels=[2], seed=1).tasks[0].id


def test_each_layer_has_a_sheet_of_its_channels(planned: Atlas) -> None:
    found = planned(layers=["conv1", "conv2"], channels=[4, 7], batch=1, outputs=["sheet"])
    assert [output.file for output in found.outputs] == [
        "job-conv1-sheet.png",
        "job-conv2-sheet.png",
    ]
    first = found.outputs[0]
    assert [(cell.label, cell.file) for cell in first.cells] == [
        ("4", "artefacts/1-atlas/conv1-0004/channel-0004.png"),
        ("7", "artefacts/1-atlas/conv1-0007/channel-0007.png"),
    ]
    assert [cell.task for cell in first.cells] == [task.id for task in found.tasks[:2]]


def test_a_recipe_gives_the_task_again(planned: Atlas, tmp_path: Path) -> None:
    (task,) = planned(channels=[2], size=64).tasks
    data = recipe([task], job="job", seed=0, threads=1, base=tmp_path)
    again = reading(data, folders=[], name="cell.png")
    assert again.tasks == (task,)
    assert again.frames[0].size == (64, 64)


def test_an_estimate_grows_with_channels_and_steps(planned: Atlas) -> None:
    one, two = (
        estimate(planned(channels=list(range(count)), batch=4), flops_per_second=1e9)
        for count in (4, 8)
    )
    assert two.flops == 2 * one.flops > 0
    assert two.memory_bytes == one.memory_bytes > 0
    longer = estimate(planned(channels=[0, 1, 2, 3], iterations=256, batch=4))
    assert longer.flops == 2 * one.flops


@pytest.mark.parametrize(
    ("job", "line"),
    [
        ({"steps": ["dream"]}, "inputs: is missing"),
        ({"steps": ["atlas"], "inputs": ["a.png"]}, "inputs: an atlas begins with noise"),
        ({"steps": ["atlas", "atlas"]}, "steps: an atlas is a job of its own"),
        ({"steps": [{"atlas": {"layers": ["conv9"]}}]}, "steps.0.atlas.layers: .*conv9"),
        ({"steps": [{"atlas": {"network": "gogglenet"}}]}, "network: .*did you mean 'googlenet'"),
        ({"steps": [{"atlas": {"channels": [512]}}]}, "channels: .* 0 to 511"),
        ({"steps": [{"atlas": {"layer": "conv1"}}]}, "layer: unknown key; did you mean 'layers'"),
        ({"steps": ["atlas"], "matrix": {"steps.0.atlas.size": [64, 96]}}, "matrix: can't vary"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(job: dict[str, Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=line):
        plan(build({"name": "job", **job}, base=tmp_path), lambda network, until: "")


def test_parts_are_where_artefacts_lie(planned: Atlas) -> None:
    (task,) = planned(channels=[2, 3], batch=2).tasks
    assert atlas.parts(task) == (
        (2, "artefacts/1-atlas/conv1-0002-0003/channel-0002.png"),
        (3, "artefacts/1-atlas/conv1-0002-0003/channel-0003.png"),
    )
