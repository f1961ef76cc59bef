"""What is in a job, and how does one begin? `plan`, `schema`, `init`."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster.commands.channels import chosen
from cluster.commands.options import RENDERS, JobOptions, RunOptions
from cluster.commands.rendering import load
from cluster.commands.styles import hindsight_lines, means, style_lines, styles_data
from cluster.commands.tables import Json, say, say_json, say_json_rows
from cluster.commands.workspaces import listed
from cluster.knobs import with_parameters
from cluster.phrases import (
    UNREADABLE_SHOWN,
    again_lines,
    duration,
    frames_line,
    plural,
    unreadable_line,
)
from renderer.errors import WorkspaceError

if TYPE_CHECKING:
    from jobs.estimate import Estimate
    from jobs.hindsight import Hindsight
    from jobs.outputs import Output
    from jobs.plan import Plan
    from jobs.reasons import Reason
    from jobs.sharing import Sharing
    from jobs.spec import JobSpec
    from jobs.styling import Styling
    from jobs.tasks import Task

CAUSES = {
    "error": "an error",
    "worker_lost": "a lost worker",
    "preempted": "a preemption",
    "out_of_memory": "memory ran out",
}
JobFile = Annotated[Path, typer.Argument(metavar="JOB", help="a job file (YAML)")]
Markdown = Annotated[bool, typer.Option("--markdown", help="tables for people instead")]
Tasks = Annotated[bool, typer.Option("--tasks", help="list every task")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="an empty folder, or a new one")]
WeightsDir = Annotated[
    Path | None,
    typer.Option("--weights-dir", metavar="DIR", help="look for weight files here first"),
]


Out = Annotated[
    str | None,
    typer.Option("--out", metavar="DIR|URL", help="the job's directory; not given: renders/NAME"),
]


@dataclass(frozen=True)
class Past:
    """What of a plan was finished before, why the rest of what was is rendered again, and whether
    the finished style transfers took what is foretold of them."""

    finished: int = 0
    again: tuple[Reason, ...] = ()
    hindsight: Hindsight | None = None


def plan_command(
    job: JobFile,
    tasks: Tasks = False,
    out: Out = None,
    weights_dir: WeightsDir = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Tell a job's tasks, pixels, memory and time, and what of it is rendered again, and why.

    The time is this machine's: of style transfers as measured on it, of dreams within a factor of
    two.
    """
    from cluster import launch
    from cluster.resources import Node, allot, local_cpus
    from jobs.estimate import convolution_rate, estimate
    from jobs.sharing import sharing
    from jobs.styling import stylings

    loaded = load(job, JobOptions.of(given))
    planned = launch.planned(loaded, RunOptions(weights_dir=weights_dir))
    node = Node("this machine", local_cpus())
    allotted = allot((node,), launch.wanted_by(planned), shared=False)
    rate = convolution_rate(threads=allotted.threads)
    # Workers beyond the machine's cores make nothing faster.
    slots = min(allotted.workers, max(1, local_cpus() // allotted.threads))
    styled = stylings(planned.plan, means(planned, allotted), most=planned.rules.shards)
    cost = estimate(planned.plan, flops_per_second=rate, slots=slots, stylings=styled)
    before = past(planned.plan, out or RENDERS / planned.plan.name, styled)
    size = {
        "workers": allotted.workers,
        "threads": allotted.threads,
        "shards": allotted.shards,
    }
    shared = sharing(planned.plan, flops_per_second=rate, stylings=styled)
    if json:
        data = {**as_data(planned.plan, cost, **size), **dataclasses.asdict(before)}
        told = {"styles": styles_data(styled), "matrix": shared and dataclasses.asdict(shared)}
        say_json_rows({**data, **told}, "tasks", map(task_data, planned.plan.tasks))
        return
    say(*lines(planned.plan, cost, **size), *matrix_lines(loaded, shared, slots=slots))
    say(*style_lines(styled.values()), *past_lines(before), rules_line(loaded))
    if tasks:
        say("", *(f"{task.id}  {task.file}" for task in planned.plan.tasks))


with_parameters(plan_command, JobOptions.parameters())


def lines(plan: Plan, cost: Estimate, *, workers: int, threads: int, shards: int) -> list[str]:
    """A plan in words."""
    by_step = Counter((task.step, task.kind) for task in plan.tasks)
    steps = ", ".join(f"{count} {kind}" for (_, kind), count in sorted(by_step.items()))
    told = [
        f"{plan.name}: {plural(cost.tasks, 'task')} ({steps}), {cost.pixels / 1e6:.1f} megapixels",
        f"workers: {workers}, each with {plural(threads, 'thread')} and "
        f"about {cost.memory_bytes / 2**20:,.0f} MB beside torch's own",
    ]
    if shards > 1:
        told.append(f"shards: each picture is rendered by {shards} workers together")
    if cost.seconds is not None:
        told.append(f"time: roughly {duration(cost.seconds)} on this machine's CPU")
    told += chosen(plan)
    told += listed([f"output: {output.file}, {of_what(output)}" for output in plan.outputs])
    failed = plan.failed_inputs
    told += [unreadable_line(item.path, item.reason) for item in failed[:UNREADABLE_SHOWN]]
    if len(failed) > UNREADABLE_SHOWN:
        told.append(f"left out {len(failed) - UNREADABLE_SHOWN:,} more; --json lists them all")
    return told


def of_what(output: Output) -> str:
    """What goes into an output, in words."""
    if output.frames is not None:
        return f"a picture every {plural(output.frames.every, 'iteration')}"
    return frames_line(len(output.cells), one_in=output.one_in)


def matrix_lines(spec: JobSpec, shared: Sharing | None, *, slots: int) -> list[str]:
    """The variants of a job, and what they have in common, in words."""
    if shared is None:
        return []
    values: dict[str, set[str]] = {}
    for variant, _ in spec.variants:
        for setting in variant.settings:
            values.setdefault(setting.name, set()).add(setting.exact)
    shape = ", ".join(f"{len(found)} {name}" for name, found in values.items())
    runs = plural(shared.variants, "single run")
    return [
        f"matrix: {plural(shared.variants, 'variant')} ({shape})",
        f"shared: {runs} would be {plural(shared.single_tasks, 'task')}, roughly "
        f"{duration(shared.single_seconds / slots)}; of that {plural(shared.shared_tasks, 'task')} "
        f"and {duration(shared.shared_seconds / slots)} are spared ({shared.share:.0%})",
    ]


def as_data(
    plan: Plan, cost: Estimate, *, workers: int, threads: int, shards: int
) -> dict[str, Any]:
    """A plan as plain data, but for its tasks: there may be 100,000."""
    return {
        "job": plan.name,
        "outputs": [{"file": o.file, "frames": len(o.cells)} for o in plan.outputs],
        "unreadable": [{"path": f.path, "reason": f.reason} for f in plan.failed_inputs],
        "pixels": cost.pixels,
        "flops": cost.flops,
        "memory_bytes": cost.memory_bytes,
        "seconds": cost.seconds,
        "workers": workers,
        "threads": threads,
        "shards": shards,
    }


def task_data(task: Task) -> dict[str, Any]:
    """A task as plain data."""
    return {
        "id": task.id,
        "kind": task.kind,
        "label": task.label,
        "file": task.file,
        "needs": list(task.needs),
        "channels": list(getattr(task.settings, "channels", ())),
    }


def past(plan: Plan, place: Path | str, stylings: Mapping[str, Styling]) -> Past:
    """What the plan's workspace has finished of it. OSError becomes a WorkspaceError."""
    from jobs.hindsight import hindsight
    from jobs.history import read
    from jobs.reasons import reasons
    from jobs.storage import at

    storage = at(place)
    with storage.told():
        history, sizes = read(storage), storage.sizes()
        done = history.finished(plan.tasks, sizes)
        again = reasons(plan.tasks, done, history, sizes)
        return Past(len(done), again, hindsight(done, history.results, stylings))


def past_lines(before: Past) -> list[str]:
    """What was finished before, in words."""
    finished = f"finished before: {plural(before.finished, 'task')}"
    again = [(reason.text, reason.tasks) for reason in before.again]
    told = hindsight_lines(before.hindsight)
    return [*([finished] if before.finished else []), *told, *again_lines(again)]


def rules_line(spec: JobSpec) -> str:
    """How often tasks are tried again, and when the job gives up, in words."""
    budgets = dataclasses.asdict(spec.retries).items()
    told = ", ".join(f"{count} after {CAUSES.get(cause, cause)}" for cause, count in budgets)
    limit = spec.limits.max_failed
    return f"retries: {told}" + (f"; stops when more than {limit} have failed" if limit else "")


def schema_command(markdown: Markdown = False) -> None:
    """Print the JSON schema of job files, for editors."""
    from jobs import reference
    from jobs.spec import schema

    if markdown:
        sys.stdout.write(reference.markdown())
    else:
        say_json(schema())


def init_command(folder: Folder = Path()) -> None:
    """Write example jobs and their pictures into a folder."""
    examples = files("jobs.examples")
    wanted = {item.name: item for item in examples.iterdir() if item.name.endswith(".yaml")}
    pictures = examples.joinpath("pictures")
    wanted |= {f"pictures/{item.name}": item for item in pictures.iterdir()}
    written = [_write(folder / name, item) for name, item in sorted(wanted.items())]
    say(*map(str, written), "", f"Begin with: reverie render {folder / 'quickstart.yaml'}")


def _write(path: Path, source: Traversable) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(source.read_bytes())
    except FileExistsError as error:
        raise WorkspaceError(f"{path} is there already; choose an empty folder") from error
    except OSError as error:
        raise WorkspaceError(f"{path}: can't be written ({error.strerror or error})") from error
    return path
