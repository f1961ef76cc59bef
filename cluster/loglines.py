"""How is a record of a workspace's log said in words? When, which frame, what happened."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from cluster.phrases import allowed_line, demands_line, duration

SILENT = ("recipe", "artefacts_begun")
"""Records that are for later runs, not for people."""


LEVELS = {
    "failed": "error",
    "given_up": "error",
    "stopped_early": "error",
    "retried": "warning",
    "worker_lost": "warning",
    "blocked": "warning",
    "refused": "warning",
    "checkpoint_damaged": "warning",
}
"""How grave an event is; all others are only told."""


def structured(record: Mapping[str, Any], names: Mapping[str, str], job: str) -> dict[str, Any]:
    """A record with what all have: its job, its level, its frame, and a message for people."""
    event, task = str(record["event"]), record.get("task")
    told = {"job": job, "level": LEVELS.get(event, "info"), "message": _said(event, record)}
    if task:
        told["frame"] = names.get(str(task), "")
    return {**told, **record}


def details(record: Mapping[str, Any]) -> list[str]:
    """What else was said, and where in the code it happened, for whoever looks at one frame."""
    said = str(record.get("message", "")).splitlines()[1:]
    return [f"    {line}" for line in (*said, *str(record.get("traceback", "")).splitlines())]


def log_line(record: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The line of a record, nothing where it is of no interest; ``names`` are the frames'."""
    event = str(record["event"])
    if event in SILENT:
        return ""
    at = record.get("at")
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)) if _number(at) else "?"
    task = record.get("task")
    frame = f"  {names.get(str(task), task)}" if task else ""
    return f"{when}{frame}  {_said(event, record)}"


def _said(event: str, record: Mapping[str, Any]) -> str:
    reason, node = record.get("reason", ""), record.get("node", "")
    cause = str(record.get("cause", "")).replace("_", " ")
    where = f" [{node}]" if node else ""
    match event:
        case "opened":
            return f"a driver began (process {record.get('process')})"
        case "started":
            after = record.get("resumed")
            onward = f", after iteration {after:,}" if after else ""
            worker = f" ({record.get('worker')}, {record.get('device')})"
            return f"attempt {record.get('attempt')} began on {node}{worker}{onward}"
        case "checkpoint":
            return f"checkpoint at iteration {record.get('iteration')}"
        case "finished":
            seconds = record.get("seconds")
            took = f" in {duration(float(seconds or 0))}" if _number(seconds) else ""
            losses = record.get("losses") or {}
            told = "".join(f", {name} {value:.3g}" for name, value in losses.items())
            return f"finished{took}{told}"
        case "failed":
            return f"attempt {record.get('attempt')} failed: {cause}: {reason}{where}"
        case "retried":
            return f"will be tried again ({record.get('left')} more after that)"
        case "given_up":
            return f"given up: {cause}: {reason}{where}"
        case "worker_lost":
            return f"worker lost: {reason}"
        case "worker_released":
            return f"{record.get('worker')} was given back"
        case "workers_allowed" if _number(record.get("jobs")):
            return f"may have {allowed_line(int(record.get('workers') or 0), int(record['jobs']))}"
        case "demands":
            return demands_line(int(record.get("priority") or 0), record.get("max_workers"))
        case "blocked":
            return f"{node} gets no more tasks for a while: {reason}"
        case "refused":
            return f"refused: {reason}"
        case "said":
            first, more, _ = str(record.get("message")).partition("\n")
            whose = " (of its batch)" if record.get("shared") else ""
            return f"{record.get('level')}{where}{whose}: {first}{' ...' if more else ''}"
        case "cleaned":
            return f"cleaned: {record.get('files_removed')} files removed"
    rest = f": {reason}" if reason else ""
    return f"{event.replace('_', ' ')}{rest}{where}"


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
