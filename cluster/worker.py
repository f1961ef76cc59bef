"""How one order becomes a picture: decode, load the network, dream or style, encode.

No Ray here: the Ray actor and the inline backend both drive this class. A worker reads and writes
no files and downloads nothing; it keeps the networks it has loaded, for orders to come.
"""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import time
import traceback
import warnings
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

# Read by cuBLAS when it starts; without it a matrix product on a GPU may differ between two runs.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

import torch
from torch import Tensor

from cluster.budget import budgets
from cluster.gangs import Address, BrokenGangError, Company, joined, out_of_memory
from cluster.overheard import bound, overheard
from cluster.pacing import Pacer, Throttle
from cluster.recording import diverged, recorded
from cluster.records import (
    Attended,
    Broken,
    Done,
    Failed,
    Handle,
    Order,
    Record,
    Seat,
    Started,
    Stopped,
    Style,
)
from cluster.shelf import AlteredWeightsError, verified
from jobs import recipe
from jobs.cells import metadata
from jobs.curves import Curve
from jobs.messages import Cause
from renderer import atlas, checkpoints, dream, heap, images, networks, style
from renderer.atlas import Cell
from renderer.errors import CheckpointError, DivergedError, ReverieError
from renderer.events import Artefact, Checkpoint, Event, Progress
from renderer.footprint import SMALLEST_TILE_PX, Layouts, room, surely_fits
from renderer.images import Picture
from renderer.making import Making
from renderer.memory import Memory
from renderer.networks import Network
from renderer.offload import Offload
from renderer.precision import BFLOAT16, FLOAT32, allow_tf32, dtype_of, resolved
from renderer.settings import AtlasSettings, DreamSettings, Settings, StyleSettings
from renderer.weights import Weights
from renderer.wishes import Granter, Wish

T = TypeVar("T")

BATCH_SHARE = 0.7
"""Of a GPU's free memory, what the pictures of a batch may take by their footprints."""

ATLAS_SHARE = 0.6
"""Of a GPU's free memory, what the channels of an atlas may take by the estimate."""

WHOLE = 1 << 32
"""Stands for no tiles at all where sides of tiles are compared."""

TRACEBACK_BYTES = 64 * 2**10
"""Of a traceback, no more is told."""

LINGER_S = 1.0
"""How long freed memory is kept for the next task, which would have its pages cleared anew."""

NETWORKS_KEPT = 3
"""Networks a worker keeps loaded: jobs switch between a dreaming and a styling one."""


