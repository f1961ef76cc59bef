"""A sweep as a user meets it: one job, its grid and its table, and only what is new is rendered."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import Tensor

from cluster import exits
from cluster.cli import run
from renderer import images
from renderer.networks import Network
from tests.cluster.conftest import picture

JOB = """
inputs: [a.png]
size: 40
steps:
  - dream: {network: googlenet, layers: conv1, iterations: 1, repeats: 0}
  - style:
      {network: googlenet, images: s.png, iterations: 2, content_layers: conv1, style_layers: conv2}
matrix:
  weight_denoise: [0.1, 3]
  images: [s.png, a.png]
resources: {threads: 1}
"""

WORKSPACE = Path("renders/job")


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights_dir: Path) -> Path:
    """The current folder, with a job and its pictures, and the tiny weights at hand."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "s.png").write_bytes(picture(size=30, seed=3))
    return tmp_path


def render(*options: str) -> int:
    return run(["render", "job.yaml", "--inline", *options])


def frames() -> dict[str, bytes]:
    found = sorted(WORKSPACE.glob("frames/*/*"))
    return {path.name: path.read_bytes() for path in found}


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader((WORKSPACE / "job-table.csv").read_text().splitlines()))


def test_a_sweep_ends_in_a_grid_and_a_table() -> None:
    assert render() == exits.DONE
    assert list(frames()) == [
        "a-conv1.png",
        "a-conv1-weight_denoise-0.1-images-a.png",
        "a-conv1-weight_denoise-0.1-images-s.png",
        "a-conv1-weight_denoise-3-images-a.png",
        "a-conv1-weight_denoise-3-images-s.png",
    ]
    grid = images.decode((WORKSPACE / "job-grid.png").read_bytes())
    assert min(grid.size) > 2 * 256
    found = rows()
    assert [(row["weight_denoise"], row["images"]) for row in found] == [
        ("0.1", "s"),
        ("0.1", "a"),
        ("3", "s"),
        ("3", "a"),
    ]
    assert {row["iterations"] for row in found} == {"2"}
    assert all(float(row["style"]) > 0 and (WORKSPACE / row["file"]).exists() for row in found)


def test_a_variant_has_the_pixels_that_it_has_alone() -> None:
    render()
    swept = images.decode(frames()["a-conv1-weight_denoise-3-images-a.png"])
    shutil.rmtree(WORKSPACE)
    sets = ("matrix=null", "steps.1.style.weight_denoise=3", "steps.1.style.images=a.png")
    assert render(*(word for item in sets for word in ("--set", item))) == exits.DONE
    alone = images.decode(frames()["a-conv1.png"])
    assert swept.pixels.equal(alone.pixels)


def test_one_more_value_renders_only_what_is_new() -> None:
    render()
    before = frames()
    assert render("--set", "matrix.weight_denoise=[0.1, 1, 3]") == exits.DONE
    after = frames()
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 2
    assert (WORKSPACE / "log.jsonl").read_text().count('"event":"started"') == len(after)
    assert [row["weight_denoise"] for row in rows()] == ["0.1", "0.1", "1", "1", "3", "3"]


def test_a_variants_picture_is_rendered_again_by_what_it_says(desk: Path) -> None:
    render()
    name = "a-conv1-weight_denoise-3-images-a.png"
    (desk / name).write_bytes(frames()[name])
    assert run(["render", "--from", name, "--inline"]) == exits.DONE
    (again,) = Path("renders").glob(f"*-again/frames/2-style/{name}")
    assert again.read_bytes() == frames()[name]


def test_what_failed_is_blank_on_the_grid_and_in_the_table(desk: Path) -> None:
    (desk / "cut.png").write_bytes(picture(seed=1)[:1000])
    sets = ("inputs=[]", "matrix={inputs: [a.png, cut.png]}")
    assert render(*(word for item in sets for word in ("--set", item))) == exits.SOME_FAILED
    assert [row["iterations"] for row in rows()] == ["2", ""]
    assert (WORKSPACE / "job-grid.png").exists()


def test_a_slip_in_a_matrix_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert render("--set", "matrix.weight_denois=[1]") == exits.BAD_INPUT
    told = capsys.readouterr().err
    assert told == (
        "error: --set matrix.weight_denois=[1]: matrix.weight_denois: is no setting of this job; "
        "did you mean 'weight_denoise'?\n"
    )


