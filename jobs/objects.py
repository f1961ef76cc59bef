"""What can be done with the objects below a URL? Put, read, list, copy, delete; no more is needed.

A put is whole or not at all: an object store's is so by itself, and file systems that know renaming
get a temporary name first. A request that failed for a while is repeated; what is told then is an
OSError, whatever the library raises. Nothing is cached: other machines change the same objects.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import itertools
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import fsspec

from jobs.storage import TEMPORARY, checked, one_line
from renderer.errors import ReverieError, WorkspaceError

T = TypeVar("T")

SIDE_BY_SIDE = 8
"""Requests at a time: a request waits far longer than it works."""

WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Pauses between the tries of a request, once one has succeeded: half a minute's trouble is borne.

Before that nothing is repeated: the address or the credentials are more likely to be wrong.
"""

RENAMING = ("file", "local", "sftp", "ssh", "hdfs")
"""File systems whose writing can be seen half done, and whose renaming can't."""

_FOR_GOOD = (
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    NotImplementedError,
)


class Objects:
    """The objects below one path of a file system that fsspec knows."""

    def __init__(self, fs: Any, root: str, place: str) -> None:
        self._fs, self._root, self.place = fs, root.rstrip("/"), place
        protocols = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
        self._renames = bool(set(protocols).intersection(RENAMING))
        self._reached = False
        self._guard: Callable[[], None] = _nothing
        self._numbers = itertools.count()
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="objects")

    @classmethod
    def at(cls, url: str) -> Objects:
        """The objects below a URL. WorkspaceError if nothing here opens such URLs."""
        try:
            fs, root = fsspec.core.url_to_fs(url)
        except ImportError as error:
            how = "; pip install 'reverie[s3]'" if url.startswith("s3") else ""
            raise WorkspaceError(f"{url}: a library is missing ({one_line(error)}){how}") from error
        except Exception as error:
            raise WorkspaceError(
                f"{url}: isn't a place for a workspace ({one_line(error)})"
            ) from error
        if not root.strip("/"):
            raise WorkspaceError(
                f"{url}: names no place there; say one, like s3://bucket/renders/a"
            )
        return cls(fs, root, url.rstrip("/"))

    def fenced(self, guard: Callable[[], None]) -> Objects:
        """The same objects; ``guard`` is called before each try to change one, and may raise."""
        fenced = copy.copy(self)
        fenced._guard = guard
        return fenced

    def read(self, name: str, start: int = 0) -> bytes:
        """An object's contents, from a byte on. FileNotFoundError if it isn't there.

        Of one that isn't that long any more, OSError in some stores.
        """
        if not start:
            return bytes(self._tried(lambda: self._fs.cat_file(self._path(name))))
        before = start - 1  # which is there: stores refuse a range with nothing in it
        return bytes(self._tried(lambda: self._fs.cat_file(self._path(name), start=before)))[1:]

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        """Several objects' contents."""
        return list(self._pool.map(self.read, names))

    def get_file(self, name: str, target: Path) -> None:
        """Copies an object into a file of this machine."""
        self._tried(lambda: self._fs.get_file(self._path(name), str(target)))

    def stamp(self, name: str) -> str:
        """What is another text when an object has been changed. FileNotFoundError as above."""
        return str(self._tried(lambda: self._fs.ukey(self._path(name))))

    def put(self, name: str, data: bytes) -> None:
        """Puts an object in its place."""
        self._placed(name, lambda path: self._fs.pipe_file(path, data))

    def put_all(self, files: Mapping[str, bytes]) -> None:
        """Puts several, in any order."""
        if len(files) == 1:
            self.put(*next(iter(files.items())))
        else:
            list(self._pool.map(self.put, files, files.values()))

    def put_file(self, name: str, source: Path) -> None:
        """Puts a file of this machine in its place."""
        self._placed(name, lambda path: self._fs.put_file(str(source), path))

    def create(self, name: str, data: bytes) -> None:
        """Puts an object where there is none. FileExistsError if there is one.

        A repeated try may meet its own work: who must know reads what is there.
        """
        path = self._path(name)
        self._tried(lambda: self._make_room(path))
        self._changed(lambda: self._fs.pipe_file(path, data, mode="create"))

    def copy(self, source: str, target: str) -> None:
        """Copies an object within the store."""
        self._placed(target, lambda path: self._fs.cp_file(self._path(source), path))

    def delete(self, names: Iterable[str]) -> None:
        """Deletes objects; one that isn't there is passed over."""
        list(self._pool.map(self._delete, names))

    def sizes(self, below: str = "") -> dict[str, int]:
        """The bytes in each object below a folder, by name, in one listing."""
        top = f"{self._root}/{below}" if below else self._root
        start = len(self._root) + 1
        try:
            found = self._tried(lambda: self._listed(top))
        except FileNotFoundError:
            return {}
        return {path[start:]: size for path, size in found.items() if path[start:]}

    def folders(self) -> list[str]:
        """The names of the folders right below, sorted."""

        def look() -> list[str]:
            self._fs.invalidate_cache()
            found = self._fs.ls(self._root, detail=True)
            return [one["name"] for one in found if one["type"] == "directory"]

        try:
            paths = self._tried(look)
        except FileNotFoundError:
            return []
        return sorted(path.rstrip("/").rpartition("/")[2] for path in paths)

    def _listed(self, top: str) -> dict[str, int]:
        self._fs.invalidate_cache()
        found = self._fs.find(top, detail=True)
        return {
            path: int(info["size"] or 0)
            for path, info in found.items()
            if info["type"] == "file" and path.startswith(f"{top}/")
        }

    def _delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._changed(lambda: self._fs.rm_file(self._path(name)))

    def _placed(self, name: str, put: Callable[[str], Any]) -> None:
        path = self._path(name)
        if not self._renames:
            self._changed(lambda: put(path))
            return
        folder = path.rpartition("/")[0]
        temporary = f"{folder}/{TEMPORARY}{os.getpid()}-{next(self._numbers)}"
        try:
            self._tried(lambda: self._make_room(path))
            self._tried(lambda: put(temporary))
            self._changed(lambda: self._fs.mv(temporary, path))
        except OSError:
            with contextlib.suppress(OSError):
                self._delete(f"{name.rpartition('/')[0]}/{temporary.rpartition('/')[2]}")
            raise

    def _make_room(self, path: str) -> None:
        if self._renames:
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)

    def _path(self, name: str) -> str:
        return "/".join((self._root, *checked(name, self.place)))

    def _changed(self, request: Callable[[], object]) -> None:
        self._tried(request, before=self._guard)

    def _tried(self, request: Callable[[], T], *, before: Callable[[], None] | None = None) -> T:
        waits = iter(WAITS_S if self._reached else ())
        while True:
            if before is not None:
                before()
            try:
                result = request()
            except Exception as error:  # each library has its own
                told = as_os_error(error)
                wait_s = None if isinstance(told, _FOR_GOOD) else next(waits, None)
                if wait_s is None:
                    raise told from error
                time.sleep(wait_s)
            else:
                self._reached = True
                return result


def _nothing() -> None:
    """No one has to be asked."""


def as_os_error(error: Exception) -> OSError | NotImplementedError:
    """What a library's error comes to. Raises it if it is none of a library but a mistake."""
    if isinstance(error, OSError | NotImplementedError):
        return error
    if isinstance(error, ReverieError) or type(error).__module__ == "builtins":
        raise error
    if "Credential" in type(error).__name__:
        return PermissionError(errno.EACCES, one_line(error))
    return OSError(errno.EIO, one_line(error))
