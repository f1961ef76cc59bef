"""Notices for the tests of what is shown."""

from __future__ import annotations

from typing import Any

from cluster import notices as n


def opened(tasks: int = 4, **more: Any) -> n.Opened:
    """Half of the tasks dream, half style."""
    left = more.pop("left", {0: tasks // 2, 1: tasks - tasks // 2})
    more = {"finished": 0, **more}
    return n.Opened(job="harbour", directory="/far/harbour", tasks=tasks, left=left, **more)


def joined(worker: str = "worker-1", **more: Any) -> n.WorkerJoined:
    return n.WorkerJoined(worker=worker, **{"node": "desk", "device": "cpu", **more})


def started(file: str = "a.png", **more: Any) -> n.TaskStarted:
    more = {"worker": "worker-1", "step": 0, **more}
    return n.TaskStarted(task=file, file=file, input="a", label="conv2", attempt=1, **more)


def progress(
    iteration: int,
    iterations: int = 10,
    *,
    file: str = "a.png",
    worker: str = "worker-1",
    share: float | None = None,
) -> n.TaskProgress:
    """By default all iterations cost the same."""
    return n.TaskProgress(
        task=file,
        file=file,
        worker=worker,
        iteration=iteration,
        iterations=iterations,
        share=iteration / iterations if share is None else share,
        losses={"objective": 12.345},
    )


def finished(file: str = "a.png", *, seconds: float = 10, step: int = 0) -> n.TaskFinished:
    return n.TaskFinished(
        task=file,
        file=file,
        step=step,
        worker="worker-1",
        iterations=10,
        seconds=seconds,
        losses={"objective": 12.345},
    )


def failed(file: str = "a.png", *, needs: str = "", step: int = 0) -> n.TaskFailed:
    return n.TaskFailed(
        task=file,
        file=file,
        label="conv2",
        step=step,
        cause="skipped" if needs else "error",
        reason="it broke",
        node="" if needs else "desk",
        needs=needs,
    )


def ended(**more: Any) -> n.Ended:
    return n.Ended(
        **{
            "directory": "/far/harbour",
            "tasks": 4,
            "finished": 4,
            "failed": 0,
            "seconds": 123.0,
            **more,
        }
    )
