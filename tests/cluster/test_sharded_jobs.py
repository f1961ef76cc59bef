"""Whole jobs whose pictures several workers render together, on a real Ray."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cluster import exits, launch
from cluster import notices as n
from cluster.cli import run
from cluster.commands.options import RunOptions
from tests.cluster.conftest import picture

JOB = """
inputs: [a.png]
size: 40
steps:
  - style:
      network: googlenet
      images: [brush.png]
      content_layers: [conv2]
      style_layers: [conv1, conv2]
      optimizer: adam
      start: content
      iterations: 60
resources: {threads: 1, gpus: 0, workers: 2, shards: 2}
checkpoint: {every: 5, seconds: null}
"""
FRAME = "frames/1-style/a.png"


@pytest.fixture
def desk(tmp_path: Path, tiny_weights_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a job, its pictures, and weights at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    (tmp_path / "job.yaml").write_text(JOB)
    for seed, name in enumerate(("a.png", "brush.png")):
        (tmp_path / name).write_bytes(picture(seed=seed))
    return tmp_path


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[n.Notice]:
    """What runs tell."""
    told: list[n.Notice] = []
    monkeypatch.setattr("cluster.console.PlainDisplay.show", lambda _, notice: told.append(notice))
    return told


def processes(out: Path, *kinds: str) -> list[int]:
    """The processes that took tasks up, leading them (started) or not (member)."""
    records = map(json.loads, (out / "log.jsonl").read_text().splitlines())
    return [record["process"] for record in records if record["event"] in kinds]


def killer(out: Path, *victims: str) -> Callable[[Any, n.Notice], None]:
    """Kills, after a checkpoint and some more iterations, such processes, one an attempt."""
    left, reached = list(victims), [0]

    def look(notice: n.Notice) -> None:
        if isinstance(notice, n.TaskCheckpointed):
            reached[0] = notice.iteration
        started = len(processes(out, "started")) if isinstance(notice, n.TaskCheckpointed) else 0
        if left and started == len(victims) - len(left) + 1:
            os.kill(processes(out, left.pop(0))[-1], signal.SIGKILL)

    return lambda _, notice: look(notice)


def test_kills_of_a_member_and_of_the_leader_change_no_byte(
    desk: Path, ray: Any, notices: list[n.Notice], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["render", "job.yaml", "--out", "undisturbed"]) == exits.DONE
    assert [notice.shards for notice in notices if isinstance(notice, n.Sharded)] == [2]
    notices.clear()
    kill = killer(desk / "out", "member", "started")
    monkeypatch.setattr(
        "cluster.console.PlainDisplay.show",
        lambda display, notice: (notices.append(notice), kill(display, notice)),
    )
    assert run(["render", "job.yaml", "--out", "out"]) == exits.DONE
    assert (desk / "out" / FRAME).read_bytes() == (desk / "undisturbed" / FRAME).read_bytes()
    assert sum(isinstance(notice, n.WorkerLost) for notice in notices) == 2
    reached, resumed = 0, []
    for notice in notices:
        if isinstance(notice, n.TaskCheckpointed):
            reached = notice.iteration
        elif isinstance(notice, n.TaskStarted):
            assert notice.resumed == reached  # no iteration before a checkpoint is done again
            assert notice.shards == 2
            resumed.append(notice.resumed)
    assert len(resumed) == 3
    assert 0 == resumed[0] < resumed[1] <= resumed[2]
    again = launch.remembered(str(desk / "out" / FRAME), RunOptions())
    assert again.resources.shards == "2"
    assert set(again.rules.shards.values()) == {2}


def test_what_two_have_begun_one_goes_on_with(
    desk: Path, ray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("cluster.console.PlainDisplay.show", killer(desk / "out", "started"))
        given = ["render", "job.yaml", "--out", "out", "--set", "retries.worker_lost=0"]
        assert run(given) == exits.SOME_FAILED
    told: list[Any] = []
    monkeypatch.setattr("cluster.console.PlainDisplay.show", lambda _, notice: told.append(notice))
    alone = ["render", "job.yaml", "--inline", "--shards", "1"]
    assert run([*alone, "--out", "out"]) == exits.DONE
    (begun,) = (notice for notice in told if isinstance(notice, n.TaskStarted))
    assert begun.shards == 1
    assert begun.resumed >= 5
    assert run([*alone, "--out", "whole"]) == exits.DONE
    assert difference(desk / "out" / FRAME, desk / "whole" / FRAME) < 2


def difference(a: Path, b: Path) -> float:
    """The mean difference of two pictures, in levels of 255."""
    one, other = (np.asarray(Image.open(io.BytesIO(p.read_bytes())), float) for p in (a, b))
    return float(abs(one - other).mean())


@pytest.mark.parametrize(
    ("given", "code", "line"),
    [
        (["--shards", "0"], exits.BAD_INPUT, "--shards: must be a count from 1, or auto, not '0'"),
        (["--shards", "some"], exits.BAD_INPUT, "--shards: must be a count from 1, or auto"),
        (["--shards", "4"], exits.NO_CLUSTER, "4 shards need 4 workers, and there are 2; ask for"),
        (["--inline"], exits.NO_CLUSTER, "2 shards need as many workers, and --inline has one"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(
    desk: Path, ray: Any, capsys: pytest.CaptureFixture[str], given: list[str], code: int, line: str
) -> None:
    assert run(["render", "job.yaml", *given]) == code
    told = [text for text in capsys.readouterr().err.splitlines() if "error:" in text]
    assert len(told) == 1
    assert line in told[0]
