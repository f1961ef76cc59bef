"""Programs that are measured apart have a process each, and take turns."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import torch

from benchmarks import apart
from benchmarks.machine import Work


def program(name: str, seen: Path) -> Work:
    def work() -> None:
        with seen.open("a") as written:
            written.write(f"{name} {os.getpid()} {torch.get_num_threads()}\n")

    return work


def test_each_has_a_process_with_the_threads_of_the_first(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    makers = {name: partial(program, name, seen) for name in ("a", "b")}
    times = apart.in_turns(makers, turns=2, device=torch.device("cpu"), warm_up=0)
    names, processes, threads = zip(*map(str.split, seen.read_text().splitlines()), strict=True)
    assert "".join(names) == "baab"
    assert len({os.getpid(), *map(int, processes)}) == 3
    assert {*map(int, threads)} == {torch.get_num_threads()}
    assert {name: spent.turns for name, spent in times.items()} == {"a": 2, "b": 2}
