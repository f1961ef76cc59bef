"""How are a cluster's nodes? What each told (cluster.inspection), as findings and a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.commands.findings import Finding, Grade
from cluster.versions import as_data, differences, own

if TYPE_CHECKING:
    from cluster.inspection import Answer, Needed
    from renderer.weights import Weights

SMALL_DISK_BYTES = 2**30
SMALL_MEMORY_BYTES = 2**30
CLOCK_S = 5.0
"""A clock that is further off is worth a note: times in logs don't go together."""


def needed_by(job: Path) -> Mapping[Needed, Weights]:
    """The weights that a job needs, as far as each of its steps. Raises JobError, WeightsError."""
    from cluster import launch
    from cluster.commands.options import JobOptions, RunOptions
    from cluster.commands.rendering import load
    from cluster.inspection import Needed

    planned = launch.planned(load(job, JobOptions()), RunOptions())
    tasks = {(t.settings.network, t.until, t.weights) for t in planned.plan.tasks}
    return {Needed(*one): planned.shelf.weights(*one) for one in sorted(tasks)}


def asked_nodes(
    weights: Mapping[Needed, Weights], *, out: str | None, within_s: float
) -> Iterator[Finding]:
    """A finding for every node of the Ray that is up. ``out`` can be written from here."""
    import ray

    from cluster.inspection import inspect

    shared: dict[int, Any] = {}
    for held in weights.values():  # several layers of a network have one set of tensors
        shared.setdefault(id(held), ray.put(held))
    handles = {needed: shared[id(held)] for needed, held in weights.items()}
    for answer in inspect(ray.nodes(), weights=handles, out=out, within_s=within_s):
        grade, text = judged(answer)
        yield Finding(grade, f"node {answer.node}", text, row=row(answer), facts=facts(answer))


def judged(answer: Answer) -> tuple[Grade, str]:
    """How a node is: what keeps it from rendering, or else what is worth a note."""
    if answer.seen is None:
        return "bad", answer.fault
    bad = differences(own(), answer.seen.versions)
    bad += [f"weights of {about}: {fault}" for about, fault in answer.weights.items() if fault]
    if bad:
        return "bad", "; ".join(bad)
    notes = list(_notes(answer))
    return ("note", "; ".join(notes)) if notes else ("ok", "can render")


def _notes(answer: Answer) -> Iterator[str]:
    seen = answer.seen
    assert seen is not None
    if answer.storage:
        yield f"a driver there couldn't write: {answer.storage}"
    if answer.clock_s is not None and abs(answer.clock_s) > CLOCK_S:
        yield f"its clock is {answer.clock_s:+.0f} s off"
    if seen.free_disk_bytes < SMALL_DISK_BYTES:
        yield f"{_gb(seen.free_disk_bytes)} free in {seen.disk}"
    if seen.free_memory_bytes < SMALL_MEMORY_BYTES:
        yield f"{_gb(seen.free_memory_bytes)} of memory free"
    if answer.gpus and not seen.cuda:
        yield "its torch is built without CUDA, and renders on the CPU"
    if len(seen.gpus) != answer.gpus and seen.gpus:
        yield f"Ray has {answer.gpus:g} of its {len(seen.gpus)} GPUs"


def row(answer: Answer) -> dict[str, Any]:
    """A node's line of the table."""
    seen, told = answer.seen, {"node": answer.node, "CPUs": f"{answer.cpus:g}"}
    if seen is None:
        names = ("Reverie", "torch", "Python", "Ray", "GPUs", "memory", "disk", "clock", "weights")
        return {**told, **dict.fromkeys((*names, "storage"), "?")}
    clock = "?" if answer.clock_s is None else f"{answer.clock_s:+.2f} s"
    storage = "" if answer.storage is None else "yes" if not answer.storage else "no"
    return {
        **told,
        "Reverie": f"{seen.versions.reverie} {seen.versions.code[:8]}",
        "torch": seen.versions.torch,
        "Python": seen.versions.python,
        "Ray": seen.versions.ray,
        "GPUs": "; ".join(seen.gpus) or f"{answer.gpus:g}",
        "memory": f"{_gb(seen.free_memory_bytes)} of {_gb(seen.memory_bytes)}",
        "disk": _gb(seen.free_disk_bytes),
        "clock": clock,
        "weights": ("no" if any(answer.weights.values()) else "yes") if answer.weights else "",
        "storage": storage,
    }


def facts(answer: Answer) -> dict[str, Any]:
    """All that is known of a node, for scripts."""
    told: dict[str, Any] = {"name": answer.node, "cpus": answer.cpus, "ray_gpus": answer.gpus}
    if answer.seen is not None:
        seen = vars(answer.seen)
        told |= {**seen, "versions": as_data(answer.seen.versions), "gpus": list(seen["gpus"])}
    tried = {"weights": dict(answer.weights), "storage": answer.storage}
    return {**told, "fault": answer.fault, "clock_s": answer.clock_s, **tried}


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.1f} GB"