def test_the_plan_tells_what_is_shared(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "job.yaml"]) == exits.DONE
    told = capsys.readouterr().out
    assert "matrix: 4 variants (2 weight_denoise, 2 images)\n" in told
    assert "shared: 4 single runs would be 8 tasks, roughly " in told
    assert "of that 3 tasks and " in told


def test_a_sweep_costs_what_the_plan_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three by three cost nine single runs less what is shared, counted in network passes."""
    passes = {True: 0, False: 0}
    real = Network.prepare  # with which every pass begins, of the whole or in pieces

    def counted(self: Network, image: Tensor) -> Tensor:
        passes[torch.is_grad_enabled()] += 1
        return real(self, image)

    monkeypatch.setattr(Network, "prepare", counted)
    lists = ("weight_denoise=[0.1, 1, 3]", "images=[s.png, a.png, [a.png, s.png]]")
    wide = [word for item in lists for word in ("--set", f"matrix.{item}")]
    assert run(["plan", "job.yaml", "--json", *wide]) == exits.DONE
    planned = json.loads(capsys.readouterr().out)["matrix"]
    assert (planned["variants"], planned["single_tasks"], planned["shared_tasks"]) == (9, 18, 8)
    passes |= {True: 0, False: 0}  # planning looks at networks too
    assert render(*wide) == exits.DONE
    swept = dict(passes)
    passes |= {True: 0, False: 0}
    for weight in (0.1, 1, 3):
        for styles in ("s.png", "a.png", "[a.png, s.png]"):
            sets = ("matrix=null", f"steps.1.style.weight_denoise={weight}")
            sets = (*sets, f"steps.1.style.images={styles}")
            shutil.rmtree(WORKSPACE)
            assert render(*(word for item in sets for word in ("--set", item))) == exits.DONE
    dream = passes[True] // 9 - 2  # a style transfer is two steps here
    assert swept[True] == passes[True] - planned["shared_tasks"] * dream
    assert swept[False] < passes[False] // 2  # targets are shared beside the tasks


def test_sweeps_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["style", "a.png", "--style", "s.png", "--network", "googlenet", "--inline"]
    words += ["--content-layers", "conv1", "--style-layers", "conv2", "--iterations", "1"]
    assert run([*words, "--sweep", "weight-denoise=0.1,0.3", "--sweep", "size=32,40"]) == exits.DONE
    made = Path("renders/a-style")
    assert len(list(made.glob("frames/1-style/*.png"))) == 4
    assert (made / "a-style-grid.png").exists()
    assert run([*words, "--sweep", "weight-denoise=0.1,-2"]) == exits.BAD_INPUT
    assert "--sweep weight-denoise=0.1,-2" in capsys.readouterr().err


def test_the_example_renders() -> None:
    assert run(["init", "examples"]) == exits.DONE
    small = ["size=32", "steps.0.dream.iterations=1", "steps.1.style.iterations=1"]
    sets = [word for item in small for word in ("--set", item)]
    assert run(["render", "examples/sweep.yaml", "--inline", *sets]) == exits.DONE
    made = {path.name for path in Path("renders/sweep").iterdir()}
    assert {"sweep-grid.png", "sweep-table.csv"} <= made


def test_warm_starts_begin_with_the_neighbours_result_and_can_be_rendered_again(
    desk: Path,
) -> None:
    assert render("--set", "matrix.images=[s.png]") == exits.DONE
    cold = frames()
    warm = ("--set", "matrix.images=[s.png]", "--set", "matrix.warm_start=true")
    assert render(*warm) == exits.DONE
    first, second = (f"a-conv1-weight_denoise-{value}-images-s.png" for value in ("0.1", "3"))
    assert frames()[first] == cold[first]
    assert frames()[second] != cold[second]
    assert [float(row["content"]) for row in rows()][1] != 0
    (desk / second).write_bytes(frames()[second])
    assert run(["render", "--from", second, "--inline"]) == exits.DONE
    (again,) = Path("renders").glob(f"*-again/frames/2-style/{second}")
    assert again.read_bytes() == frames()[second]
