"""Which layers, channels and classes does a user mean? Names, aliases, indexes and ranges.

A layer is named as in ``NetworkEntry.layers``, by an alias, or by its index there; ``1..11`` and
``conv3_1..conv4_2`` are ranges, both ends included.
"""

from __future__ import annotations

from collections.abc import Iterable

from renderer.errors import NetworkError
from renderer.networks.entries import NetworkEntry
from renderer.settings import nearest

LayerSpec = str | int


def resolve_layer(entry: NetworkEntry, spec: LayerSpec) -> str:
    """The layer's name. Raises NetworkError with the nearest known one."""
    text = str(spec).strip()
    if text in entry.layers:
        return text
    if text in entry.aliases:
        return entry.aliases[text]
    if text.isdecimal() and int(text) < len(entry.layers):
        return entry.layers[int(text)]
    if text.isdecimal():
        raise NetworkError(
            f"network {entry.name} has no layer {text}; its layers are 0 ({entry.layers[0]}) to "
            f"{len(entry.layers) - 1} ({entry.layers[-1]})"
        )
    hint = nearest(text, [*entry.layers, *entry.aliases])
    raise NetworkError(
        f"network {entry.name} has no layer {text!r}{hint} (layers: {', '.join(entry.layers)})"
    )


def resolve_layers(entry: NetworkEntry, specs: LayerSpec | Iterable[LayerSpec]) -> tuple[str, ...]:
    """The names of all layers that ``specs`` mean, in their order, each once.

    A range runs backwards where its first end is the deeper one. Raises NetworkError.
    """
    items = [specs] if isinstance(specs, str | int) else specs
    names: dict[str, None] = {}
    for spec in items:
        names.update(dict.fromkeys(_expand(entry, spec)))
    return tuple(names)


def _expand(entry: NetworkEntry, spec: LayerSpec) -> tuple[str, ...]:
    ends = str(spec).split("..")
    if len(ends) == 1:
        return (resolve_layer(entry, spec),)
    if len(ends) != 2 or not all(end.strip() for end in ends):
        raise NetworkError(f"{spec!r} is no range of layers; write it like 1..11")
    first, last = (entry.layers.index(resolve_layer(entry, end)) for end in ends)
    if first > last:
        return entry.layers[last : first + 1][::-1]
    return entry.layers[first : last + 1]


def deepest(entry: NetworkEntry, layers: Iterable[str]) -> str:
    """The last of some layers, by name; a network built to it has all of them."""
    return max((resolve_layer(entry, layer) for layer in layers), key=entry.layers.index)


def resolve_classes(entry: NetworkEntry, names: Iterable[str | int]) -> tuple[int, ...]:
    """The indexes of classes given by label, in any case, or by index. Raises NetworkError."""
    if not entry.classes:
        raise NetworkError(f"network {entry.name} has no classes; dream towards a layer instead")
    return tuple(dict.fromkeys(_class_index(entry, name) for name in names))


def _class_index(entry: NetworkEntry, name: str | int) -> int:
    text = str(name).strip()
    if text in entry.classes:
        return entry.classes.index(text)
    if text.isdecimal():
        if int(text) < len(entry.classes):
            return int(text)
        raise NetworkError(f"network {entry.name} has {len(entry.classes)} classes, no {text}")
    folded = text.casefold()
    known = [label.casefold() for label in entry.classes]
    if folded in known:
        return known.index(folded)
    raise NetworkError(f"network {entry.name} has no class {text!r}{nearest(folded, known)}")
