"""How do jobs fare? Which there are, what happens in one, when it is over, what went wrong where.

`list`, `watch`, `wait`, `logs`, `errors`. They read what lies in the jobs' folders, beside whoever
renders, on any machine that sees them.
"""

from __future__ import annotations

import json as jsonlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from cluster import exits
from cluster.commands.options import RENDERS
from cluster.commands.tables import Json, say, say_json, show
from cluster.commands.workspaces import (
    Folder,
    Frames,
    as_data,
    chosen,
    code_of,
    lines,
    workspace,
)
from cluster.loglines import details, log_line, structured
from cluster.phrases import shown

if TYPE_CHECKING:
    from jobs.following import Follower
    from jobs.status import Status
    from jobs.storage import Storage

POLL_S = 1.0
"""How often a job is looked at: longer where looking takes long."""

FORSAKEN_S = 10.0
"""A job that no one has rendered for so long is no longer waited for."""

Places = Annotated[
    list[str] | None,
    typer.Argument(metavar="DIR|URL...", help="where jobs' folders are; not given: renders"),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="http://HEAD:8265", help="list what was submitted to this head"
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="wait no longer than this", min=0),
]
FollowOption = Annotated[
    bool, typer.Option("--follow", "-f", help="go on with what happens, until the job is over")
]
Traceback = Annotated[
    bool, typer.Option("--traceback", help="also where in the code it happened, of the last one")
]


def list_command(places: Places = None, address: Address = None, json: Json = False) -> None:
    """List the jobs in a folder, and how far each is; or those submitted to a cluster's head."""
    from jobs.status import status

    if address is not None:
        from cluster.commands.submitting import submitted_on

        return submitted_on(address, as_json=json)

    rows = []
    for storage in jobs_in(places or [str(RENDERS)]):
        found = status(storage)
        rows.append(
            {
                "job": job_of(storage),
                "state": found.state,
                "tasks": found.tasks,
                "done": found.finished,
                "failed": len(found.failed) + found.skipped,
                "rendered by": str(found.driver or ""),
                "folder": storage.place if json else shown(storage.place),
            }
        )
    if not rows and not json:
        return say("there are no jobs in " + ", ".join(places or [str(RENDERS)]))
    return show(rows, as_json=json, grow="folder")


def wait_command(folder: Folder, timeout: Timeout = None, json: Json = False) -> int:
    """Wait until a job is over. The exit code is that of `reverie status`.

    Over is also a job that no one has been rendering for ten seconds.
    """
    found = until_over(workspace(folder), timeout)
    if json:
        say_json(as_data(found))
    else:
        say(*lines(found))
    return code_of(found)


def watch_command(folder: Folder, timeout: Timeout = None, json: Json = False) -> int:
    """Show how far a job is until it is over. The exit code is that of `reverie status`.

    Where that can't be drawn anew (in a file, in a pipe), what happens meanwhile is told instead;
    with --json that alone, as by `reverie logs`.
    """
    storage, console = workspace(folder), Console()
    if json or not console.is_terminal:
        return _tell_news(storage, timeout, as_json=json)
    with Live(console=console, auto_refresh=False, transient=True) as live:

        def draw(found: Status) -> None:
            live.update(Text("\n".join(lines(found))), refresh=True)

        found = until_over(storage, timeout, draw=draw)
    say(*lines(found))
    return code_of(found)


def logs_command(
    folder: Folder, frames: Frames = None, follow: FollowOption = False, json: Json = False
) -> int:
    """Tell what has happened in a job, or to some of its frames; with -f, go on telling.

    Where frames are named, tracebacks of what failed are told too. With --json each line is an
    object with at (seconds since 1970), level, job, event, message, and mostly task, frame,
    attempt, node.
    """
    from jobs import roster
    from jobs.following import Follower

    storage = workspace(folder)
    wanted = chosen(roster.load(storage), frames) if frames else None
    if follow:
        return code_of(_tell_on(storage, wanted, Follower(storage), as_json=json))
    tell(Follower(storage).news(), names_of(storage), wanted, as_json=json, job=job_of(storage))
    return exits.DONE


