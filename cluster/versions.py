"""Do all that render a job compute the same? Which code, torch and Python each process runs.

Two versions of one of them may give different pixels, and a job's frames are to be of one. So a
worker whose versions differ from the driver's gets no work (``differences``): the code, told by a
digest of its files, and torch's release, since another one may add up in another order. How torch
was built (``+cu128``, ``+cpu``) may differ: a driver renders nothing, and may well have no GPU.
Python's own version is looked at by Ray, which lets no other minor one join.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from dataclasses import asdict, dataclass
from pathlib import Path

PACKAGES = ("cluster", "jobs", "renderer")
SUFFIXES = (".py", ".json")
"""Files that code is made of; weights have digests of their own."""

DIGITS = 12
"""So much of a digest is shown: enough to tell any two apart."""


@dataclass(frozen=True)
class Versions:
    """What a process runs. ``code`` is the digest of Reverie's own files."""

    code: str
    reverie: str
    torch: str
    torchvision: str
    ray: str
    python: str


def own() -> Versions:
    """The versions of this process; torch need not have been imported."""
    return Versions(
        code=code_digest(Path(__file__).parents[1]),
        reverie=_installed("reverie"),
        torch=_torch(),
        torchvision=_installed("torchvision"),
        ray=_installed("ray"),
        python=platform.python_version(),
    )


def differences(driver: Versions, worker: Versions | None) -> list[str]:
    """Why a worker may not render for a driver, in words: what, its own and the driver's.

    None stands for a worker whose Reverie is too old to tell.
    """
    if worker is None:
        return ["it has an older Reverie"]
    found = []
    if driver.code != worker.code:
        named = (f"{one.reverie}, code {one.code[:DIGITS]}" for one in (driver, worker))
        found.append(_told("Reverie", *named))
    if _release(driver.torch) != _release(worker.torch):
        found.append(_told("torch", driver.torch, worker.torch))
    return found


def as_data(versions: Versions) -> dict[str, str]:
    """The same for scripts."""
    return asdict(versions)


@functools.cache
def code_digest(root: Path) -> str:
    """SHA-256 over names and contents of all files of code below a folder's packages."""
    total = hashlib.sha256()
    for package in PACKAGES:
        files = (file for file in (root / package).rglob("*") if file.suffix in SUFFIXES)
        for file in sorted(files, key=lambda one: one.relative_to(root).as_posix()):
            data = file.read_bytes()
            total.update(f"{file.relative_to(root).as_posix()} {len(data)}\n".encode())
            total.update(data)
    return total.hexdigest()


def _told(what: str, driver: str, worker: str) -> str:
    return f"it has {what} {worker}, and the driver {driver}"


def _release(version: str) -> str:
    return version.partition("+")[0]


def _torch() -> str:
    import torch

    return str(torch.__version__)


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
