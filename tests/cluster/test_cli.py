"""The launcher as a user meets it: results, one line for what is wrong, documented exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster import exits
from cluster.cli import run
from renderer import images
from renderer.errors import (
    ClusterError,
    ImageError,
    JobError,
    NetworkError,
    ReverieError,
    SettingError,
    WeightsError,
    WorkspaceError,
)
from tests.cluster.conftest import picture

JOB = """
inputs: [a.png]
size: 40
steps:
  - dream: {network: googlenet, layers: [conv1, conv2], chain: true, iterations: 1, repeats: 0}
"""

Reverie = Callable[..., int]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a job and a picture."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "a.png").write_bytes(picture())
    return tmp_path


@pytest.fixture
def reverie(tiny_weights_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Reverie:
    """Runs a command with the tiny weights at hand; returns its exit code."""
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    return lambda *arguments: run([str(argument) for argument in arguments])


def frames(folder: Path) -> dict[str, bytes]:
    found = sorted(folder.glob("frames/*/*"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_render(desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    assert reverie("render", "job.yaml", "--inline") == exits.DONE
    assert list(frames(desk / "renders" / "job")) == [
        "frames/1-dream/a-01-conv1.png",
        "frames/1-dream/a-02-conv2.png",
    ]
    told = capsys.readouterr()
    assert "renders/job/frames/1-dream/a-02-conv2.png" in told.out
    assert "2 of 2 tasks done" in told.out
    assert "1/2" in told.err


def test_render_goes_on_where_it_stood(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    reverie("render", "job.yaml", "--inline")
    capsys.readouterr()
    assert reverie("render", "job.yaml", "--inline") == exits.DONE
    assert "2 tasks, 2 of them finished before" in capsys.readouterr().err


def test_render_says_what_it_renders_again_and_why(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    reverie("render", "job.yaml", "--inline")
    assert "again" not in capsys.readouterr().err
    longer = ("--set", "steps.0.dream.iterations=2")
    assert reverie("render", "job.yaml", "--inline", *longer) == exits.DONE
    assert "2 tasks again: dream.iterations 1 → 2" in capsys.readouterr().err
    assert reverie("retry", "renders/job", "*conv2*") == exits.DONE
    assert reverie("render", "job.yaml", "--inline", *longer, "--json") == exits.DONE
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    opened = json.loads(told[0])
    assert opened["again"] == [["asked for by `reverie retry`", 1]]
    assert opened["finished"] == 1


def test_out_and_overrides(desk: Path, reverie: Reverie) -> None:
    change = ("--set", "steps.0.dream.layers=[conv1]", "--size", "20", "--format", "webp")
    assert reverie("render", "job.yaml", "--inline", "--out", "else where", *change) == exits.DONE
    (name, data), *rest = frames(desk / "else where").items()
    assert (name, rest) == ("frames/1-dream/a-conv1.webp", [])
    assert images.decode(data).size == (20, 20)


def test_json_is_all_there_is_on_standard_output(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reverie("render", "job.yaml", "--inline", "--json") == exits.DONE
    told = capsys.readouterr()
    events = [json.loads(line)["event"] for line in told.out.splitlines()]
    assert (events[0], events[-1]) == ("opened", "ended")
    assert told.err == ""


def test_several_jobs(desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "other.yaml").write_text(JOB)
    (desk / "bad.yaml").write_text("steps: 1")
    code = reverie("render", "job.yaml", "bad.yaml", "other.yaml", "--inline", "--out", "all")
    assert code == exits.BAD_INPUT
    assert len(frames(desk / "all" / "job")) == len(frames(desk / "all" / "other")) == 2
    assert capsys.readouterr().out.endswith("\n2 of 3 jobs are done\nbad.yaml: bad input\n")


def test_several_jobs_as_json(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "other.yaml").write_text(JOB.replace("a.png", "none.png"))
    assert reverie("render", "job.yaml", "other.yaml", "--inline", "--json") == exits.BAD_INPUT
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last == {"event": "jobs", "jobs": {"job.yaml": "done", "other.yaml": "bad input"}}


def test_several_jobs_of_one_name_would_share_a_folder(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "other.yaml").write_text(f"name: job\n{JOB}")
    assert reverie("render", "job.yaml", "other.yaml", "--inline") == exits.BAD_INPUT
    assert "other.yaml:1: name: 'job': job.yaml has the same" in capsys.readouterr().err


def test_dream_is_the_job_in_short(desk: Path, reverie: Reverie) -> None:
    reverie("render", "job.yaml", "--inline")
    options = "--layers conv1,conv2 --chain --iterations 1 --repeats 0 --size 40 --inline"
    assert reverie("dream", "a.png", *options.split()) == exits.DONE
    made, short = frames(desk / "renders/job"), frames(desk / "renders/a-dream")
    assert [images.decode(data).pixels.tolist() for data in short.values()] == [
        images.decode(data).pixels.tolist() for data in made.values()
    ]


def test_style(desk: Path, reverie: Reverie) -> None:
    (desk / "brush.png").write_bytes(picture(seed=5))
    options = "--network googlenet --content-layers conv2 --style-layers conv1..conv2"
    more = "--iterations 2 --size 32 --sheet --inline"
    code = reverie("style", "a.png", "--style", "brush.png", *options.split(), *more.split())
    assert code == exits.DONE
    assert list(frames(desk / "renders/a-style")) == ["frames/1-style/a.png"]
    assert (desk / "renders/a-style/a-style-sheet.png").exists()


def test_a_picture_renders_again_from_its_metadata(desk: Path, reverie: Reverie) -> None:
    reverie("render", "job.yaml", "--inline", "--format", "jpeg")
    made = desk / "renders/job/frames/1-dream/a-02-conv2.jpg"
    assert reverie("render", "--from", made, "--inline", "--out", "again") == exits.DONE
    again = desk / "again/frames/1-dream/a-02-conv2.jpg"
    assert again.read_bytes() == made.read_bytes()


def test_unreadable_pictures_are_listed_and_the_others_rendered(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = picture()
    (desk / "torn.png").write_bytes(whole[: len(whole) // 2])
    (desk / "no picture.png").write_bytes(b"text")
    code = reverie("render", "job.yaml", "--inline", "--set", "inputs=['*.png']")
    assert code == exits.SOME_FAILED
    told = capsys.readouterr()
    assert "2 of 4 tasks done, 2 failed, 1 picture left out" in told.out  # the torn one has a size
    end = told.err.split("failures:")[1]
    assert "torn" in end
    assert "no picture.png" in end
    assert len(frames(desk / "renders/job")) == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["render"], 2, "name a job file"),
        (["render", "jobb.yaml"], 2, "jobb.yaml: there is no such file; did you mean 'job.yaml'?"),
        (["render", "a.png"], 2, "a.png"),
        (["render", "job.yaml", "--set", "sice=4"], 2, "did you mean 'size'?"),
        (["render", "job.yaml", "--size", "0"], 2, "error: --size: must be at least 16, not 0"),
        (["render", "job.yaml", "--workers", "none"], 2, "error: --workers: "),
        (["render", "job.yaml", "--nonsense"], 2, "--nonsense"),
        (["render", "--from", "a.png"], 2, "a.png: says nothing of how it was rendered"),
        (["render", "--from", "gone.png"], 2, "gone.png: can't be read"),
        (["render", "--from", "a.png", "--size", "9"], 2, "can't be changed"),
        (["dream", "gone.png"], 2, "error: gone.png: there is no such file"),
        (["dream", "a.png", "--layers", "conv9"], 2, "--layers: network googlenet has no layer"),
        (["dream", "a.png", "--iterations", "0"], 2, "--iterations"),
        (["dream", "a.png", "--channels", "1000", "--layers", "conv1"], 2, "--channels"),
        (["dream", "a.png", "--channels", "strongest:99", "--layers", "0"], 2, "only 64 channels"),
        (["dream", "a.png", "--channels", "like:b.png:2"], 2, "--channels: b.png: there is no"),
        (["dream", "a.png", "--channels", "{weakest: 1, x"], 2, "--channels {weakest: 1, x"),
        (["channels", "googlenet", "0", "--image", "b.png"], 2, "b.png: there is no such file"),
        (["channels", "googlenet", "0", "--image", "a.png", "--region", "1,2"], 2, "--region: "),
        (["channels", "googlenet", "0", "--image", "a.png", "--by", "x"], 2, "--by: there is no"),
        (["dream", "a.png", "--network", "googlnet"], 2, "did you mean 'googlenet'?"),
        (["dream", "a.png", "--network", "vgg16", "--layers", "0"], 3, "weights fetch vgg16"),
        (["dream", "a.png", "--layers", "inception4c"], 3, "no tensor 'conv3.weight'"),
        (["style", "a.png"], 2, "--style"),
        (["layers", "nonet"], 2, "there is no network"),
        (["classes", "vgg16"], 2, "vgg16 has no classes"),
        (["weights", "verify", "gone.pth"], 3, "gone.pth"),
        (["sing"], 2, "sing"),
        (["weights"], 2, "Missing command"),
    ],
)
def test_what_is_wrong_takes_a_line_and_a_code(
    desk: Path,
    reverie: Reverie,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    words: str,
) -> None:
    inline = ["--inline"] if arguments[0] in ("render", "dream", "style") else []
    assert reverie(*arguments, *inline) == code
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert words in told
    assert "Traceback" not in told
    assert not (desk / "renders").exists()


def test_a_directory_that_cannot_be_written(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "occupied").write_text("a file")
    code = reverie("render", "job.yaml", "--inline", "--out", "occupied/renders")
    assert code == exits.NO_WORKSPACE
    assert "occupied" in capsys.readouterr().err


def test_debug_shows_where_errors_come_from(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reverie("render", "gone.yaml", "--inline", "--debug") == exits.BAD_INPUT
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "error: gone.yaml" in told


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ReverieError("x"), 2),
        (SettingError("x"), 2),
        (ImageError("x"), 2),
        (NetworkError("x"), 2),
        (JobError("x"), 2),
        (WeightsError("x"), 3),
        (WorkspaceError("x"), 4),
        (ClusterError("x"), 5),
        (KeyError("x"), 70),
    ],
)
def test_each_error_has_its_code(error: Exception, code: int) -> None:
    assert exits.code_of(error) == code


def test_a_fault_of_ours_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Any:
        raise ZeroDivisionError("of zero")

    monkeypatch.setattr("cluster.cli.make_app", broken)
    assert run(["networks"]) == exits.OUR_FAULT
    assert "ZeroDivisionError: of zero (a fault in Reverie" in capsys.readouterr().err


def test_plan_renders_nothing(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reverie("plan", "job.yaml") == exits.DONE
    assert "job: 2 tasks (2 dream)" in capsys.readouterr().out
    assert reverie("plan", "job.yaml", "--json") == exits.DONE
    told = json.loads(capsys.readouterr().out)
    first, second = told["tasks"]
    assert second["needs"] == [first["id"]]
    assert told["memory_bytes"] > 0
    assert not (desk / "renders").exists()


def test_plan_says_what_is_rendered_again_and_why(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    reverie("render", "job.yaml", "--inline")
    capsys.readouterr()
    assert reverie("plan", "job.yaml", "--set", "steps.0.dream.iterations=2") == exits.DONE
    text = capsys.readouterr().out
    assert "2 tasks again: dream.iterations 1 → 2" in text
    assert "finished before" not in text
    assert reverie("plan", "job.yaml", "--json") == exits.DONE
    told = json.loads(capsys.readouterr().out)
    assert (told["finished"], told["again"]) == (2, [])
    assert reverie("plan", "job.yaml", "--out", "elsewhere", "--json") == exits.DONE
    assert json.loads(capsys.readouterr().out)["finished"] == 0


def test_plan_tells_what_finished_styles_took(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    style = "images: [a.png], network: googlenet, content_layers: [conv2], style_layers: [conv2]"
    steps = f"steps: [{{style: {{{style}, iterations: 2}}}}]"
    (desk / "job.yaml").write_text(f"inputs: [a.png]\nsize: 40\n{steps}\n")
    reverie("render", "job.yaml", "--inline")
    capsys.readouterr()
    assert reverie("plan", "job.yaml", "--json") == exits.DONE
    told = json.loads(capsys.readouterr().out)["hindsight"]
    assert (told["tasks"], told["took_seconds"] > 0, told["foretold_seconds"] > 0) == (1, 1, 1)
    assert reverie("plan", "job.yaml") == exits.DONE
    assert "1 finished style transfer took " in capsys.readouterr().out


def test_plan_shows_how_much_may_go_wrong(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = ("--set", "retries.worker_lost=4", "--set", "limits.max_failed=10%")
    assert reverie("plan", "job.yaml", *sets) == exits.DONE
    text = capsys.readouterr().out
    assert "retries: 1 after an error, 4 after a lost worker" in text
    assert "stops when more than 10% have failed" in text


def test_looking_things_up(reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(*arguments: str) -> Any:
        assert reverie(*arguments, "--json") == exits.DONE
        return json.loads(capsys.readouterr().out)

    networks = {row["network"]: row for row in asked("networks")}
    assert networks["googlenet"]["weights"].endswith("googlenet.safetensors")
    layers = asked("layers", "googlenet")
    assert (layers[7]["layer"], layers[7]["channels"]) == ("inception4c", 512)
    cats = asked("classes", "googlenet", "--find", "tabby")
    assert [row["index"] for row in cats] == [281]
    files = {row["network"]: row["file"] for row in asked("weights", "list")}
    assert files["googlenet"].endswith("googlenet.safetensors")


def test_tables_for_people(reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    assert reverie("layers", "vgg16") == exits.DONE
    assert "conv3_1" in capsys.readouterr().out.splitlines()[5]


def test_channels_are_ranked_and_chosen(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    look = ("channels", "googlenet", "conv1", "--image", "a.png")
    assert reverie(*look, "--json", "--top", "64") == exits.DONE
    rows = json.loads(capsys.readouterr().out)
    assert [row["rank"] for row in rows] == list(range(1, 65))
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    best = sorted(row["channel"] for row in rows[:3])
    assert reverie(*look, "--top", "3") == exits.DONE
    assert f"channels: {{conv1: {best}}}" in capsys.readouterr().out
    for given, layers in (("strongest:3", "conv1"), ("{strongest: 3, of: a.png}", "conv1")):
        step = ("--layers", layers, "--iterations", "1", "--repeats", "0", "--size", "40")
        arguments = ("dream", "a.png", *step, "--inline", "--channels", given)
        assert reverie(*arguments, "--json") == exits.DONE
        made = next((desk / "renders" / "a-dream" / "frames").glob("*/*.png"))
        task = images.read_settings(made.read_bytes())["tasks"][0]  # type: ignore[index]
        assert task["settings"]["channels"] == best
        capsys.readouterr()


def test_plan_tells_the_chosen_channels(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "b.png").write_bytes(picture(seed=5))
    sets = ("--set", "inputs=[a.png, b.png]", "--set", "steps.0.dream.channels.0={random: 2}")
    regions = ("--set", "steps.0.dream.channels.1={like: b.png, count: 2, region: [0, 0, 1, 0.5]}")
    assert reverie("plan", "job.yaml", *sets, *regions, "--json") == exits.DONE
    tasks = json.loads(capsys.readouterr().out)["tasks"]
    assert all(len(task["channels"]) == 2 for task in tasks)
    assert reverie("plan", "job.yaml", *sets, *regions) == exits.DONE
    told = capsys.readouterr().out
    assert f"channels of conv1: {', '.join(map(str, tasks[0]['channels']))}\n" in told
    own = ("--set", "steps.0.dream.channels.conv2={average: 1}", "--set", "inputs=[a.png, b.png]")
    assert reverie("plan", "job.yaml", *own) == exits.DONE
    assert "channels of conv2: " in capsys.readouterr().out


def test_schema(reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    assert reverie("schema") == exits.DONE
    assert "steps" in json.loads(capsys.readouterr().out)["properties"]


def test_init_writes_jobs_that_can_be_read_and_overwrites_nothing(
    desk: Path, reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    from jobs.spec import load

    assert reverie("init", "fresh") == exits.DONE
    jobs = sorted((desk / "fresh").glob("*.yaml"))
    assert "quickstart.yaml" in [job.name for job in jobs]
    for job in jobs:
        load(job)
    assert "reverie render fresh/quickstart.yaml" in capsys.readouterr().out
    assert reverie("init", "fresh") == exits.NO_WORKSPACE
    assert "is there already" in capsys.readouterr().err


def test_version(reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    assert reverie("--version") == exits.DONE
    assert capsys.readouterr().out.startswith("reverie ")


def test_nothing_asked_is_help(reverie: Reverie, capsys: pytest.CaptureFixture[str]) -> None:
    assert reverie() == exits.DONE
    assert "render" in capsys.readouterr().out


def test_options_come_from_the_settings(
    reverie: Reverie, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reverie("dream", "--help") == exits.DONE
    told = capsys.readouterr().out
    for word in ("--step-size", "--no-smooth-colour", "--layers", "--size", "--workers", "--json"):
        assert word in told
    assert "(px, 32 ≤ x ≤ 65,536, default 400)" in " ".join(told.split())


def test_help_needs_neither_torch_nor_ray() -> None:
    code = (
        "import sys; from cluster.cli import run; run(['--help']); run(['dream', '--help']);"
        "print([name for name in ('torch', 'ray', 'jobs.spec') if name in sys.modules])"
    )
    began = time.monotonic()
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "[]"
    assert time.monotonic() - began < 20  # half a second where nothing else runs
