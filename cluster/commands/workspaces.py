"""What about a job's folder? How far it is, whether to wait, what to render again, what may go.

`status`, `pause`, `resume`, `cancel`, `set`, `retry`, `clean`. They need no job file, pictures,
weights or Ray: the folder tells all.
"""

from __future__ import annotations

import dataclasses
import json as jsonlib
import re
import time
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cluster import exits
from cluster.commands.options import RENDERS
from cluster.commands.tables import Json, answer, say, say_json
from cluster.phrases import allowed_line, demands_line, duration, plural, shown
from renderer.errors import JobError, WorkspaceError
from renderer.settings import nearest

if TYPE_CHECKING:
    from jobs.cleaning import Stale
    from jobs.lock import Holder
    from jobs.roster import Entry
    from jobs.status import Status
    from jobs.storage import Storage

MAX_LISTED = 20
_RANGE = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
KINDS = {"carry": "carry file", "temporary": "temporary file"}

Folder = Annotated[
    str,
    typer.Argument(
        metavar="DIR|URL", help="a job's folder or URL, or the job file of a job in renders"
    ),
]
Frames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FRAME...",
        help="frames by name, by patterns like 'a-*', or by numbers like 1-50,60",
    ),
]
Numbers = Annotated[
    str | None,
    typer.Option("--frames", metavar="1-50,60", help="frames of the last step, by number from 1"),
]
OnlyFailed = Annotated[
    bool, typer.Option("--failed", help="have what failed begin anew, not from its checkpoint")
]
Changes = Annotated[
    list[str],
    typer.Argument(metavar="NAME=VALUE...", help="priority=1..100, max_workers=COUNT or null"),
]
Now = Annotated[
    bool, typer.Option("--now", help="kill what runs: it goes on from its last checkpoint")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only tell what would be removed")]


def status_command(folder: Folder, json: Json = False) -> int:
    """Tell how far a job is: what is done, what failed and where, and who is rendering it.

    The exit code is 0 if all is done, 1 if tasks have failed, and 6 if some are still to do.
    """
    from jobs.status import status

    found = status(workspace(folder))
    if json:
        say_json(as_data(found))
    else:
        say(*lines(found))
    return code_of(found)


def code_of(found: Status) -> int:
    """The exit code that tells how far a job is."""
    if found.failed or found.skipped:
        return exits.SOME_FAILED
    return exits.DONE if found.finished == found.tasks else exits.UNFINISHED


def pause_command(folder: Folder, json: Json = False) -> None:
    """Have whoever renders a job stop for now; what runs goes on later from where it stood."""
    from jobs import requests

    storage = workspace(folder)
    driver = _driven(storage)
    with storage.told():
        requests.pause(storage)
    answer(
        {"folder": storage.place, "driver": driver, "asked": "pause"},
        f"{driver} stops what runs and waits; go on with: reverie resume {folder}",
        as_json=json,
    )


def resume_command(folder: Folder, json: Json = False) -> None:
    """Have a paused job go on."""
    from jobs import requests, roster

    storage = workspace(folder)
    roster.load(storage)
    with storage.told():
        was = requests.resume(storage)
    told = "it goes on" if was else "it was not paused"
    answer({"folder": storage.place, "asked": "resume", "paused": was}, told, as_json=json)


def cancel_command(folder: Folder, now: Now = False, json: Json = False) -> None:
    """Have whoever renders a job end: what runs leaves a checkpoint first.

    What is done is kept, and `reverie render` goes on from there.
    """
    from jobs import requests

    storage = workspace(folder)
    driver = _driven(storage)
    with storage.told():
        requests.cancel(storage, at_once=now)
    how = "kills what runs and ends" if now else "stops what runs and ends"
    answer(
        {"folder": storage.place, "driver": driver, "asked": "cancel", "now": now},
        f"{driver} {how}; go on with the same `reverie render`",
        as_json=json,
    )


def set_command(folder: Folder, changes: Changes, json: Json = False) -> None:
    """Change how urgent a job is, or how many workers it takes at most, while it is rendered.

    The job file's own priority and max_workers count again for the next run.
    """
    from jobs import requests
    from jobs.demands import Demands, parse

    wanted = parse(changes)
    storage = workspace(folder)
    driver = _driven(storage)
    with storage.told():
        requests.demand(storage, wanted)
        now = Demands().changed(requests.asked(storage).demands)
    told = [f"{name} {jsonlib.dumps(getattr(now, name))}" for name in wanted]
    data = {"folder": storage.place, "driver": driver, "asked": "set"}
    data |= {name: getattr(now, name) for name in wanted}
    answer(data, f"{driver} goes by {', '.join(told)}", as_json=json)


def retry_command(
    folder: Folder,
    frames: Frames = None,
    failed: OnlyFailed = False,
    numbers: Numbers = None,
    json: Json = False,
) -> None:
    """Have frames rendered again by the next `reverie render`, and all that comes of them.

    What failed is tried again anyway, from its last checkpoint; --failed has it begin anew.
    """
    from jobs import roster
    from jobs.workspace import Workspace

    if bool(frames or numbers) == failed:
        raise JobError("name frames to render again, or say --failed")
    storage = workspace(folder)
    entries = roster.load(storage)
    meant = chosen(entries, frames or ()) | (by_number(entries, numbers) if numbers else set())
    with Workspace.open(storage.place) as held:
        history = held.history
        ids = set(history.failures) if failed else meant
        again = roster.with_dependents(entries, ids)
        known = [e for e in again if e.id in history.results or e.id in history.failures]
        held.forget(entry.id for entry in known)
    data = {"folder": storage.place, "asked": "retry", "frames": [e.file for e in known]}
    if not known:
        nothing = "nothing to forget: none of these has been rendered"
        return answer(data, "nothing failed" if failed else nothing, as_json=json)
    own = sum(entry.id in ids for entry in known)
    come = f", and {len(known) - own:,} more that they lead to" if own < len(known) else ""
    told = f"{plural(own, 'task')} will be rendered again{come}"
    return answer(data, told, *listed(data["frames"]), as_json=json)


def clean_command(folder: Folder, dry_run: DryRun = False, json: Json = False) -> None:
    """Remove what the job no longer needs: old frames and outputs, carries, and more."""
    from jobs import cleaning, history, roster
    from jobs.workspace import Workspace

    storage = workspace(folder)
    entries = roster.load(storage)
    with storage.told():
        found = [] if storage.holder() else cleaning.temporaries(storage)
        if dry_run:
            found += cleaning.stale(storage, entries, history.read(storage))
    if not dry_run:
        with Workspace.open(storage.place) as held:  # which removes what a dead driver was writing
            found += held.clean(roster.load(storage))
    if json:
        say_json({"removed": not dry_run, "files": [_plain(item) for item in found]})
        return
    say(*cleaned_lines(found, dry_run=dry_run))


def _driven(storage: Storage) -> Holder:
    """Who renders a job. WorkspaceError if no one does."""
    from jobs import roster

    roster.load(storage)
    with storage.told():
        driver = storage.holder()
    if driver is None:
        raise WorkspaceError(f"{storage.place}: no one is rendering it")
    return driver


def workspace(given: str) -> Storage:
    """Where a job is: in the folder or at the URL, or where that of a job file is rendered to."""
    from jobs.storage import at, is_url

    path = Path(given)
    if is_url(given):
        return at(given)
    if path.is_file():
        from jobs import spec  # brings torch, which folders don't need

        return at(RENDERS / spec.load(path).title)
    if not path.is_dir():
        known = [str(path) for path in RENDERS.glob("*")] if RENDERS.is_dir() else []
        raise WorkspaceError(f"{given}: there is no such folder{nearest(str(path), known)}")
    return at(path)


def chosen(entries: Sequence[Entry], patterns: Sequence[str]) -> set[str]:
    """Ids of the tasks whose frames fit one of the patterns, or are of one of the numbers.

    Names come first; numbers (``1-50,60``) count the frames of the last step from 1. JobError for
    what fits none.
    """
    found: set[str] = set()
    for pattern in patterns:
        fitting = {e.id for e in entries if any(_fits(file, pattern) for file in e.files)}
        fitting = fitting or _numbered(entries, pattern)
        if not fitting:
            names = [PurePosixPath(file).name for e in entries for file in e.files]
            raise JobError(f"no frame is called {pattern!r}{nearest(pattern, names)}")
        found |= fitting
    return found


def by_number(entries: Sequence[Entry], numbers: str) -> set[str]:
    """Ids of the tasks of the last step's frames with these numbers. JobError for none."""
    found = _numbered(entries, numbers)
    if not found:
        last = max((entry.step for entry in entries), default=0)
        count = sum(entry.step == last for entry in entries)
        raise JobError(f"--frames {numbers}: there are frames 1 to {count}; write 1-50,60")
    return found


def lines(found: Status) -> list[str]:
    """A status in words."""
    parts = [f"{found.finished:,} of {plural(found.tasks, 'task')} done"]
    counts = {"running": len(found.running), "waiting": found.waiting}
    counts |= {"failed": len(found.failed), "skipped": found.skipped}
    parts += [f"{count:,} {word}" for word, count in counts.items() if count]
    told = [f"{shown(found.folder)}: {', '.join(parts)}", _driver(found), *_beside(found)]
    for run in found.running[:MAX_LISTED]:
        at = f", checkpoint at iteration {run.iteration}" if run.iteration else ""
        told.append(f"running {run.file} on {run.node}, attempt {run.attempt}{at}")
    running = {run.file for run in found.running}
    waiting = {file: at for file, at in found.kept.items() if file not in running}
    told += listed([f"{file} goes on from iteration {at}" for file, at in waiting.items()])
    told += listed(
        [
            f"failed {f.file} ({f.label}): {f.failure.cause.replace('_', ' ')}: {f.failure.reason}"
            + (f" [{f.failure.node}]" if f.failure.node else "")
            for f in found.failed
        ]
    )
    return told


def _driver(found: Status) -> str:
    if found.driver is None:
        return _undriven(found)
    seconds = max(0.0, time.time() - found.driver.since)  # the clock may have been set back
    since = f" for {duration(seconds)}" if found.driver.since else ""
    paused = f" (paused; go on with: reverie resume {found.folder})" if found.paused else ""
    return f"is being rendered by {found.driver}{since}{paused}"


def _undriven(found: Status) -> str:
    """What can be done with a job that no one is rendering."""
    place = shown(found.folder)
    if found.state == "done":
        return f"what it has made: reverie output {place}"
    if found.state == "failed":
        return f"what went wrong: reverie errors {place}; `reverie render` tries again"
    cancelled = ": it was cancelled" if found.cancelled else ""
    return f"no one is rendering it{cancelled}; `reverie render` goes on"


def _beside(found: Status) -> list[str]:
    """How the job stands beside others, where that is worth a line."""
    usual = (found.priority, found.max_workers) == (50, None)
    told = [] if usual else [demands_line(found.priority, found.max_workers)]
    if found.allowed and found.allowed[1] > 1:
        told.append(f"may have {allowed_line(*found.allowed)}")
    return ["; ".join(told)] if told else []


def as_data(found: Status) -> dict[str, Any]:
    """A status as plain data."""
    data = dataclasses.asdict(found)
    data["failed"] = [
        {"file": item.file, "label": item.label, **dataclasses.asdict(item.failure)}
        for item in found.failed
    ]
    data["checkpoints"] = data.pop("kept")
    return data


def listed(items: Sequence[str]) -> list[str]:
    """The items, or the first of them and how many more there are."""
    more = len(items) - MAX_LISTED
    return [*items[:MAX_LISTED], *([f"... and {more:,} more"] if more > 0 else [])]


def cleaned_lines(found: Sequence[Stale], *, dry_run: bool) -> list[str]:
    """What was removed, or would be, in words."""
    if not found:
        return ["nothing to remove"]
    size = sum(item.size_bytes for item in found)
    kinds = Counter(item.kind for item in found)
    words = ", ".join(plural(count, KINDS.get(kind, kind)) for kind, count in kinds.items())
    verb = "would remove" if dry_run else "removed"
    names = [item.name for item in found]
    return [f"{verb} {words}: {size:,} bytes", *(listed(names) if dry_run else ())]


def _plain(item: Stale) -> dict[str, Any]:
    return {"kind": item.kind, "file": item.name, "size_bytes": item.size_bytes}


def _numbered(entries: Sequence[Entry], text: str) -> set[str]:
    """The frames of the last step with these numbers, from 1; none where it is no such text."""
    ranges = [_RANGE.fullmatch(part.strip()) for part in text.split(",")]
    if not all(ranges):
        return set()
    last = max((entry.step for entry in entries), default=0)
    frames = [entry.id for entry in entries if entry.step == last]
    found = set()
    for match in ranges:
        assert match is not None
        first = int(match[1])
        found.update(frames[max(0, first - 1) : int(match[2] or first)])
    return found


def _fits(file: str, pattern: str) -> bool:
    """Whether a frame is meant: by its name with or without folders and suffix."""
    name = file.rpartition("/")[2]  # not by pathlib: there may be 100,000
    return any(fnmatchcase(own, pattern) for own in (file, name, name.rpartition(".")[0]))
