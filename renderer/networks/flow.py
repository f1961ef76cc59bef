"""Which part of a picture do some positions of a network's layers depend on, exactly?

A ``Flow`` is the network as a row of operations, traced from its modules by torch.fx: windows over
windows. Asked backwards, it tells the pixels and the positions in between that wanted positions
read (``field``); asked forwards, it computes these positions from these pixels and nothing else
(``features``), with the network's own padding where the part lies at the picture's border and none
where it doesn't. So features of a part are those of the whole picture, whatever its size, and
wherever it is cut; and their gradients too. Receptive fields come out of the same question.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, fx, nn

from renderer.errors import NetworkError
from renderer.networks.convolution import in_library
from renderer.networks.merging import Siblings, rectified_join, rectifying, siblings
from renderer.networks.network import Network, channels
from renderer.networks.registry import entry
from renderer.networks.response import ResponseNorm
from renderer.networks.stages import ClassMap, SamePadding
from renderer.networks.windows import (
    JOIN,
    RECTIFIER,
    Operation,
    Part,
    Window,
    of_function,
    of_module,
)
from renderer.spans import Region, Span, hull

Slices = tuple[slice, slice]
"""Rows and columns of a value."""

PICTURE = 0
"""The place of the picture among a flow's values; every operation adds one."""


@dataclass(frozen=True)
class Node:
    """One operation: the places of the values that it reads."""

    operation: Operation
    inputs: tuple[int, ...]


@dataclass(frozen=True)
class Field:
    """What is needed to compute some positions of some layers.

    ``wanted`` are these positions, by layer; ``picture`` is the part of the picture that they
    depend on; ``needs`` is what is computed of every value on the way, None where nothing is.
    """

    size: tuple[int, int]
    wanted: Mapping[str, Region]
    picture: Region
    needs: tuple[Region | None, ...]


