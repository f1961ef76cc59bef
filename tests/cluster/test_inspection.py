"""What a node tells of itself, what is tried there, and how it is judged."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ray.exceptions import ActorDiedError, RayError

from cluster.commands.nodes import facts, judged, row
from cluster.inspection import SMI, Answer, Seen, free_memory_bytes, gpus, placed, tried
from cluster.ray_errors import reason
from cluster.versions import own
from renderer.errors import WorkspaceError

GB = 2**30
SEEN = Seen(own(), ("NVIDIA L4, 23034 MiB, driver 570.1",), "13.2", 32 * GB, 16 * GB, 90 * GB, "/x")
WELL = Answer("far", 8.0, 1.0, SEEN, clock_s=0.01, weights={"vgg16 up to conv1": ""}, storage="")


def test_gpus_are_those_of_the_driver_whatever_ray_shows() -> None:
    def run(command: Any, **options: Any) -> Any:
        assert command == SMI
        text = "NVIDIA L4, 23034 MiB, 570.1\nNVIDIA L4, 23034 MiB, 570.1\n"
        return subprocess.CompletedProcess(command, 0, text, "")

    def none(command: Any, **options: Any) -> Any:
        raise FileNotFoundError("nvidia-smi")

    assert gpus(run) == ("NVIDIA L4, 23034 MiB, driver 570.1",) * 2
    assert gpus(none) == ()
    assert free_memory_bytes() > 0


def test_a_storage_is_tried_with_files_that_do_not_stay(tmp_path: Path) -> None:
    with placed(str(tmp_path / "not" / "yet")) as probe:
        assert probe is not None
        place, name = probe
        assert (place, (tmp_path / name).exists()) == (str(tmp_path), True)
        assert tried(place, name) == ""
        assert tried(str(tmp_path / "elsewhere"), name) == f"there is no {tmp_path / 'elsewhere'}"
        (tmp_path / "other").mkdir()
        assert "is another folder there" in tried(str(tmp_path / "other"), name)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    with placed(None) as probe:
        assert probe is None


def test_a_storage_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(WorkspaceError, match="file"), placed(str(file)):
        pass


@pytest.mark.parametrize(
    ("answer", "grade", "text"),
    [
        (WELL, "ok", "can render"),
        (replace(WELL, seen=None, fault="doesn't answer in time"), "bad", "doesn't answer in time"),
        (replace(WELL, weights={"vgg16 up to conv1": "other"}), "bad", "vgg16 up to conv1: other"),
        (replace(WELL, storage="no access"), "note", "a driver there couldn't write: no access"),
        (replace(WELL, clock_s=-90.0), "note", "its clock is -90 s off"),
        (replace(WELL, gpus=0.0), "note", "Ray has 0 of its 1 GPUs"),
        (replace(WELL, seen=replace(SEEN, cuda="")), "note", "torch is built without CUDA"),
        (replace(WELL, seen=replace(SEEN, free_disk_bytes=GB // 2)), "note", "0.5 GB free in /x"),
    ],
)
def test_nodes_are_judged(answer: Answer, grade: str, text: str) -> None:
    found, why = judged(answer)
    assert (found, text in why) == (grade, True), why
    assert list(row(answer)) == list(row(WELL))
    assert facts(answer)["name"] == "far"


def test_an_error_of_rays_is_told_by_the_line_that_says_it() -> None:
    class Told(RayError):
        def __str__(self) -> str:
            return text

    text = (
        "The actor died because of an error raised in its creation task, ray::Slot.__init__()\n"
        '  File "ray_actor.py", line 40, in __init__\n    import torch\n'
        "ModuleNotFoundError: No module named 'torch'\n"
    )
    assert reason(Told()) == "ModuleNotFoundError: No module named 'torch'"
    text = "The actor died unexpectedly before finishing this task.\n\tclass_name: Slot\n"
    assert reason(Told()) == "The actor died unexpectedly before finishing this task."
    text = ""
    assert reason(Told()) == "Told"
    assert reason(ActorDiedError()) == str(ActorDiedError()).splitlines()[0]
