"""The frames of a making, from the worker to the animation, whatever dies on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from cluster import exits
from cluster.backend import Attempt
from cluster.cli import run
from cluster.records import Order, Pace, Record
from cluster.worker import Renderer
from renderer.events import Artefact, Checkpoint
from renderer.settings import FrameSettings
from tests.cluster.conftest import NETWORK, picture, with_iterations
from tests.cluster.fakes import FakeBackend, fails, renders
from tests.cluster.test_runner import Bench, bench, checkpoint

__all__ = ["bench"]  # the fixture

FRAMED = [{"dream": {"network": NETWORK, "layers": "conv1", "frames": {"every": 2}}}]


def pictures(records: list[Record]) -> dict[str, bytes]:
    told = [r for r in records if isinstance(r, Artefact) and r.name.endswith(".png")]
    assert len({artefact.name for artefact in told}) == len(told)  # none comes twice
    return {artefact.name: artefact.data for artefact in told}


def test_a_worker_that_goes_on_tells_the_same_frames(order: Order) -> None:
    frames = FrameSettings(every=3)
    long = with_iterations(order, 5, pace=Pace(every=4), frames=frames)
    whole = list(Renderer().render(long))
    assert list(pictures(whole)) == frames.names(10, 10)
    (first, *_) = (record for record in whole if isinstance(record, Checkpoint))
    before = pictures(whole[: whole.index(first)])
    rest = pictures(list(Renderer().render(replace(long, resume=first))))
    assert list(before) + list(rest) == frames.names(10, 10)
    assert {**before, **rest} == pictures(whole)
    quiet = list(Renderer().render(replace(long, frames=None)))
    assert quiet[-1].frame == whole[-1].frame  # type: ignore[union-attr]


@pytest.mark.parametrize(("kept", "expected"), [([0, 2], 2), ([0], 0), ([2], 0)])
def test_a_checkpoint_without_its_frames_is_not_gone_on_from(
    bench: Bench, kept: list[int], expected: int
) -> None:
    planned = bench.plan("a.png", steps=FRAMED)

    def answer(order: Order, attempt: Attempt) -> list[Record]:
        if attempt.number > 1:
            return renders(order, attempt)
        backend.lose("one")
        backend.join("one")
        told = [Artefact(FrameSettings.name(i), b"") for i in kept]
        backend.tell_first("one", attempt, *told, checkpoint(2))
        return []

    backend = FakeBackend("one", answer=answer)
    assert bench.run(planned, backend).counts.finished == 1
    resumed = backend.orders[-1][2].resume
    assert (resumed.iteration if resumed else 0) == expected
    assert backend.orders[-1][2].frames == FrameSettings(every=2)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.png").write_bytes(picture())
    return tmp_path


STYLE = ("style", "photo.png", "--style", "photo.png", "--network", "motifs", "--size", "40",
         "--style-layers", "conv2", "--content-layers", "conv3", "--iterations", "7",
         "--inline")  # fmt: skip


def frames_of(path: Path) -> int:
    with Image.open(path) as image:
        return int(getattr(image, "n_frames", 1))


def test_frames_make_an_animation_and_are_rendered_again_only_if_missing(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = desk / "renders" / "photo-style"
    assert run([*STYLE, "--frames", "3"]) == exits.DONE
    assert "photo-style-making.gif  (4 frames)" in capsys.readouterr().out
    assert frames_of(made / "photo-style-making.gif") == 4  # 0, 3, 6 and 7
    first = {file.name: file.read_bytes() for file in made.glob("artefacts/1-style/photo/*.png")}
    assert set(first) == set(FrameSettings(every=3).names(7, 7))
    assert run([*STYLE, "--frames", "6"]) == exits.DONE
    assert "again" not in capsys.readouterr().err
    assert frames_of(made / "photo-style-making.gif") == 3  # 0, 6 and 7
    assert run([*STYLE, "--frames", "2"]) == exits.DONE
    assert "frames of its making are asked for (every 2)" in capsys.readouterr().err
    for name, data in first.items():
        assert (made / "artefacts/1-style/photo" / name).read_bytes() == data
    assert run(["status", str(made)]) == exits.DONE


def test_a_failed_task_shows_what_it_came_to(bench: Bench) -> None:
    planned = bench.plan("a.png", steps=FRAMED)
    shown = [Artefact(FrameSettings.name(i), picture(seed=i)) for i in (0, 2)]
    failing = FakeBackend("one", answer=lambda order, attempt: [*shown, *fails()])
    assert bench.run(planned, failing, error=0).counts.failed == 1
    assert frames_of(bench.folder / "out" / "job-making.gif") == 2
