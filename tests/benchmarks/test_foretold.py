"""What was foretold is set beside what came, without what the smallest picture takes anyway."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from benchmarks.foretold import Case, Told, cases, job, row
from jobs.spec import load

MB = 2**20


def test_time_and_memory_are_told_as_shares_of_what_came() -> None:
    small = Told(0.1, 1.0, 100 * MB, 600 * MB)
    found = row(Case("motifs", 512), Told(9.0, 12.0, 340 * MB, 800 * MB), small)
    assert (found["foretold_s"], found["took_s"], found["off"]) == (9, 12, -0.25)
    assert (found["foretold_mb"], found["took_mb"], found["memory_off"]) == (240, 200, 0.2)


def test_other_processes_memory_isn_t_told() -> None:
    small = Told(0.1, 1.0, 100 * MB, 600 * MB)
    found = row(Case("motifs", 512, shards=2), Told(9.0, 12.0, 340 * MB, 800 * MB), small)
    assert "took_mb" not in found


@pytest.mark.parametrize(
    "case", [Case("motifs", 96), Case("vgg19", 96, 64), Case("motifs", 96, shards=2)]
)
def test_a_case_is_a_job(case: Case, tmp_path: Path) -> None:
    for name in ("picture.png", "painting.png"):
        (tmp_path / name).write_bytes(b"")
    read = load(job(tmp_path, case, argparse.Namespace(iterations=3, threads=1)))
    assert read.size == 96
    assert (read.resources.tile, read.resources.shards) == (case.tile, str(case.shards))


def test_the_largest_is_cut_up_too() -> None:
    given = argparse.Namespace(sizes=[64, 128], tiles=[32], shards=[2])
    assert list(cases("motifs", given)) == [
        Case("motifs", 64),
        Case("motifs", 128),
        Case("motifs", 128, 32),
        Case("motifs", 128, shards=2),
    ]
