"""What do the words of a style step's ``preset`` stand for? Settings; any may be given beside it.

A preset says how a picture gets to its style, and never what style means: layers, weights, Gram
matrices and the start are the network's and the user's. All three go down the same losses, and
benchmarks/presets.py tells how far each comes in how long.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRESETS: Mapping[str, Mapping[str, Any]] = {
    # The report's longest run (its figure 11).
    "report": {
        "optimizer": "gradient_descent",
        "iterations": 3600,
        "step_size": 1.0,
        "min_scale": None,
    },
    # The report's loss in less than a tenth of its time: the scales together take a third more
    # than the last one.
    "fast": {
        "optimizer": "lbfgs",
        "iterations": 240,
        "step_size": 10.0,
        "min_scale": 128,
        "scale_factor": 2.0,
    },
    # More steps through more scales: by their passes (the scales together take twice the last
    # one's) as long as the report takes, or a little less.
    "best": {
        "optimizer": "lbfgs",
        "iterations": 1500,
        "step_size": 10.0,
        "min_scale": 128,
    },
}

HELP = (
    "how to get there: the report's 3600 small steps (report), its loss in a tenth of that time "
    "(fast), or as much time for a lower loss (best); stands for optimizer, iterations, "
    "step_size, min_scale and scale_factor, where these aren't given"
)


def settings(preset: str | None) -> Mapping[str, Any]:
    """The settings that a preset stands for; none for none."""
    return {} if preset is None else PRESETS[preset]
