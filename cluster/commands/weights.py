"""Which weights are at hand, and how do more come? `weights list | fetch | verify | convert`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from cluster.commands.tables import Json, say, say_json, show
from renderer.errors import SettingError

app = typer.Typer(help="Find, download, check and convert the networks' weights.")

WeightsDir = Annotated[
    Path | None,
    typer.Option("--weights-dir", metavar="DIR", help="look for weight files here first"),
]


@app.command("list")
def list_command(weights_dir: WeightsDir = None, json: Json = False) -> None:
    """List the networks, the weight file of each that is at hand, and where others come from."""
    from renderer import weights

    rows = [
        {
            "network": known.network,
            "file": None if known.found is None else str(known.found),
            "sources": [source.url or source.file for source in known.sources],
        }
        for known in weights.known(weights_dir)
    ]
    if not json:
        rows = [{**row, "file": row["file"] or "-"} for row in rows]
    show(rows, as_json=json, grow="sources")


@app.command("fetch")
def fetch_command(
    networks: Annotated[list[str], typer.Argument(metavar="NETWORK")],
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="NAME", help="which file, of a network that has several"),
    ] = None,
    mirror: Annotated[
        str | None,
        typer.Option(
            "--mirror",
            envvar="REVERIE_MIRROR",
            metavar="URL",
            help="a directory to fetch from instead of the file's own address",
        ),
    ] = None,
) -> None:
    """Download networks' weights into the cache, and check them."""
    from renderer import weights

    for network in networks:
        with download_bar(network) as progress:
            path = weights.fetch(network, file=file, mirror=mirror, progress=progress)
        say(str(path))


@app.command("verify")
def verify_command(
    what: Annotated[list[str], typer.Argument(metavar="FILE|NETWORK")],
    network: Annotated[
        str | None,
        typer.Option("--network", metavar="NETWORK", help="the network whose weights a file holds"),
    ] = None,
    weights_dir: WeightsDir = None,
    json: Json = False,
) -> None:
    """Tell what weight files are: network, depth, digest, and whether they are known ones."""
    from renderer import weights

    rows = []
    for item in what:
        found = weights.verify(item, network=network, weights_dir=weights_dir)
        rows.append(
            {
                "file": str(found.path),
                "network": found.network,
                "until": found.until,
                "known_as": found.known.file if found.known else None,
                "digest": found.digest,
            }
        )
    if json:
        say_json(rows)
        return
    for row in rows:
        known = f"known as {row['known_as']}" if row["known_as"] else "not a known file"
        say(f"{row['file']}: {row['network']} up to {row['until']}, {known}, {row['digest']}")


@app.command("convert")
def convert_command(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="a .pth, .pt or .safetensors file")
    ],
    target: Annotated[
        Path, typer.Argument(metavar="TARGET", help="the .safetensors file to write")
    ],
    network: Annotated[
        str, typer.Option("--network", metavar="NETWORK", help="the network whose weights they are")
    ],
    preprocessing: Annotated[
        str | None,
        typer.Option(
            "--preprocessing",
            metavar="torchvision|caffe|caffe-bgr",
            help="what pictures the weights want, where the file isn't a known one: 0..1 "
            "normalised, or 0..255 less a mean in RGB or BGR order",
        ),
    ] = None,
) -> None:
    """Write weights of any kind as a safetensors file with Reverie's names."""
    from renderer.conversion import convert
    from renderer.networks.entries import PREPROCESSINGS

    if preprocessing is not None and preprocessing not in PREPROCESSINGS:
        raise SettingError(
            f"--preprocessing: must be {' or '.join(PREPROCESSINGS)}, not {preprocessing!r}"
        )
    wanted = PREPROCESSINGS[preprocessing] if preprocessing else None
    found = convert(source, target, network, preprocessing=wanted)
    say(f"{target}: {found.network} up to {found.until}, {found.digest}")


@contextmanager
def download_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar on standard error for a download; nothing where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    console = Console(stderr=True)
    disabled = not console.is_terminal
    with Progress(*columns, TransferSpeedColumn(), console=console, disable=disabled) as bar:
        row = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(row, completed=done, total=total)
