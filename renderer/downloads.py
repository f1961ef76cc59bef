"""How does a weight file come from the internet into the cache, whole and verified?

It is written under a temporary name, synced, checked (the file's hash and its tensors' digest,
whichever is known, and that the network's tensors are in it) and only then renamed; so a file under
its own name is always a good one. A connection that is cut is tried again.
"""

from __future__ import annotations

import http.client
import os
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from renderer import identity
from renderer.errors import DownloadError, WeightsError
from renderer.networks.entries import NetworkEntry, Source

ATTEMPTS = 4
MAX_BYTES = 2 * 2**30
BLOCK_BYTES = 1 << 20
TIMEOUT_S = 30.0
WORTH_RETRYING = (408, 425, 429, 500, 502, 503, 504)
Progress = Callable[[int, int | None], None]


class _CutError(Exception):
    """The connection broke; another attempt may succeed."""


def fetchable(entry: NetworkEntry) -> tuple[Source, ...]:
    """The files of a network that can be downloaded."""
    return tuple(source for source in entry.sources if source.url)


def choose(entry: NetworkEntry, file: str | None = None) -> Source:
    """The file of that name, or a network's first. Raises DownloadError."""
    sources = fetchable(entry)
    if not sources:
        raise DownloadError(f"network {entry.name} has no file to download")
    for source in sources:
        if file in (None, source.file):
            return source
    names = ", ".join(source.file for source in sources)
    raise DownloadError(f"network {entry.name} has no file {file!r} to download (files: {names})")


def download(
    entry: NetworkEntry,
    source: Source,
    directory: Path,
    *,
    mirror: str | None = None,
    progress: Progress | None = None,
    pause_s: float = 1.0,
    max_bytes: int = MAX_BYTES,
) -> Path:
    """The path of the file in ``directory``. Raises DownloadError: address, reason, what to do.

    ``progress`` is called with the bytes done and the bytes in all (None where the server doesn't
    say). After a cut connection it waits ``pause_s``, twice that, and so on.
    """
    address = _address(source, mirror)
    target = directory / source.file
    try:
        directory.mkdir(parents=True, exist_ok=True)
        part = _temporary(target)
    except OSError as error:
        raise DownloadError(f"{directory} can't be written: {error.strerror or error}") from error
    try:
        _transfer_patiently(address, part, progress, pause_s=pause_s, max_bytes=max_bytes)
        identity.check(entry, source, part)
        part.replace(target)
    except (WeightsError, OSError) as error:
        raise _failure(source, address, target, error) from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _address(source: Source, mirror: str | None) -> str:
    base = mirror or os.environ.get("REVERIE_MIRROR")
    address = f"{base.rstrip('/')}/{quote(source.file)}" if base else source.url
    if urlsplit(address).scheme not in ("http", "https"):
        raise DownloadError(f"{address} is no address to download from; it must be http or https")
    return address


def _temporary(target: Path) -> Path:
    handle, name = tempfile.mkstemp(target.suffix, f"{target.name}.part-", target.parent)
    os.close(handle)
    part = Path(name)
    part.chmod(0o644)  # a cache may be shared
    return part


def _transfer_patiently(
    address: str, part: Path, progress: Progress | None, *, pause_s: float, max_bytes: int
) -> None:
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(pause_s * 2 ** (attempt - 1))
        try:
            with part.open("wb") as file:
                _transfer(address, file, progress, max_bytes=max_bytes)
                file.flush()
                os.fsync(file.fileno())
            return
        except _CutError as cut:
            reason = str(cut)
    raise DownloadError(f"{reason} ({ATTEMPTS} attempts)")


def _transfer(address: str, file: BinaryIO, progress: Progress | None, *, max_bytes: int) -> None:
    request = urllib.request.Request(address, headers={"User-Agent": "reverie"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            length = response.headers.get("Content-Length", "")
            total = int(length) if length.isdecimal() else None
            _copy(response, file, progress, total=total, max_bytes=max_bytes)
    except urllib.error.HTTPError as error:
        answer = f"the server answers {error.code} ({error.reason})"
        if error.code in WORTH_RETRYING:
            raise _CutError(answer) from error
        raise DownloadError(answer) from error
    except urllib.error.URLError as error:
        raise DownloadError(f"there is no connection ({_words(error.reason)})") from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        raise _CutError(f"the connection was cut ({_words(error)})") from error


def _copy(
    response: BinaryIO,
    file: BinaryIO,
    progress: Progress | None,
    *,
    total: int | None,
    max_bytes: int,
) -> None:
    done = 0
    while True:
        if max(done, total or 0) > max_bytes:
            raise DownloadError(f"the file is larger than {max_bytes} bytes")
        if progress is not None:
            progress(done, total)
        block = response.read(BLOCK_BYTES)
        if not block:
            break
        file.write(block)
        done += len(block)
    if total is not None and done < total:
        raise _CutError(f"the connection was cut after {done} of {total} bytes")


def _failure(source: Source, address: str, target: Path, error: Exception) -> DownloadError:
    reason = error if isinstance(error, WeightsError) else _words(error)
    return DownloadError(
        f"{source.file} could not be fetched from {address}: {reason}; get it in another way and "
        f"put it at {target}, or go on without internet: network motifs"
    )


def _words(error: object) -> str:
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
