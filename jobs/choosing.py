"""Which channels of a layer does a job mean, and which of them must the network be asked for?

Listed and random channels are known at once. What is chosen by activation becomes a ``Choice``, to
be decided where the pictures and the weights are known (jobs.activity).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jobs.channels import Channels
from jobs.documents import Key
from jobs.inputs import Source, expand, gather
from renderer import networks
from renderer.channels import WHOLE, Region, Values, likeness, ranking
from renderer.errors import ImageError, JobError, NetworkError
from renderer.networks import NetworkEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """So many channels by what they see in a picture: in ``picture``, or (None) in the input.

    ``order`` is one of ``renderer.channels.ORDERS``; with ``like`` it is that of the likeness, not
    of the activation itself. ``key`` is where the job asks for it.
    """

    count: int
    order: str = "strongest"
    like: bool = False
    picture: Source | None = None
    region: Region = WHOLE
    key: Key = ()

    def of(self, values: Values, usual: Values | None) -> tuple[int, ...]:
        """The chosen channels, sorted. ``usual`` are the values that ``like`` compares with."""
        if usual is not None:
            values = likeness(values, usual)
        return tuple(sorted(ranking(values, self.order)[: self.count]))


def draw(count: int, total: int, *, seed: int, layer: str) -> tuple[int, ...]:
    """``count`` of ``total`` channels, drawn by the seed and the layer's full name alone.

    A larger draw holds the smaller one. Hashes are ranked, so no library's generator matters.
    """

    def rank(channel: int) -> str:
        return hashlib.sha256(f"{seed}:{layer}:{channel}".encode()).hexdigest()

    return tuple(sorted(sorted(range(total), key=rank)[:count]))


def known(entry: NetworkEntry, layer: str, wanted: Channels, *, seed: int) -> tuple[int, ...]:
    """The channels that are known at once: none of those to be chosen by activation.

    NetworkError for channels that the layer doesn't have, or more than it has.
    """
    total = networks.channels(entry, layer)
    if wanted.wanted > total:
        raise NetworkError(f"{layer} has only {total} channels, not {wanted.wanted}")
    if wanted.random is not None:
        return draw(wanted.random, total, seed=seed, layer=f"{entry.name}.{layer}")
    return tuple(sorted(set(_listed(layer, wanted, total))))


def choice(wanted: Channels, base: Path, key: Key) -> Choice:
    """What is to be decided by activation. JobError or ImageError where its picture isn't one."""
    name = wanted.like or wanted.of
    return Choice(
        count=wanted.wanted,
        order=wanted.order or "strongest",
        like=wanted.like is not None,
        picture=None if name is None else picture(name, base),
        region=WHOLE if wanted.region is None else Region(*wanted.region),
        key=key,
    )


def picture(name: str, base: Path) -> Source:
    """The one picture in a file; of an animation the first frame. JobError, ImageError."""
    sources, failed = gather(expand(name, base))
    if failed:
        raise ImageError(failed[0].reason)
    if len({source.path for source in sources}) != 1:
        raise JobError(f"{name}: is more than one picture; name one")
    return sources[0]


def _listed(layer: str, wanted: Channels, total: int) -> Iterator[int]:
    for entry in wanted.only:
        channels = entry if isinstance(entry, range) else range(entry, entry + 1)
        if channels[-1] >= total:
            raise NetworkError(f"{layer} has the channels 0 to {total - 1}, no {channels[-1]}")
        yield from channels