class Flow:
    """A network's operations up to the deepest of ``layers``.

    Raises NetworkError for an operation that has no window, and for a layer that isn't built.
    """

    def __init__(self, network: Network, layers: Iterable[str]) -> None:
        self.network = network
        self.nodes: list[Node] = []
        self.places: dict[str, int] = {}
        self._known: dict[tuple[int, int], list[Window]] = {}
        wanted = dict.fromkeys(layers)
        place = PICTURE
        for layer, stage in network.stages.items():
            if len(self.places) == len(wanted):
                break
            place = self._trace(stage, place)
            if layer in wanted:
                self.places[layer] = place
        if missing := [layer for layer in wanted if layer not in self.places]:
            raise NetworkError(
                f"network {network.name} is built to {network.until}, not to {missing[0]}"
            )

    def size(self, layer: str, size: tuple[int, int]) -> tuple[int, int]:
        """(height, width) of a layer's activations for a picture of ``size``."""
        place = self.places[layer]
        return self.along(0, size[0])[place].outputs, self.along(1, size[1])[place].outputs

    def channels(self, layer: str) -> int:
        """How many channels a layer has."""
        return channels(entry(self.network.name), layer)

    def field(
        self, size: tuple[int, int], wanted: Mapping[str, Region], *, also: Region | None = None
    ) -> Field:
        """What wanted positions of layers need of a picture of ``size``; ``also`` pixels, too."""
        wanted = {layer: region for layer, region in wanted.items() if region.area}
        axes = []
        for axis in (0, 1):
            spans = {name: (region.rows, region.columns)[axis] for name, region in wanted.items()}
            extra = None if also is None else (also.rows, also.columns)[axis]
            axes.append(self._needs(self.along(axis, size[axis]), spans, extra))
        needs = tuple(
            Region(rows, columns) if rows.length and columns.length else None
            for rows, columns in zip(*axes, strict=True)
        )
        return Field(size, wanted, needs[PICTURE] or Region(Span(0, 0), Span(0, 0)), needs)

    def features(
        self,
        picture: Tensor,
        field: Field,
        *,
        after: Callable[[int, Tensor], Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """The wanted activations, (N, C, h, w), of a field; ``picture`` is that part of the image.

        Layers of which nothing is wanted are left out. Gradients flow back to the picture. The
        activations are in the network's own precision, whatever that is. ``after(place, value)`` is
        given every value as it is computed, and returns what stands for it from there on.
        """
        found: dict[str, Tensor] = {}

        def keep(layer: str, value: Tensor, where: Slices) -> Tensor:
            found[layer] = _cut(value, where)
            return value

        self.tapped(picture, field, keep, after=after)
        return found

    def tapped(
        self,
        picture: Tensor,
        field: Field,
        tap: Callable[[str, Tensor, Slices], Tensor],
        *,
        after: Callable[[int, Tensor], Tensor] | None = None,
    ) -> None:
        """Compute what ``features`` does, and keep nothing of it.

        ``tap(layer, value, where)`` is given each layer of which something is wanted as soon as it
        is computed: what others need of it, and where in that the wanted positions lie; it returns
        the value, for others to read.
        """
        run = _Run(field, self.windows(field.size), [None] * (len(self.nodes) + 1))
        values, prepared = run.values, self.prepare(picture)
        values[PICTURE] = prepared if after is None else after(PICTURE, prepared)
        for place in range(1, len(self.nodes) + 1):
            if (need := field.needs[place]) is not None:
                made = self._run(place, need, run)
                values[place] = made if after is None else after(place, made)
            for layer in self._named.get(place, ()):
                if (region := field.wanted.get(layer)) is not None and need is not None:
                    value = values[place]
                    assert value is not None
                    values[place] = tap(layer, value, region.within(need))
            for done in self._last_read.get(place, ()):
                values[done] = None

    def prepare(self, picture: Tensor) -> Tensor:
        """What the first operation reads."""
        return self.network.prepare(picture)

    def receptive_field(self, layer: str) -> tuple[int, int]:
        """(height, width), px, that one position inside a large picture's layer depends on."""
        side = 64
        while True:
            size = (side, side)
            middle = [n // 2 for n in self.size(layer, size)]
            region = Region(*(Span(m, m + 1) for m in middle))
            picture = self.field(size, {layer: region}).picture
            spans = (picture.rows, picture.columns)
            if all(s.start > 0 and s.stop < side for s in spans):
                return picture.size
            side *= 2

    def _trace(self, stage: nn.Module, place: int) -> int:
        """Adds a stage's operations, which read the value at ``place``; the place of its result."""
        modules = dict(stage.named_modules())
        places: dict[fx.Node, int] = {}
        for node in _Tracer().trace(stage).nodes:
            if node.op == "placeholder":
                places[node] = place
            elif node.op == "output":
                return places[_node(node.args[0])]
            else:
                operation, inputs = _operation(node, modules)
                self.nodes.append(Node(operation, tuple(places[item] for item in inputs)))
                places[node] = len(self.nodes)
        raise AssertionError("a traced module has an output")

    def windows(self, size: tuple[int, int]) -> list[tuple[Window, Window]]:
        """The windows of every place, of rows and columns (the picture's own is all of it)."""
        return list(zip(self.along(0, size[0]), self.along(1, size[1]), strict=True))

    def along(self, axis: int, length: int) -> list[Window]:
        """The windows of every place along one axis of a picture (0: rows, 1: columns)."""
        if (axis, length) not in self._known:
            found = [Window(length, length)]
            for node in self.nodes:
                read = found[node.inputs[0]].outputs
                found.append(node.operation.window(axis, read))
            self._known[axis, length] = found
        return self._known[axis, length]

    def _needs(
        self, windows: Sequence[Window], wanted: Mapping[str, Span], extra: Span | None
    ) -> list[Span]:
        """What is needed of every value along an axis."""
        needs: list[list[Span]] = [[] for _ in windows]
        if extra is not None:
            needs[PICTURE].append(extra)
        for layer, span in wanted.items():
            needs[self.places[layer]].append(span)
        for place in range(len(self.nodes), 0, -1):
            node, need = self.nodes[place - 1], hull(needs[place])
            if need.length:
                for read in node.inputs:
                    needs[read].append(windows[place].reads(need)[0])
        return [hull(spans) for spans in needs]

    def _run(self, place: int, need: Region, run: _Run) -> Tensor:
        node, windows = self.nodes[place - 1], run.windows[place]
        if (ready := run.values[place]) is not None:
            return ready
        (rows, above), (columns, beside) = (
            window.reads(span)
            for window, span in zip(windows, (need.rows, need.columns), strict=True)
        )
        read = Region(rows, columns)
        inputs = []
        for at in node.inputs:
            value, held = run.values[at], run.field.needs[at]
            assert value is not None
            assert held is not None
            inputs.append(_cut(value, read.within(held)))
        part = Part((need.rows, need.columns), (above, beside), windows)
        if in_library(inputs[0]) and (merged := self._merged(place, inputs, run)) is not None:
            return merged
        if node.operation is RECTIFIER and node.inputs[0] in run.rectified:
            return inputs[0]
        if node.operation is RECTIFIER and inputs[0] is value and at in self._spent:
            return value.relu_()  # saves a copy of what no one reads again
        return node.operation.run(inputs, part)

    def _merged(self, place: int, inputs: Sequence[Tensor], run: _Run) -> Tensor | None:
        """A value along with those that can be computed at once, or with its ReLU, if any can."""
        operation, them = self.nodes[place - 1].operation, self._siblings.get(place)
        if them is not None and len({run.field.needs[at] for at in them.places}) == 1:
            now = [at in self._rectifying for at in them.places]
            for at, made in zip(them.places, them.run(inputs[0], now), strict=True):
                run.values[at] = made
            run.rectified.update(self._rectifying.intersection(them.places))
            return run.values[place]
        if operation is not JOIN or place not in self._rectifying:
            return None
        run.rectified.add(place)
        return rectified_join(inputs)

    @cached_property
    def _rectifying(self) -> frozenset[int]:
        """The places whose ReLU can be computed along with them."""
        return rectifying(self.nodes, set(self.places.values()))

    @cached_property
    def _siblings(self) -> dict[int, Siblings]:
        """Convolutions to be run as one, by the first of their places."""
        return {them.places[0]: them for them in siblings(self.nodes)}

    @cached_property
    def _named(self) -> dict[int, list[str]]:
        """The layers that end at a place."""
        found: dict[int, list[str]] = {}
        for layer, place in self.places.items():
            found.setdefault(place, []).append(layer)
        return found

    @cached_property
    def _last_read(self) -> dict[int, list[int]]:
        """The values that no one reads after a place, so that they can be dropped."""
        last = {read: place for place, node in enumerate(self.nodes, 1) for read in node.inputs}
        found: dict[int, list[int]] = {}
        for read, place in last.items():
            found.setdefault(place, []).append(read)
        return found

    @cached_property
    def _spent(self) -> frozenset[int]:
        """The places of values that the one operation that reads them may overwrite."""
        readers = Counter(read for node in self.nodes for read in node.inputs)
        once = {place for place, count in readers.items() if count == 1}
        return frozenset(once - {PICTURE, *self.places.values()})


@dataclass
class _Run:
    """What a run of a flow has computed: values by place, and of which their ReLU, too."""

    field: Field
    windows: Sequence[tuple[Window, Window]]
    values: list[Tensor | None]
    rectified: set[int] = dataclasses.field(default_factory=set)


def _cut(value: Tensor, where: Slices) -> Tensor:
    """Some rows and columns of a value; if they are all of it, the value itself."""
    whole = tuple(slice(0, length) for length in value.shape[2:])
    return value if where == whole else value[(..., *where)]


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        ours = isinstance(m, SamePadding | ClassMap | ResponseNorm)
        return ours or super().is_leaf_module(m, module_qualified_name)


def _operation(
    node: fx.Node, modules: Mapping[str, nn.Module]
) -> tuple[Operation, Sequence[fx.Node]]:
    """A traced node's operation, and the nodes that it reads."""
    if node.op == "call_module":
        return of_module(modules[str(node.target)]), [_node(node.args[0])]
    if node.op != "call_function":
        raise NetworkError(f"{node.target}: such an operation can't be computed in parts")
    options: dict[str, Any] = dict(node.kwargs)
    if node.target is torch.cat:
        tensors, *rest = node.args
        options |= dict(zip(("dim",), rest, strict=False))
        return of_function(node.target, options), list(tensors)  # type: ignore[arg-type]
    names = ("kernel_size", "stride", "padding")
    options |= dict(zip(names, node.args[1:], strict=False))
    return of_function(node.target, options), [_node(node.args[0])]


def _node(argument: object) -> fx.Node:
    assert isinstance(argument, fx.Node)
    return argument
