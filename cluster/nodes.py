"""Which nodes has the cluster, which are to go, and can it grow? The one place that asks Ray so."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cluster.resources import Node

GROUP = "ray.io/node-group"
"""The label of nodes that an autoscaler has started."""

ACCELERATOR = "accelerator_type:"
"""How Ray calls the resource that says which GPUs a node has."""


def listed() -> tuple[Node, ...]:
    """The nodes that are up, with those among them that are being drained."""
    import ray

    return read(ray.nodes(), draining())


def read(found: Sequence[Mapping[str, Any]], leaving: Collection[str] = ()) -> tuple[Node, ...]:
    """The living ones among the nodes as ``ray.nodes()`` lists them; ``leaving`` by their ids."""
    from cluster.ray_actor import node_label

    return tuple(
        Node(
            node_label(dict(n)),
            n["Resources"].get("CPU", 0.0),
            n["Resources"].get("GPU", 0.0),
            id=n["NodeID"],
            gpu_types=gpu_types(n["Resources"]),
            labels=dict(n.get("Labels") or {}),
            leaving=n["NodeID"] in leaving,
        )
        for n in found
        if n["Alive"]
    )


def gpu_types(resources: Mapping[str, float]) -> tuple[str, ...]:
    """The types of GPUs among a node's resources: ``H100``."""
    return tuple(
        name.removeprefix(ACCELERATOR) for name in resources if name.startswith(ACCELERATOR)
    )


def draining() -> dict[str, float | None]:
    """The nodes that are to be taken away, by id: in how many seconds (None: when they are idle).

    `ray drain-node`, the autoscaler, and a notice that a spot node is reclaimed all show here.
    """
    try:
        from ray._private.state import state  # as Ray Train does: no public function tells

        told = state.get_draining_nodes()
    except (ImportError, AttributeError):  # another version of Ray; nodes go unannounced then
        return {}
    now = time.time()
    return {
        node: max(0.0, deadline_ms / 1000 - now) if deadline_ms else None
        for node, deadline_ms in told.items()
    }


def grows(nodes: Sequence[Node]) -> bool:
    """Whether something may add nodes to their cluster: `ray up`, KubeRay, and others like these.

    They name the group of every node that they start, the head too.
    """
    return any(GROUP in node.labels for node in nodes)


def bundle(cpus: float, gpus: float, gpu_type: str) -> dict[str, float]:
    """What a worker takes, in Ray's words."""
    found = {"CPU": cpus, "GPU": gpus}
    if gpu_type:
        found[f"{ACCELERATOR}{gpu_type}"] = 0.001
    return {name: amount for name, amount in found.items() if amount}
