"""Two nodes, one of which has another Reverie and another torch: what operators see of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster import exits, versions
from tests.cluster.conftest import NETWORK, UNTIL, picture

WITHIN_S = 240.0
ROOT = Path(versions.__file__).parents[1]

PRETENDING = """
import importlib.machinery, sys

class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "torch.version":
            return None
        spec = super().find_spec(name, path, target)
        read = spec.loader.exec_module

        def pretend(module):
            read(module)
            module.__version__ = "2.0.0"

        spec.loader.exec_module = pretend
        return spec

sys.meta_path.insert(0, Finder)
"""
"""Has torch say that it is another one, before anybody imports it."""


@dataclass(frozen=True)
class Farm:
    """The nodes ``same`` and ``other``, and a folder with a job."""

    cluster: Any
    same: Any
    folder: Path

    def reverie(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """What came of a command, run where no other code is in the way."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-m", "cluster.cli", *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, timeout=WITHIN_S,
            check=False,
        )  # fmt: skip

    def begun(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that runs."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "cluster.cli", *arguments],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def metric(self, node: Any, pattern: str) -> float:
        """A number of ours that Prometheus reads of a node, as soon as it does."""
        place = f"http://{node.node_ip_address}:{node.metrics_export_port}/metrics"
        deadline = time.monotonic() + WITHIN_S
        while True:
            with urllib.request.urlopen(place, timeout=10) as answer:
                text = answer.read().decode()
            if found := re.search(rf"^ray_reverie_{pattern}.*}} (\S+)$", text, re.MULTILINE):
                return float(found.group(1))
            assert time.monotonic() < deadline, text
            time.sleep(0.5)


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory, tiny_weights_dir: Path) -> Iterator[Farm]:
    utils = pytest.importorskip("ray.cluster_utils")
    folder, other = tmp_path_factory.mktemp("job"), tmp_path_factory.mktemp("other")
    for package in versions.PACKAGES:
        shutil.copytree(
            ROOT / package, other / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (other / "renderer" / "dream.py").open("a").write("\n# another release\n")
    (other / "sitecustomize.py").write_text(PRETENDING)
    (folder / "a.png").write_bytes(picture())
    dream = {"network": NETWORK, "layers": ["conv1", UNTIL], "iterations": 2, "repeats": 1}
    job = {"name": "job", "inputs": ["a.png"], "size": 40, "steps": [{"dream": dream}],
           "weights": {NETWORK: str(tiny_weights_dir / f"{NETWORK}.safetensors")},
           "resources": {"threads": 1, "gpus": 0}}  # fmt: skip
    (folder / "job.yaml").write_text(json.dumps(job))
    memory = {"object_store_memory": 100 * 2**20}
    head = {"num_cpus": 0, "include_dashboard": False, **memory}
    cluster = utils.Cluster(initialize_head=True, head_node_args=head)
    same = {"PYTHONPATH": str(ROOT)}
    try:
        cluster.add_node(
            num_cpus=1, node_name="other", env_vars={"PYTHONPATH": str(other)}, **memory
        )
        node = cluster.add_node(num_cpus=2, node_name="same", env_vars=same, **memory)
        yield Farm(cluster, node, folder)
    finally:
        cluster.shutdown()


def test_a_node_of_another_version_gets_no_work_and_another_does_it(farm: Farm) -> None:
    endless = ["--set", "steps.0.dream.iterations=100000", "--workers", "3", "--json"]
    place = ["--address", farm.cluster.address]
    with farm.begun("render", "job.yaml", *place, *endless) as running:
        assert running.stdout is not None
        refused: dict[str, Any] = {}
        nodes = set()
        for line in running.stdout:
            told = json.loads(line)
            if told["event"] == "node_refused":
                assert not refused
                refused = told
            elif told["event"] == "worker_joined":
                nodes.add(told["node"])
            elif told["event"] == "task_progress" and refused and "ended" not in refused:
                refused["ended"] = farm.reverie("cancel", "renders/job").returncode
        assert running.wait(WITHIN_S) == exits.INTERRUPTED
    assert nodes == {"same"}
    assert refused["node"] == "other"
    pattern = r"other renders nothing here: it has Reverie \S+, code [0-9a-f]{12}, and the driver"
    assert re.match(pattern, refused["reason"])
    assert "it has torch 2.0.0, and the driver " in refused["reason"]

    errors = json.loads(farm.reverie("errors", "renders/job", "--json").stdout)
    assert [(row["node"], row["cause"], row["frames"]) for row in errors] == [
        ("other", "versions", 0)
    ]


def test_prometheus_reads_what_was_rendered(farm: Farm) -> None:
    place = ["--address", farm.cluster.address, "--out", "counted", "--set", "name=counted"]
    ran = farm.reverie("render", "job.yaml", *place)
    assert ran.returncode == exits.DONE, ran.stderr + ran.stdout
    head, same = farm.cluster.head_node, r'.*job="counted".*node="same"'
    assert farm.metric(head, "frames_finished_total" + same) == 2
    assert farm.metric(head, "iterations_total" + same) == 2 * 4
    assert farm.metric(head, r'tasks.*job="counted".*state="finished"') == 2
    assert farm.metric(head, r'tasks.*job="counted".*state="running"') == 0
    assert 50e6 < farm.metric(farm.same, "worker_memory_bytes" + same) < 20e9


def test_the_doctor_asks_every_node(farm: Farm) -> None:
    place = ["--address", farm.cluster.address, "--out", "renders", "--json"]
    looked = farm.reverie("doctor", "job.yaml", *place)
    assert looked.returncode == exits.SOME_FAILED, looked.stderr
    found = {finding["about"]: finding for finding in json.loads(looked.stdout)}
    same, other = found["node same"], found["node other"]
    assert same["grade"] == "ok", same
    assert same["node"]["versions"]["code"] == versions.own().code
    assert set(same["node"]["weights"]) == {f"{NETWORK} up to {at}" for at in ("conv1", UNTIL)}
    assert set(same["node"]["weights"].values()) == {""}
    assert same["node"]["storage"] == ""
    assert abs(same["node"]["clock_s"]) < 5
    assert other["grade"] == "bad"
    assert "it has torch 2.0.0, and the driver" in other["text"]


def test_where_no_other_node_is_left_the_job_ends_and_says_why(farm: Farm) -> None:
    shutil.rmtree(farm.folder / "renders", ignore_errors=True)
    farm.cluster.remove_node(farm.same, allow_graceful=False)
    ran = farm.reverie("render", "job.yaml", "--address", farm.cluster.address)
    assert ran.returncode == exits.NO_CLUSTER, ran.stderr + ran.stdout
    assert "no node is left to render on: other renders nothing here: it has" in ran.stderr
    assert "doctor --address" in ran.stderr
