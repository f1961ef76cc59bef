"""Which channels see what? `channels` ranks those of a layer; a plan tells which were chosen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from cluster.commands.networks import Network
from cluster.commands.options import RunOptions
from cluster.commands.tables import Json, listed, say, show
from renderer.errors import SettingError

if TYPE_CHECKING:
    from jobs.activity import Activity, View
    from jobs.plan import Plan

SHOWN_CHOICES = 12
SHOWN_INPUTS = 4
BY_LIKENESS = "likeness"

Layer = Annotated[str, typer.Argument(metavar="LAYER", help="`reverie layers NETWORK` lists them")]
Image = Annotated[str, typer.Option("--image", metavar="FILE", help="picture to look at")]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="LEFT,TOP,RIGHT,BOTTOM",
        help="look at this part of it only, in fractions of 0 to 1",
        show_default=False,
    ),
]
Top = Annotated[int, typer.Option("--top", min=1, help="so many channels")]
By = Annotated[
    str,
    typer.Option(
        "--by", metavar="strongest|weakest|average|likeness", help="in this order, the first first"
    ),
]
Size = Annotated[
    int, typer.Option("--size", metavar="PX", min=16, help="shrink a larger picture to this side")
]
WeightsDir = Annotated[
    Path | None,
    typer.Option(
        "--weights-dir", metavar="DIR", help="look for weight files here first", show_default=False
    ),
]


def channels_command(
    network: Network,
    layer: Layer,
    image: Image,
    region: Region = None,
    top: Top = 20,
    by: By = "strongest",
    size: Size = 512,
    weights_dir: WeightsDir = None,
    json: Json = False,
) -> None:
    """Rank the channels of a layer by how active they are on a picture.

    Share is a channel's part of the layer's activation; likeness, by how much it is larger than on
    pictures in general.
    """
    from cluster.launch import make_shelf
    from jobs.activity import Activity, View
    from jobs.choosing import picture
    from renderer import networks
    from renderer.channels import WHOLE, ranking

    entry = networks.entry(network)
    name = networks.resolve_layer(entry, layer)
    seen = WHOLE if region is None else region_of(region)
    view = View(picture(image, Path.cwd()), size, named=True, region=seen)
    activity = Activity(make_shelf(lambda _: None, RunOptions(weights_dir=weights_dir)))
    rows = measured(activity, entry.name, name, view)
    column, order = ("likeness", "strongest") if by == BY_LIKENESS else ("activation", by)
    try:
        ranks = ranking([row[column] for row in rows], order)[:top]
    except SettingError as error:
        raise SettingError(f"--by: {error}, {BY_LIKENESS}") from error
    best = [{"rank": rank, **rows[channel]} for rank, channel in enumerate(ranks, start=1)]
    show(best if json else [_rounded(row) for row in best], as_json=json)
    if not json:
        say("", f"In a job: channels: {{{name}: [{listed(sorted(ranks))}]}}")


def region_of(text: str) -> Any:
    """``0.1,0.2,0.9,0.5`` as a Region. SettingError for anything else."""
    from renderer.channels import Region

    try:
        left, top, right, bottom = map(float, text.split(","))
    except ValueError as error:
        raise SettingError(
            f"--region: must be LEFT,TOP,RIGHT,BOTTOM like 0.1,0.2,0.9,0.5, not {text!r}"
        ) from error
    try:
        return Region(left, top, right, bottom)
    except SettingError as error:
        raise SettingError(f"--region: {error}") from error


def measured(activity: Activity, network: str, layer: str, view: View) -> list[dict[str, Any]]:
    """Every channel of a layer: its activation on the picture, its share, and its likeness."""
    from renderer.channels import likeness, shares

    values = activity.on(network, [layer], view)[layer]
    compared = likeness(values, activity.usual(network, [layer])[layer])
    columns = zip(values, shares(values), compared, strict=True)
    return [
        {"channel": channel, "activation": own, "share": share, "likeness": like}
        for channel, (own, share, like) in enumerate(columns)
    ]


def chosen(plan: Plan) -> Iterator[str]:
    """Which channels a plan's dreams amplify, in words."""
    inputs: dict[tuple[str, tuple[int, ...]], dict[str, None]] = {}
    every = {task.input for task in plan.tasks}
    for task in plan.tasks:
        channels = getattr(task.settings, "channels", ())
        if channels and task.kind == "dream":
            inputs.setdefault((task.until, channels), {})[task.input] = None
    layers = list(dict.fromkeys(layer for layer, _ in inputs))
    by_layer = sorted(inputs.items(), key=lambda item: layers.index(item[0][0]))
    for (layer, channels), names in by_layer[:SHOWN_CHOICES]:
        more = "" if len(names) <= SHOWN_INPUTS else f", and {len(names) - SHOWN_INPUTS:,} more"
        where = f" ({listed(list(names)[:SHOWN_INPUTS])}{more})" if len(names) < len(every) else ""
        yield f"channels of {layer}: {listed(channels)}{where}"
    if len(inputs) > SHOWN_CHOICES:
        yield f"and {len(inputs) - SHOWN_CHOICES:,} more choices of channels (--json tells all)"


@contextmanager
def looking() -> Iterator[Callable[[str], None]]:
    """Tells on standard error which picture is looked at; nothing where that is no terminal."""
    console, begun = Console(stderr=True), False

    def told(path: str) -> None:
        nonlocal begun
        if console.is_terminal:
            begun = True
            sys.stderr.write(f"\r\x1b[Kchoosing channels: {Path(path).name}")
            sys.stderr.flush()

    try:
        yield told
    finally:
        if begun:
            sys.stderr.write("\r\x1b[K")


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "activation": f"{row['activation']:.4g}",
        "share": f"{row['share']:.2%}",
        "likeness": f"{row['likeness']:+.2%}",
    }
