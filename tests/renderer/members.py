"""A process that renders pictures together with others, for the tests of renderer.gang.

``main`` takes the cases from a file and leaves what this member has come to beside it; ``serve``
takes them from a pipe, one at a time.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from renderer import dream, networks, style
from renderer.checkpoints import State, unpack
from renderer.events import Checkpoint, Progress
from renderer.gang import Gang, Traffic
from renderer.networks import Network
from renderer.settings import DreamSettings, StyleSettings


@dataclass(frozen=True)
class Case:
    """A style transfer or a dream by the first ``members`` processes."""

    members: int
    size: tuple[int, int]
    settings: StyleSettings | DreamSettings
    tile_px: int | None = None
    resumed: bool = False  # goes on from the checkpoint that the case before left


@dataclass(frozen=True)
class Outcome:
    """The picture and the losses of each step."""

    image: Tensor
    losses: list[tuple[float, ...]]
    checkpoint: State | None
    traffic: Traffic


def network(name: str, until: str) -> Network:
    """Random weights, always the same, in float64."""
    torch.manual_seed(0)
    return networks.build(networks.entry(name), until).double()


def pictures(size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """A content of the size, and a style picture."""
    generator = torch.Generator().manual_seed(1)
    content = 255 * torch.rand(1, 3, *size, dtype=torch.float64, generator=generator)
    painting = 255 * torch.rand(1, 3, 57, 43, dtype=torch.float64, generator=generator) ** 2
    return content, painting


def render(case: Case, until: str, gang: Gang | None, resume: State | None = None) -> Outcome:
    """What one member comes to; None as the gang renders alone."""
    content, painting = pictures(case.size)
    hooks: Any = {
        "seed": 3,
        "gang": gang,
        "tile_px": case.tile_px,
        "resume": resume,
        "checkpoint": lambda: True,
    }
    built = network(case.settings.network, until)
    if isinstance(case.settings, DreamSettings):
        steps = dream.steps(content, built, case.settings, **hooks)
    else:
        steps = style.steps(content, [painting], built, case.settings, **hooks)
    losses: list[tuple[float, ...]] = []
    kept = None
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            return Outcome(end.value, losses, kept, (gang or Gang()).traffic)
        if isinstance(event, Progress):
            losses.append(tuple(dict(event.losses).values()))
        elif isinstance(event, Checkpoint):
            kept = unpack(event.data)


def main(rank: int, count: int, port: int, folder: Path) -> None:
    """Render all cases that this member takes part in."""
    groups = joined(rank, count, port)
    found: list[Outcome | None] = []
    cases: list[tuple[Case, str]] = torch.load(folder / "cases", weights_only=False)
    for case, until in cases:
        before = found[-1].checkpoint if case.resumed and found and found[-1] else None
        gang = Gang(groups[case.members]) if rank < case.members else None
        found.append(None if gang is None else render(case, until, gang, before))
    torch.save(found, folder / f"result-{rank}")
    dist.destroy_process_group()


def serve(rank: int, count: int, port: int, orders: Connection) -> None:
    """Render case after case, as they come, until None comes."""
    groups = joined(rank, count, port)
    while (order := orders.recv()) is not None:
        case, until = order
        found = render(case, until, Gang(groups[case.members])) if rank < case.members else None
        orders.send_bytes(pickle.dumps(found))
    dist.destroy_process_group()


def joined(rank: int, count: int, port: int) -> dict[int, dist.ProcessGroup]:
    """The groups of the first one, two, ... processes, all of which call this."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        init_method=f"tcp://127.0.0.1:{port}",
        rank=rank,
        world_size=count,
        timeout=timedelta(seconds=60),
    )
    return {n: dist.new_group(list(range(n))) for n in range(1, count + 1)}
