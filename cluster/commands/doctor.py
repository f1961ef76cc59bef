"""Is everything here that a job needs? `doctor` looks, and says what to do about what isn't."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from cluster import exits
from cluster.commands.tables import Json, say, say_json
from cluster.ray_session import RaySession
from renderer.errors import ClusterError

Grade = Literal["ok", "note", "bad"]
SMALL_SHARED_BYTES = 2**28
SMALL_DISK_BYTES = 2**30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``bad`` keeps jobs from running."""

    grade: Grade
    about: str
    text: str


def doctor_command(
    address: Annotated[
        str | None,
        typer.Option(
            "--address", metavar="HOST:PORT", envvar="RAY_ADDRESS", help="a Ray cluster to look at"
        ),
    ] = None,
    json: Json = False,
) -> int:
    """Look whether everything is here that a job needs."""
    session = RaySession(address)
    findings = []
    try:
        for finding in examine(session):
            findings.append(finding)
            if not json:
                say(f"{finding.grade:4}  {finding.about}: {finding.text}")
    finally:
        session.close()
    if json:
        say_json([vars(finding) for finding in findings])
    bad = any(finding.grade == "bad" for finding in findings)
    return exits.SOME_FAILED if bad else exits.DONE


def examine(session: RaySession) -> Iterator[Finding]:
    """All findings, in the order that one would ask."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (_machine, _torch, _storage, _weights)
    for look in looks:
        yield from look()
    yield from _ray(session)


def _machine() -> Iterator[Finding]:
    from cluster.cli import version
    from cluster.resources import local_cpus

    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield Finding("ok", "reverie", f"{version()}, Python {platform.python_version()}")
    yield Finding("ok", "machine", f"{local_cpus()} cores, {memory / 2**30:.0f} GB of memory")


def _torch() -> Iterator[Finding]:
    import torch

    yield Finding("ok", "torch", torch.__version__)
    if not torch.cuda.is_available():
        yield Finding("note", "GPU", "none that torch can use: renders on the CPU")
    for index in range(torch.cuda.device_count()):
        memory = torch.cuda.get_device_properties(index).total_memory
        name = torch.cuda.get_device_name(index)
        yield Finding("ok", f"GPU {index}", f"{name}, {memory / 2**30:.0f} GB")


def _storage() -> Iterator[Finding]:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    writable = os.access(here, os.W_OK)
    grade: Grade = "bad" if not writable else "note" if free < SMALL_DISK_BYTES else "ok"
    advice = "" if writable else "; can't be written, render with --out"
    yield Finding(grade, "this folder", f"{free / 2**30:.1f} GB free{advice}")
    if sys.platform == "linux" and Path("/dev/shm").is_dir():
        shared = shutil.disk_usage("/dev/shm").total
        small = shared < SMALL_SHARED_BYTES
        advice = "; little: Ray will use the disk (Docker: --shm-size=1g)" if small else ""
        yield Finding(
            "note" if small else "ok", "shared memory", f"{shared / 2**30:.1f} GB{advice}"
        )


def _weights() -> Iterator[Finding]:
    from renderer import weights

    for known in weights.known():
        if known.found is None:
            text = f"no weights here (reverie weights fetch {known.network})"
            yield Finding("note", f"network {known.network}", text)
        else:
            yield Finding("ok", f"network {known.network}", str(known.found))


def _ray(session: RaySession) -> Iterator[Finding]:
    import ray

    try:
        up = session.wait()
    except ClusterError as error:
        yield Finding("bad", "ray", f"{ray.__version__}, {error}")
        return
    yield Finding("ok", "ray", f"{ray.__version__}, comes up")
    for node in up.nodes:
        yield Finding("ok", f"node {node.name}", f"{node.cpus:g} CPUs, {node.gpus:g} GPUs")
