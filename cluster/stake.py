"""What may this driver's job have of a cluster that others use too? The keeper tells.

A keeper that is silent or gone changes nothing: what was answered last holds, and another keeper is
begun. Where none has ever answered for ``ALONE_S``, the job does as if it were alone.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import asdict, replace
from typing import Any

import ray
from ray.exceptions import RayError

from cluster.fair import Claim
from cluster.keeper import LOOK_S, NAME, NAMESPACE, Keeper, Share
from cluster.nodes import draining

REPORT_S, ANSWER_S, ALONE_S = 1.0, 10.0, 20.0
"""How often a driver reports, how long it waits for an answer, and for the very first one."""

HEAD = "node:__internal_head__"
"""What only the head has: it lives as long as the cluster."""


class Stake:
    """A driver's side of the keeper. All calls come from one thread and return at once."""

    def __init__(self) -> None:
        self._driver = uuid.uuid4().hex
        self._keeper: Any = None
        self._asked: Any = None
        self._asked_s = 0.0
        self._began_s, self._order = time.monotonic(), time.time()
        self.share: Share | None = None

    @property
    def alone(self) -> bool:
        """Whether no keeper can be had."""
        return self.share is None and time.monotonic() - self._began_s > ALONE_S

    def tell(self, claim: Claim) -> None:
        """Report, if it is time to; ``share`` is what was answered last."""
        now = time.monotonic()
        if self._asked is not None:
            self._read(now)
        if self._asked is None and now - self._asked_s >= REPORT_S:
            try:
                self._keeper = self._keeper or _keeper()
                told = asdict(replace(claim, order=self._order))
                self._asked = self._keeper.report.remote(self._driver, told)
            except (RayError, ValueError):  # its name is being taken, or it has just gone
                self._keeper = None
            self._asked_s = now

    def close(self) -> None:
        """Tell the keeper that the job is over."""
        if self._keeper is not None:
            self._keeper.leave.remote(self._driver)

    def _read(self, now: float) -> None:
        try:
            if ray.wait([self._asked], timeout=0)[0]:
                self.share = Share(**ray.get(self._asked))
            elif now - self._asked_s < ANSWER_S:
                return
        except RayError:
            self._keeper = None
        self._asked = None


class Lookout:
    """Knows which nodes are to be taken away, and when: asked in the background, every so often.

    ``deadlines`` has their ids, with the time by ``time.monotonic`` (None: when they are idle).
    """

    def __init__(self) -> None:
        self.deadlines: dict[str, float | None] = {}
        self._end = threading.Event()
        threading.Thread(target=self._look, name="lookout", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._end.set()

    def _look(self) -> None:
        while not self._end.wait(LOOK_S):
            try:
                left = draining()
            except Exception:  # the head is gone, or Ray is being left; all else tells that
                continue
            now = time.monotonic()
            self.deadlines = {
                node: None if seconds is None else now + seconds for node, seconds in left.items()
            }


def _keeper() -> Any:
    options = {
        "name": NAME,
        "namespace": NAMESPACE,
        "lifetime": "detached",
        "get_if_exists": True,
        "num_cpus": 0,
        "resources": {HEAD: 0.001},
        "max_restarts": 0,
    }
    return ray.remote(**options)(Keeper).remote()
