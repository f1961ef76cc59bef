"""How does a file at a URL come to where only a file will do? Into this machine's cache, once."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from jobs.objects import Objects
from jobs.storage import is_url
from renderer.errors import WeightsError, WorkspaceError
from renderer.weights import cache_home

FOLDER = "fetched"


def at_hand(weights: Path | str | None) -> Path | None:
    """The path of a weight file: of one at a URL, that of a copy in the cache.

    It is fetched if the cache doesn't have it as it is there now. Raises WeightsError.
    """
    if weights is None or not is_url(weights):
        return None if weights is None else Path(weights)
    url = str(weights)
    folder, _, name = url.rpartition("/")
    protocol, _, path = url.partition("://")
    if protocol in ("file", "local"):
        return Path(path)
    try:
        return _copied(Objects.at(folder), name, url)
    except (OSError, NotImplementedError) as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(f"{url}: can't be fetched ({what})") from error
    except WorkspaceError as error:
        raise WeightsError(str(error)) from error


def _copied(objects: Objects, name: str, url: str) -> Path:
    key = hashlib.sha256(f"{url} {objects.stamp(name)}".encode()).hexdigest()[:32]
    target = cache_home() / FOLDER / key / name
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".writing-{os.getpid()}-{name}")
        try:
            objects.get_file(name, temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    return target
