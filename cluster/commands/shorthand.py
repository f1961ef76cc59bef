"""How is a picture dreamed or styled, or an atlas made, without a job file? By building the job."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cluster.commands.options import JobOptions, RunOptions
from cluster.commands.rendering import render
from cluster.knobs import given, parameters, with_parameters
from jobs.presets import HELP as PRESETS_HELP
from jobs.presets import PRESETS
from renderer.errors import JobError
from renderer.settings import AtlasSettings, DreamSettings, StyleSettings

ATLAS_THUMBNAIL_PX = 128

Pictures = Annotated[list[str], typer.Argument(metavar="IMAGE", help="pictures, folders or globs")]
Layers = Annotated[
    list[str] | None,
    typer.Option(
        "--layers",
        metavar="TEXT,...",
        show_default=False,
        help="layers to amplify: names, indexes or ranges like 1..11, one picture each "
        "(`reverie layers NETWORK` lists them)",
    ),
]
Chain = Annotated[
    bool, typer.Option("--chain", help="let each layer dream on the result of the one before")
]
Channels = Annotated[
    str | None,
    typer.Option(
        "--channels",
        metavar="INTEGER,...|WAY:N",
        show_default=False,
        help="amplify these channels of the layers only (ranges like 10..20 too); or N of them, "
        "random:N by the seed, strongest:N, weakest:N or average:N by their activation on the "
        "picture, like:FILE:N by likeness to another; or {...} as in a job file",
    ),
]
Guide = Annotated[
    str | None,
    typer.Option(
        "--guide",
        metavar="IMAGE",
        show_default=False,
        help="dream towards this picture: its features in the layers",
    ),
]
Mix = Annotated[
    str | None,
    typer.Option(
        "--mix",
        metavar="LAYER:SHARE,...",
        show_default=False,
        help="amplify these layers together in one picture, each with its share of the step; a "
        "negative one suppresses",
    ),
]
Mask = Annotated[
    str | None,
    typer.Option(
        "--mask",
        metavar="IMAGE",
        show_default=False,
        help="dream only where this picture is white; it has the ratio of the others",
    ),
]
Network = Annotated[
    str, typer.Argument(metavar="NETWORK", help="a network (`reverie networks` lists them)")
]
Batch = Annotated[
    int | None,
    typer.Option(
        "--batch",
        metavar="INTEGER",
        min=1,
        max=4096,
        show_default=False,
        help="channels of a task, side by side on a GPU as far as its memory goes (default: up to "
        "32, less where channels are few)",
    ),
]
Styles = Annotated[
    list[str],
    typer.Option("--style", metavar="IMAGE", help="picture whose style is taken (repeatable)"),
]
Each = Annotated[
    bool, typer.Option("--each", help="one picture of each style, instead of all blended")
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="|".join(PRESETS), show_default=False, help=PRESETS_HELP),
]
Gif = Annotated[bool, typer.Option("--gif", help="make an animation of the pictures too")]
Sheet = Annotated[bool, typer.Option("--sheet", help="make a contact sheet of the pictures too")]
Frames = Annotated[
    int | None,
    typer.Option(
        "--frames",
        metavar="INTEGER",
        min=1,
        show_default=False,
        help="keep the pictures that each one goes through, every so many iterations, and make an "
        "animation of them",
    ),
]
Plot = Annotated[bool, typer.Option("--plot", help="plot the losses over the iterations too")]


def dream_command(
    images: Pictures,
    layers: Layers = None,
    chain: Chain = False,
    channels: Channels = None,
    guide: Guide = None,
    mix: Mix = None,
    mask: Mask = None,
    gif: Gif = False,
    sheet: Sheet = False,
    plot: Plot = False,
    frames: Frames = None,
    **options: Any,
) -> int:
    """Dream pictures: amplify what a network's layers see in them."""
    step = given(DreamSettings, options)
    if layers:
        step["layers"] = words_of(layers)
    if chain:
        step["chain"] = True
    if channels is not None:
        step["channels"] = channels_of(channels)
    if frames is not None:
        step["frames"] = {"every": frames}
    if guide is not None:
        step["guide"] = guide
    if mix is not None:
        step["mix"] = mix_of(mix)
    if mask is not None:
        step["regions"] = [{"mask": mask}]
    outputs = {"gif": gif, "sheet": sheet, "plot": plot}
    return run("dream", step, images, outputs=outputs, options=options)


def style_command(
    images: Pictures,
    style: Styles,
    each: Each = False,
    preset: Preset = None,
    gif: Gif = False,
    sheet: Sheet = False,
    plot: Plot = False,
    frames: Frames = None,
    **options: Any,
) -> int:
    """Give pictures the style of other pictures."""
    step = {**given(StyleSettings, options), "images": style}
    if each:
        step["combine"] = "each"
    if preset is not None:
        step["preset"] = preset
    if frames is not None:
        step["frames"] = {"every": frames}
    outputs = {"gif": gif, "sheet": sheet, "plot": plot}
    return run("style", step, images, outputs=outputs, options=options)


