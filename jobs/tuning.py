"""How does a picture of a manifest go through the steps? As all do, with its own settings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from jobs.branches import Branch
from jobs.manifests import Row
from jobs.stages import Stage
from renderer.errors import JobError, SettingError

HELD = 256
"""So many branches are held for rows to come: often many rows say the same."""


class Tuning:
    """Branches with what rows set; alike ones are one."""

    def __init__(self) -> None:
        self._made: dict[Any, tuple[Branch, Branch]] = {}

    def of(self, branch: Branch, row: Row | None) -> Branch:
        """The branch as a row's picture goes through it. JobError with the row's place."""
        if row is None or not row.changes:
            return branch
        key = (id(branch), repr(row.changes))
        known = self._made.get(key)
        if known is None or known[0] is not branch:
            if len(self._made) >= HELD:
                self._made.clear()
            self._made[key] = known = (branch, _tuned(branch, row))
        return known[1]


def _tuned(branch: Branch, row: Row) -> Branch:
    whole = {name: value for step, name, value in row.changes if step is None}
    stages = list(branch.stages)
    for number in {step for step, _, _ in row.changes if step is not None}:
        own = {name: value for step, name, value in row.changes if step == number}
        try:
            stages[number] = _with(stages[number], own)
        except SettingError as error:
            raise JobError(f"{row.place}: {error}") from error
    spec = branch.spec.model_copy(update=whole) if whole else branch.spec
    return replace(branch, spec=spec, stages=tuple(stages))


def _with(stage: Stage, own: dict[str, Any]) -> Stage:
    variants = (replace(v, settings=replace(v.settings, **own)) for v in stage.variants)
    return replace(stage, variants=tuple(variants))
