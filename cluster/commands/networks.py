"""Which networks are there, and what can be asked of them? `networks`, `layers`, `classes`."""

from __future__ import annotations

from typing import Annotated

import typer

from cluster.commands.tables import Json, listed, show

Network = Annotated[str, typer.Argument(metavar="NETWORK", help="`reverie networks` lists them")]


def networks_command(json: Json = False) -> None:
    """List the networks, and whether their weights are at hand."""
    from renderer import networks, weights

    found = {known.network: known.found for known in weights.known()}
    rows = [
        {
            "network": entry.name,
            "layers": len(entry.layers),
            "weights": str(found[entry.name] or "") if json else "yes" if found[entry.name] else "",
            "about": entry.title,
        }
        for entry in networks.NETWORKS.values()
    ]
    show(rows, as_json=json, grow="about")


def layers_command(network: Network, json: Json = False) -> None:
    """List a network's layers by index and name.

    Indexes are as the report counts; other names of a layer may be used as well.
    """
    from renderer import networks

    entry = networks.entry(network)
    rows = []
    for index, layer in enumerate(entry.layers):
        others = [alias for alias, name in entry.aliases.items() if name == layer]
        rows.append(
            {
                "index": index,
                "layer": layer,
                "channels": networks.channels(entry, layer),
                "also_called": others if json else listed(others),
            }
        )
    show(rows, as_json=json, grow="also_called")


def classes_command(
    network: Network,
    find: Annotated[
        str, typer.Option("--find", metavar="TEXT", help="only those with this in their name")
    ] = "",
    json: Json = False,
) -> None:
    """List the classes that a network can dream towards."""
    from renderer import networks
    from renderer.errors import NetworkError

    entry = networks.entry(network)
    if not entry.classes:
        raise NetworkError(f"network {entry.name} has no classes; dream towards a layer instead")
    rows = [
        {"index": index, "class": name}
        for index, name in enumerate(entry.classes)
        if find.casefold() in name.casefold()
    ]
    if not rows:
        raise NetworkError(f"network {entry.name} has no class with {find!r} in its name")
    show(rows, as_json=json)
