"""What in a plan is allowed, and yet hardly what its user wants? Told before it is rendered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

from jobs.plan import Plan
from renderer.scales import scales
from renderer.settings import StyleSettings
from renderer.targets import shares

UNLIKE = 4
"""Times as many positions as its paintings, or as few, a picture has where sums go wrong."""

MOST = 3
"""More lines than that nobody reads."""

Size = tuple[int, int]


def cautions(plan: Plan) -> tuple[str, ...]:
    """Those of all its tasks, a line each; of many the first few."""
    sizes = plan.sizes
    kinds = dict.fromkeys(
        (task.settings, sizes[task.id], tuple(style.size for style in task.styles))
        for task in plan.tasks
        if isinstance(task.settings, StyleSettings) and task.id in sizes  # others have no frame
    )
    lines = dict.fromkeys(line for kind in kinds if (line := unlike(*kind)))
    return tuple(islice(lines, MOST))


def unlike(settings: StyleSettings, size: Size, paintings: Sequence[Size]) -> str:
    """Of Gram matrices summed over a picture and over ``paintings`` of quite other sizes."""
    if settings.gram != "sum":
        return ""
    own, theirs = math.prod(size), _compared_px(settings, size, paintings)
    if theirs / UNLIKE <= own <= theirs * UNLIKE:
        return ""
    times, looks = (own / theirs, "weaker") if own > theirs else (theirs / own, "stronger")
    return (
        f"style.gram: sum asks a picture of {own / 1e6:.2g} MP for what its painting of "
        f"{theirs / 1e6:.2g} MP adds up to, so each position is styled {times:.0f} times {looks}; "
        "better: gram: mean, or style_scale: 1"
    )


def _compared_px(settings: StyleSettings, size: Size, paintings: Sequence[Size]) -> float:
    """The pixels of the paintings as they are compared in the end, by their shares."""
    last = scales(settings, size)[-1]
    areas = (math.prod(one) * (last.longest(settings, one) / max(one)) ** 2 for one in paintings)
    weights = shares(settings, len(paintings))
    return sum(share * area for share, area in zip(weights, areas, strict=True))
