"""The report's experiments: every job of jobs/paper renders, in miniature, with its settings."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from cluster import exits
from cluster.cli import run
from jobs.documents import override, read
from jobs.plan import Plan, plan
from jobs.spec import load
from renderer.settings import DreamSettings, StyleSettings

JOBS = Path(__file__).parents[2] / "jobs"
FILES = sorted((JOBS / "paper").glob("*.yaml"))
SIZE = 48
TINY = {
    "dream": {"network": "motifs", "iterations": 1, "tile_size": SIZE},
    "style": {
        "network": "motifs",
        "iterations": 1,
        "content_layers": "[conv3]",
        "style_layers": "[conv1, conv2]",
    },
}
"""What makes the steps quick; all else of them stays as it is written."""

DREAM = {"iterations": 10, "step_size": 3.0, "tile_size": 400, "rescale_factor": 0.7, "blend": 0.2}
STYLE = {
    "iterations": 120,
    "step_size": 10.0,
    "style_max_size": 300,
    "weight_content": 1.5,
    "weight_style": 10.0,
    "weight_denoise": 0.3,
}
"""The settings that the report's experiments have in common."""


def miniature(path: Path) -> dict[str, Any]:
    """The job of a file at a tenth of its size and with hardly an iteration."""
    data = read(path).data
    sets = [f"size={SIZE}", "resources.threads=1"]
    for step, kinds in enumerate(data["steps"]):
        for kind in kinds:
            sets += [f"steps.{step}.{kind}.{key}={value}" for key, value in TINY[kind].items()]
    for number, variant in enumerate(data.get("matrix", {}).get("include", ())):
        if "iterations" in variant:
            sets.append(f"matrix.include.{number}.iterations={number + 1}")
    return dict(override(read(path), sets).data)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that one command has rendered all of them into."""
    folder = tmp_path_factory.mktemp("paper")
    shutil.copytree(JOBS / "examples" / "pictures", folder / "examples" / "pictures")
    (folder / "paper").mkdir()
    small = [folder / "paper" / path.name for path in FILES]
    for path, written in zip(FILES, small, strict=True):
        written.write_text(yaml.safe_dump(miniature(path)), "utf-8")
    out = io.StringIO()
    with redirect_stdout(out):
        code = run(["render", *map(str, small), "--inline", "--out", str(folder / "renders")])
    assert code == exits.DONE
    assert f"{len(FILES)} of {len(FILES)} jobs are done" in out.getvalue()
    return folder / "renders"


def planned(path: Path, *sets: str) -> Plan:
    return plan(load(path, sets), lambda network, until: "")


def named(start: str) -> Path:
    (path,) = [path for path in FILES if path.stem.startswith(start)]
    return path


def settings(start: str, *names: str) -> list[tuple[Any, ...]]:
    """Some settings of each task of a job."""
    return [
        tuple(getattr(task.settings, name) for name in names)
        for task in planned(named(start)).tasks
    ]


def test_every_experiment_of_the_report_has_a_job() -> None:
    figures = {int(found[1]) for path in FILES if (found := re.match(r"fig-(\d+)", path.stem))}
    assert figures == {1, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 19}
    assert named("sec-3.3")
    assert len(FILES) == 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_renders_into_its_figure(path: Path, rendered: Path) -> None:
    suffix = ".gif" if path.stem.startswith("sec") else "-sheet.png"
    with Image.open(rendered / path.stem / f"{path.stem}{suffix}") as image:
        if suffix == ".gif":
            assert (image.n_frames, image.size) == (11, (SIZE, SIZE * 3 // 4))  # type: ignore[attr-defined]
        else:
            assert image.width > 384
    frames = list((rendered / path.stem / "frames").rglob("*.png"))
    assert len(frames) == sum(len(task.files) for task in planned(path).tasks)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_named_after_its_file_and_has_the_reports_settings(path: Path) -> None:
    assert load(path).title == path.stem
    varied = {setting.name for step in planned(path).frames for f in step for setting in f.varied}
    for task in planned(path).tasks:
        kinds = {DreamSettings: ("inception5h", DREAM), StyleSettings: ("vgg16", STYLE)}
        network, common = kinds[type(task.settings)]
        assert task.settings.network == network
        own = {"iterations", "style_max_size"} if path.stem.startswith("fig-19") else set()
        for name in common.keys() - varied - own:
            assert getattr(task.settings, name) == common[name], name


def test_what_the_figures_vary() -> None:
    assert settings("fig-05", "layer", "repeats") == [("inception3b", 4)] * 2
    assert settings("fig-06", "layer") == [("inception4c",)]
    assert settings("fig-07", "layer", "repeats") == [("inception3a", 0), ("inception3a", 4)]
    assert settings("fig-08", "channels") == [((),), ((0, 1, 2),)]
    assert settings("fig-11", "iterations", "step_size") == [(120, 10.0), (3600, 1.0)]
    assert settings("fig-12", "weight_denoise") == [(0.1,), (0.3,), (0.6,)]
    assert settings("fig-13", "style_max_size") == [(150,), (300,), (None,)]
    ratios = settings("fig-14", "weight_content", "weight_style")
    assert ratios == [(1.5, 10.0), (10.0, 10.0), (10.0, 1.5)]
    assert settings("fig-10", "content_layers")[0] == (("conv3_1",),)
    assert len(settings("fig-10", "style_layers")[0][0]) == 13
    assert settings("fig-19", "iterations", "step_size").count((100, 10.0)) == 11


def test_figures_15_and_16_are_chains() -> None:
    chain = planned(named("fig-15")).tasks
    assert [len(task.needs) for task in chain] == [0] + [1] * 10
    assert [task.settings.layer for task in chain if isinstance(task.settings, DreamSettings)][
        ::10
    ] == ["conv2", "inception5b"]
    (sheet,) = [o for o in planned(named("fig-16")).outputs if o.file.endswith("-sheet.png")]
    tasks = {task.id: task for task in planned(named("fig-16")).tasks}
    assert [tasks[cell.task].until for cell in sheet.cells] == ["inception4a"] * 2
    assert [len(tasks[cell.task].needs) for cell in sheet.cells] == [1, 0]


def test_the_random_channels_of_section_3_1_1_follow_the_seed() -> None:
    def drawn(*sets: str) -> list[tuple[int, ...]]:
        tasks = planned(named("fig-17"), *sets).tasks
        return [
            task.settings.channels for task in tasks if isinstance(task.settings, DreamSettings)
        ]

    first, again, other = drawn(), drawn(), drawn("seed=18")
    assert first == again
    assert [len(channels) for channels in first] == [0] * 5 + [32] * 6
    assert all(one != two for one, two in zip(first[5:], other[5:], strict=True))
    assert drawn("size=100") == first
    styled = planned(named("fig-19")).tasks
    assert [t.settings.channels for t in styled if isinstance(t.settings, DreamSettings)] == first