def errors_command(folder: Folder, json: Json = False, traceback: Traceback = False) -> int:
    """Tell what went wrong in a job, by node and cause. The exit code is 1 if something did."""
    from jobs.following import Follower
    from jobs.mishaps import mishaps

    storage = workspace(folder)
    names = names_of(storage)
    found = mishaps(Follower(storage).news())
    rows: list[dict[str, Any]] = [
        {
            "node": one.node,
            "cause": one.cause,
            "times": one.times,
            "frames": len(one.tasks),
            "last": one.reason,
            "last frame": names.get(one.last_task, ""),
        }
        | ({"traceback": one.traceback} if json or traceback else {})
        for one in found
    ]
    if json:
        say_json(rows)
    elif not rows:
        say("nothing went wrong")
    else:
        show([{k: v for k, v in row.items() if k != "traceback"} for row in rows],
             as_json=False, grow="last")  # fmt: skip
        for row in rows if traceback else ():
            say("", f"{row['node']}, {row['cause']}:", *str(row["traceback"]).splitlines())
    return exits.SOME_FAILED if rows else exits.DONE


def jobs_in(places: list[str]) -> Iterator[Storage]:
    """The workspaces among some places and the folders right in them."""
    from jobs.roster import PLAN
    from jobs.storage import at, within

    for place in places:
        own = at(place)
        with own.told():
            candidates = [own] if own.exists(PLAN) else [at(one) for one in within(place)]
            yield from (storage for storage in candidates if storage.exists(PLAN))


def until_over(
    storage: Storage, timeout_s: float | None, *, draw: Callable[[Status], None] = lambda _: None
) -> Status:
    """Look at a job until it is over or time is; its last state. ``draw`` has each of them."""
    from jobs.status import status

    began = alone = time.monotonic()
    while True:
        before = time.monotonic()
        found = status(storage)
        draw(found)
        now = time.monotonic()
        if found.driver is not None:
            alone = now
        over = found.driver is None and (found.over or now - alone >= FORSAKEN_S)
        if over or (timeout_s is not None and now - began >= timeout_s):
            return found
        rest_s = max(POLL_S, 5 * (now - before))
        time.sleep(rest_s if timeout_s is None else min(rest_s, began + timeout_s - now))


def _tell_news(storage: Storage, timeout_s: float | None, *, as_json: bool) -> int:
    """Tell how far a job is, what happens in it until it is over, and how far it is then.

    As JSON it is what happens, and nothing else.
    """
    from jobs.following import Follower
    from jobs.status import status

    follower = Follower(storage)
    follower.skip()
    if not as_json:
        say(*lines(status(storage)))
    found = _tell_on(storage, None, follower, as_json=as_json, timeout_s=timeout_s)
    if not as_json:
        say(*lines(found))
    return code_of(found)


def _tell_on(
    storage: Storage,
    wanted: set[str] | None,
    follower: Follower,
    *,
    as_json: bool,
    timeout_s: float | None = None,
) -> Status:
    """Tell what happens in a job until it is over; its last state."""
    names = names_of(storage)

    def further(_: object) -> None:
        tell(follower.news(), names, wanted, as_json=as_json, job=job_of(storage))

    found = until_over(storage, timeout_s, draw=further)
    further(found)
    return found


def tell(
    records: Iterable[dict[str, Any]],
    names: dict[str, str],
    wanted: set[str] | None = None,
    *,
    as_json: bool,
    job: str,
) -> None:
    """Tell what happened, of all tasks or of those that are wanted. ``names`` are their frames'."""
    for record in records:
        if wanted is not None and record.get("task") not in wanted:
            continue
        if as_json:
            told = [jsonlib.dumps(structured(record, names, job), ensure_ascii=False)]
        else:
            told = [log_line(record, names)]
            told += details(record) if wanted is not None else []
        sys.stdout.writelines(f"{text}\n" for text in told if text)
    sys.stdout.flush()


def job_of(storage: Storage) -> str:
    """What a job is called by where it lies: the last part of that."""
    return storage.place.rstrip("/").rpartition("/")[2]


def names_of(storage: Storage) -> dict[str, str]:
    """The frames' names by the ids of their tasks. WorkspaceError where no job is."""
    from jobs import roster

    return {entry.id: entry.file for entry in roster.load(storage)}
