"""How does one worker carry several attempts on at once?

In lockstep: each goes on to its next wish, then all wishes are granted (``renderer.wishes``), those
that are alike in one batch. Attempts come and go at any step, and each is by itself: it has its own
records and its own checkpoints, and ends or fails alone.

``Lockstep`` is driven by whoever wants to hear something, on one thread. ``Ensemble`` lets several
threads hear of an attempt each: whichever has nothing to hear drives. What needs no device, which
is decoding and encoding, is done by the attempt's own thread, and nobody waits for it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Container, Generator, Iterator
from dataclasses import dataclass

from cluster.records import Last, Record
from renderer.wishes import Granter, Wish

AHEAD = 8
"""Records of an attempt that nobody has heard yet; with more, it isn't carried on."""


Attempted = Generator[Record | Wish, None, None]
"""The records of an attempt to a ``Last``, and what it wishes for on the way."""


@dataclass(eq=False)
class _Member:
    """An attempt, and the wish that it waits for; it is ``away`` while that is seen to aside."""

    records: Attempted
    wish: Wish | None = None
    away: bool = False


class Lockstep:
    """Attempts by name. ``aside`` is given wishes that need no device, and answers with ``back``.

    Without it they are seen to at once.
    """

    def __init__(
        self, granter: Granter, *, aside: Callable[[str, Wish], None] | None = None
    ) -> None:
        self._granter, self._aside = granter, aside
        self._members: dict[str, _Member] = {}

    def add(self, name: str, records: Attempted) -> None:
        """Take an attempt in; its records come to an end with a ``Last``."""
        self._members[name] = _Member(records)

    def drop(self, name: str) -> None:
        """Break an attempt off."""
        if member := self._members.pop(name, None):
            member.records.close()

    def back(self, name: str) -> None:
        """What was given aside is done."""
        self._members[name].away = False

    def carry_on(self, held: Container[str] = ()) -> list[tuple[str, Record]]:
        """What attempts tell next, one record each; if none tells anything, a step is made.

        Those that are ``held`` rest meanwhile.
        """
        here = {n: m for n, m in self._members.items() if not m.away and n not in held}
        told = []
        for name, member in here.items():
            if member.wish is None and (record := self._next(name, member)) is not None:
                told.append((name, record))
        waiting = [m for m in here.values() if m.wish is not None and not m.away]
        if not told and len(waiting) == sum(not member.away for member in here.values()):
            self._granter.grant([m.wish for m in waiting if m.wish is not None])
            for member in waiting:
                member.wish = None
        return told

    def _next(self, name: str, member: _Member) -> Record | None:
        item = next(member.records)
        if isinstance(item, Wish):
            if not item.aside:
                member.wish = item
            elif self._aside is None:
                item.settle()
            else:
                member.away = True
                self._aside(name, item)
            return None
        if isinstance(item, Last):
            self.drop(name)
        return item


class Ensemble:
    """Attempts that are carried on together and heard of by a thread each."""

    def __init__(self, granter: Granter) -> None:
        self._lockstep = Lockstep(granter, aside=self._hand_back)
        self._told: dict[str, deque[Record | Wish]] = {}
        self._coming: dict[str, Attempted] = {}
        self._going: set[str] = set()
        self._changed = threading.Condition()
        self._driven = False

    def records(self, name: str, records: Attempted) -> Iterator[Record]:
        """The records of an attempt, as they come, for the thread that asks."""
        told: deque[Record | Wish] = deque()
        with self._changed:
            self._told[name], self._coming[name] = told, records
        try:
            while True:
                item = self._heard(told)
                if isinstance(item, Wish):
                    item.settle()
                    self._back(name)
                    continue
                yield item
                if isinstance(item, Last):
                    return
        finally:
            with self._changed:
                del self._told[name]
                self._going.add(name)

    def _heard(self, told: deque[Record | Wish]) -> Record | Wish:
        """What an attempt tells next. Carries all of them on until it does, if nobody else does."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: told or not self._driven)
                if told:
                    return told.popleft()
                self._driven = True
                self._come_and_go()
                held = {name for name, other in self._told.items() if len(other) > AHEAD}
            found: list[tuple[str, Record]] = []
            try:
                found = self._lockstep.carry_on(held)
            finally:
                with self._changed:
                    for name, record in found:
                        if name in self._told:
                            self._told[name].append(record)
                    self._driven = False
                    self._changed.notify_all()

    def _come_and_go(self) -> None:
        """Between steps: who drives is alone with all attempts."""
        for name in self._going:
            self._lockstep.drop(name)
        for name, records in self._coming.items():
            self._lockstep.add(name, records)
        self._going.clear()
        self._coming.clear()

    def _hand_back(self, name: str, wish: Wish) -> None:
        with self._changed:
            if name in self._told:
                self._told[name].append(wish)
                self._changed.notify_all()

    def _back(self, name: str) -> None:
        with self._changed:
            self._lockstep.back(name)
            self._changed.notify_all()
