"""Is everything here that a job needs? `doctor` looks, and says what to do about what isn't."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cluster import exits
from cluster.commands.findings import Finding, Grade
from cluster.commands.nodes import asked_nodes, needed_by
from cluster.commands.tables import Json, say, say_json, show
from cluster.ray_session import RaySession
from renderer.errors import ClusterError, ReverieError

if TYPE_CHECKING:
    from cluster.inspection import Needed
    from renderer.weights import Weights

SMALL_SHARED_BYTES = 2**28
SMALL_DISK_BYTES = 2**30


Job = Annotated[
    Path | None, typer.Argument(metavar="JOB", help="a job file, whose weights are looked for")
]
Within = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", help="how long nodes may take", min=1)
]


def doctor_command(
    job: Job = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            metavar="HOST:PORT",
            envvar="RAY_ADDRESS",
            help="a Ray cluster to look at, node by node",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="DIR|URL", help="where a job is to be rendered to: can it be written?"
        ),
    ] = None,
    timeout: Within = 60.0,
    json: Json = False,
) -> int:
    """Look whether everything is here, and on a cluster's nodes, that a job needs.

    The exit code is 0 if all is well, and 1 if something keeps jobs from running.
    """
    session = RaySession(address)
    findings = []
    try:
        for finding in examine(session, job, out=out, within_s=timeout if address else None):
            findings.append(finding)
            if not json and finding.row is None:
                say(f"{finding.grade:4}  {finding.about}: {finding.text}")
    finally:
        session.close()
    if json:
        say_json([finding.as_data() for finding in findings])
    elif rows := [finding.row for finding in findings if finding.row is not None]:
        say("")
        show(rows, as_json=False, grow="GPUs")
        faults = [f for f in findings if f.row is not None and f.grade != "ok"]
        say("", *(f"{f.grade:4}  {f.about}: {f.text}" for f in faults))
    bad = any(finding.grade == "bad" for finding in findings)
    return exits.SOME_FAILED if bad else exits.DONE


def examine(
    session: RaySession, job: Path | None, *, out: str | None, within_s: float | None
) -> Iterator[Finding]:
    """All findings, in the order that one would ask; nodes are asked ``within_s``, if at all."""
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (_machine, _torch, _folder)
    for look in looks:
        yield from look()
    if out is not None:
        yield _storage(out)
    weights: Mapping[Needed, Weights] = {}
    if job is None:
        yield from _weights()
    else:
        try:
            weights = needed_by(job)
        except ReverieError as error:
            yield Finding("bad", f"job {job}", str(error))
        for one, found in weights.items():
            text = f"{one.digest[:12]}, {found.source}"
            yield Finding("ok", f"network {one.network} up to {one.until}", text)
    up = yield from _ray(session)
    if up and within_s is not None:
        yield from asked_nodes(weights, out=out, within_s=within_s)


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


def _folder() -> Iterator[Finding]:
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


def _storage(out: str) -> Finding:
    from cluster.inspection import placed

    try:
        with placed(out):
            return Finding("ok", f"storage {out}", "can be written")
    except ReverieError as error:
        return Finding("bad", f"storage {out}", str(error))


def _weights() -> Iterator[Finding]:
    from renderer import weights

    for known in weights.known():
        if known.found is None:
            text = f"no weights here (reverie weights fetch {known.network})"
            yield Finding("note", f"network {known.network}", text)
        else:
            yield Finding("ok", f"network {known.network}", str(known.found))


def _ray(session: RaySession) -> Generator[Finding, None, bool]:
    """Whether Ray is up, and what it says of the nodes."""
    import ray

    try:
        up = session.wait()
    except ClusterError as error:
        yield Finding("bad", "ray", f"{ray.__version__}, {error}")
        return False
    yield Finding("ok", "ray", f"{ray.__version__}, comes up")
    if up.ours:
        for node in up.nodes:
            yield Finding("ok", f"node {node.name}", f"{node.cpus:g} CPUs, {node.gpus:g} GPUs")
    return True
