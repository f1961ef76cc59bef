"""How much goes into one output? Of very many frames only so much that it can still be opened.

A contact sheet goes on on further pages; an animation or a plot of losses takes one frame in so
many. How much is too much, the output's own settings say (``page``, ``most``).
"""

from __future__ import annotations

from jobs.plots import PlotSettings
from renderer.settings import AnimationSettings, SheetSettings


def one_in(count: int, most: int) -> int:
    """Of how many frames one is taken, so that they are ``most``."""
    return -(-count // most) if count else 1


def skipped(settings: object, count: int) -> int:
    """Of how many of its frames an output takes one; 1 where it takes all."""
    if isinstance(settings, AnimationSettings) and not settings.durations:
        return one_in(count, settings.most)
    return one_in(count, settings.most) if isinstance(settings, PlotSettings) else 1


def pages(settings: object, count: int) -> list[slice]:
    """The parts of an output's frames that have a file each; pages are of equal length."""
    if not isinstance(settings, SheetSettings) or count <= settings.page:
        return [slice(None)]
    length = one_in(count, one_in(count, settings.page))
    return [slice(start, start + length) for start in range(0, count, length)]


def page_name(name: str, number: int, of: int) -> str:
    """``harbour-03``: what a page of a sheet is called, where it is one of several."""
    return name if of == 1 else f"{name}-{number:0{max(2, len(str(of)))}}"
