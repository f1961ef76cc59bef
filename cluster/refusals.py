"""Which of Ray's nodes get no worker, since what they would render is not what the driver means?

A node is refused for good when a worker that came up there has other versions (cluster.versions):
its next one would have the same. Workers are then placed elsewhere, as far as there is room.
"""

from __future__ import annotations

import time

from cluster.nodes import listed
from cluster.ray_actor import Ready
from cluster.resources import Allotment, Node, fits, places
from cluster.versions import differences, own
from renderer.errors import ClusterError

NODE_LABEL = "ray.io/node-id"
"""By which Ray tells its nodes apart where actors say on which they may be placed."""

LOOK_S = 5.0
"""How often it is looked which others there are: nodes come, and Ray notices late that one went."""


class Refusals:
    """The nodes that were refused, and why."""

    def __init__(self) -> None:
        self._driver = own()
        self._reasons: dict[str, str] = {}  # by Ray's id of the node
        self._sound: tuple[Node, ...] | None = None  # None: to be looked for
        self._looked_at = 0.0

    def why(self, up: Ready) -> str:
        """Why a worker that came up may not render; nothing if it may."""
        found = differences(self._driver, getattr(up, "versions", None))
        return f"{up.node} renders nothing here: {' and '.join(found)}" if found else ""

    def add(self, up: Ready, reason: str) -> bool:
        """Refuse a worker's node; whether that is news."""
        new = up.node_id not in self._reasons
        self._reasons[up.node_id] = reason
        self._sound = None
        return new

    def labels(self) -> dict[str, str]:
        """Of which nodes an actor may be placed on one: the labels that it is to select by."""
        refused = ",".join(sorted(self._reasons))
        return {NODE_LABEL: f"!in({refused})"} if refused else {}

    def room(self, allotment: Allotment, *, shared: bool) -> int:
        """How many workers the other nodes have room for; it is looked now and then."""
        now = time.monotonic()
        if self._sound is None or now - self._looked_at >= LOOK_S:
            self._looked_at = now
            self._sound = tuple(node for node in listed() if node.id not in self._reasons)
        wanted = (allotment.gpu_type, allotment.labels)
        suitable = tuple(node for node in self._sound if fits(node, *wanted))
        return places(suitable, allotment, cpus=shared)

    def none_left(self) -> ClusterError:
        """What a job ends with that has no node to render on."""
        why = "; ".join(dict.fromkeys(self._reasons.values()))
        return ClusterError(
            f"no node is left to render on: {why}; have the driver's versions on all nodes "
            "(`reverie doctor --address` shows them)"
        )

    def __bool__(self) -> bool:
        return bool(self._reasons)
