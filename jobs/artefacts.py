"""What does a task leave beside its frame? Its artefacts: intermediate pictures, losses, cells.

They lie in a folder of the frame's own name: ``artefacts/1-style/bridge/losses.csv`` beside
``frames/1-style/bridge.png``. A folder is one task's at a time; the log says whose
(``History.artefacts``), and one that passes to another task is emptied first, so that nothing in
it is of a job that has changed since.
"""

from __future__ import annotations

import os

from jobs.history import ARTEFACTS
from jobs.storage import TEMPORARY, Storage
from renderer.errors import WorkspaceError
from renderer.events import is_plain


def home(file: str) -> str:
    """The folder of a frame's artefacts: ``artefacts/1-style/a`` for ``frames/1-style/a.png``."""
    return f"{ARTEFACTS}/{os.path.splitext(file)[0].partition('/')[2]}"


def place(storage: Storage, folder: str, name: str) -> str:
    """An artefact's name in the workspace. WorkspaceError for a bad one."""
    if not is_plain(name):
        raise WorkspaceError(f"{storage.place}: an artefact can't be called {name!r}")
    return f"{folder}/{name}"


def names(storage: Storage, folder: str = ARTEFACTS) -> list[str]:
    """The whole files below a folder of artefacts, or of them all, by their names, sorted."""
    found = storage.files(folder)
    return sorted(n for n in found if not n.rpartition("/")[2].startswith(TEMPORARY))
