"""On which nodes may a job's workers be? What it requires of them, checked before anything waits.

Ray would let a worker that no node suits wait without a word.
"""

from __future__ import annotations

from collections.abc import Mapping

from cluster.resources import Node, fits
from renderer.errors import ClusterError

NODES_NAMED = 8
"""So many nodes are named where none suits."""


def suitable(
    nodes: tuple[Node, ...], *, gpu_type: str = "", labels: Mapping[str, str]
) -> tuple[Node, ...]:
    """The nodes that have the GPUs and labels that are required, and stay.

    ClusterError where there are none: what is required, and what there is.
    """
    found = tuple(n for n in nodes if not n.leaving and fits(n, gpu_type, labels))
    if found or not nodes:
        return found
    there = ", ".join(described(node) for node in nodes[:NODES_NAMED])
    more = f", and {len(nodes) - NODES_NAMED} more" if len(nodes) > NODES_NAMED else ""
    raise ClusterError(
        f"no node has {required(gpu_type, labels)}; there are {there}{more} "
        "(resources.gpu_type, resources.labels)"
    )


def required(gpu_type: str, labels: Mapping[str, str]) -> str:
    """What is asked for, in words: ``GPUs of type H100 and label pool=spot``."""
    asked = [f"GPUs of type {gpu_type}"] if gpu_type else []
    asked += [f"label {name}={value}" for name, value in labels.items()]
    return " and ".join(asked) or "room that it isn't about to lose"


def described(node: Node) -> str:
    """A node and what can be asked for there: ``gpu-1 (2 A100, pool=spot)``."""
    gpus = f"{node.gpus:g} {'/'.join(node.gpu_types) or 'GPU'}" if node.gpus else "no GPU"
    own = [f"{k}={v}" for k, v in node.labels.items() if not k.startswith("ray.io/")]
    drained = ["being drained"] if node.leaving else []
    return f"{node.name} ({', '.join([gpus, *own, *drained])})"
