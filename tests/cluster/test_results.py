"""`output`, `preview` and `assemble`: what a job has made, without rendering."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from cluster import exits
from cluster.commands import results
from jobs.storage import Storage
from jobs.workspace import Workspace
from renderer import checkpoints
from renderer.checkpoints import State
from tests.cluster.conftest import picture
from tests.cluster.farm import OUT, Farm, Told


@pytest.fixture
def rendered(farm: Farm) -> Farm:
    """Of four tasks the two dreams and one of two styles are there, as real pictures."""
    with Workspace.open(OUT) as workspace:
        tasks = farm.plan().tasks
        workspace.begin({}, tasks)
        for seed, task in enumerate(tasks[:3]):
            carry = b"carry" if task.carries else None
            workspace.publish(task, picture(seed=seed), carry, attempt=1)
        state = State(40, {"image": torch.full((1, 3, 4, 6), 128.0)})
        workspace.checkpoint(tasks[3].id, checkpoints.pack(state), attempt=1, iteration=40)
        workspace.checkpoint(tasks[3].id, b"damaged?", attempt=1, iteration=4)
    (OUT / "job.gif").write_bytes(b"gif")
    return farm


def test_what_there_is_can_be_listed_and_copied(rendered: Farm, told: Told) -> None:
    style = rendered.plan().tasks[1].file
    assert told("output", OUT)[1].splitlines() == ["renders/job/job.gif", f"renders/job/{style}"]
    names = json.loads(told("output", OUT, "--to", "copies", "--json")[1])
    assert names == ["copies/job.gif", f"copies/{Path(style).name}"]
    assert Path("copies/job.gif").read_bytes() == b"gif"
    code, text = told("output", OUT, "--to", "a.png")
    assert (code, "a.png: can't be written" in text) == (exits.NO_WORKSPACE, True)


def test_a_frame_is_seen_as_it_stood_at_its_newest_checkpoint(rendered: Farm, told: Told) -> None:
    last = rendered.plan().tasks[3]
    code, text = told("preview", OUT, "--out", "looks")
    assert (code, f"({last.file} after iteration 40)" in text) == (exits.DONE, True)
    with Image.open(f"looks/{Path(last.file).stem}.iteration-40.png") as shown:
        assert (shown.size, shown.getpixel((0, 0))) == ((6, 4), (128, 128, 128))
    code, text = told("preview", OUT, Path(rendered.plan().tasks[0].file).name)
    assert (code, "none of these has a checkpoint" in text) == (exits.BAD_INPUT, True)


def test_a_checkpoint_that_has_just_been_replaced_is_looked_for_again(
    rendered: Farm, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    last, found = rendered.plan().tasks[3], results._newest

    def late(storage: Storage) -> dict[str, tuple[int, str]]:
        monkeypatch.setattr(results, "_newest", found)
        return {last.id: (39, f"checkpoints/{last.id[:2]}/{last.id}-39.safetensors")}

    monkeypatch.setattr(results, "_newest", late)
    code, text = told("preview", OUT, "--json")
    (one,) = json.loads(text)["previews"]
    assert (code, one["frame"], one["iteration"]) == (exits.DONE, last.file, 40)
    assert Path(one["file"]).exists()


def test_an_animation_is_made_anew_of_what_is_finished(rendered: Farm, told: Told) -> None:
    code, text = told("assemble", OUT, "--step", "1", "--fps", "4", "--bounce")
    assert (code, text) == (exits.DONE, "job.gif  (2 frames)\n")
    with Image.open("job.gif") as made:
        assert (made.n_frames, made.info["duration"]) == (2, 250)
    assert told("assemble", OUT, "--out", "b.gif")[1] == "b.gif  (1 frame, 1 missing)\n"
    code, text = told("assemble", OUT, "--fps", "x")
    assert (code, text) == (exits.BAD_INPUT, "error: --fps: expected float or int, got 'x'\n")
    assert json.loads(told("assemble", OUT, "--json")[1]) == {
        "file": "job.gif", "frames": 1, "missing": 1,
    }  # fmt: skip
    assert "none of the 0 frames" in told("assemble", OUT, "--step", "3")[1]
    assert "no frame is called 'nix'" in told("assemble", OUT, "nix")[1]


def test_frames_can_be_meant_by_number(rendered: Farm, told: Told) -> None:
    style = rendered.plan().tasks[1].file
    assert told("retry", OUT, "1")[1].splitlines() == ["1 task will be rendered again", style]
    assert "no frame is called '3-4'" in told("retry", OUT, "3-4")[1]
    assert json.loads(told("retry", OUT, "--frames", "1", "--json")[1])["frames"] == []
    code, text = told("retry", OUT, "--frames", "3-4")
    assert (code, "--frames 3-4: there are frames 1 to 2" in text) == (exits.BAD_INPUT, True)
