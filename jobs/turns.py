"""In which order are a job's tasks begun? As planned, or so that one sees early what it will be.

A picture and all that comes of it keep together: what has a turn is a task that needs no other.
Nothing that is rendered depends on the order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from jobs.tasks import Task

Order = Literal["sequential", "middle_first", "overview"]
ORDERS: tuple[str, ...] = get_args(Order)


def turns(tasks: Sequence[Task], order: str) -> Mapping[str, int]:
    """Each task's turn, by id: of two that could be begun, the lower one is. ``ORDERS`` names them.

    ``middle_first`` goes outwards from the middle; ``overview`` takes the first, then the one
    halfway, those halfway between these, and so on: every n-th first, for smaller and smaller n.
    """
    roots: dict[str, str] = {}
    for task in tasks:
        roots[task.id] = roots[task.needs[0]] if task.needs else task.id
    places = {root: place for place, root in enumerate(dict.fromkeys(roots.values()))}
    ranks = ranked(len(places), order)
    return {
        task.id: ranks[places[roots[task.id]]] * len(tasks) + number
        for number, task in enumerate(tasks)
    }


def ranked(count: int, order: str) -> list[int]:
    """When each of so many places has its turn, from 0."""
    queue = list(range(count))
    if order == "middle_first":
        queue.sort(key=lambda place: (abs(2 * place - count + 1), place))
    elif order == "overview":
        queue.sort(key=lambda place: (-_halvings(place, count), place))
    ranks = [0] * count
    for turn, place in enumerate(queue):
        ranks[place] = turn
    return ranks


def _halvings(place: int, count: int) -> int:
    """How often a place can be halved; the first place more often than any other."""
    return count.bit_length() if place == 0 else (place & -place).bit_length() - 1
