"""How do files of this machine get to where others can read them? By their digests, each once.

    inputs/3f81…/harbour.jpg

The folder's name is the digest of the file's bytes, so that a file that is there needn't be put
again, whichever job has put it, and no name is ever taken by two files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from jobs.storage import Storage
from jobs.travel import File
from renderer.errors import JobError

T = TypeVar("T")
U = TypeVar("U")

FOLDER = "inputs"
"""Holds what was put, beside the folders of the jobs that read it."""

SIDE_BY_SIDE = 8
BLOCK_BYTES = 1 << 20
DIGEST_CHARACTERS = 32

Progress = Callable[[int], None]
"""Hears of further bytes."""


@dataclass(frozen=True, slots=True)
class Deposit:
    """A file of this machine, and its name where it is put."""

    path: str
    name: str
    size_bytes: int


def beside(place: str) -> str:
    """Where files are put for a job with this folder or URL."""
    return f"{place.rstrip('/').rpartition('/')[0]}/{FOLDER}"


def name(data: bytes, called: str) -> str:
    """The name that some bytes get."""
    return _name(hashlib.sha256(data).hexdigest(), called)


def prepared(files: Iterable[File], told: Progress = lambda count: None) -> dict[File, Deposit]:
    """What each file is to be put as; all are read for that. JobError for one that can't be."""
    unique = list(dict.fromkeys(files))
    paths = list(dict.fromkeys(file.path for file in unique))
    known = dict(zip(paths, _side_by_side(lambda path: _read(path, told), paths), strict=True))
    return {
        file: Deposit(file.path, _name(known[file.path][0], file.name), known[file.path][1])
        for file in unique
    }


def missing(storage: Storage, deposits: Iterable[Deposit]) -> list[Deposit]:
    """Those that aren't there yet, in one listing of all that is. WorkspaceError."""
    with storage.told():
        size = storage.sizes()
        unique = {deposit.name: deposit for deposit in deposits}.values()
        return [deposit for deposit in unique if size(deposit.name) != deposit.size_bytes]


def put(storage: Storage, deposits: Sequence[Deposit], told: Progress = lambda count: None) -> None:
    """Puts files, several at a time. JobError for one that is no longer what it was."""
    list(_side_by_side(lambda deposit: _put(storage, deposit, told), deposits))


def _put(storage: Storage, deposit: Deposit, told: Progress) -> None:
    digest = hashlib.sha256()
    with storage.writing(deposit.name) as path, path.open("wb") as target:
        for block in _blocks(deposit.path):
            digest.update(block)
            target.write(block)
        target.flush()
        if not deposit.name.startswith(digest.hexdigest()[:DIGEST_CHARACTERS]):
            raise JobError(f"{deposit.path}: was changed meanwhile; submit again")
    told(deposit.size_bytes)


def _read(path: str, told: Progress) -> tuple[str, int]:
    """A file's digest and size."""
    digest, size = hashlib.sha256(), 0
    for block in _blocks(path):
        digest.update(block)
        size += len(block)
        told(len(block))
    return digest.hexdigest(), size


def _blocks(path: str) -> Iterator[bytes]:
    try:
        with Path(path).open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block
    except OSError as error:
        what = error.strerror or error
        raise JobError(f"{path}: can't be read ({what}); nothing was submitted") from error


def _name(digest: str, called: str) -> str:
    return f"{digest[:DIGEST_CHARACTERS]}/{called}"


def _side_by_side(work: Callable[[T], U], items: Sequence[T]) -> Iterator[U]:
    """The results of some work on all items, in order; what has not begun ends with an error."""
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="deposits") as pool:
        futures: list[Future[U]] = [pool.submit(work, item) for item in items]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return (future.result() for future in futures)
