"""What a job requires of nodes: it is told at once where none suits, with what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.nodes import bundle, read
from cluster.requirements import suitable
from cluster.resources import Node
from jobs.spec import build
from renderer.errors import ClusterError, JobError

A100 = Node("a", 8, 2, id="1", gpu_types=("A100",), labels={"pool": "spot"})
BARE = Node("b", 8, id="2", labels={"ray.io/node-id": "2"})
GOING = Node("c", 8, 1, id="3", gpu_types=("H100",), leaving=True)


def test_nodes_are_chosen_by_type_and_labels() -> None:
    nodes = (A100, BARE, GOING)
    assert suitable(nodes, labels={}) == (A100, BARE)
    assert suitable(nodes, gpu_type="A100", labels={"pool": "spot"}) == (A100,)


def test_where_none_suits_it_is_told_what_there_is() -> None:
    with pytest.raises(ClusterError) as caught:
        suitable((A100, BARE, GOING), gpu_type="H100", labels={"pool": "spot"})
    assert str(caught.value) == (
        "no node has GPUs of type H100 and label pool=spot; there are a (2 A100, pool=spot), "
        "b (no GPU), c (1 H100, being drained) (resources.gpu_type, resources.labels)"
    )


def test_what_ray_lists_is_read() -> None:
    listed = {
        "NodeID": "1",
        "NodeName": "a",
        "NodeManagerAddress": "192.0.2.1",
        "NodeManagerHostname": "host",
        "Alive": True,
        "Resources": {"CPU": 8.0, "GPU": 2.0, "accelerator_type:A100": 1.0, "memory": 1e9},
        "Labels": {"pool": "spot"},
    }
    assert read([listed, {**listed, "Alive": False}]) == (A100,)
    assert read([listed], leaving={"1": None})[0].leaving
    assert bundle(2.0, 0.5, "A100") == {"CPU": 2.0, "GPU": 0.5, "accelerator_type:A100": 0.001}


def test_labels_are_given_as_a_list_or_by_name(tmp_path: Path) -> None:
    job = {"inputs": ["a.png"], "steps": ["dream"]}
    for labels in ({"pool": "spot"}, ["pool=spot"], "pool = spot"):
        spec = build({**job, "resources": {"labels": labels}}, base=tmp_path)
        assert spec.resources.selector == {"pool": "spot"}
    with pytest.raises(JobError) as caught:
        build({**job, "resources": {"labels": ["spot"]}}, base=tmp_path)
    assert "labels: 'spot' must be NAME=VALUE" in str(caught.value)
