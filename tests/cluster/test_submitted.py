"""A cluster with a token, as docs/operating.md sets it up, and a job whose driver runs on it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster import exits
from cluster.cli import run
from tests.cluster.conftest import NETWORK, UNTIL, picture

WITHIN_S = 180.0


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass(frozen=True)
class Head:
    """A head on this machine's loopback: where its parts listen, and what its clients need."""

    gcs: str
    dashboard: str
    environment: dict[str, str]

    def submit(self, folder: Path, *entrypoint: str) -> subprocess.CompletedProcess[str]:
        """Submit a job with the id ``harbour``; what came of that."""
        options = ["--working-dir", str(folder), "--no-wait", "--submission-id", "harbour"]
        command = ["job", "submit", "--address", self.dashboard, *options, "--", *entrypoint]
        return subprocess.run(
            [sys.executable, "-m", "ray.scripts.scripts", *command],
            env=self.environment, capture_output=True, text=True, timeout=WITHIN_S, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory, tiny_weights_dir: Path) -> Iterator[Head]:
    home = tmp_path_factory.mktemp("home")
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("ab" * 32)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("RAY_")},
        "HOME": str(home),
        "RAY_AUTH_MODE": "token",
        "RAY_USAGE_STATS_ENABLED": "0",
        "REVERIE_WEIGHTS": str(tiny_weights_dir),
    }
    gcs, dashboard, client, agent = (free_port() for _ in range(4))
    options = [
        f"--port={gcs}",
        f"--dashboard-port={dashboard}",
        f"--ray-client-server-port={client}",
        f"--dashboard-agent-listen-port={agent}",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus=2",
         "--node-ip-address=127.0.0.1", "--object-store-memory=100000000", *options],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _await_listening(dashboard, process)
        yield Head(f"127.0.0.1:{gcs}", f"http://127.0.0.1:{dashboard}", environment)
    finally:
        process.send_signal(signal.SIGTERM)  # it stops all that it started
        process.wait(60)


def _await_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as knocking:
            if knocking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError("the head does not come up")


def test_a_job_is_rendered_by_a_driver_on_the_cluster(
    head: Head,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    jobs, out = tmp_path / "jobs", tmp_path / "out"
    jobs.mkdir()
    (tmp_path / "a.png").write_bytes(picture())
    dream = {"network": NETWORK, "layers": ["conv1", UNTIL], "iterations": 1, "repeats": 0}
    job = {"inputs": [(tmp_path / "a.png").as_uri()], "size": 40, "steps": [{"dream": dream}],
           "resources": {"workers": 1, "threads": 1}}  # fmt: skip
    (jobs / "job.yaml").write_text(json.dumps(job))
    render = [sys.executable, "-m", "cluster.cli", "render", "job.yaml", "--out", str(out)]
    told = head.submit(jobs, *render)
    assert told.returncode == 0, told.stderr

    deadline = time.monotonic() + WITHIN_S
    while not (out / "plan.json").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert run(["wait", str(out), "--timeout", str(WITHIN_S)]) == exits.DONE
    assert len(list((out / "frames" / "1-dream").glob("*.png"))) == 2

    again = head.submit(jobs, *render)
    assert again.returncode != 0
    assert "already exists" in again.stdout + again.stderr

    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    stranger = subprocess.run(
        [*render[:-1], str(tmp_path / "out2"), "--address", head.gcs],
        cwd=jobs, env={k: v for k, v in head.environment.items() if k != "RAY_AUTH_MODE"},
        capture_output=True, text=True, timeout=WITHIN_S, check=False,
    )  # fmt: skip
    assert stranger.returncode == exits.NO_CLUSTER
    assert "if it asks for a token, RAY_AUTH_MODE=token" in stranger.stderr
