"""How is a job rendered? `render`, from job files or from a picture's own recipe."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster import exits
from cluster.commands.options import JobOptions, RunOptions
from cluster.knobs import with_parameters
from cluster.ray_session import RaySession
from renderer.errors import JobError, ReverieError

if TYPE_CHECKING:
    from jobs.spec import JobSpec

Jobs = Annotated[list[str] | None, typer.Argument(metavar="JOB...", help="job files (YAML)")]
From = Annotated[
    Path | None,
    typer.Option("--from", metavar="PICTURE", help="render a picture again, by what it says"),
]


def render_command(jobs: Jobs = None, picture: From = None, **given: Any) -> int:
    """Render jobs: all their frames, animations and contact sheets.

    What an earlier run has finished is not rendered again.
    """
    options, changes = RunOptions.of(given), JobOptions.of(given)
    if bool(jobs) == bool(picture):
        raise JobError("name a job file, or a picture with --from (`reverie init` writes a job)")
    with ray_for(options) as session:
        if picture is not None:
            if changes != JobOptions():
                raise JobError("--from renders a picture as it was; its settings can't be changed")
            return again(picture, options, session=session)
        return render_files([Path(job) for job in jobs or ()], changes, options, session=session)


with_parameters(render_command, [*JobOptions.parameters(), *RunOptions.parameters()])


def render_files(
    files: list[Path], changes: JobOptions, options: RunOptions, *, session: RaySession | None
) -> int:
    """Render job files one after the other; the worst of their exit codes.

    With several, one that can't be rendered is told, and the others are rendered.
    """
    from jobs import spec

    worst = exits.DONE
    for file in files:
        try:
            code = render(
                spec.load(file, changes.overrides()),
                options,
                session=session,
                alone=len(files) == 1,
            )
        except ReverieError as error:
            if len(files) == 1:
                raise
            code = exits.code_of(error)
            sys.stderr.write("".join(f"error: {line}\n" for line in str(error).splitlines()))
        worst = max(worst, code)
        if code == exits.INTERRUPTED:
            break
    return worst


def render(
    spec: JobSpec, options: RunOptions, *, session: RaySession | None, alone: bool = True
) -> int:
    """Plan and render a job; its exit code. ``--out`` is its own folder if it is ``alone``."""
    from cluster import launch

    job = launch.planned(spec, options)
    out = options.out if alone or options.out is None else options.out / job.plan.name
    return launch.run(job, options, out or launch.RENDERS / job.plan.name, session=session)


def again(picture: Path, options: RunOptions, *, session: RaySession | None) -> int:
    """Render a picture again from the recipe in its metadata; the exit code."""
    from cluster import launch

    job = launch.remembered(picture, options)
    out = options.out or launch.RENDERS / f"{picture.stem}-again"
    return launch.run(job, options, out, session=session)


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
