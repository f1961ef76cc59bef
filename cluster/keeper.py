"""Who keeps the peace where several jobs use one cluster? An actor that their drivers report to.

There is one on a cluster, detached from any job. Every driver tells it each second what it could
use (``cluster.fair.Claim``), and is answered how many workers it may have. It remembers nothing
that those reports don't bring back: when it is lost, the next report begins another one, which for
``NEW_S`` leaves everyone who has workers with those they have. A driver that is silent for
``SILENT_S`` is forgotten; when no one is left, the keeper withdraws what it asked of the autoscaler
and ends.

What travels is plain dicts of numbers and text, so that drivers of several versions understand each
other; ``NAME`` changes where they wouldn't.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from cluster.fair import Claim, Team, missing, room, shares
from cluster.nodes import grows, listed
from cluster.resources import Node

NAME, NAMESPACE = "share-keeper-1", "reverie"

SILENT_S = 12.0
"""A driver that has told nothing for so long is gone."""

NEW_S = 5.0
"""For so long a new keeper takes nothing from anyone: it may not know of all yet."""

MOST_ASKED = 100
"""For how many more teams the autoscaler is asked at a time: as they come, for others."""

LOOK_S = 2.0
"""How often the cluster's nodes are looked at."""


@dataclass(frozen=True)
class Share:
    """What a driver is answered: how many workers it may have, of how many jobs it is one.

    ``room``: how many it could have if it were alone.
    """

    workers: int
    jobs: int = 1
    room: int = 0


class Books:
    """What a keeper knows; ``claims`` of drivers by their name. ``nodes`` lists the cluster's."""

    def __init__(
        self,
        nodes: Callable[[], Sequence[Node]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._nodes, self._clock, self._born_s = nodes, clock, clock()
        self._claims: dict[str, tuple[Claim, float]] = {}
        self._last: tuple[Any, dict[str, int]] = ((), {})

    def report(self, driver: str, claim: Claim) -> Share:
        """A driver reports; what it may have."""
        claim = replace(claim, job=driver)
        nodes = tuple(self._nodes())  # which may take its time
        self._claims[driver] = (claim, self._clock())
        claims = self.claims()
        workers = self._shares(claims, nodes)[driver]
        if claim.held and self._clock() - self._born_s < NEW_S:
            workers = min(claim.held, claim.wanted)
        return Share(workers, jobs=len(claims), room=room(nodes, claim))

    def leave(self, driver: str) -> None:
        """A driver has no more use for workers."""
        self._claims.pop(driver, None)

    def claims(self) -> tuple[Claim, ...]:
        """Those of the drivers that were heard lately."""
        now = self._clock()
        silent = [name for name, (_, at) in self._claims.items() if now - at > SILENT_S]
        for name in silent:
            del self._claims[name]
        return tuple(claim for claim, _ in self._claims.values())

    def missing(self) -> list[Team]:
        """What the jobs could use and the nodes can't hold."""
        claims = self.claims()
        return missing(claims, self._shares(claims, tuple(self._nodes())), most=MOST_ASKED)

    def _shares(self, claims: tuple[Claim, ...], nodes: tuple[Node, ...]) -> dict[str, int]:
        question = (tuple(replace(one, held=0) for one in claims), nodes)
        if question != self._last[0]:
            self._last = (question, shares(claims, nodes))
        return self._last[1]


class Keeper:
    """The actor: books, with Ray's nodes and an autoscaler where there is one."""

    def __init__(self) -> None:
        from cluster.reservations import Reservations

        self._lock = threading.Lock()
        self._nodes: tuple[Node, ...] = ()
        self._looked_s = -LOOK_S
        self._reservations = Reservations()
        self._books = Books(self._known)
        threading.Thread(target=self._mind, name="keeper", daemon=True).start()

    def report(self, driver: str, claim: Mapping[str, Any]) -> dict[str, Any]:
        """A driver reports; its Share as plain data."""
        known = {k: v for k, v in claim.items() if k in Claim.__dataclass_fields__}
        with self._lock:
            return asdict(self._books.report(driver, Claim(**known)))

    def leave(self, driver: str) -> None:
        """A driver ends."""
        with self._lock:
            self._books.leave(driver)

    def _known(self) -> tuple[Node, ...]:
        if time.monotonic() - self._looked_s >= LOOK_S:
            self._nodes, self._looked_s = listed(), time.monotonic()
        return self._nodes

    def _mind(self) -> None:
        """Ask the autoscaler for what is wanted; end when nobody wants anything."""
        alone_s = 0.0
        while alone_s < SILENT_S:
            time.sleep(LOOK_S)
            with self._lock:
                claims = self._books.claims()
            alone_s = 0.0 if claims else alone_s + LOOK_S
            with contextlib.suppress(Exception):  # Ray's own kinds; it is tried again
                self._ask()
        os._exit(0)

    def _ask(self) -> None:
        with self._lock:
            teams = self._books.missing() if grows(self._known()) else []
        self._reservations.want(teams)
