"""An atlas as a user meets it: rendered once, whichever way it was cut short, and never again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster import exits
from cluster.cli import run
from cluster.worker import Renderer
from renderer import images

Reverie = Callable[..., int]
ATLAS = ("atlas", "googlenet", "--layers", "conv2", "--inline")
SMALL = ("--channels", "0,1,2,6,7,10", "--size", "16", "--iterations", "3", "--batch", "3")


@pytest.fixture
def reverie(tiny_weights_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Reverie:
    """Runs a command with the tiny weights at hand and a cache of its own; its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return lambda *arguments: run([str(argument) for argument in arguments])


def cells(folder: Path) -> dict[str, bytes]:
    """The pictures by channel, wherever they lie."""
    return {file.name: file.read_bytes() for file in folder.glob("artefacts/*/*/*.png")}


def index(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "atlas.json").read_text())
    return found


@pytest.fixture
def whole(reverie: Reverie, tmp_path: Path) -> Path:
    """A finished atlas in ``one``."""
    assert reverie(*ATLAS, *SMALL, "--out", "one") == exits.DONE
    return tmp_path / "one"


def test_every_channel_has_a_picture_a_place_in_the_index_and_one_on_the_sheet(
    whole: Path,
) -> None:
    assert sorted(cells(whole)) == [f"channel-{n:04}.png" for n in (0, 1, 2, 6, 7, 10)]
    told = index(whole)
    assert told["planned"] == 6 == len(told["layers"][0]["cells"])
    for cell in told["layers"][0]["cells"]:
        assert (whole / cell["file"]).is_file()
        assert cell["dead"] is (cell["objective"] == 0)
    assert (whole / "googlenet-atlas-sheet.png").is_file()
    assert (whole / "index.html").is_file()
    assert told["layers"][0]["cells"][5]["file"] in (whole / "atlas.js").read_text()
    assert len(list(whole.glob("frames/1-atlas/*.png"))) == 2


def test_a_second_atlas_renders_nothing_that_is_in_the_cache(
    whole: Path, reverie: Reverie, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("rendered again")

    monkeypatch.setattr(Renderer, "render", never)
    changed = ("--channels", "10,2", "--batch", "1")
    assert reverie(*ATLAS, *SMALL, *changed, "--out", "two") == exits.DONE
    two = whole.parent / "two"
    assert len(index(two)["layers"][0]["cells"]) == 2
    assert all(cells(whole)[name] == data for name, data in cells(two).items())
    assert (two / "googlenet-atlas-sheet.png").is_file()


def test_only_the_missing_cells_of_a_batch_are_rendered(whole: Path, reverie: Reverie) -> None:
    assert reverie(*ATLAS, *SMALL, "--channels", "10,2,5", "--out", "two") == exits.DONE
    log = (whole.parent / "two" / "log.jsonl").read_text()
    finished = [json.loads(line) for line in log.splitlines() if '"finished"' in line]
    assert [record["losses"].keys() for record in finished] == [{"objective"}]
    assert len(cells(whole.parent / "two")) == 3


def test_a_cell_renders_itself_again(
    whole: Path, reverie: Reverie, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVERIE_CACHE", str(whole.parent / "empty"))
    cell = whole / index(whole)["layers"][0]["cells"][2]["file"]
    assert reverie("render", "--from", cell, "--inline", "--out", "again") == exits.DONE
    assert cells(whole.parent / "again") == {cell.name: cell.read_bytes()}


def test_a_sheet_of_cached_cells_is_the_one_that_a_worker_makes(
    whole: Path, reverie: Reverie
) -> None:
    assert reverie(*ATLAS, *SMALL, "--out", "two") == exits.DONE
    for file in (whole / "frames" / "1-atlas").iterdir():
        other = whole.parent / "two" / "frames" / "1-atlas" / file.name
        assert images.decode(other.read_bytes()).pixels.equal(
            images.decode(file.read_bytes()).pixels
        )


def test_a_killed_atlas_goes_on_bit_by_bit(
    whole: Path, reverie: Reverie, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "another"))
    every = ("--set", "checkpoint.every=1", "--out", "two")
    # Killed for real, when the page would show its first cells, and the rest is far from done.
    code = (
        "import sys, time\n"
        "from cluster import cli\n"
        "from renderer.ascent import Climb\n"
        "go = Climb.go\n"
        "Climb.go = lambda self: (time.sleep(0.15), go(self))[1]\n"
        "sys.exit(cli.run(sys.argv[1:]))\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", code, *ATLAS, *SMALL, *every])
    deadline = time.monotonic() + 60
    while driver.poll() is None and time.monotonic() < deadline and not cells(tmp_path / "two"):
        time.sleep(0.02)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    some = cells(tmp_path / "two")
    assert 0 < len(some) < 6
    assert reverie(*ATLAS, *SMALL, *every) == exits.DONE
    assert cells(tmp_path / "two") == cells(whole)
    assert len(index(tmp_path / "two")["layers"][0]["cells"]) == 6


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("atlas", "gogglenet", "--inline"), "did you mean 'googlenet'"),
        ((*ATLAS, "--channels", "64"), "channels"),
        ((*ATLAS, "--size", "8"), "--size: must be at least 16"),
        ((*ATLAS, "--batch", "0"), "--batch"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: tuple[str, ...], line: str, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reverie(*arguments) == exits.BAD_INPUT
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert line in told[0]
    assert not list(Path.cwd().glob("renders/*"))
