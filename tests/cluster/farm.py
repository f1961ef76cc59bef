"""Workspaces as a driver leaves them, without rendering, and what runs commands on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.plan import Plan, plan
from jobs.spec import build
from jobs.workspace import Workspace

OUT = Path("renders/job")
Told = Callable[..., tuple[int, str]]
"""Runs a command; its exit code and what it printed."""

CHAIN = {"dream": {"network": "googlenet", "layers": ["conv1", "conv2"], "chain": True}}
STYLE = {"style": {"network": "googlenet", "images": "a.png", "content_layers": "conv2",
                   "style_layers": "conv1"}}  # fmt: skip


class Farm:
    """Workspaces as a driver leaves them, without rendering."""

    def plan(self, **data: Any) -> Plan:
        job = {"name": "job", "inputs": ["a.png"], "size": 40, "steps": [CHAIN, STYLE], **data}
        return plan(build(job, base=Path.cwd()), lambda network, until: f"{network}:{until}")

    def render(self, tasks: int | None = None, **data: Any) -> Plan:
        planned = self.plan(**data)
        with Workspace.open(OUT) as workspace:
            workspace.begin({}, planned.tasks)
            done = workspace.finished(planned.tasks)
            for task in [t for t in planned.tasks if t.id not in done][:tasks]:
                carry = b"carry" if task.carries else None
                workspace.record("started", task=task.id, attempt=1, node="here")
                workspace.publish(task, task.id.encode(), carry, attempt=1)
        return planned
