"""Jobs submitted to real clusters, of which people, nodes and drivers go: the frames are the same.

One cluster has a head that renders nothing, a token, and two nodes, and sees the folders of who
submits; the other is a head alone, without a token, which reads and writes in a bucket alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import cluster as cluster_package
import jobs
import renderer
from cluster import exits
from cluster.cli import run
from jobs.following import Follower
from jobs.storage import at
from renderer import images
from tests.cluster.conftest import NETWORK, UNTIL, picture
from tests.cluster.grid import WITHIN_S, Grid, grid, kill, until

FRAMES = 6
ITERATIONS = 400
"""Some seconds: workers outlive their node for a while, and are not to end the job meanwhile."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, tiny_weights_dir: Path) -> Iterator[Grid]:
    home = tmp_path_factory.mktemp("cluster") / "home"
    with grid(home, token=True, nodes=2, REVERIE_WEIGHTS=str(tiny_weights_dir)) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a job of some seconds."""
    (tmp_path / "photos").mkdir()
    for number in range(FRAMES):
        (tmp_path / "photos" / f"{number}.png").write_bytes(picture(size=64, seed=number))
    dream = {"network": NETWORK, "layers": [UNTIL], "iterations": ITERATIONS, "repeats": 0}
    job = {
        "inputs": "photos",
        "size": 64,
        "steps": [{"dream": dream}],
        "resources": {"threads": 1},
        "checkpoint": {"every": 10},
    }
    (tmp_path / "job.yaml").write_text(json.dumps(job))
    return tmp_path


def pixels(place: str) -> dict[str, bytes]:
    """What is in a job's frames, by their names."""
    storage = at(place)
    names = [name for name in storage.files("frames") if name.endswith(".png")]
    return {name: images.decode(storage.read(name)).pixels.numpy().tobytes() for name in names}


def seen(place: str, event: str) -> list[str]:
    """On which nodes something has happened, each time."""
    records = Follower(at(place)).news()
    return [str(record.get("node")) for record in records if record["event"] == event]


def test_a_job_outlives_who_submits_it_and_nodes_and_drivers(
    cluster: Grid, desk: Path, tiny_weights_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVERIE_WEIGHTS", str(tiny_weights_dir))
    monkeypatch.chdir(desk)
    out = str(desk / "renders" / "harbour")
    submit = ["submit", "job.yaml", "--address", cluster.dashboard, "--out", out]
    laptop = cluster.begin(*submit, "--wait", folder=desk)
    until(lambda: bool(seen(out, "started")), "nothing begins")
    kill(laptop)
    kill(cluster.nodes[0])
    done = len(seen(out, "finished"))
    until(lambda: len(seen(out, "finished")) > done, "the job doesn't go on")

    assert run(["pause", out]) == exits.DONE  # so that it isn't over before all is tried
    code, text = cluster.call(*submit, "--json", folder=desk)
    sent = json.loads(text)
    told = [sent[key] for key in ("state", "earlier", "put", "there")]
    assert (code, told) == (exits.DONE, ["already submitted", "running", 0, FRAMES])
    cluster.join()
    kill(cluster.nodes[1])
    assert run(["resume", out]) == exits.DONE
    until(lambda: "node-3" in seen(out, "started"), "the new node isn't used")
    assert run(["cancel", out]) == exits.DONE
    until(lambda: codes(cluster, desk) == [exits.INTERRUPTED], "the driver doesn't end")

    finished = sorted(pixels(out))
    assert 0 < len(finished) < FRAMES
    assert run(["retry", out, Path(finished[0]).name]) == exits.DONE
    code, text = cluster.call(*submit, "--wait", folder=desk)
    assert (code, f"submitted again as {sent['id']}.2" in text) == (exits.DONE, True), text
    assert codes(cluster, desk) == [exits.INTERRUPTED, exits.DONE]
    assert len(seen(out, "finished")) == FRAMES + 1

    assert run(["render", "job.yaml", "--inline", "--out", "inline"]) == exits.DONE
    assert pixels(out) == pixels("inline")
    assert len(pixels(out)) == FRAMES


def codes(cluster: Grid, desk: Path) -> list[int | None]:
    """What the drivers that were submitted have ended with."""
    _, text = cluster.call("list", "--address", cluster.dashboard, "--json", folder=desk)
    return [row["code"] for row in json.loads(text)]


def test_a_cluster_with_a_token_asks_for_it(cluster: Grid, desk: Path) -> None:
    submit = ["submit", "job.yaml", "--address", cluster.dashboard]
    render = ["render", "job.yaml", "--address", cluster.gcs]
    strangers = [
        cluster.begin(*submit, folder=desk, RAY_AUTH_MODE=""),
        cluster.begin(*submit, folder=desk, RAY_AUTH_TOKEN="cd" * 32),
        cluster.begin(*render, folder=desk, RAY_AUTH_MODE=""),
    ]
    without, wrong, driver = ["".join(one.communicate(None, WITHIN_S)) for one in strangers]
    assert [one.returncode for one in strangers] == [exits.NO_CLUSTER] * 3
    assert (without.count("\n"), wrong.count("\n")) == (1, 1)
    assert "asks for a token: set RAY_AUTH_MODE=token" in without
    assert "refuses the token" in wrong
    assert "if it asks for a token, RAY_AUTH_MODE=token" in driver
    assert not (desk / "renders" / "inputs").exists()


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """A folder with a Reverie that can't even be imported."""
    for package in (renderer, jobs, cluster_package):
        folder = tmp_path / "stale" / package.__name__
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("raise ImportError('not the code that was sent')\n")
    return tmp_path / "stale"


def test_a_cluster_without_a_token_takes_a_job_too(
    tmp_path: Path, desk: Path, tiny_weights_dir: Path, s3: Callable[[], str], stale: Path
) -> None:
    """Pictures, weights and results are in a bucket: what the head sees of this machine is none.

    Nor is its code of any use: driver and workers have what was sent, though another Reverie is
    where the head was started, and in its PYTHONPATH.
    """
    out = f"{s3()}/renders/one"
    weights = f"weights={{{NETWORK}: {tiny_weights_dir / NETWORK}.safetensors}}"
    few = ["--set", "inputs=photos/0.png", "--set", "steps.0.dream.iterations=1", "--set", weights]
    old, own = {"PYTHONPATH": str(stale)}, {"PYTHONPATH": str(Path(__file__).parents[2])}
    with grid(
        tmp_path / "home", token=False, nodes=0, folder=stale, REVERIE_WEIGHTS="", **old
    ) as alone:
        submit = ["submit", "job.yaml", "--address", alone.dashboard, "--out", out, "--wait"]
        code, text = alone.call(*submit, *few, folder=desk, **own)
    assert code == exits.DONE, text
    assert re.search(r"frames/1-dream/0-\w+\.png  finished", text)
    assert list(pixels(out)) == [f"frames/1-dream/0-{UNTIL}.png"]
