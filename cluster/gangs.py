"""How do workers meet to render one picture, and how do they stay together?

The leader hosts the meeting: a store at which the members find each other, for one attempt. They
join to a process group of torch.distributed (gloo on CPUs; on GPUs NCCL, with gloo for what is no
tensor of theirs), and leave it at the end, whatever that is. Nothing listens beyond this machine
unless the cluster has more than one.

In every iteration the leader tells its decision, and all follow alike: on, leave a checkpoint, or
leave one and stop. A member that goes breaks the group for all (``BrokenGangError``); one that only
falls silent does so after ``PEERS_S``, if the driver, which watches the leader, doesn't act before.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from enum import IntEnum

import torch
import torch.distributed as dist
from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

from cluster.records import Seat
from renderer import gang as communication
from renderer.errors import ClusterError
from renderer.gang import Gang

Address = tuple[str, int]

LOOPBACK = "127.0.0.1"
PEERS_S = 1800.0
"""Longest that a member waits for the others, in any one exchange."""


class BrokenGangError(ClusterError):
    """This worker can't go on: another one, that renders with it, has gone, failed or is silent."""


class Decision(IntEnum):
    """What the leader decides at the end of an iteration."""

    ON = 0
    CHECKPOINT = 1
    STOP = 2  # after a checkpoint


class Meeting:
    """Where the members of one attempt find each other: a store in this process, the leader's."""

    def __init__(self, host: str) -> None:
        # Bound here, since the store itself would listen on all of the machine's addresses.
        listening = socket.create_server((host, 0))
        self.address: Address = (host, listening.getsockname()[1])
        self._store = TCPStore(
            *self.address,
            is_master=True,
            wait_for_workers=False,
            timeout=timedelta(seconds=PEERS_S),
            master_listen_fd=listening.detach(),
        )


class Company:
    """A worker among those that render a picture together, or by itself (``seat`` None)."""

    def __init__(self, seat: Seat | None = None) -> None:
        self.gang = Gang(None if seat is None else dist.group.WORLD)
        self.count = 1 if seat is None else seat.count
        self.leads = seat is None or seat.rank == 0
        self.stopped = False

    def decide(self, due: Callable[[], bool], stopping: Callable[[], bool]) -> bool:
        """Whether all leave a checkpoint now. The leader decides by what it asks; others heed it.

        ``stopped`` says from then on whether they are to stop after it.
        """
        decision = Decision.ON
        if self.leads:
            stop, wanted = stopping(), due()
            decision = Decision.STOP if stop else Decision(wanted)
        decision = Decision(self._told(int(decision)))
        self.stopped = decision is Decision.STOP
        return decision is not Decision.ON

    def least(self, number: int) -> int:
        """The least of the numbers that all members have."""
        return self._agreed(number, lambda told: dist.all_reduce(told, dist.ReduceOp.MIN))

    def _told(self, number: int) -> int:
        """The leader's number."""
        return self._agreed(number, lambda told: dist.broadcast(told, 0))

    def _agreed(self, number: int, agree: Callable[[torch.Tensor], object]) -> int:
        if self.count > 1:
            told = torch.tensor([number])  # on the CPU: no GPU need be waited for
            with unbroken():
                agree(told)
            number = int(told)
        return number


@contextlib.contextmanager
def joined(seat: Seat | None, address: Address | None, device: torch.device) -> Iterator[Company]:
    """A worker's company while it renders. Raises BrokenGangError where another one breaks it."""
    if seat is None or address is None:
        yield Company()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    with unbroken(), _listening(address[0], seat):
        wait = timedelta(seconds=PEERS_S)
        store = TCPStore(*address, is_master=False, timeout=wait)
        dist.init_process_group(
            "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo",
            store=PrefixStore(seat.name, store),
            rank=seat.rank,
            world_size=seat.count,
            timeout=wait,
        )
    try:
        with unbroken(within=communication.__file__):
            yield Company(seat)
    finally:
        dist.destroy_process_group()


@contextlib.contextmanager
def unbroken(*, within: str = "") -> Iterator[None]:
    """Errors of communication become BrokenGangError: all, or those that came from ``within``."""
    try:
        yield
    except RuntimeError as error:  # gloo and NCCL have no kind of their own
        files = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
        if out_of_memory(error) or (within and within not in files):
            raise
        line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BrokenGangError(f"a worker that rendered with this one is gone: {line}") from error


def out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on the device or, as torch tells it, on the host."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )


@contextlib.contextmanager
def _listening(host: str, seat: Seat) -> Iterator[None]:
    """Has gloo, and NCCL where nobody else takes part, listen on the interface of an address."""
    before = os.environ.get("GLOO_SOCKET_IFNAME")
    name = before or interface(LOOPBACK if seat.alone else own_address(host))
    if name:
        os.environ["GLOO_SOCKET_IFNAME"] = name
    if seat.alone:
        os.environ.setdefault("NCCL_SOCKET_IFNAME", name)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("GLOO_SOCKET_IFNAME", None)


def own_address(other: str) -> str:
    """The address that this machine has towards another one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as towards:
        towards.connect((other, 9))  # nothing is sent
        return str(towards.getsockname()[0])


def interface(address: str) -> str:
    """The name of the network interface that has an address; empty where none is found."""
    get_address = 0x8915  # SIOCGIFADDR
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            request = struct.pack("256s", name.encode()[:15])
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asking, get_address, request)
                if socket.inet_ntoa(answer[20:24]) == address:
                    return name
    return ""
