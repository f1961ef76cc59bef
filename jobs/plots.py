"""How do a job's losses look? A picture of them over the iterations, a panel a loss.

Drawn by Matplotlib, which takes a second to import: only those who plot do.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from jobs.curves import Losses
from renderer.settings import Knob, check

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = 10
"""So many curves have colours of their own; more are coloured by a scale, in their order."""

LABELLED = 16
"""So many curves are named in a legend; of more, only how they lie together can be seen."""

PANEL_INCHES, DPI = (4.8, 3.6), 120


@dataclass(frozen=True, kw_only=True)
class PlotSettings:
    """One plot of losses over iterations, a panel a loss."""

    title: Annotated[str, Knob("heading of the plot; empty: none")] = ""
    log: Annotated[bool, Knob("logarithmic losses, where none is below zero")] = True
    most: Annotated[
        int, Knob("curves at most; of more, one in so many is drawn", ge=1, le=10_000)
    ] = 1000

    def __post_init__(self) -> None:
        check(self)


def plot(curves: Sequence[tuple[str, Losses]], settings: PlotSettings) -> bytes:
    """A PNG of labelled curves; ValueError where there are none."""
    if not curves:
        raise ValueError("there are no losses to plot")
    # Not by pyplot: a figure of its own is drawn in any thread, and forgotten when it is written.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(name for _, losses in curves for name in losses.values))
    figure = Figure(figsize=_size(len(names)), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, len(names), squeeze=False)[0]
    for panel, name in zip(panels, names, strict=True):
        _draw(panel, name, curves, log=settings.log)
    if settings.title:
        figure.suptitle(settings.title)
    if 1 < len(curves) <= LABELLED:
        _legend(figure, panels[0])
    data = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(data, metadata={"Software": None})
    return data.getvalue()


def _size(panels: int) -> tuple[float, float]:
    width, height = PANEL_INCHES
    return width * panels, height


def _draw(panel: Axes, name: str, curves: Sequence[tuple[str, Losses]], *, log: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    for (label, losses), look in zip(curves, _looks(len(curves)), strict=True):
        if values := losses.values.get(name):
            marker = "." if len(values) == 1 else ""
            panel.plot(losses.iterations, values, label=label, marker=marker, **look)
    panel.set_title(name)
    panel.set_xlabel("iteration")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    shown = [value for _, losses in curves for value in losses.values.get(name, ())]
    # A style that starts as its content begins with a content loss of zero: only that is left out.
    if log and min(shown, default=0.0) >= 0 and max(shown, default=0.0) > 0:
        panel.set_yscale("log", nonpositive="mask")
        if max(shown) < 10 * min(value for value in shown if value > 0):  # between powers of ten
            panel.yaxis.set_major_formatter("{x:g}")
            panel.yaxis.set_minor_formatter("{x:g}")
    panel.grid(which="both", linewidth=0.4, alpha=0.4)
    panel.spines[["top", "right"]].set_visible(False)


def _looks(count: int) -> list[Mapping[str, Any]]:
    if count <= COLOURS:
        return [{"color": f"C{number}", "linewidth": 1.5} for number in range(count)]
    from matplotlib import colormaps

    scale = colormaps["viridis"]
    return [{"color": scale(i / (count - 1)), "linewidth": 1.0, "alpha": 0.8} for i in range(count)]


def _legend(figure: Any, panel: Axes) -> None:
    handles, labels = panel.get_legend_handles_labels()
    columns = min(len(labels), 5)
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)
