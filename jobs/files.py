"""How does a file get into a folder for good? Under a temporary name, forced to disk, renamed.

So a file with its own name is whole. Temporary names begin alike and lie beside their targets:
what a process that died was writing is known by its name.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath

from renderer.errors import WorkspaceError

TEMPORARY = ".writing-"


class Files:
    """The files of one folder, by their names within it (``frames/1-dream/a.png``).

    Whatever goes wrong is a WorkspaceError of one line that names the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()
        self._made: set[Path] = set()

    def path(self, name: str) -> Path:
        """A file in the folder. WorkspaceError for a name that leads out of it."""
        parts = PurePosixPath(name).parts
        if not parts or PurePosixPath(name).is_absolute() or ".." in parts or "\\" in name:
            raise WorkspaceError(f"{self.folder}: {name!r} is no name of a file in it")
        return self.folder.joinpath(*parts)

    def write(self, name: str, data: bytes) -> None:
        """Puts a file in its place."""
        with self.writing(name) as path:
            path.write_bytes(data)

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A temporary path to write to; it becomes the file of that name if nothing fails."""
        target = self.path(name)
        with self.told():
            temporary = self.temporary(target)
            try:
                yield temporary
                with temporary.open("rb+") as file:
                    os.fsync(file.fileno())
                os.replace(temporary, target)
            finally:
                temporary.unlink(missing_ok=True)

    def temporary(self, target: Path) -> Path:
        """A free name beside the target, with its suffix; the folder is made if need be."""
        if target.parent not in self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made.add(target.parent)
        return target.parent / f"{TEMPORARY}{os.getpid()}-{next(self._numbers)}{target.suffix}"

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turns what fails inside into a WorkspaceError that says what to do."""
        try:
            yield
        except OSError as error:
            raise WorkspaceError(f"{self.folder}: {_advice(error)}") from error


def leftovers(folder: Path, below: tuple[str, ...]) -> Iterator[Path]:
    """What dead processes were writing: in the folder, and in the folders within ``below``."""
    folders = [folder]
    for name in below:
        with contextlib.suppress(FileNotFoundError):
            folders += [Path(e) for e in os.scandir(folder / name) if e.is_dir()]
    for place in folders:
        yield from (Path(e) for e in os.scandir(place) if e.name.startswith(TEMPORARY))


def _advice(error: OSError) -> str:
    what = f"{error.strerror or error}" + (f" ({error.filename})" if error.filename else "")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full ({what}); make room and run the same command again: it goes on"
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"a file is where a folder should be ({what}); choose another folder with --out"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"can't be written ({what}); choose another folder with --out"
    return f"can't be used ({what})"
