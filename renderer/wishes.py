"""How does a rendering ask for what could as well be computed for several renderings at once?

It yields a ``Wish`` before each step and goes on with what is found. Whoever drives several of them
grants wishes that are alike together (``Granter``): one batch through the network in place of one
run each. A wish that isn't granted is computed by who wished, so a rendering doesn't know how many
others there are; all that it knows and leaves behind is its own.

    rendering = style.steps(content, [painting], network, settings, wishes=True)
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Wish:
    """Something that a rendering needs before it goes on; ``alone`` computes it.

    Wishes that have the same ``alike`` may be granted at once: ``together`` of any of them takes
    the ``subject`` of each. None: there is nothing that could be shared. ``each_bytes`` is about
    what one of many takes meanwhile. An ``aside`` needs no device, and may be computed while others
    render. ``before`` is called before it is granted: what a whole process shares may be set there.
    """

    alone: Callable[[], Any]
    alike: Hashable = None
    subject: Any = None
    together: Callable[[Sequence[Any]], Sequence[Any]] | None = None
    each_bytes: Callable[[], float] = lambda: 0.0
    aside: bool = False
    before: Callable[[], object] = lambda: None
    _found: list[Any] = field(default_factory=list)
    _error: Exception | None = None

    def grant(self, found: Any) -> None:
        """What is wished for."""
        self._found = [found]

    def settle(self) -> None:
        """Compute it now, for whoever wished; an error is raised where it is asked for."""
        try:
            self._found = [self.alone()]
        except Exception as error:
            self._error = error

    def get(self) -> Any:
        """What was granted, or else what it comes to alone.

        An error is raised once, and no longer kept: it knows of the frames of all who go on here.
        """
        if self._error is not None:
            error, self._error = self._error, None
            try:
                raise error
            finally:
                del error
        return self._found[0] if self._found else self.alone()


class Granter:
    """Grants wishes, in batches of those that are alike.

    ``room_bytes`` tells how much memory a batch may take; ``most`` is how many may be in one.
    """

    def __init__(
        self, room_bytes: Callable[[], float] = lambda: math.inf, *, most: int = 1 << 16
    ) -> None:
        self._room_bytes, self._most = room_bytes, most
        self._fits: dict[Hashable, int] = {}  # where memory has run out

    def grant(self, wishes: Sequence[Wish]) -> None:
        """Grant those that others are like, and leave the rest to those who wished."""
        groups: dict[Hashable, list[Wish]] = {}
        for wish in wishes:
            if wish.alike is not None:
                groups.setdefault(wish.alike, []).append(wish)
        for alike, group in groups.items():
            while len(group) > 1:
                some = _even(len(group), self._at_once(alike, group[0]))
                self._together(group[:some])
                group = group[some:]

    def _at_once(self, alike: Hashable, one: Wish) -> int:
        most, room = min(self._most, self._fits.get(alike, self._most)), self._room_bytes()
        if math.isinf(room):
            return most
        return max(1, min(most, int(room / max(1.0, one.each_bytes()))))

    def _together(self, some: Sequence[Wish]) -> None:
        """All at once; where memory runs out in halves, and where anything fails one by one.

        Whose fault it was shows there.
        """
        import torch  # only here: whoever looks at a job's folder knows of events, too

        first = some[0]
        if len(some) == 1 or first.together is None:
            return
        try:
            first.before()
            found = first.together([wish.subject for wish in some])
        except torch.OutOfMemoryError:
            found = None
        except Exception:  # each will meet its own
            log.warning("a batch of %d failed", len(some), exc_info=True)
            return
        if found is None:  # out here, where the error holds no tensors any more
            torch.cuda.empty_cache()
            half = (len(some) + 1) // 2
            self._fits[first.alike] = half
            self._together(some[:half])
            self._together(some[half:])
            return
        for wish, each in zip(some, found, strict=True):
            wish.grant(each)


def _even(count: int, most: int) -> int:
    """How many of ``count`` to take so that all batches are of about one size."""
    return -(-count // -(-count // most))
