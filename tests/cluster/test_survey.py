"""Guides, mixes, masks and surveys from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cluster import exits
from cluster.cli import run
from cluster.commands import shorthand, survey
from renderer import images
from renderer.images import Picture
from tests.cluster.conftest import picture

QUICK = ("--size", "40", "--inline", "--iterations", "1", "--repeats", "0")


@pytest.fixture
def desk(tmp_path: Path, tiny_weights_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the tiny weights at hand: a picture, a guide, a mask."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    half = torch.zeros(1, 3, 40, 40)
    half[..., 20:] = 255
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "guide.png").write_bytes(picture(size=30, seed=3))
    (tmp_path / "mask.png").write_bytes(images.encode(Picture(half)))
    return tmp_path


def test_a_survey_is_every_layer_on_a_sheet(desk: Path) -> None:
    assert run(["survey", "a.png", "--layers", "conv1,conv2", *QUICK]) == exits.DONE
    made = desk / "renders" / "a-survey"
    assert {path.stem for path in made.glob("frames/*/*")} == {"a-01-conv1", "a-02-conv2"}
    assert (made / "a-survey-sheet.png").exists()


def test_a_survey_leaves_out_the_classes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(survey, "run", lambda *a, **k: asked.update(step=a[1], **k) or 0)
    assert run(["survey", "a.png", "--network", "motifs"]) == 0
    layers = asked["step"]["layers"]
    assert (layers[0], layers[-1], len(layers)) == ("conv1", "inception5b", 12)
    assert asked["options"]["size"] == str(survey.SIZE_PX)
    assert asked["outputs"]["sheet"]["first"] == ["input"]


def test_a_guided_and_masked_dream_renders_again(desk: Path) -> None:
    job = ["dream", "a.png", "--mix", "conv1,conv2:-0.5", "--guide", "guide.png"]
    assert run([*job, "--mask", "mask.png", *QUICK]) == exits.DONE
    (frame,) = desk.glob("renders/*/frames/1-dream/*.png")
    before, after = (images.decode(path.read_bytes()).pixels for path in (desk / "a.png", frame))
    assert torch.equal(after[..., :20], before[..., :20])
    assert not torch.equal(after[..., 20:], before[..., 20:])
    assert run(["render", "--from", str(frame), "--inline", "--out", "again"]) == exits.DONE
    (again,) = (desk / "again").glob("frames/*/*.png")
    assert images.decode(again.read_bytes()).pixels.equal(after)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--mix", "conv1:much"), "--mix.conv1: expected a number, got 'much'"),
        (("--guide", "gide.png"), "--guide: gide.png: there is no such file or folder; did you"),
        (("--mask", "maks.png"), "--mask: maks.png: there is no such file or folder; did you"),
    ],
)
def test_faults_name_the_option(
    options: tuple[str, ...], line: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dream", "a.png", *options, *QUICK]) == exits.BAD_INPUT
    assert capsys.readouterr().err.startswith(f"error: {line}")


@pytest.mark.parametrize("styles", [("--style", "stile.png"), ("--style", ".", "--style", "b.pn")])
def test_faults_of_style_pictures_name_their_option(
    styles: tuple[str, ...], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["style", "a.png", *styles]) == exits.BAD_INPUT
    assert capsys.readouterr().err.startswith(f"error: --style: {styles[-1]}: there is no such")


def test_a_mix_is_read_as_a_job_file_has_it() -> None:
    assert shorthand.mix_of("conv1, conv2:0.3,conv3:-1") == {
        "conv1": 1.0,
        "conv2": 0.3,
        "conv3": -1.0,
    }
