"""Which workers come, and which go? What has to be done so that a job has as many as it may have.

Workers come and go in teams: one by one, or as many as render a picture together. Of those that are
too many the ones go first that aren't up yet or have least to do. A busy one gets no more tasks
and has ``grace_s`` to end what it renders; then that stops at a checkpoint, from which it goes on
elsewhere without loss. The same where a node is to be taken away, but in time before it is. No Ray
and no clock of its own in here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MARGIN_S = 60.0
"""How long before its node is taken away a worker stops, whatever it renders."""


@dataclass(eq=False)
class Team:
    """Workers that come and go together."""

    names: tuple[str, ...]
    leaving_s: float | None = None  # since when it has been to go
    stopped: bool = False  # whether what it renders was told to stop

    def on(self, nodes: Mapping[str, str]) -> set[str]:
        """The nodes that its workers are on, by what each worker's is."""
        return {nodes[name] for name in self.names if nodes.get(name)}


@dataclass(frozen=True)
class Moves:
    """What is to be done: so many new teams, and what becomes of the workers that there are."""

    hire: int = 0
    leave: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    stay: tuple[str, ...] = ()


class Crew:
    """The teams of a job. All times are of one clock, in seconds.

    ``grace_s`` is how long a worker that is to go may render on: many tasks end within it.
    """

    def __init__(self, grace_s: float = 30.0) -> None:
        self._grace_s = grace_s
        self._teams: list[Team] = []
        self._count = 0

    def hired(self, size: int) -> tuple[str, ...]:
        """The names of a new team."""
        names = tuple(f"worker-{self._count + n + 1}" for n in range(size))
        self._count += size
        self._teams.append(Team(names))
        return names

    def gone(self, name: str) -> None:
        """A worker is there no more, nor to come back."""
        for team in self._teams:
            team.names = tuple(one for one in team.names if one != name)
        self._teams = [team for team in self._teams if team.names]

    @property
    def leaving(self) -> int:
        """How many workers are to go and still there."""
        return sum(len(team.names) for team in self._teams if team.leaving_s is not None)

    def moves(
        self,
        wanted: int,
        *,
        nodes: Mapping[str, str],
        busy: Iterable[str],
        deadlines: Mapping[str, float | None],
        now: float,
    ) -> Moves:
        """What is to be done to have ``wanted`` teams.

        ``nodes`` has the node of every worker that is up, ``busy`` each worker once for every task
        that it renders, ``deadlines`` the nodes that are to be taken away, with the time when
        (None: not before they are idle).
        """
        tasks = Counter(busy)
        doomed = [team for team in self._teams if team.on(nodes) & deadlines.keys()]
        rest = [team for team in self._teams if team not in doomed]
        there = [team for team in rest if team.leaving_s is None]
        stay = [t for t in rest if t.leaving_s is not None and not t.stopped]
        stay = stay[: max(0, wanted - len(there))]
        for team in stay:
            team.leaving_s = None
        there.sort(key=lambda team: _worth(team, nodes, tasks))
        leave = [*doomed, *there[: max(0, len(there) - wanted)]]
        leave = [team for team in leave if team.leaving_s is None]
        for team in leave:
            team.leaving_s = now
        stop = [team for team in self._teams if self._is_late(team, nodes, deadlines, now)]
        for team in stop:
            team.stopped = True
        return Moves(
            hire=max(0, wanted - len(there) - len(stay)),
            leave=_names(leave),
            stop=_names(stop),
            stay=_names(stay),
        )

    def _is_late(
        self,
        team: Team,
        nodes: Mapping[str, str],
        deadlines: Mapping[str, float | None],
        now: float,
    ) -> bool:
        """Whether a team that is to go, and hasn't been told to stop, is to stop by now."""
        if team.leaving_s is None or team.stopped:
            return False
        ends = [deadlines[node] for node in team.on(nodes) if node in deadlines]
        in_time = [end - MARGIN_S for end in ends if end is not None]
        return now >= min([team.leaving_s + self._grace_s, *in_time])


def _worth(team: Team, nodes: Mapping[str, str], tasks: Mapping[str, int]) -> tuple[int, int]:
    """Sorts those first that are missed least."""
    up = sum(bool(nodes.get(name)) for name in team.names)
    return (up, sum(tasks.get(name, 0) for name in team.names))


def _names(teams: list[Team]) -> tuple[str, ...]:
    return tuple(name for team in teams for name in team.names)
