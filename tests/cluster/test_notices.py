"""Notices as lines of JSON that any reader understands."""

from __future__ import annotations

import json
import math

from cluster import notices as n


def test_a_notice_is_one_line_with_its_kind() -> None:
    line = n.as_json(n.WorkerLost(worker="worker-1", reason="killed\nby hand"), at=1.23456)
    assert "\n" not in line
    assert json.loads(line) == {
        "event": "worker_lost",
        "time": 1.235,
        "worker": "worker-1",
        "reason": "killed\nby hand",
    }


def test_numbers_that_json_lacks_become_null() -> None:
    notice = n.TaskProgress(
        task="t",
        file="f",
        worker="w",
        iteration=1,
        iterations=2,
        share=0.5,
        losses={"content": math.nan, "style": math.inf, "denoise": 1.5},
    )
    losses = json.loads(n.as_json(notice), parse_constant=lambda word: 1 / 0)["losses"]
    assert losses == {"content": None, "style": None, "denoise": 1.5}


def test_every_kind_has_a_name_for_scripts() -> None:
    kinds = [n.kind(kind.__new__(kind)) for kind in n.Notice.__args__]
    assert "task_finished" in kinds
    assert len(set(kinds)) == len(kinds)
