"""What does a task leave beside its frame? Its artefacts: intermediate pictures, losses, cells.

They lie in a folder of the frame's own name: ``artefacts/1-style/bridge/losses.csv`` beside
``frames/1-style/bridge.png``. A folder is one task's at a time; the log says whose
(``History.artefacts``), and one that passes to another task is emptied first, so that nothing in
it is of a job that has changed since.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from jobs.files import TEMPORARY, Files
from jobs.history import ARTEFACTS
from renderer.errors import WorkspaceError
from renderer.events import is_plain


def home(file: str) -> str:
    """The folder of a frame's artefacts: ``artefacts/1-style/a`` for ``frames/1-style/a.png``."""
    return f"{ARTEFACTS}/{os.path.splitext(file)[0].partition('/')[2]}"


def put(files: Files, folder: str, name: str, data: bytes) -> str:
    """Puts an artefact in its place; its name in the workspace. WorkspaceError for a bad one."""
    if not is_plain(name):
        raise WorkspaceError(f"{files.folder}: an artefact can't be called {name!r}")
    files.write(f"{folder}/{name}", data)
    return f"{folder}/{name}"


def names(folder: Path) -> list[str]:
    """The whole files in a folder of artefacts, sorted; none if there is no such folder."""
    with contextlib.suppress(FileNotFoundError):
        found = (item.name for item in os.scandir(folder) if item.is_file())
        return sorted(name for name in found if not name.startswith(TEMPORARY))
    return []


def empty(folder: Path) -> None:
    """Removes what is in a folder of artefacts."""
    for name in names(folder):
        (folder / name).unlink(missing_ok=True)


def steps(folder: Path) -> Iterator[str]:
    """The folders in a workspace that hold folders of artefacts: ``artefacts/1-style``."""
    with contextlib.suppress(FileNotFoundError):
        for item in os.scandir(folder / ARTEFACTS):
            if item.is_dir():
                yield f"{ARTEFACTS}/{item.name}"
