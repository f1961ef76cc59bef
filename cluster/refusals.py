"""Which of Ray's nodes get no worker, since what they would render is not what the driver means?

A node is refused for good when a worker that came up there has other versions (cluster.versions):
its next one would have the same. Workers are then placed elsewhere, as far as there is room.
"""

from __future__ import annotations

import time
from typing import Any

from cluster.ray_actor import Ready
from cluster.resources import Allotment, places
from cluster.versions import differences, own
from renderer.errors import ClusterError

NODE_LABEL = "ray.io/node-id"
"""By which Ray tells its nodes apart where actors say on which they may be placed."""


LOOK_S = 5.0
"""How often it is looked for others where nobody renders: Ray notices late that one is gone."""


class Refusals:
    """The nodes that were refused, and why."""

    def __init__(self) -> None:
        self._driver = own()
        self._reasons: dict[str, str] = {}  # by Ray's id of the node
        self._looked_at = 0.0

    def why(self, up: Ready) -> str:
        """Why a worker that came up may not render; nothing if it may."""
        found = differences(self._driver, getattr(up, "versions", None))
        return f"{up.node} renders nothing here: {' and '.join(found)}" if found else ""

    def add(self, up: Ready, reason: str) -> bool:
        """Refuse a worker's node; whether that is news."""
        new = up.node_id not in self._reasons
        self._reasons[up.node_id] = reason
        return new

    def options(self) -> dict[str, Any]:
        """What keeps an actor from the refused nodes."""
        if not self._reasons:
            return {}
        return {"label_selector": {NODE_LABEL: f"!in({','.join(sorted(self._reasons))})"}}

    def room(self, allotment: Allotment, *, shared: bool) -> int:
        """How many workers the other nodes have room for."""
        import ray

        from cluster.ray_session import listed

        sound = [node for node in ray.nodes() if node["NodeID"] not in self._reasons]
        return places(listed(sound), allotment, cpus=shared)

    def due(self) -> bool:
        """Whether it is time to see if other nodes are left; never before one was refused."""
        now = time.monotonic()
        if not self._reasons or now - self._looked_at < LOOK_S:
            return False
        self._looked_at = now
        return True

    def none_left(self) -> ClusterError:
        """What a job ends with that has no node to render on."""
        why = "; ".join(dict.fromkeys(self._reasons.values()))
        return ClusterError(
            f"no node is left to render on: {why}; have the driver's versions on all nodes "
            "(`reverie doctor --address` shows them)"
        )