def atlas_command(
    network: Network,
    layers: Layers = None,
    channels: Channels = None,
    batch: Batch = None,
    **options: Any,
) -> int:
    """Render what every channel of a network's layers sees, from noise."""
    step = {**given(AtlasSettings, options), "network": network}
    if layers:
        step["layers"] = [part.strip() for text in layers for part in text.split(",")]
    if channels is not None:
        step["channels"] = channels_of(channels)
    if batch is not None:
        step["batch"] = batch
    data = {
        "name": f"{network}-atlas",
        "steps": [{"atlas": step}],
        "outputs": [{"sheet": {"thumbnail": ATLAS_THUMBNAIL_PX}}],
    }
    return run_data(data, "atlas", {**options, "size": None})


_SHARED = [*JobOptions.parameters(), *RunOptions.parameters()]
_DREAM = parameters(DreamSettings, without=("layer", "channels"))
with_parameters(dream_command, [*_DREAM, *_SHARED])
_OF_ATLAS = [p for p in _SHARED if p.name != "size"]  # the settings have one of their own
_ATLAS = parameters(AtlasSettings, without=("network", "layer", "channels"))
with_parameters(atlas_command, [*_ATLAS, *_OF_ATLAS])
with_parameters(style_command, [*parameters(StyleSettings), *_SHARED])


def run(
    kind: str,
    step: dict[str, Any],
    images: list[str],
    *,
    outputs: Mapping[str, bool | dict[str, Any]],
    options: dict[str, Any],
    name: str = "",
) -> int:
    """Render the job of one step; the exit code. Its errors name options instead of keys.

    ``outputs`` are wanted or not, or wanted with these settings; ``name`` is the job's, if it isn't
    the step's.
    """
    data = {
        "name": name_for(name or kind, images),
        "inputs": images,
        "steps": [{kind: step}],
        "outputs": [
            {output: wanted if isinstance(wanted, dict) else {}}
            for output, wanted in outputs.items()
            if wanted
        ],
    }
    return run_data(data, kind, options)


def run_data(data: dict[str, Any], kind: str, options: dict[str, Any]) -> int:
    """Render a job of plain data, with what the options change of it."""
    from jobs import spec

    changes = JobOptions.of(options)
    try:
        with changes.blamed():
            job = spec.build(
                data, base=Path.cwd(), sets=changes.overrides(), sweeps=changes.sweep or ()
            )
        return render(job, RunOptions.of(options))
    except JobError as error:
        raise JobError(by_option(str(error), kind)) from error


def name_for(kind: str, images: list[str]) -> str:
    """The job's name: that of its one picture, with what is done to it."""
    stem = Path(images[0]).stem if len(images) == 1 else ""
    clean = re.sub(r"[^\w-]+", "-", stem).strip("-")[:60]
    return f"{clean}-{kind}" if clean else kind


def words_of(texts: list[str]) -> list[str]:
    """The words of a repeatable option that may also hold several, parted by commas."""
    return [part.strip() for text in texts for part in text.split(",")]


def mix_of(text: str) -> dict[str, Any]:
    """``inception4c:1,inception3b:0.3`` as a job file has it; a layer alone has the share 1."""
    found: dict[str, Any] = {}
    for word in words_of([text]):
        layer, _, share = word.partition(":")
        try:
            found[layer] = float(share) if share else 1.0
        except ValueError:
            found[layer] = share  # the job's own check names it
    return found


def channels_of(text: str) -> Any:
    """``1,2,10..20``, ``strongest:8``, ``like:eyes.png:8`` or ``{...}`` as a job file has it."""
    from jobs import documents
    from jobs.channels import WAYS

    if text.lstrip().startswith("{"):
        return documents.parse(text, f"--channels {text}").data
    word, _, rest = text.partition(":")
    if word == "like":
        picture, _, count = rest.rpartition(":")
        return {"like": picture, "count": int(count)} if count.isdecimal() else {"like": rest}
    if word in WAYS and rest.isdecimal():
        return {word: int(rest)}
    items = [item.strip() for item in text.split(",") if item.strip()]
    return [int(item) if item.isdecimal() else item for item in items]


def by_option(message: str, kind: str) -> str:
    """An error's text with ``--step-size`` for ``steps.0.dream.step_size``.

    A picture's, which was given without an option, begins with the picture.
    """
    message = re.sub(r"(?m)^inputs(\.\d+)?: ", "", message)
    message = re.sub(r"(?m)^steps\.0\.dream\.regions\.0\.mask", "--mask", message)
    message = re.sub(r"(?m)^steps\.0\.style\.images(\.\d+)?", "--style", message)
    pattern = rf"(?m)^steps\.0\.{kind}\.(\w+)"
    return re.sub(pattern, lambda found: f"--{found[1].replace('_', '-')}", message)
