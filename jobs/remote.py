"""How does a workspace live where there are only objects? This is its storage at a URL.

The objects there are the truth, and all of it: when a driver and its machine are gone, a driver on
another one goes on from them. While a storage has the lease, it alone changes what is there, so it
knows all sizes from one listing; and the lease is asked before each try to put, copy or delete
anything.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jobs import lease, segments
from jobs.lease import Lease, Terms
from jobs.lock import Holder
from jobs.log import LOG
from jobs.objects import Objects
from jobs.segments import SegmentLog
from jobs.storage import TEMPORARY, Sizes, checked
from renderer.errors import WorkspaceError


class Remote:
    """The files below one URL."""

    look_s = 2.0

    def __init__(self, objects: Objects, terms: Terms | None = None) -> None:
        self._objects, self._terms, self.place = objects, terms, objects.place
        self._lease: Lease | None = None
        self._sizes: dict[str, int] = {}  # of all files, while there is a lease

    @classmethod
    def at(cls, url: str) -> Remote:
        """The storage at a URL. WorkspaceError if nothing here opens such URLs."""
        return cls(Objects.at(url))

    def address(self, name: str) -> str:
        """A file's URL. WorkspaceError for a name that leads out."""
        return "/".join((self.place, *checked(name, self.place)))

    def read(self, name: str, start: int = 0) -> bytes:
        """A file's contents, from a byte on. FileNotFoundError if it isn't there."""
        return self._objects.read(name, start)

    def exists(self, name: str) -> bool:
        """Whether a file is there at this moment (for small files: it is read)."""
        try:
            self._objects.read(name)
        except FileNotFoundError:
            return False
        return True

    def write(self, files: Mapping[str, bytes]) -> None:
        """Puts files in their places, side by side."""
        self._objects.put_all(files)
        self._sizes.update({name: len(data) for name, data in files.items()})

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A temporary path on this machine; it becomes the file of that name if nothing fails."""
        checked(name, self.place)
        with self.told(), tempfile.TemporaryDirectory(prefix="reverie-") as folder:
            path = Path(folder) / Path(name).name
            yield path
            self._objects.put_file(name, path)
            self._sizes[name] = path.stat().st_size

    def alias(self, moves: Sequence[tuple[str, str]]) -> None:
        """Gives (first) files further names (second): copies, made by the store."""
        taken = {wanted for _, wanted in moves}
        spare = {have: f"{TEMPORARY}{n}" for n, (have, _) in enumerate(moves) if have in taken}
        for have, name in spare.items():
            self._objects.copy(have, name)
        sizes = {wanted: self._sizes[have] for have, wanted in moves}
        for have, wanted in moves:
            self._objects.copy(spare.get(have, have), wanted)
        self._sizes.update(sizes)
        self._objects.delete(spare.values())

    def remove(self, names: Iterable[str]) -> None:
        """Removes files; one that isn't there is passed over."""
        names = list(names)
        self._objects.delete(names)
        for name in names:
            self._sizes.pop(name, None)

    def files(self, below: str = "") -> Iterator[str]:
        """Names of all files below a folder; without one, of those right in the workspace."""
        names = list(self._sizes) if self._lease else self._objects.sizes(below)
        return (n for n in names if (n.startswith(f"{below}/") if below else "/" not in n))

    def sizes(self) -> Sizes:
        """What all files' sizes are now, or stay to be while there is a lease."""
        return (self._sizes if self._lease else self._objects.sizes()).get

    def freed(self, names: Sequence[str]) -> list[int | None]:
        """The bytes that each removal frees."""
        sizes = self.sizes()
        return [sizes(name) for name in names]

    def lock(self) -> Lease:
        """The lease, taken. WorkspaceError if another has it."""
        self._lease = Lease(self._objects, self._terms)
        self._objects = self._objects.fenced(self._lease.check)
        try:
            self._sizes = self._objects.sizes()
            if LOG in self._sizes:
                segments.adopt(self._objects)
        except BaseException:
            self._lease.release()
            raise
        return self._lease

    def holder(self) -> Holder | None:
        """Who drives the workspace."""
        return lease.holder(self._objects)

    def log(self) -> SegmentLog:
        """The log, to be added to. Only who has the lease may."""
        assert self._lease is not None
        return SegmentLog(self._objects, self._lease.number)

    def records(self) -> Iterator[dict[str, Any]]:
        """The whole records of the log, oldest first."""
        return segments.records(self._objects)

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turns what fails inside into a WorkspaceError that says what to do."""
        try:
            yield
        except (OSError, NotImplementedError) as error:
            raise WorkspaceError(f"{self.place}: {_advice(error)}") from error


def _advice(error: OSError | NotImplementedError) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    what = " ".join((text or str(error) or type(error).__name__).split())
    if isinstance(error, FileNotFoundError):
        return f"isn't there ({what}); make the bucket, or choose another place with --out"
    if isinstance(error, PermissionError):
        return (
            f"access is refused ({what}); check the credentials, which the environment or the "
            "store's own files give, and what they allow"
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"no room ({what}), there or for temporary files here; make some and run again"
    return f"can't be used now ({what}); run the same command again when it can: it goes on"
