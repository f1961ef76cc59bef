"""Workspaces of objects, for tests: in memory, in files that fsspec writes, on an S3 server."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import fsspec

from jobs.lease import Terms
from jobs.objects import Objects
from jobs.remote import Remote
from jobs.workspace import Workspace

KINDS = ("memory", "file", "s3")
QUICK = Terms(beat_s=0.05, silence_s=0.6)
DUMB = Terms(beat_s=1e6, silence_s=0.3)
"""A driver that shows no more that it lives, once it has begun."""

_numbers = itertools.count()


class Store:
    """A place that each call looks at anew, as another process would."""

    def __init__(self, url: str) -> None:
        self.url = url

    def objects(self) -> Objects:
        fs, root = fsspec.core.url_to_fs(self.url)
        return Objects(fs, root, self.url)

    def remote(self, terms: Terms = QUICK) -> Remote:
        return Remote(self.objects(), terms)

    def open(self, terms: Terms = QUICK) -> Workspace:
        return Workspace(self.remote(terms))

    def names(self) -> set[str]:
        """All files but those that each driver leaves."""
        found = self.objects().sizes()
        return {name for name in found if not name.startswith(("lease/", "log/"))}


def store(kind: str, folder: Path, s3: Callable[[], str]) -> Store:
    """A new and empty one."""
    if kind == "memory":
        return Store(f"memory://test-{next(_numbers)}/renders/job")
    if kind == "file":
        return Store(f"file://{folder}/objects/job")
    return Store(f"{s3()}/renders/job")
