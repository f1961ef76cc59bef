"""Where can a workspace live, and what is asked of such a place? The rest of jobs knows only this.

Two kinds answer. A folder on a disk (``jobs.files``) has renaming, appending, links and kernel
locks. Everything else that fsspec opens (``jobs.remote``: ``s3://``, ``gs://``, ``memory://``) is
taken to have only what object stores have: a file is put whole or not at all, read, listed, copied
and deleted. Names are relative, with slashes (``frames/1-dream/a.png``). OSError for whatever the
place refuses, which ``told`` turns into a WorkspaceError of one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from jobs.lock import Holder
from renderer.errors import WorkspaceError

TEMPORARY = ".writing-"
"""How the names of files begin that are being written."""

Sizes = Callable[[str], int | None]
"""The bytes in the file of a name; None if there is none."""


class Lock(Protocol):
    """The right to change a workspace."""

    def check(self) -> None:
        """WorkspaceError if it was lost; whoever publishes asks before."""

    def release(self) -> None:
        """Lets others have the workspace."""


class Log(Protocol):
    """The log of a workspace, open for adding to it."""

    def append(self, event: str, **facts: Any) -> None:
        """Adds a record."""

    def settle(self) -> None:
        """Returns when the records so far outlive this process."""

    def close(self) -> None:
        """Settles all records for good."""


class Storage(Protocol):
    """A place for one workspace. ``look_s`` is how long what others say there may go unheard."""

    place: str
    look_s: float

    def told(self) -> AbstractContextManager[None]:
        """Turns what fails inside into a WorkspaceError that says what to do."""

    def address(self, name: str) -> str:
        """The full name of a file, for people. WorkspaceError for one that leads out."""

    def read(self, name: str, start: int = 0) -> bytes:
        """A file's contents, from a byte on. FileNotFoundError if it isn't there."""

    def exists(self, name: str) -> bool:
        """Whether a file is there at this moment."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Puts files in their places, each whole or not at all, in any order."""

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """A temporary path on this machine; it becomes the file of that name if nothing fails."""

    def alias(self, moves: Sequence[tuple[str, str]]) -> None:
        """Gives (first) files further names (second), which may be names of others of them."""

    def remove(self, names: Iterable[str]) -> None:
        """Removes files; one that isn't there is passed over."""

    def files(self, below: str = "") -> Iterator[str]:
        """Names of all files below a folder; without one, of those right in the workspace."""

    def sizes(self) -> Sizes:
        """What all files' sizes are."""

    def freed(self, names: Sequence[str]) -> list[int | None]:
        """The bytes that each removal frees if all go, in this order; None for what isn't there."""

    def lock(self) -> Lock:
        """The lock, taken; the place is made if need be. WorkspaceError if another has it."""

    def holder(self) -> Holder | None:
        """Who drives the workspace."""

    def log(self) -> Log:
        """The log, to be added to; only who has the lock may."""

    def records(self) -> Iterator[dict[str, Any]]:
        """The whole records of the log, oldest first; none if there is none."""


def at(place: str | Path) -> Storage:
    """The storage that a folder or a URL means. WorkspaceError if nothing here opens such URLs."""
    from jobs.files import Files

    protocol, mark, path = str(place).partition("://")
    if not mark:
        return Files(Path(place).expanduser())
    if protocol in ("file", "local"):
        return Files(Path(path))
    from jobs.remote import Remote  # fsspec, which folders don't need

    return Remote.at(str(place))


def contents(file: str) -> bytes:
    """The bytes of one file, by its path or URL. OSError if it can't be read."""
    if not is_url(file):
        return Path(file).read_bytes()
    folder, _, name = file.rpartition("/")
    return at(folder).read(name)


def absolute(place: str | Path) -> str:
    """A folder's full path; a URL as it is."""
    return str(place) if is_url(place) else str(Path(place).expanduser().absolute())


def within(place: str | Path) -> list[str]:
    """The folders right in a folder or at a URL, sorted; none if there is no such place.

    OSError if it can't be listed, WorkspaceError if nothing here opens such URLs.
    """
    if is_url(place):
        from jobs.objects import Objects

        return [below(place, name) for name in Objects.at(str(place)).folders()]
    folder = Path(place).expanduser()
    if not folder.is_dir():
        return []
    return sorted(str(path) for path in folder.iterdir() if path.is_dir())


def below(place: str | Path, name: str) -> str:
    """The folder of that name in a place."""
    return f"{str(place).rstrip('/')}/{name}" if is_url(place) else str(Path(place) / name)


def is_url(place: str | Path) -> bool:
    """Whether a place is none of this machine's folders."""
    return isinstance(place, str) and "://" in place


def one_line(error: Exception) -> str:
    """What a library says went wrong with a file, whatever kind of error that is."""
    if isinstance(error, FileNotFoundError):
        return "there is no such file"  # where fsspec has the URL alone
    said = error.strerror if isinstance(error, OSError) else None
    return " ".join((said or str(error) or type(error).__name__).split())


def checked(name: str, place: str) -> tuple[str, ...]:
    """The parts of a file's name. WorkspaceError for one that leads out of the workspace."""
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name:
        raise WorkspaceError(f"{place}: {name!r} is no name of a file in it")
    return parts


def leftovers(storage: Storage, below: Iterable[str]) -> list[str]:
    """What dead processes were writing: right in the workspace, and below these folders."""
    return [
        name
        for folder in ("", *below)
        for name in storage.files(folder)
        if name.rpartition("/")[2].startswith(TEMPORARY)
    ]
