"""The files to deploy with: as valid as can be told without a cloud, and closed to strangers."""

from __future__ import annotations

import copy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

DEPLOY = Path(__file__).parents[2] / "cluster" / "deploy"
RAY_UP = sorted(DEPLOY.glob("ray-*.yaml"))
KUBERNETES = "1.31"
GROUP = {"replicas", "minReplicas", "maxReplicas", "groupName", "rayStartParams", "template"}
CLUSTER = {"rayVersion", "authOptions", "enableInTreeAutoscaling", "autoscalerOptions",
           "headGroupSpec", "workerGroupSpecs"}  # fmt: skip
JOB = {"entrypoint", "submissionMode", "backoffLimit", "shutdownAfterJobFinishes",
       "ttlSecondsAfterFinished", "rayClusterSpec"}  # fmt: skip


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def cluster(name: str) -> Any:
    """The RayCluster spec in one of the KubeRay files."""
    document = read(DEPLOY / name)
    assert document["apiVersion"] == "ray.io/v1"
    if document["kind"] == "RayJob":
        assert set(document["spec"]) <= JOB
        return document["spec"]["rayClusterSpec"]
    assert document["kind"] == "RayCluster"
    return document["spec"]


def test_all_files_are_looked_at() -> None:
    names = {path.name for path in DEPLOY.iterdir()}
    kuberay = {"kuberay-cluster.yaml", "kuberay-job.yaml"}
    assert names == {"Dockerfile", *kuberay, *(path.name for path in RAY_UP)}
    assert len(RAY_UP) == 3


@pytest.mark.parametrize("path", RAY_UP, ids=lambda path: path.stem)
def test_ray_up_takes_it(path: Path) -> None:
    validate_config(prepare_config(copy.deepcopy(read(path))))


@pytest.mark.parametrize("path", RAY_UP, ids=lambda path: path.stem)
def test_every_ray_asks_for_the_token(path: Path) -> None:
    config = read(path)
    starts = [
        command
        for role in ("head", "worker")
        for command in config[f"{role}_start_ray_commands"]
        if "ray start" in command
    ]
    assert len(starts) == 2
    assert all(command.startswith("RAY_AUTH_MODE=token ray start") for command in starts)
    assert "--dashboard-host=127.0.0.1" in starts[0]
    assert "~/.ray/auth_token" in config["file_mounts"]


@pytest.mark.parametrize("name", ["kuberay-cluster.yaml", "kuberay-job.yaml"])
def test_kubernetes_takes_the_pods_and_kuberay_makes_the_token(name: str) -> None:
    spec = cluster(name)
    assert set(spec) <= CLUSTER
    assert spec["authOptions"] == {"mode": "token"}
    groups = [spec["headGroupSpec"], *spec["workerGroupSpecs"]]
    for group in groups:
        assert set(group) <= GROUP
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "any"}}
        kubernetes_validate.validate(
            pod | {"spec": group["template"]["spec"]}, KUBERNETES, strict=True
        )
    images = {c["image"] for g in groups for c in g["template"]["spec"]["containers"]}
    assert len(images) == 1


@pytest.mark.parametrize("name", ["kuberay-cluster.yaml", "kuberay-job.yaml"])
def test_ray_is_one_that_the_project_takes(name: str) -> None:
    asked = tuple(map(int, cluster(name)["rayVersion"].split(".")))
    assert asked <= tuple(map(int, version("ray").split(".")))


def test_the_image_has_all_that_is_installed() -> None:
    lines = (DEPLOY / "Dockerfile").read_text("utf-8").splitlines()
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
    assert copied == {"pyproject.toml", "README.md", "renderer", "jobs", "cluster"}
    assert any("RAY_AUTH_MODE=token" in line for line in lines)
    assert "USER reverie" in lines
