"""Plots of losses: pictures that can be read, with a panel for every loss."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jobs import plots
from jobs.curves import Losses
from jobs.plots import COLOURS, LABELLED, PlotSettings, plot


def curve(*values: float, name: str = "style", start: int = 1) -> Losses:
    iterations = tuple(range(start, start + len(values)))
    return Losses(iterations, {name: values}, tuple(map(float, iterations)))


def pixels(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def coloured(shown: np.ndarray) -> np.ndarray:
    """Where there is neither white nor grey: the curves."""
    return np.ptp(shown, axis=2) > 60


def test_a_falling_loss_falls_in_the_plot() -> None:
    shown = pixels(plot([("a", curve(100, 10, 1))], PlotSettings()))
    ys, xs = np.nonzero(coloured(shown))
    left, right = ys[xs < np.quantile(xs, 0.1)], ys[xs > np.quantile(xs, 0.9)]
    assert left.mean() < right.mean() - 50  # y grows downward


def test_on_a_logarithmic_scale_powers_of_ten_lie_on_a_line() -> None:
    def bend(log: bool) -> float:
        shown = pixels(plot([("a", curve(1000, 100, 10, 1))], PlotSettings(log=log)))
        ys, xs = np.nonzero(coloured(shown))
        return float(np.abs(np.polyval(np.polyfit(xs, ys, 1), xs) - ys).max())

    assert bend(True) < 4
    assert bend(False) > 20


def test_every_loss_has_a_panel() -> None:
    one = pixels(plot([("a", curve(2, 1))], PlotSettings()))
    both = Losses((1, 2), {"content": (1.0, 2.0), "style": (2.0, 1.0)}, (0.0, 1.0))
    two = pixels(plot([("a", both)], PlotSettings()))
    assert two.shape[1] == 2 * one.shape[1]
    half = two.shape[1] // 2
    assert coloured(two[:, :half]).any()
    assert coloured(two[:, half:]).any()


@pytest.mark.parametrize("values", [(0.0, 1.0, 2.0), (-1.0, 1.0), (0.0, 0.0), (5.0,), (1.0, 1e30)])
def test_any_finite_losses_can_be_plotted(values: tuple[float, ...]) -> None:
    assert coloured(pixels(plot([("a", curve(*values))], PlotSettings()))).any()


@pytest.mark.parametrize("count", [1, 2, COLOURS + 1, LABELLED + 1])
def test_many_curves_and_few(count: int) -> None:
    curves = [(f"number {i}", curve(i + 1.0, i + 2.0)) for i in range(count)]
    assert coloured(pixels(plot(curves, PlotSettings(title="All of them")))).any()


def test_the_same_losses_give_the_same_bytes() -> None:
    curves = [("a", curve(2, 1)), ("b", curve(3, 1))]
    assert plot(curves, PlotSettings()) == plot(curves, PlotSettings())


def test_nothing_to_plot_is_an_error() -> None:
    with pytest.raises(ValueError, match="no losses"):
        plot([], PlotSettings())


def test_matplotlib_is_imported_only_by_who_plots() -> None:
    loaded = ast.parse(Path(plots.__file__).read_text()).body
    names = {getattr(node, "module", "") or "" for node in loaded}
    names |= {alias.name for node in loaded if isinstance(node, ast.Import) for alias in node.names}
    assert "jobs.curves" in names
    assert not any(name.startswith("matplotlib") for name in names)
