"""The benchmark of commands, on a small workspace: what it makes is what they find."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import verbs
from jobs.status import status
from jobs.storage import at


def test_the_workspace_is_as_a_run_leaves_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(verbs, "FAILED_IN", 35)
    verbs.fill(tmp_path / "set", verbs.KEPT + 10)
    found = status(at(tmp_path / "set" / "out"))
    assert (found.tasks, found.finished, len(found.failed)) == (40, 9, 1)
    assert len(found.kept) == verbs.KEPT
    told = verbs.measured(["status", str(tmp_path / "set" / "out")])
    assert told["lines"] > 3
    assert told["peak_mb"] > 10


def test_commands_are_named_once_each(tmp_path: Path) -> None:
    names = [verb for verb, _ in verbs.verbs(tmp_path)]
    assert len(set(names)) == len(names)
