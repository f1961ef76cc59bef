"""Which workers does Ray place together? As many at a time as render one picture, on a shared Ray.

Each such gang has a placement group: its resources are reserved all at once, so that two jobs never
hold half a gang each, and on one node if one has room (PACK), else on as few as can be. On a Ray of
our own there is one node, and nobody to share it with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ray.util.placement_group import PlacementGroup, placement_group, remove_placement_group
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from cluster.resources import Allotment


class Placement:
    """Where Ray is to put the actors of some workers, by name."""

    def __init__(self, names: Sequence[str], allotment: Allotment, *, shared: bool) -> None:
        self._groups: list[PlacementGroup] = []
        self._places: dict[str, tuple[PlacementGroup, int]] = {}
        if not shared or allotment.shards == 1:
            return
        bundle = {"CPU": float(allotment.threads)}
        if allotment.gpus:
            bundle["GPU"] = allotment.gpus
        for gang in _parted(names, allotment.shards):
            group = placement_group([bundle] * len(gang), strategy="PACK")
            self._groups.append(group)
            self._places |= {name: (group, place) for place, name in enumerate(gang)}

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

    def close(self) -> None:
        """Give back all that was reserved."""
        for group in self._groups:
            remove_placement_group(group)
        self._groups.clear()


def _parted(names: Sequence[str], count: int) -> list[Sequence[str]]:
    return [names[start : start + count] for start in range(0, len(names), count)]
