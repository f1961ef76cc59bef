"""How is a job rendered? `render`, from job files or from a picture's own recipe."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cluster import exits
from cluster.collecting import uncollected
from cluster.commands.options import RENDERS, JobOptions, RunOptions
from cluster.commands.tables import say
from cluster.knobs import with_parameters
from cluster.ray_session import RaySession
from renderer.errors import JobError, ReverieError

if TYPE_CHECKING:
    from jobs.spec import JobSpec

T = TypeVar("T")
JobFile = Path | str
"""A job file's path, or its URL."""

Jobs = Annotated[
    list[str] | None, typer.Argument(metavar="JOB", help="job files (YAML), or their URLs")
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="PICTURE", help="render a picture again, by what it says"),
]


def render_command(jobs: Jobs = None, picture: From = None, **given: Any) -> int:
    """Render jobs: all their frames, animations and contact sheets.

    What an earlier run has finished is not rendered again.
    """
    options, changes = RunOptions.of(given), JobOptions.of(given)
    if bool(jobs) == bool(picture):
        raise JobError("name a job file, or a picture with --from (`reverie init` writes a job)")
    if picture is not None:
        if changes != JobOptions():
            raise JobError("--from renders a picture as it was; its settings can't be changed")
        return again(picture, options)
    from jobs.storage import is_url

    return render_files([job if is_url(job) else Path(job) for job in jobs or ()], changes, options)


with_parameters(render_command, [*JobOptions.parameters(), *RunOptions.parameters()])


def render_files(files: list[JobFile], changes: JobOptions, options: RunOptions) -> int:
    """Render job files one after the other; the worst of their exit codes.

    With several, one that can't be rendered is told, and the others are rendered.
    """
    if len(files) == 1:
        return render(load(files[0], changes), options)
    codes: dict[JobFile, int] = {}
    specs: dict[JobFile, JobSpec] = {}
    for file in dict.fromkeys(files):
        loaded = told(functools.partial(_load_another, file, changes, specs))
        if isinstance(loaded, int):
            codes[file] = loaded
        else:
            specs[file] = loaded
    with ray_for(options) if specs else contextlib.nullcontext() as session:
        for file, spec in specs.items():
            codes[file] = told(functools.partial(render_on, session, spec, options, several=True))
            if codes[file] == exits.INTERRUPTED:
                break
    _tell(files, codes, options)
    return max(codes.values())


def load(file: JobFile, changes: JobOptions) -> JobSpec:
    """The job in a file, with what the options change of it. Raises JobError."""
    from jobs import spec

    with changes.blamed():
        return spec.load(file, changes.overrides(), changes.sweep or ())


def _load_another(file: JobFile, changes: JobOptions, specs: Mapping[JobFile, JobSpec]) -> JobSpec:
    """The same beside other jobs, none of which may have its name: each has its own folder."""
    loaded = load(file, changes)
    for other, spec in specs.items():
        if spec.title == loaded.title:
            fault = f"{other} has the same: give one of them another name"
            raise JobError(loaded.complaint(("name",), f"{loaded.title!r}: {fault}"))
    return loaded


def _tell(files: Sequence[JobFile], codes: Mapping[JobFile, int], options: RunOptions) -> None:
    """Say at the end what came of several jobs."""
    outcomes = {str(file): exits.MEANINGS.get(codes.get(file), "not begun") for file in files}
    if options.json:
        sys.stdout.write(json.dumps({"event": "jobs", "jobs": outcomes}) + "\n")
        return
    done = exits.MEANINGS[exits.DONE]
    finished = sum(outcome == done for outcome in outcomes.values())
    lines = [f"{file}: {outcome}" for file, outcome in outcomes.items() if outcome != done]
    say("", f"{finished} of {len(outcomes)} jobs are done", *lines)


def render(spec: JobSpec, options: RunOptions) -> int:
    """Plan and render one job; its exit code."""
    precede(spec, options)
    with ray_for(options) as session:
        return render_on(session, spec, options, preceded=True)


def render_on(
    session: RaySession | None,
    spec: JobSpec,
    options: RunOptions,
    *,
    several: bool = False,
    preceded: bool = False,
) -> int:
    """The same on a Ray that is coming up. ``--out`` holds a folder for each of ``several``.

    ``preceded``: the jobs that it comes after are known to be done.
    """
    if not preceded:
        precede(spec, options)
    with uncollected():
        from cluster import launch
        from jobs.storage import below

        job = launch.planned(spec, options)
    out: Path | str | None = options.out
    if out is None or several:
        out = below(out or RENDERS, job.plan.name)
    return launch.run(job, options, out, session=session)


def precede(spec: JobSpec, options: RunOptions) -> None:
    """Wait for the jobs that this one comes after. JobError, WorkspaceError if that is in vain."""
    if spec.preceding:
        from cluster import launch
        from cluster.after import await_jobs

        with contextlib.closing(launch.display_for(options)) as display:
            await_jobs(spec.preceding, display.show)


def again(picture: str, options: RunOptions) -> int:
    """Render a picture again from the recipe in its metadata; the exit code."""
    with ray_for(options) as session:
        from cluster import launch

        job = launch.remembered(picture, options)
        out = options.out or RENDERS / f"{PurePosixPath(picture).stem}-again"
        return launch.run(job, options, out, session=session)


def told(work: Callable[[], T]) -> T | int:
    """The result of some work, or its error's exit code after telling it on standard error."""
    try:
        return work()
    except ReverieError as error:
        sys.stderr.write("".join(f"error: {line}\n" for line in str(error).splitlines()))
        return exits.code_of(error)


@contextlib.contextmanager
def ray_for(options: RunOptions) -> Iterator[RaySession | None]:
    """Ray, coming up in the background; None where everything runs in this process."""
    if options.inline:
        yield None
        return
    session = RaySession(options.address)
    try:
        yield session
    finally:
        session.close()
