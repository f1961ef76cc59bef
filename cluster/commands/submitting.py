"""How does a job come to run on a cluster elsewhere? `submit`, which may go away when it has."""

from __future__ import annotations

import contextlib
import dataclasses
import json as jsonlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from cluster import exits
from cluster.commands.options import RENDERS, JobOptions, RunOptions
from cluster.commands.rendering import load
from cluster.commands.tables import say, show
from cluster.commands.watching import job_of, names_of, tell
from cluster.commands.weights import download_bar
from cluster.commands.workspaces import lines
from cluster.knobs import with_parameters
from cluster.phrases import plural
from renderer.errors import WorkspaceError

if TYPE_CHECKING:
    from cluster.heads import Head
    from cluster.sending import Parcel
    from cluster.submission import Sent

OWN = ("out", "address", "inline", "json")
"""Options of a run that mean something else here; the others are the driver's."""

DRIVERS = [p for p in RunOptions.parameters() if p.name not in OWN]

Job = Annotated[str, typer.Argument(metavar="JOB", help="a job file (YAML), or its URL")]
Address = Annotated[
    str,
    typer.Option(
        "--address",
        metavar="http://HEAD:8265",
        envvar="RAY_API_SERVER_ADDRESS",
        help="the dashboard of the cluster's head",
        show_default=False,
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="URL|DIR",
        help="the job's folder, which the head must be able to write, like s3://bucket/name; "
        "pictures are put beside it",
        show_default=False,
    ),
]
Id = Annotated[
    str | None,
    typer.Option(
        "--id",
        metavar="NAME",
        help="what the submission is called: submitted again, it is found, not rendered twice; "
        "not given: by the job's name and all it asks for",
        show_default=False,
    ),
]
Wait = Annotated[
    bool,
    typer.Option("--wait", help="follow the job until it is over, and end with its exit code"),
]
Shared = Annotated[
    bool,
    typer.Option("--shared", help="--out is a folder that the head has under the same path"),
]
Installed = Annotated[
    bool,
    typer.Option(
        "--installed", help="run the Reverie that is installed there, instead of sending this one"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="tell what happens as JSON, an object a line")]


def submit_command(
    job: Job,
    *,
    address: Address,
    out: Out = None,
    id: Id = None,
    wait: Wait = False,
    shared: Shared = False,
    installed: Installed = False,
    json: Json = False,
    **given: Any,
) -> int:
    """Submit a job to a Ray cluster, which renders it while this machine may go away.

    Pictures, styles, masks and weight files that the job names are put beside --out, each once.
    Options that say how the driver runs, from --notify on, are handed to it: paths in them are
    the head's.
    """
    from cluster import sending
    from cluster.heads import Head
    from cluster.submission import submit

    key = None if id is None else sending.checked_id(id)
    sending.check_weights_dir(given["weights_dir"])
    spec = load(job if "://" in job else Path(job), JobOptions.of(given))
    place = sending.destination(out or str(RENDERS / spec.title), address, shared=shared)
    sending.check(spec, place)
    head = Head.at(address)
    with _bar("reading") as told:
        parcel = sending.parcel(spec, place, told=told)
    screen = Screen(place, as_json=json)
    with _bar("putting") as told:
        sent = submit(
            head,
            parcel,
            key=key or parcel.id,
            options=_passed(given),
            code=() if installed else sending.code(),
            told=told,
        )
    _tell(sent, parcel, head.address, as_json=json)
    return _followed(head, sent, screen) if wait else exits.DONE


with_parameters(submit_command, [*JobOptions.parameters(), *DRIVERS])


def submitted_on(address: str, *, as_json: bool) -> None:
    """List the jobs that were submitted to a head."""
    from cluster.heads import Head

    rows = [
        {"id": one.id, "job": one.job, "state": one.state, "code": one.code if one.over else None}
        | {"folder": one.out}
        for one in Head.at(address).submissions()
    ]
    if rows or as_json:
        show(rows, as_json=as_json, grow="folder")
    else:
        say(f"no job was submitted to {address}")


