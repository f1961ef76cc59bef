"""A Ray of several nodes in a process of its own: drivers can be forked beside it, nodes can go.

gRPC outlives no fork, so whoever forks drivers must not have had a Ray. This one is told by lines
what to do; it ends when nobody is left to tell it.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

STORE_BYTES = 100 * 2**20
SLOT = b"ray::Slot"
"""What the title of a worker's process begins with."""


class Nodes:
    """A head that renders nothing, and ``count`` nodes with room for one worker each."""

    def __init__(self, count: int = 3) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.nodes", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        self.address = str(self._answer()["address"])

    def replace(self, worker: int) -> None:
        """A worker's node goes without a word, then another one comes; returns when it has gone.

        ProcessLookupError if there is no such worker any more.
        """
        raylet = {process: parent for process, parent, _ in processes()}.get(worker)
        if raylet is None or worker not in self.workers():
            raise ProcessLookupError
        assert self._process.stdin is not None
        self._process.stdin.write(f"{raylet}\n")
        self._process.stdin.flush()
        self._answer()

    def workers(self) -> list[int]:
        """All worker processes on these nodes, those that are still coming up too."""
        parents = {process: parent for process, parent, _ in processes()}
        return [
            process
            for process, parent, title in processes()
            if title.startswith(SLOT) and parents.get(parent) == self._process.pid
        ]

    def close(self) -> None:
        """Stop this Ray."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return dict(json.loads(self._process.stdout.readline()))


def processes() -> list[tuple[int, int, bytes]]:
    """All processes: id, parent, command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            found.append((int(folder.name), parent, (folder / "cmdline").read_bytes()))
        except OSError:  # it has gone
            continue
    return found


def main(count: int) -> None:
    """Start the nodes, then do what is asked until standard input ends."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, "object_store_memory": STORE_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    nodes = [_added(cluster) for _ in range(count)]
    _tell({"address": cluster.address})
    try:
        for line in sys.stdin:
            gone = next((node for node in nodes if _raylet(node) == int(line)), None)
            if gone is not None:
                nodes.remove(gone)
                cluster.remove_node(gone, allow_graceful=False)
            _tell({})
            if gone is not None:
                nodes.append(_added(cluster))
    finally:
        cluster.shutdown()


def _added(cluster: Any) -> Any:
    name = f"node-{random.randrange(10**6)}"
    return cluster.add_node(wait=False, num_cpus=1, node_name=name, object_store_memory=STORE_BYTES)


def _raylet(node: Any) -> int:
    """The process that a node's workers are children of."""
    return int(node.all_processes["raylet"][0].process.pid)


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