class Renderer:
    """Renders one order after another on one device, of whose memory it has a ``share``.

    It keeps the last networks that it loaded, and what its renderings had in common.

    ``fetch`` turns a handle into its value: the weights, or a style picture's bytes. ``stop`` may
    be called from any thread, everything else from one.
    """

    def __init__(
        self,
        *,
        device: str = "cpu",
        node: str = "",
        fetch: Callable[[Handle], Any] = lambda handle: handle,
        share: float = 1.0,
    ) -> None:
        self.device = torch.device(device)
        self.node = node or socket.gethostname()
        self._fetch, self._share = fetch, share
        self._networks: OrderedDict[tuple[str, str, str, str], Network] = OrderedDict()
        self._sound: set[tuple[str, str, str]] = set()  # weights that were looked at
        self._memory = Memory()
        self._stopping: set[str] = set()  # tasks that are to end
        self.granter = Granter(self._room_bytes)

    def wishing(self, order: Order) -> Generator[Record | Wish, None, None]:
        """The records of one attempt among others, and its wishes (``cluster.lockstep``)."""
        return renewed(self._attempt(order, wishes=True), order, self.device)

    def render(
        self, order: Order, seat: Seat | None = None, address: Address | None = None
    ) -> Generator[Record, None, None]:
        """The records of one attempt, to the ``cluster.records.Last`` of them.

        With a ``seat`` others render the picture with this one; they meet at the ``address``.
        """
        with contextlib.closing(self._attempt(order, seat, address)) as records:
            for record in records:
                if not isinstance(record, Wish):
                    yield record

    def _attempt(
        self,
        order: Order,
        seat: Seat | None = None,
        address: Address | None = None,
        *,
        wishes: bool = False,
    ) -> Generator[Record | Wish, None, None]:
        answer = self._answer(order, seat, address, wishes=wishes)
        yield from overheard(answer, self.node)

    def _answer(
        self, order: Order, seat: Seat | None, address: Address | None, *, wishes: bool
    ) -> Generator[Record | Wish, None, None]:
        try:
            order = precise(order, self.device)
            be_deterministic(order.threads)
            yield Started(self.node, os.getpid(), str(self.device), order.threads, order.precision)
            with heap.kept(linger_s=LINGER_S), joined(seat, address, self.device) as company:
                if not company.least(order.precision != FLOAT32):  # as whoever can do least
                    order = precise(replace(order, precision=FLOAT32), self.device)
                allow_tf32(order.precision != FLOAT32)
                yield from self._render(order, company, wishes=wishes)
        except BrokenGangError as error:
            yield Broken(str(error), self.node)
        except Exception as error:  # the border: whatever goes wrong is told, with its cause
            told = failure(error, self.node, order.settings)
            if told.cause is Cause.OUT_OF_MEMORY:
                self._make_room()
            yield told
        finally:
            self._stopping.discard(order.task)

    def stop(self, task: str) -> None:
        """End a task's rendering after its present iteration, with a last checkpoint."""
        self._stopping.add(task)

    def _render(
        self, order: Order, company: Company, *, wishes: bool
    ) -> Generator[Record | Wish, None, None]:
        if not company.leads:
            self._attend(order, company)
            yield Attended()
            return
        began = time.monotonic()
        throttle = Throttle()
        picture: Picture = yield from aside(lambda: opened(order))

        def stopping() -> bool:
            return order.task in self._stopping

        done = order.resume.iteration if order.resume else 0
        curve = Curve(order.pace.losses, past=order.curve, done=done)
        due = Pacer(order.pace, at_once=stopping).wanted
        hooks: dict[str, Any] = {
            "fetch_losses": lambda: throttle.wanted() | curve.wanted(),  # both are asked
            "checkpoint": lambda: company.decide(due, stopping),
            "wishes": wishes,
        }
        hooks |= self._means(order, picture.size, company)
        steps = self._steps(order, picture, hooks, company)
        rendered = yield from told(recorded(steps, curve), throttle, lambda: company.stopped)
        if rendered is None:
            yield Stopped()
            return
        pixels, last = rendered
        check_finite(pixels, last.iterations)
        result = Picture(pixels.detach().to("cpu", torch.float32), picture.alpha)
        frame, carry = yield from aside(lambda: encoded(result, order, tiled(order, hooks)))
        yield Done(
            frame=frame,
            carry=carry,
            size=(pixels.shape[2], pixels.shape[3]),
            iterations=last.iterations,
            losses=last.losses,
            seconds=time.monotonic() - began,
            resumed=done,
        )

    def _attend(self, order: Order, company: Company) -> None:
        """Render a part of a picture, to the end or until the leader stops; it tells all."""
        hooks: dict[str, Any] = {
            "fetch_losses": lambda: False,
            "checkpoint": lambda: company.decide(lambda: False, lambda: False),
        }
        picture = opened(order)
        hooks |= self._means(order, picture.size, company)
        steps, left = self._steps(order, picture, hooks, company), 1
        for event in steps:
            if isinstance(event, Progress):
                left = event.iterations - event.iteration
            elif isinstance(event, Checkpoint) and company.stopped and left:
                steps.close()

    def _steps(
        self, order: Order, picture: Picture, asked: Mapping[str, Any], company: Company
    ) -> Generator[Event, None, Tensor]:
        network, pixels = self.network(order), picture.pixels.to(self.device)
        hooks: Any = {
            **asked,
            "seed": order.seed,
            "resume": None if order.resume is None else checkpoints.unpack(order.resume.data),
        }
        if order.frames is not None:
            hooks["frames"] = Making(order.frames, picture.size, picture.alpha)
        if isinstance(order.settings, AtlasSettings):
            del hooks["wishes"]  # it has batches of its own
            hooks |= {"at_once": at_once(order, self.device), "ready": order.ready}
            return atlas.steps(network, order.settings, encode=cell_encoder(order), **hooks)
        hooks["memory"] = self._memory.within(*_circumstances(order))
        if company.count > 1:  # what one of them recalled and another didn't would part them
            hooks |= {"gang": company.gang, "memory": None}
        if isinstance(order.settings, DreamSettings):
            aids = self._decoded(order.pictures)
            return dream.steps(pixels, network, order.settings, pictures=aids, **hooks)
        styles = [one.pixels.to(self.device) for one in self._decoded(order.styles)]
        start = images.unpack(order.start).pixels.to(self.device) if order.start else None
        hooks |= {"start": start, "replays": not order.careful}
        return style.steps(pixels, styles, network, order.settings, **hooks)

    def _decoded(self, given: Sequence[Style]) -> list[Picture]:
        """The pictures behind some handles."""
        return [
            images.decode(self._fetch(one.data), name=one.name, frame=one.frame) for one in given
        ]

    def _means(self, order: Order, size: tuple[int, int], company: Company) -> dict[str, Any]:
        """The tiles of what is exact in any, and what of a style transfer is kept in memory.

        Where several render it, it is a member's part that memory is to bear, of whoever has least.
        """
        if isinstance(order.settings, AtlasSettings):
            return {}
        budgeted = self._budgets(order)
        layouts = self._layouts(order, size, company.count)
        own = self._tile_px(order, size, layouts)
        tile_px = company.least(own or WHOLE) % WHOLE or None
        if layouts is None:
            return {"tile_px": tile_px}
        one = layouts.at(tile_px)
        if order.tile_px is None and not order.squeezed:
            one = layouts.filled(one, budgeted[self.device.type])
        offload = Offload(room(one, budgeted))
        return {"tile_px": tile_px, "graphs": one.graphs, "offload": offload}

    def _layouts(self, order: Order, size: tuple[int, int], shards: int) -> Layouts | None:
        """How a style transfer can be cut; None for what is none, or fits without a look."""
        settings, budget = order.settings, self._budgets(order)[self.device.type]
        if not isinstance(settings, StyleSettings) or surely_fits(settings, size, budget):
            return None
        return Layouts.of(self.network(order), settings, size, shards=shards)

    def _tile_px(self, order: Order, size: tuple[int, int], layouts: Layouts | None) -> int | None:
        """As asked for, or as memory bears; half where it didn't."""
        tile_px, budget = order.tile_px, self._budgets(order)[self.device.type]
        if tile_px is None and isinstance(order.settings, DreamSettings):
            tile_px = dream.tile_for(self.network(order), order.settings, size, budget)
        elif tile_px is None and layouts is not None:
            tile_px = layouts.best(budget).tile_px
        if order.squeezed:
            tile_px = max(SMALLEST_TILE_PX, (tile_px or max(size)) >> order.squeezed)
        return tile_px

    def _budgets(self, order: Order) -> dict[str, float]:
        return budgets(self.device, threads=order.threads, share=self._share)

    def _room_bytes(self) -> float:
        """What a batch of pictures may take now, beside what there is already."""
        if self.device.type != "cuda":
            return budgets(self.device, threads=torch.get_num_threads())["cpu"]
        free, _ = torch.cuda.mem_get_info(self.device)
        kept = torch.cuda.memory_reserved(self.device) - torch.cuda.memory_allocated(self.device)
        return BATCH_SHARE * (free + kept)

    def _make_room(self) -> None:
        """Give back what is only kept for orders to come."""
        self._networks.clear()
        self._memory.clear()
        heap.give_back()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def network(self, order: Order) -> Network:
        """The order's network, built as deep as it needs; the last few stay loaded."""
        order = precise(order, self.device)
        key = _network_key(order)
        if key not in self._networks:
            self._networks[key] = networks.load(
                networks.entry(order.settings.network),
                order.until,
                self._verified(order),
                device=str(self.device),
                dtype=dtype_of(order.precision),
            )
            if len(self._networks) > NETWORKS_KEPT:
                self._networks.popitem(last=False)
        self._networks.move_to_end(key)
        return self._networks[key]

    def _verified(self, order: Order) -> Weights:
        """The order's weights, once it is known that they are those that it was planned with."""
        key = (order.settings.network, order.until, order.digest)
        weights: Weights = self._fetch(order.weights)
        if key not in self._sound:
            verified(weights, order.until, order.digest)
            self._sound.add(key)
        return weights


