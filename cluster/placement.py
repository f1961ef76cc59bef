"""Which workers does Ray place together? As many at a time as render one picture, on a shared Ray.

Each such gang has a placement group: its resources are reserved all at once, so that two jobs never
hold half a gang each, and on one node if one has room (PACK), else on as few as can be. On a Ray of
our own there is one node, and nobody to share it with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ray.util.placement_group import PlacementGroup, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from cluster.fair import Team
from cluster.reservations import reserved
from cluster.resources import Allotment


class Placement:
    """Where Ray is to put the actors of some workers, by name."""

    def __init__(self, allotment: Allotment, *, shared: bool) -> None:
        self._allotment, self._groups_them = allotment, shared and allotment.shards > 1
        self._places: dict[str, tuple[PlacementGroup, int]] = {}

    def add(self, team: Sequence[str]) -> None:
        """Reserve what the workers of a team take."""
        if not self._groups_them:
            return
        each = self._allotment
        labels = tuple(each.labels.items())
        kind = Team(len(team), float(each.threads), each.gpus, each.gpu_type, labels)
        group = reserved(kind)
        self._places |= {name: (group, place) for place, name in enumerate(team)}

    def options(self, name: str) -> dict[str, Any]:
        """What a worker's actor is to be started with."""
        if name not in self._places:
            return {}
        group, place = self._places[name]
        return {
            "scheduling_strategy": PlacementGroupSchedulingStrategy(
                group, placement_group_bundle_index=place
            )
        }

    def release(self, name: str) -> None:
        """A worker is gone; what its team had is given back with the last of them."""
        group, _ = self._places.pop(name, (None, 0))
        if group is not None and all(other is not group for other, _ in self._places.values()):
            remove_placement_group(group)

    def close(self) -> None:
        """Give back all that was reserved."""
        for name in list(self._places):
            self.release(name)
