"""How is an autoscaler asked for nodes? By reservations that wait until a node has room for them.

One stands for each team of workers that the present nodes can't hold: a placement group, for which
an autoscaler adds a node if it may. ``ray.autoscaler.sdk.request_resources`` asks for all at once,
and Ray's second autoscaler (v2, KubeRay's) then adds nothing where it can't add everything, which
is so for any job that could use more nodes than its cluster may have. A reservation that has found
its room is given back at the next look: the workers themselves take it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)

from cluster.fair import Team
from cluster.nodes import bundle


def reserved(team: Team) -> PlacementGroup:
    """Room for a team, which Ray looks for from now on: on one node if it can be (PACK)."""
    takes = bundle(team.cpus, team.gpus, team.gpu_type)
    selectors = [dict(team.labels)] * team.size if team.labels else None
    return placement_group([takes] * team.size, strategy="PACK", bundle_label_selector=selectors)


class Reservations:
    """Those that wait. They end with the actor that makes them."""

    def __init__(self) -> None:
        self._waiting: dict[Team, list[PlacementGroup]] = {}

    def want(self, teams: Sequence[Team]) -> None:
        """Have one wait for each of these, in place of what was wanted before."""
        wanted = Counter(teams)
        for team in {*wanted, *self._waiting}:
            known = self._waiting.pop(team, [])
            waiting = [group for group in known if not _has_room(group)][: wanted[team]]
            for group in known:
                if group not in waiting:
                    remove_placement_group(group)
            waiting += [reserved(team) for _ in range(wanted[team] - len(waiting))]
            if waiting:
                self._waiting[team] = waiting


def _has_room(group: PlacementGroup) -> bool:
    return bool(placement_group_table(group).get("state") == "CREATED")
