"""How Ray is started on this machine, or joined where it runs already, without its chatter."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from dataclasses import dataclass
from typing import Any

from cluster.nodes import listed
from cluster.resources import Node, local_cpus
from cluster.seclusion import forget_token, secluded
from renderer import heap
from renderer.errors import ClusterError, JobError, ReverieError

OBJECT_STORE_BYTES = 2**30
"""Most shared memory for a Ray of our own: some weights, and a frame or two of every worker."""

INLINE_BYTES = 2**20
"""Orders and frames that are no larger go straight from process to process, on a Ray of our own:
the object store costs more than to copy them."""

KNOCK_S = 10.0
"""How long a cluster's head may take to accept a connection."""

FOUND_BY_RAY = ("auto", "local")
"""Addresses that Ray itself makes something of."""

QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""What Ray reads when it is imported: no reports to its makers, no tips."""


@dataclass(frozen=True)
class Session:
    """A Ray that is up. ``ours``: started here for this process alone, and shut down with it."""

    nodes: tuple[Node, ...]
    ours: bool


class RaySession:
    """Starts or joins Ray in the background, while the caller plans; ``wait`` returns it.

    Ray's processes die with the thread that started them (a Linux parent-death signal), so one
    thread does it and lives until ``close``. JobError for an ``address`` that can't be one.
    """

    def __init__(self, address: str | None = None, *, gpus: int | None = None) -> None:
        if address is not None:
            check(address)
        self._address, self._gpus = address, gpus
        self._up, self._leave = threading.Event(), threading.Event()
        self._session: Session | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._live, name="ray-session", daemon=True)
        self._thread.start()

    def ready(self, timeout_s: float) -> bool:
        """Whether it is known by now if Ray is up, after waiting for that a while."""
        return self._up.wait(timeout_s)

    def wait(self) -> Session:
        """The session, once it is up. Raises ClusterError if it can't be had."""
        self._up.wait()
        if self._error is not None:
            raise self._error
        assert self._session is not None
        return self._session

    def close(self) -> None:
        """Leave Ray, and stop it if it is ours; one that isn't up yet goes with the process."""
        self._leave.set()
        if self._up.is_set():
            self._thread.join()

    def _live(self) -> None:
        for key, value in {**QUIET, **heap.ENVIRONMENT}.items():
            os.environ.setdefault(key, value)
        with contextlib.nullcontext() if self._address else secluded():
            import ray

            if self._leave.is_set():  # the command has ended meanwhile
                return
            borrowed = ray.is_initialized()
            try:
                if not borrowed:
                    _connect(self._address, self._gpus)
                self._session = Session(listed(), ours=self._address is None)
            except ReverieError as error:
                self._error = error
        self._up.set()
        self._leave.wait()
        if not borrowed:
            ray.shutdown()
            forget_token()


def check(address: str) -> None:
    """Raise JobError for what can't be the address of a Ray."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if address in FOUND_BY_RAY or (host and port.isdecimal() and "/" not in host):
        return
    dashboard = ", not that of a dashboard" if address.startswith("http") else ""
    raise JobError(
        f"--address (or RAY_ADDRESS) {address}: write the head's address and port, like "
        f"192.0.2.10:6379{dashboard}"
    )


def _connect(address: str | None, gpus: int | None) -> None:
    import ray

    where = {"address": address} if address else _of_our_own(gpus)
    try:
        if address is not None:
            _knock(address)
        ray.init(log_to_driver=False, logging_level="ERROR", namespace="reverie", **where)
        if address is None:
            _stop_log_monitor()
    except Exception as error:  # Ray raises many kinds; each means that there is no Ray
        raise ClusterError(_no_ray(address, error)) from error


def _knock(address: str) -> None:
    """Raise OSError if nobody listens at ``host:port``; Ray itself would try for minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()


def _of_our_own(gpus: int | None) -> dict[str, Any]:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "address": "local",
        "num_cpus": local_cpus(),
        "num_gpus": gpus,
        "include_dashboard": False,
        "object_store_memory": min(OBJECT_STORE_BYTES, memory // 10),
        "_system_config": {"max_direct_call_object_size": INLINE_BYTES},
    }


def _stop_log_monitor() -> None:
    """End the process that would bring what workers print to this one, which asked for none of it.

    It looks for it all the same, which takes a quarter of the CPU time of an idle Ray.
    """
    from ray._private import worker

    with contextlib.suppress(Exception):  # a Ray of another make: it goes on
        worker._global_node.kill_log_monitor()


def _no_ray(address: str | None, error: Exception) -> str:
    told = getattr(error, "strerror", None) or str(error)
    lines = told.strip().splitlines() or [type(error).__name__]
    if address is None:
        return f"Ray could not be started on this machine: {lines[0]}; --inline works without it"
    # Ray shows its token to no address that is spelt out unless it is told to.
    token = (
        "" if os.environ.get("RAY_AUTH_MODE") else "; if it asks for a token, RAY_AUTH_MODE=token"
    )
    head = "is its head up (`ray start --head`), and its port open?"
    return f"no Ray answers at {address}: {lines[0]}{token}; {head}"
