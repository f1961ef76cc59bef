"""Where do a network's weights come from, and which are they?

They are looked for in this order: a file that is named; ``weights_dir`` and the directories of
$REVERIE_WEIGHTS; the package itself (``motifs`` is embedded); the cache ($REVERIE_CACHE, or the
user's cache directory); and the internet, if a download is allowed. Nothing else is ever used
instead of what was asked for: without weights there is an error that says where to put which file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from renderer import canonical, downloads
from renderer.cache import cache_home
from renderer.canonical import digest
from renderer.containers import Array, open_container
from renderer.errors import WeightsError
from renderer.identity import Identity, identify
from renderer.networks.entries import NetworkEntry, Preprocessing, Source
from renderer.networks.layers import resolve_layer
from renderer.networks.registry import NETWORKS, entry

EMBEDDED = Path(__file__).parent / "networks"
OFFLINE = "or go on without internet: network motifs"
PathLike = str | os.PathLike[str]
Progress = Callable[[int, int | None], None]  # bytes done, bytes in all where they are known


@dataclass(frozen=True)
class Weights:
    """The tensors that a network needs up to some layer, by canonical name, in float32.

    ``digest`` is theirs, so it depends on how deep the network is. ``source`` is the file.
    """

    network: str
    tensors: Mapping[str, Array]
    preprocessing: Preprocessing
    digest: str
    source: str

    @property
    def identity(self) -> str:
        """Digest of all that decides what the network sees: its tensors and its preprocessing."""
        return hashlib.sha256(f"{self.digest}:{self.preprocessing}".encode()).hexdigest()


@dataclass(frozen=True)
class Known:
    """A row of `reverie weights list`: a network, its file if one is there, and where to get it."""

    network: str
    title: str
    found: Path | None
    sources: tuple[Source, ...]


def resolve(
    network: str,
    until: str,
    *,
    path: PathLike | None = None,
    weights_dir: PathLike | None = None,
    download: bool = False,
    progress: Progress | None = None,
) -> Weights:
    """The weights of a network up to a layer; only the tensors of those layers are read.

    A file that doesn't reach that deep is passed over if another one does. Raises NetworkError,
    WeightsError (no file; or the first file's fault), DownloadError.
    """
    known = entry(network)
    until = resolve_layer(known, until)
    if path is not None:
        return _read(known, until, Path(path).expanduser())
    faults = []
    for candidate in candidates(known, weights_dir):
        try:
            return _read(known, until, candidate)
        except WeightsError as fault:
            faults.append(fault)
    if download and downloads.fetchable(known):
        return _read(known, until, fetch(network, progress=progress))
    raise faults[0] if faults else _missing(known, weights_dir)


def fetch(
    network: str,
    *,
    file: str | None = None,
    mirror: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """The path of a network's weight file in the cache, downloaded anew and verified.

    ``file`` chooses among the files of a network that comes in several; ``mirror`` (or
    $REVERIE_MIRROR) is the address of a directory to fetch from instead of the file's own.
    """
    known = entry(network)
    source = downloads.choose(known, file)
    return downloads.download(known, source, cache_dir(), mirror=mirror, progress=progress)


def verify(
    what: PathLike, *, network: str | None = None, weights_dir: PathLike | None = None
) -> Identity:
    """What a weight file is, given by its path or as the name of a network whose file is at hand.

    Raises WeightsError for a file that is damaged, or not what its name says.
    """
    name = os.fspath(what)
    if name in NETWORKS and not Path(name).is_file():
        path = next(candidates(entry(name), weights_dir), None)
        if path is None:
            raise _missing(entry(name), weights_dir)
        return identify(path, entry(name))
    return identify(Path(name).expanduser(), entry(network) if network else None)


def known(weights_dir: PathLike | None = None) -> tuple[Known, ...]:
    """What there is for each network of the registry."""
    return tuple(
        Known(net.name, net.title, next(candidates(net, weights_dir), None), net.sources)
        for net in NETWORKS.values()
    )


def candidates(known: NetworkEntry, weights_dir: PathLike | None = None) -> Iterator[Path]:
    """The files at hand that a network's weights may be in, the first choice first."""
    for directory in directories(weights_dir):
        for name in file_names(known):
            if (directory / name).is_file():
                yield directory / name


def file_names(known: NetworkEntry) -> tuple[str, ...]:
    """The names that a network's weight files go by."""
    own = (f"{known.name}{suffix}" for suffix in (".safetensors", ".pth", ".pt"))
    return tuple(dict.fromkeys((*own, *(source.file for source in known.sources))))


def directories(weights_dir: PathLike | None = None) -> tuple[Path, ...]:
    """Where weight files are looked for, in order."""
    named = [os.fspath(weights_dir)] if weights_dir is not None else []
    if named and not Path(named[0]).expanduser().is_dir():
        raise WeightsError(f"there is no directory of weights {named[0]}")
    listed = os.environ.get("REVERIE_WEIGHTS", "").split(os.pathsep)
    given = [Path(item).expanduser() for item in (*named, *listed) if item]
    return (*given, EMBEDDED, cache_dir())


def cache_dir() -> Path:
    """Where downloaded weights are kept."""
    return cache_home() / "weights"


def _read(known: NetworkEntry, until: str, path: Path) -> Weights:
    tensors, preprocessing = canonical.read(known, until, open_container(path))
    for array in tensors.values():
        array.setflags(write=False)
    return Weights(known.name, tensors, preprocessing, digest(tensors), str(path))


def _missing(known: NetworkEntry, weights_dir: PathLike | None) -> WeightsError:
    files = [source.file for source in known.sources if source.url] or [f"{known.name}.safetensors"]
    places = [place for place in directories(weights_dir) if place != EMBEDDED]
    get = f"run `reverie weights fetch {known.name}`, " if downloads.fetchable(known) else ""
    return WeightsError(
        f"there are no weights for network {known.name}: put {' or '.join(files)} into "
        f"{' or '.join(map(str, places))} (or name a directory by --weights-dir or "
        f"$REVERIE_WEIGHTS), {get}{OFFLINE}"
    )


__all__ = [
    "Identity",
    "Known",
    "Weights",
    "cache_dir",
    "cache_home",
    "candidates",
    "digest",
    "directories",
    "fetch",
    "file_names",
    "known",
    "resolve",
    "verify",
]
