"""Which known weights is a file, and is it whole?

Known are the hashes of some files and the digests of some tensors (``Source``); a file converted to
another format has another hash, but its tensors keep their digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from renderer import canonical
from renderer.containers import Container, open_container
from renderer.errors import WeightsError
from renderer.networks.entries import NetworkEntry, Preprocessing, Source
from renderer.networks.registry import NETWORKS


@dataclass(frozen=True)
class Identity:
    """What a weight file turned out to be.

    ``until`` is the deepest layer that it has all tensors for, ``digest`` that of all tensors up to
    it. ``known`` is the file it equals, by its hash or by its tensors; None for unknown weights.
    """

    path: Path
    network: str
    until: str
    digest: str
    preprocessing: Preprocessing
    known: Source | None


def identify(path: Path, entry: NetworkEntry | None = None) -> Identity:
    """What a file is, as weights of a network, or of the one it fits best.

    Raises WeightsError for a file that fits none, or that bears a known file's name and isn't it.
    """
    container = open_container(path)
    entry = entry or _best(container)
    layers = canonical.covered(entry, container)
    if not layers:
        raise WeightsError(f"{path} doesn't hold the weights of network {entry.name}")
    _check_name(entry, path)
    tensors, preprocessing = canonical.read(entry, layers[-1], container)
    found = canonical.digest(tensors)
    known = _known(entry, path, found)
    return Identity(path, entry.name, layers[-1], found, preprocessing, known)


def check(entry: NetworkEntry, source: Source, path: Path) -> None:
    """Raise WeightsError, without naming the file, if it is not the known one."""
    found = file_hash(path)
    if not found.startswith(source.sha256):
        raise WeightsError(f"its SHA-256 is {found}, not {source.sha256}...: it is another file")
    try:
        container = open_container(path)
    except WeightsError as error:
        raise WeightsError("it is not a whole file of weights") from error
    layers = canonical.covered(entry, container)
    if not layers:
        raise WeightsError(f"the weights of network {entry.name} are not in it")
    known = [layer for layer in layers if layer in source.digests]
    if known:
        tensors, _ = canonical.read(entry, known[-1], container)
        found = canonical.digest(tensors)
        if found != source.digests[known[-1]]:
            raise WeightsError(
                f"the digest of its tensors is {found}, not {source.digests[known[-1]]}"
            )


def file_hash(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_name(entry: NetworkEntry, path: Path) -> None:
    try:
        for source in entry.sources:
            if source.file == path.name:
                check(entry, source, path)
    except WeightsError as fault:
        raise WeightsError(f"{path} is not what its name says: {fault}") from fault


def _best(container: Container) -> NetworkEntry:
    """The network that the most of the file's tensors fit, from the first layer on."""
    fits = {entry.name: len(canonical.covered(entry, container)) for entry in NETWORKS.values()}
    name = max(fits, key=lambda name: fits[name])
    if not fits[name]:
        raise WeightsError(
            f"{container.path} holds the weights of no known network ({', '.join(NETWORKS)})"
        )
    return NETWORKS[name]


def _known(entry: NetworkEntry, path: Path, digest: str) -> Source | None:
    for source in entry.sources:
        if digest in source.digests.values():
            return source
    found = file_hash(path)
    for source in entry.sources:
        if source.sha256 and found.startswith(source.sha256):
            return source
    return None
