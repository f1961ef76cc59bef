"""What will style transfers take of a worker? Tiles, memory and time, in words and as data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cluster.phrases import duration, plural

if TYPE_CHECKING:
    from cluster.launch import Job
    from cluster.resources import Allotment
    from jobs.hindsight import Hindsight
    from jobs.styling import Means, Styling

LISTED = 4
"""More kinds of transfers than that are too many to read."""


def means(job: Job, allotted: Allotment, *, measure: bool = True) -> Means:
    """What each worker of a job has for a style transfer on this machine."""
    import torch

    from cluster.budget import budgets
    from jobs.styling import Means

    gpu = job.resources.gpus != 0 and torch.cuda.is_available()
    device = torch.device("cuda" if gpu else "cpu")
    share = 1 / job.resources.tasks_per_gpu
    return Means(
        budget_bytes=budgets(device, threads=allotted.threads, share=share)[device.type],
        threads=allotted.threads,
        device=device.type,
        tile_px=job.resources.tile,
        shards=allotted.shards,
        measure=measure,
        told=_measuring,
    )


def style_lines(stylings: Iterable[Styling]) -> list[str]:
    """What transfers come to, one line for each kind, and what is unwise in them."""
    kinds = list(dict.fromkeys(stylings))
    lines = [_line(one) for one in kinds[:LISTED]]
    if len(kinds) > LISTED:
        lines.append(f"and {len(kinds) - LISTED} more kinds of style transfers (--json has all)")
    warnings = dict.fromkeys(warning for one in kinds for warning in one.warnings)
    return lines + list(warnings)


def hindsight_lines(found: Hindsight | None) -> list[str]:
    """What finished transfers took beside what is foretold of them, in words."""
    if found is None:
        return []
    took, foretold = duration(found.took_seconds), duration(found.foretold_seconds)
    return [
        f"{plural(found.tasks, 'finished style transfer')} took {took}; foretold were {foretold} "
        f"({found.off:+.0%})"
    ]


def styles_data(stylings: Mapping[str, Styling]) -> dict[str, Any]:
    """The same as plain data, by task."""
    return {
        task: {
            "size": list(one.size),
            "tile": one.arrangement.tile_px,
            "pieces": one.arrangement.pieces,
            "runs": one.arrangement.runs,
            "shards": one.means.shards,
            "memory_bytes": one.memory_bytes,
            "file_bytes": one.file_bytes,
            "seconds": one.seconds,
            "warnings": list(one.warnings),
        }
        for task, one in stylings.items()
    }


def _line(one: Styling) -> str:
    how = one.arrangement
    tiles = "whole"
    if how.pieces > 1:
        tiles = f"in {how.pieces:,} tiles of up to {how.tile_px} px (every pixel is run "
        tiles += f"{how.runs:.2f} times)"
    if one.means.shards > 1:
        tiles = f"in {plural(one.means.shards, 'shard')}, each {tiles}"
    time = "" if one.seconds is None else f", roughly {duration(one.seconds)}"
    memory = f"{one.memory_bytes / 2**20:,.0f} MB"
    if one.file_bytes > 0:
        memory += f" and {one.file_bytes / 2**20:,.0f} MB in a temporary file"
    width, height = one.size[1], one.size[0]
    return f"style: {width} x {height} px {tiles}, {memory}{time}"


def _measuring(network: str) -> None:
    sys.stderr.write(f"measuring how fast {network} is here (once)\n")
