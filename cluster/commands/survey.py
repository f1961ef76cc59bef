"""Which layer does what? `survey` dreams one picture at every layer, side by side on a sheet."""

from __future__ import annotations

from typing import Any

from cluster.commands.options import JobOptions, RunOptions
from cluster.commands.shorthand import Layers, Pictures, run, words_of
from cluster.knobs import given, parameters, with_parameters
from renderer.settings import DreamSettings

SIZE_PX = 256
"""Longest side, if none is given: large enough to see, small enough for minutes on a CPU."""


def survey_command(images: Pictures, layers: Layers = None, **options: Any) -> int:
    """Dream a picture at every layer of a network, as a labelled sheet: which layer does what."""
    from renderer import networks
    from renderer.networks.stages import CLASSES

    step = given(DreamSettings, options)
    entry = networks.entry(step.get("network", DreamSettings.network))
    every = [layer for layer in entry.layers if layer != CLASSES]
    step["layers"] = words_of(layers) if layers else every
    sheet = {"title": f"What the layers of {entry.name} make of it", "first": ["input"]}
    if options["size"] is None:
        options["size"] = str(SIZE_PX)
    return run("dream", step, images, outputs={"sheet": sheet}, options=options, name="survey")


with_parameters(
    survey_command,
    [
        *parameters(DreamSettings, without=("layer", "channels", "classes", "guide_max_size")),
        *JobOptions.parameters(),
        *RunOptions.parameters(),
    ],
)
