"""Ray clusters of several nodes, each with processes of its own, and people who submit to them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

WITHIN_S = 180.0
TOKEN = "ab" * 32
RAY = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block",
       "--object-store-memory=100000000"]  # fmt: skip
Process = subprocess.Popen[bytes]


@dataclass
class Grid:
    """A head on this machine's loopback that renders nothing, and the nodes that have joined it."""

    environment: dict[str, str]
    gcs: str
    dashboard: str
    nodes: list[Process] = field(default_factory=list)

    def join(self) -> Process:
        """Another node of one CPU, ``node-1`` first; together Ray would mix them up here."""
        known = self.alive()
        options = [
            "--num-cpus=1",
            f"--node-name=node-{len(self.nodes) + 1}",
            f"--dashboard-agent-listen-port={free_port()}",
        ]
        self.nodes.append(_started(self.environment, f"--address={self.gcs}", *options))
        until(lambda: len(self.alive() - known) == 1, "the node does not come up")
        return self.nodes[-1]

    def alive(self) -> set[str]:
        """The ids of all nodes that are there, as the dashboard tells."""
        asked = urllib.request.Request(f"{self.dashboard}/nodes?view=summary")
        asked.add_header("Authorization", f"Bearer {TOKEN}")
        try:
            with urllib.request.urlopen(asked, timeout=WITHIN_S) as answer:
                found = json.load(answer)["data"]["summary"]
        except OSError:
            return set()
        return {n["raylet"]["nodeId"] for n in found if n["raylet"].get("state") == "ALIVE"}

    def begin(self, *words: str, folder: Path, **more: str) -> subprocess.Popen[str]:
        """Starts a command of Reverie in a folder; ``more`` goes into its environment."""
        return subprocess.Popen(
            [sys.executable, "-m", "cluster.cli", *words],
            cwd=folder, env=_with(self.environment, more), text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def call(self, *words: str, folder: Path, **more: str) -> tuple[int, str]:
        """Runs a command of Reverie; its exit code and what it printed."""
        out, err = (process := self.begin(*words, folder=folder, **more)).communicate(
            None, WITHIN_S
        )
        return process.returncode, out + err


@contextlib.contextmanager
def grid(
    home: Path, *, token: bool, nodes: int, folder: Path | None = None, **more: str
) -> Iterator[Grid]:
    """A cluster that is up, with or without a token; its head was started in that ``folder``.

    ``more`` goes into its environment.
    """
    (home / ".ray").mkdir(parents=True)
    (home / ".ray" / "auth_token").write_text(TOKEN)
    own = {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "RAY_AUTH_MODE": "token" if token else "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment = _with(inherited, {**own, **more})
    gcs, dashboard, client, agent = (free_port() for _ in range(4))
    options = [
        f"--port={gcs}",
        f"--dashboard-port={dashboard}",
        f"--ray-client-server-port={client}",
        f"--dashboard-agent-listen-port={agent}",
    ]
    options += ["--head", f"--num-cpus={0 if nodes else 1}"]
    head = _started(environment, *options, folder=folder)
    made = Grid(environment, f"127.0.0.1:{gcs}", f"http://127.0.0.1:{dashboard}")
    try:
        until(lambda: len(made.alive()) == 1, "the head does not come up")
        for _ in range(nodes):
            made.join()
        yield made
    finally:
        for process in (*made.nodes, head):
            process.send_signal(signal.SIGTERM)  # it stops all that it started
        for process in (*made.nodes, head):
            process.wait(60)


def kill(process: subprocess.Popen[str] | Process) -> None:
    """As if its machine had lost power: the process with all that it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(60)


def until(condition: Callable[[], bool], otherwise: str) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def free_port() -> int:
    """A port that nobody listens at, and that Ray gives none of its workers."""
    for _ in range(100):
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            port = int(listening.getsockname()[1])
        if port > 20_000:
            return port
    raise AssertionError("no free port")


def _started(environment: Mapping[str, str], *options: str, folder: Path | None = None) -> Process:
    return subprocess.Popen(
        [*RAY, "--node-ip-address=127.0.0.1", *options], env=environment, cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def _with(environment: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """The environment with further variables; those without a value are left out."""
    return {key: value for key, value in {**environment, **more}.items() if value}
