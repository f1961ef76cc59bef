"""How one order becomes a picture: decode, load the network, dream or style, encode.

No Ray here: the Ray actor and the inline backend both drive this class. A worker reads and writes
no files and downloads nothing; it keeps the networks it has loaded, for orders to come.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator
from typing import Any

# Read by cuBLAS when it starts; without it a matrix product on a GPU may differ between two runs.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch
from torch import Tensor

from cluster.records import Done, Failed, Handle, Order, Record, Started
from jobs.messages import Cause
from renderer import dream, images, networks, style
from renderer.errors import ReverieError
from renderer.events import Event, Progress
from renderer.images import Picture
from renderer.networks import Network
from renderer.settings import DreamSettings

PROGRESS_S = 0.2
"""Least time between two progress records: five a second are enough to watch."""

NETWORKS_KEPT = 3
"""Networks a worker keeps loaded: jobs switch between a dreaming and a styling one."""


class Renderer:
    """Renders one order after another on one device, and keeps the last networks it loaded.

    ``fetch`` turns a handle into its value: the weights, or a style picture's bytes.
    """

    def __init__(
        self,
        *,
        device: str = "cpu",
        node: str = "",
        fetch: Callable[[Handle], Any] = lambda handle: handle,
    ) -> None:
        self.device = torch.device(device)
        self.node = node or socket.gethostname()
        self._fetch = fetch
        self._networks: OrderedDict[tuple[str, str, str], Network] = OrderedDict()

    def render(self, order: Order) -> Generator[Record, None, None]:
        """The records of one attempt; the last is a ``Done`` or a ``Failed``."""
        try:
            yield from self._render(order)
        except Exception as error:  # the border: whatever goes wrong is told, with its cause
            yield failure(error, self.node)

    def _render(self, order: Order) -> Generator[Record, None, None]:
        began = time.monotonic()
        be_deterministic(order.threads)
        yield Started(self.node, os.getpid(), str(self.device), order.threads)
        picture, throttle = opened(order), Throttle()
        steps = self._steps(order, picture.pixels.to(self.device), throttle)
        pixels, last = yield from throttled(steps, throttle)
        result = Picture(pixels.detach().to("cpu", torch.float32), picture.alpha)
        yield Done(
            frame=images.encode(result, format=order.format, settings=order.metadata),
            carry=images.pack(result) if order.carries else None,
            size=(pixels.shape[2], pixels.shape[3]),
            iterations=last.iterations,
            losses=last.losses,
            seconds=time.monotonic() - began,
        )

    def _steps(
        self, order: Order, pixels: Tensor, throttle: Throttle
    ) -> Generator[Event, None, Tensor]:
        network = self.network(order)
        if isinstance(order.settings, DreamSettings):
            return dream.steps(
                pixels, network, order.settings, seed=order.seed, fetch_losses=throttle.wanted
            )
        styles = [
            images.decode(self._fetch(s.data), name=s.name, frame=s.frame).pixels.to(self.device)
            for s in order.styles
        ]
        return style.steps(
            pixels, styles, network, order.settings, seed=order.seed, fetch_losses=throttle.wanted
        )

    def network(self, order: Order) -> Network:
        """The order's network, built as deep as it needs; the last few stay loaded."""
        key = (order.settings.network, order.until, order.digest)
        if key not in self._networks:
            self._networks[key] = networks.load(
                networks.entry(order.settings.network),
                order.until,
                self._fetch(order.weights),
                device=str(self.device),
            )
            if len(self._networks) > NETWORKS_KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(key)
        return self._networks[key]


class Throttle:
    """Decides which iterations are told: the first, the last, and between them by the clock."""

    def __init__(self, *, every_s: float = PROGRESS_S) -> None:
        self._every_s = every_s
        self._next = 0.0
        self._step = 0
        self._steps = 0
        self.open = False

    def wanted(self) -> bool:
        """Whether the iteration that ends now will be told (asked once for each)."""
        now = time.monotonic()
        self._step += 1
        self.open = now >= self._next or self._step == self._steps
        if self.open:
            self._next = now + self._every_s
        return self.open

    def seen(self, progress: Progress) -> None:
        """Learn from an iteration how many there will be."""
        self._steps = progress.iterations


def throttled(
    steps: Generator[Event, None, Tensor], throttle: Throttle
) -> Generator[Progress, None, tuple[Tensor, Progress]]:
    """Pass on the iterations that are told; returns the result and the last of them."""
    last = Progress(0, 0)
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value, last
        if isinstance(event, Progress):
            throttle.seen(event)
            if throttle.open:
                last = event
                yield event


def opened(order: Order) -> Picture:
    """The picture an order begins with: a source at the order's size, or a pack as it is."""
    if order.packed:
        return images.unpack(order.picture)
    picture = images.decode(order.picture, name=order.name, frame=order.frame)
    return images.fit(picture, order.size)


def be_deterministic(threads: int) -> None:
    """Fix what would make two renderings of one task differ on one kind of device.

    Sums over threads depend on their number, so it belongs to the order. Where a GPU knows no
    deterministic way the operation goes on with the one it has, and its warning says nothing that
    a user could act on.
    """
    torch.set_num_threads(threads)
    # The same as use_deterministic_algorithms(True, warn_only=True), which imports torch's compiler
    # first: two seconds.
    torch.set_deterministic_debug_mode("warn")
    warnings.filterwarnings("ignore", message=".*deterministic", module="torch")
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def failure(error: Exception, node: str) -> Failed:
    """What is told of an error: its cause, one line, and the traceback for those who ask."""
    return Failed(
        cause=cause_of(error),
        message=str(error) if isinstance(error, ReverieError) else one_line(error),
        node=node,
        traceback="".join(traceback.format_exception(error)),
    )


def cause_of(error: Exception) -> Cause:
    """Which budget of retries an error inside a task draws on; one of our own would only recur."""
    if isinstance(error, ReverieError):
        return Cause.INPUT
    # torch tells of exhausted host memory by a plain RuntimeError of its allocator.
    exhausted = isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)
    )
    return Cause.OUT_OF_MEMORY if exhausted else Cause.ERROR


def one_line(error: Exception) -> str:
    """An unforeseen error in one line: its type and the first line of its text."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