class Screen:
    """Shows how far a job is: as it stands where people look, else what happens, line by line.

    What had happened before it was made isn't told.
    """

    def __init__(self, place: str, *, as_json: bool) -> None:
        from jobs.following import Follower
        from jobs.storage import at

        self._storage, self._as_json = at(place), as_json
        self._follower = Follower(self._storage)
        self._names: dict[str, str] = {}
        self._console = Console()
        with contextlib.suppress(WorkspaceError):  # nothing is there yet
            list(self._follower.news())

    @contextlib.contextmanager
    def shown(self) -> Iterator[Callable[[], None]]:
        """What to call for showing it anew. It raises WorkspaceError where no job is yet."""
        if self._as_json or not self._console.is_terminal:
            yield self._tell
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            yield lambda: live.update(Text("\n".join(self._lines())), refresh=True)
        with contextlib.suppress(WorkspaceError):
            say(*self._lines())

    def _lines(self) -> list[str]:
        from jobs.status import status

        return lines(status(self._storage))

    def _tell(self) -> None:
        for record in self._follower.news():
            if record.get("event") == "opened" or not self._names:  # another driver, another plan
                self._names = names_of(self._storage)
            job = job_of(self._storage)
            tell([record], self._names, as_json=self._as_json, job=job)


def _followed(head: Head, sent: Sent, screen: Screen) -> int:
    """Follow a submission until it is over; its exit code."""
    from cluster import waiting

    try:
        with screen.shown() as show_it:
            over = waiting.until_over(head, sent.id, show_it)
    except KeyboardInterrupt:
        sys.stderr.write(f"it goes on; follow it with: reverie watch {sent.out}\n")
        return exits.INTERRUPTED
    if over.code == exits.INTERRUPTED:
        sys.stderr.write(f"error: {sent.id}: was stopped; submitted again, it goes on from there\n")
    elif over.code not in (exits.DONE, exits.SOME_FAILED):
        told = waiting.last_words(head, over)
        sys.stderr.write("".join(f"driver: {line}\n" for line in told))
        sys.stderr.write(f"error: {sent.id}: {exits.MEANINGS.get(over.code, over.state)}\n")
    return over.code


def _tell(sent: Sent, parcel: Parcel, address: str, *, as_json: bool) -> None:
    """Say what was submitted, and how to follow it."""
    from cluster.submission import DONE

    if as_json:
        facts = {"address": address, "job": parcel.title, "files": len(parcel.deposits)}
        told = {"event": "submitted", **dataclasses.asdict(sent), **facts}
        sys.stdout.write(jsonlib.dumps(told) + "\n")
        sys.stdout.flush()
        return
    verbs = ("output",) if sent.earlier == DONE else ("watch", "errors", "cancel")
    going = () if sent.earlier == DONE else ("it goes on without this machine:",)
    say(_line(sent), *going, *(f"  reverie {verb} {sent.out}" for verb in verbs))
    say(f"  reverie list --address {address}")


def _line(sent: Sent) -> str:
    from cluster.submission import ALREADY

    if sent.state == ALREADY:
        return f"{sent.state} as {sent.id}, which is {sent.earlier}"
    why = f" ({sent.earlier})" if sent.earlier else ""
    put = f"{plural(sent.put, 'file')} put ({sent.put_bytes / 1e6:,.1f} MB)"
    return f"{sent.state} as {sent.id}{why}: {put}, {sent.there:,} there already"


def _passed(given: Mapping[str, Any]) -> list[str]:
    """The options of a run that the driver gets, as words."""
    words: list[str] = []
    for parameter in DRIVERS:
        value, option = given[parameter.name], f"--{parameter.name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] if value else []
        elif value is not None:
            words += [option, str(value)]
    return words


@contextlib.contextmanager
def _bar(what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error for bytes; nothing where that is no terminal."""
    with download_bar(what) as update:
        done, lock = 0, threading.Lock()

        def told(further: int) -> None:
            nonlocal done
            with lock:  # several files are on their way at a time
                done += further
                update(done, None)

        yield told
