"""Sheets show what their pictures were made of, read when they are drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image

from cluster.assembly import Assembly, Outcome
from cluster.notices import OutputFailed, OutputMade
from jobs.inputs import gather
from jobs.origins import Shown
from jobs.outputs import Cell, Output
from jobs.tasks import Frame
from jobs.workspace import Workspace
from renderer import images
from renderer.settings import SheetSettings


@pytest.fixture
def output(tmp_path: Path) -> Output:
    """A sheet of one frame, with the picture it was made of first and beside."""
    Image.new("RGB", (40, 30), (200, 0, 0)).save(tmp_path / "red.png")
    (source,), _ = gather([str(tmp_path / "red.png")])
    shown = (Shown("input: red", source),)
    name, size = "frames/1-dream/red.png", (30, 40)
    frame = Frame(
        task="task",
        step=0,
        index=0,
        picture="red",
        input="red",
        label="dream",
        file=name,
        size=size,
    )
    cells = (Cell("dream", "task", name, size, frame),)
    return Output(
        kind="sheet",
        file="job-sheet.png",
        step=0,
        settings=SheetSettings(thumbnail=40, columns=2),
        cells=cells,
        first=shown,
        beside=shown,
    )


def made(output: Output, tmp_path: Path) -> Outcome:
    with Workspace.open(tmp_path / "job") as workspace:
        frame = Path(workspace.address(output.cells[0].file))
        frame.parent.mkdir(parents=True)
        Image.new("RGB", (40, 30), (0, 0, 200)).save(frame)
        assembly = Assembly([output], workspace, ["task"])
        assert assembly.finished(30)
        (outcome,) = assembly.outcomes
        return outcome


def test_the_input_is_drawn_beside_the_frame(output: Output, tmp_path: Path) -> None:
    outcome = made(output, tmp_path)
    assert isinstance(outcome, OutputMade)
    assert (outcome.frames, outcome.missing) == (1, 0)
    pixels = images.decode(Path(outcome.file).read_bytes()).pixels[0]
    red = (pixels == torch.tensor([200.0, 0.0, 0.0])[:, None, None]).all(dim=0)
    blue = (pixels == torch.tensor([0.0, 0.0, 200.0])[:, None, None]).all(dim=0)
    assert blue.sum() == 40 * 30
    assert red.sum() > 40 * 30  # as large as the frame, and once more in the column
    assert red.nonzero()[:, 1].max() < blue.nonzero()[:, 1].min()


def test_an_input_that_is_gone_fails_the_sheet_alone(output: Output, tmp_path: Path) -> None:
    (tmp_path / "red.png").unlink()
    outcome = made(output, tmp_path)
    assert isinstance(outcome, OutputFailed)
    assert "red.png: can't be read" in outcome.reason
