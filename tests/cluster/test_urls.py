"""The commands at a URL do what they do in a folder."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import fsspec
import pytest

from cluster import exits
from jobs.storage import at
from jobs.workspace import Workspace
from renderer import images
from tests.cluster.conftest import NETWORK, UNTIL, picture
from tests.cluster.farm import Told

JOB = {
    "inputs": ["a.png"],
    "size": 40,
    "steps": [{"dream": {"network": NETWORK, "layers": ["conv1", UNTIL], "iterations": 2}}],
    "outputs": ["gif", "sheet"],
}
FRAMES = {f"frames/1-dream/a-0{n}-conv{n}.png" for n in (1, 2)}
_numbers = itertools.count()


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_weights_dir: Path) -> str:
    """A place of its own, and a job in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    (tmp_path / "a.png").write_bytes(picture())
    (tmp_path / "job.yaml").write_text(json.dumps(JOB))
    return f"memory://urls-{next(_numbers)}/renders/job"


def render(told: Told, url: str, *more: str) -> str:
    code, text = told("render", "job.yaml", "--inline", "--out", url, *more)
    assert code == exits.DONE, text
    return text


def test_a_job_is_rendered_looked_at_changed_and_cleaned(url: str, told: Told) -> None:
    assert f"{url}/job.gif  (2 frames)" in render(told, url)
    storage = at(url)
    assert set(storage.files("frames")) == FRAMES
    assert storage.read("job.gif").startswith(b"GIF89a")
    assert images.decode(storage.read("job-sheet.png")).size[1] > 80
    assert f"{url}: 2 of 2 tasks done" in told("status", url)[1]
    assert "2 of them finished before" in render(told, url)
    changed = ("--set", "steps.0.dream.iterations=1", "--out", url)
    assert "2 tasks again: dream.iterations 2 → 1" in told("plan", "job.yaml", *changed)[1]
    assert "1 task will be rendered again" in told("retry", url, "a-02*")[1]
    assert told("status", url)[0] == exits.UNFINISHED
    render(told, url, "--set", 'steps.0.dream.layers=["conv1"]')
    _, text = told("clean", url, "--dry-run", "--json")
    removed = {item["file"] for item in json.loads(text)["files"]}
    assert "frames/1-dream/a-02-conv2.png" in removed
    assert told("clean", url)[0] == exits.DONE
    assert not removed.intersection(storage.sizes().__self__)  # type: ignore[attr-defined]


def test_a_driver_is_told_to_wait_and_to_go_on(url: str, told: Told) -> None:
    render(told, url)
    assert "no one is rendering it" in told("pause", url)[1]
    with Workspace.open(url):
        assert told("pause", url)[0] == exits.DONE
        assert f"(paused; go on with: reverie resume {url})" in told("status", url)[1]
        assert told("resume", url) == (exits.DONE, "it goes on\n")
    assert told("resume", url) == (exits.DONE, "it was not paused\n")


def test_a_picture_is_rendered_again_from_where_it_lies(url: str, told: Told) -> None:
    render(told, url)
    frame = f"{url}/frames/1-dream/a-02-conv2.png"
    code, text = told("render", "--from", frame, "--inline", "--out", f"{url}-again")
    assert code == exits.DONE, text
    (again,) = [n for n in at(f"{url}-again").files("frames") if "conv2" in n]
    pixels = [images.decode(at(place).read(again)).pixels for place in (url, f"{url}-again")]
    assert (pixels[0] == pixels[1]).all()
    code, text = told("render", "--from", f"{url}/frames/none.png", "--inline")
    assert (code, "can't be read" in text) == (exits.BAD_INPUT, True)


def test_several_jobs_get_a_place_each(url: str, told: Told) -> None:
    Path("other.yaml").write_text(Path("job.yaml").read_text())
    assert told("render", "job.yaml", "other.yaml", "--inline", "--out", url)[0] == exits.DONE
    assert set(at(f"{url}/job").files("frames")) == FRAMES
    assert set(at(f"{url}/other").files("frames")) == FRAMES


@pytest.mark.parametrize("command", ["status", "retry", "clean", "pause", "resume"])
def test_a_place_where_no_job_is(command: str, url: str, told: Told) -> None:
    extra = ["x"] if command == "retry" else []
    code, text = told(command, url, *extra)
    assert (code, text.count("\n")) == (exits.NO_WORKSPACE, 1)
    assert f"{url}: is no job's folder" in text
    assert at(url).sizes().__self__ == {}  # type: ignore[attr-defined]


def test_a_library_that_is_missing_is_one_line(
    url: str, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(url: str) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    code, text = told("render", "job.yaml", "--inline", "--out", "s3://bucket/job")
    assert (code, text.count("\n")) == (exits.NO_WORKSPACE, 1)
    assert "pip install 'reverie[s3]'" in text