def _network_key(order: Order) -> tuple[str, str, str, str]:
    return order.settings.network, order.until, order.digest, order.precision


def _circumstances(order: Order) -> tuple[Hashable, ...]:
    """What decides the bits of a network's activations, beside the picture."""
    return (*_network_key(order), order.threads)


def tiled(order: Order, hooks: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is written into a picture: also the tiles that were chosen for it."""
    tile_px = hooks.get("tile_px")
    return order.metadata if tile_px is None else {**(order.metadata or {}), recipe.TILE: tile_px}


def precise(order: Order, device: torch.device) -> Order:
    """The order in one precision, float32 or bfloat16: its own, or what its settings mean here.

    Where that isn't what the settings say, the picture's metadata do.
    """
    if isinstance(order.settings, AtlasSettings):
        return replace(order, precision=FLOAT32)
    asked = order.settings.precision
    precision = order.precision or resolved(asked, device)
    if precision == asked:
        return replace(order, precision=precision)
    return replace(
        order,
        precision=precision,
        settings=replace(order.settings, precision=precision),
        metadata={**(order.metadata or {}), recipe.PRECISION: precision},
    )


def told(
    steps: Generator[Event, None, Tensor], throttle: Throttle, stopping: Callable[[], bool]
) -> Generator[Event, None, tuple[Tensor, Progress] | None]:
    """Pass on checkpoints, artefacts, wishes and wanted iterations; the result and the last one.

    None where it was stopped; the checkpoint of that iteration came before. After the very last
    iteration the result itself comes, and no checkpoint. Raises DivergedError.
    """
    last = Progress(0, 0)
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return end.value, last
        if isinstance(event, Progress):
            throttle.seen(event)
            check_losses(event)
            if throttle.open:
                last = event
                yield event
        elif isinstance(event, Artefact | Wish):
            yield event
        elif throttle.left != 0:
            check_finite(checkpoints.image(event.data), event.iteration)
            yield event
            if stopping():
                steps.close()
                return None


def renewed(
    records: Generator[Record | Wish, None, None], order: Order, device: torch.device
) -> Generator[Record | Wish, None, None]:
    """An attempt that sets what is the whole process's each time it goes on: others set it, too."""
    in_tf32 = functools.partial(allow_tf32, precise(order, device).precision != FLOAT32)
    with contextlib.closing(records):
        while True:
            in_tf32()
            try:
                item = next(records)
            except StopIteration:
                return
            if isinstance(item, Wish):
                item.before = in_tf32
            yield item


def aside(work: Callable[[], T]) -> Generator[Wish, None, T]:
    """What some work comes to that needs no device."""
    wish = Wish(bound(work), aside=True)
    yield wish
    return wish.get()  # type: ignore[no-any-return]


def encoded(
    result: Picture, order: Order, settings: Mapping[str, Any] | None
) -> tuple[bytes, bytes | None]:
    """A result's frame, and its pack for the tasks that need it."""
    frame = images.encode(result, format=order.format, settings=settings)
    return frame, images.pack(result) if order.carries else None


def check_losses(progress: Progress) -> None:
    """Raise DivergedError if a loss is no finite number."""
    if wrong := diverged(progress):
        raise DivergedError(
            f"the losses are no longer finite at iteration {progress.iteration} of "
            f"{progress.iterations} ({', '.join(wrong)})"
        )


def check_finite(pixels: Tensor, iteration: int) -> None:
    """Raise DivergedError if a picture has values that are no finite numbers."""
    if not bool(torch.isfinite(pixels).all()):
        raise DivergedError(f"the picture is no longer finite after iteration {iteration}")


def at_once(order: Order, device: torch.device) -> int:
    """Channels of an atlas to render in one batch: on a CPU one, on a GPU as memory goes."""
    if device.type != "cuda" or not isinstance(order.settings, AtlasSettings):
        return 1
    from jobs.estimate import channel_bytes

    free_bytes, _ = torch.cuda.mem_get_info(device)
    return max(1, int(free_bytes * ATLAS_SHARE / channel_bytes(order.settings, order.until)))


def cell_encoder(order: Order) -> Callable[[Cell], bytes]:
    """What makes files of an atlas's cells: PNGs that say what they are (jobs.cells)."""

    def encode(cell: Cell) -> bytes:
        told = metadata(order.metadata or {}, cell, order.cells[cell.channel])
        return images.encode(Picture(cell.pixels), settings=told)

    return encode


def opened(order: Order) -> Picture:
    """The picture an order begins with: a source at the order's size, or a pack as it is.

    An atlas begins with none: one black pixel stands for it.
    """
    if isinstance(order.settings, AtlasSettings):
        return Picture(torch.zeros(1, 3, 1, 1))
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
    # It would also fill all new memory, so that whoever reads it too early is found: a pass over
    # every activation, of 1 to 4 % of a step's time.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    warnings.filterwarnings("ignore", message=".*deterministic", module="torch")
    torch.backends.cudnn.benchmark = False


def failure(error: Exception, node: str, settings: Settings) -> Failed:
    """What is told of an error: its cause, one line, and the traceback for those who ask."""
    cause = cause_of(error)
    if isinstance(error, DivergedError) and _in_bfloat16(settings):
        cause = Cause.DIVERGED
    message = str(error) if isinstance(error, ReverieError) else one_line(error)
    return Failed(
        cause=cause,
        message=message + advice(error, cause, settings),
        node=node,
        traceback=bounded("".join(traceback.format_exception(error))),
    )


def bounded(text: str) -> str:
    """A traceback, without its middle where it is very long."""
    left_out = len(text) - TRACEBACK_BYTES
    if left_out <= 0:
        return text
    half = TRACEBACK_BYTES // 2
    return f"{text[:half]}\n... {left_out} characters are left out here ...\n{text[-half:]}"


def advice(error: Exception, cause: Cause, settings: Settings) -> str:
    """What to change where a setting is at fault, to append to the message.

    A dream's tiles are not changed by themselves: they decide its pixels.
    """
    if cause is Cause.DIVERGED:
        return "; in float32 they may be"
    if isinstance(error, DivergedError):
        weights = f" or {weights_of(settings)}" if isinstance(settings, StyleSettings) else ""
        return f"; lower step_size (now {settings.step_size:g}){weights}, and look at the picture"
    if cause is Cause.OUT_OF_MEMORY:
        smaller = "style_max_size"
        if isinstance(settings, AtlasSettings):
            smaller = f"images (now {settings.images})"
        elif isinstance(settings, DreamSettings):
            smaller = f"tile_size (now {settings.tile_size} px)"
        return f"; memory ran out: render fewer tasks side by side, or lower size or {smaller}"
    return ""


def _in_bfloat16(settings: Settings) -> bool:
    return not isinstance(settings, AtlasSettings) and settings.precision == BFLOAT16


def weights_of(settings: StyleSettings) -> str:
    """A style transfer's weights in words."""
    names = ("weight_content", "weight_style", "weight_denoise")
    return ", ".join(f"{name} {getattr(settings, name):g}" for name in names)


def cause_of(error: Exception) -> Cause:
    """Which budget of retries an error inside a task draws on; one of our own would only recur."""
    elsewhere = isinstance(error, CheckpointError | AlteredWeightsError)  # it may go well
    if isinstance(error, ReverieError) and not elsewhere:
        return Cause.INPUT
    return Cause.OUT_OF_MEMORY if out_of_memory(error) else Cause.ERROR


def one_line(error: Exception) -> str:
    """An unforeseen error in one line: its type and the first line of its text."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
