"""The page's tables are those of the committed reports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.performance import BEGIN, END, PAGE, page, tables

REPORT = {
    "benchmark": "style",
    "machine": "desk, 2 cores",
    "device": "cpu",
    "threads": 1,
    "weights": "random",
    "torch": "2.11",
    "auto": "bfloat16",
    "load": 0.1,
    "rates": {"convolutions_gflops": {"float32": 100, "bfloat16": 200}},
    "sizes": {
        "304": {
            "seconds": {"plain": 2.0, "auto": 1.0},
            "cpu_seconds": {"plain": 1.9, "auto": 0.9},
            "ratios": {"auto": 2.11},
            "floor_s": {"auto": 0.5},
            "psnr_db": {"auto": 47.0},
            "shares_percent": {"auto": {"convolutions": 60.0, "other": 40.0}},
        }
    },
}


def test_the_page_is_up_to_date() -> None:
    text = PAGE.read_text("utf-8")
    assert text == page(text), "run: python -m benchmarks.performance"


def test_a_report_becomes_a_table(tmp_path: Path) -> None:
    (tmp_path / "style.json").write_text(json.dumps(REPORT))
    (tmp_path / "other.json").write_text(json.dumps({"benchmark": "other"}))
    made = page(f"above\n{BEGIN}old\n{END}below\n", tmp_path)
    assert made.startswith(f"above\n{BEGIN}")
    assert made.endswith(f"{END}below\n")
    assert "old" not in made
    assert "| 304 | plain | 2.0 | 1.9 |  |  |  |" in made
    assert "| 304 | auto | 1.0 | 0.9 | 2.11 | 0.5 | 47.0 |" in made
    assert "| 304 | auto | 60.0 | 40.0 |" in made
    assert page(made, tmp_path) == made


PLACE = {"machine": "desk", "device": "cpu", "threads": 1, "load": 0.1}

MADE = {
    "batch of a command": (
        {
            "benchmark": "batch",
            "of": "command",
            "workers": 2,
            "count": 8,
            "side": 96,
            "iterations": 4,
            "kinds": {
                "dream": {
                    "seconds": {"bare": 9.5, "command": 10.0, "with_start": 19.0},
                    "per_minute": {"bare": 50.5, "command": 48.0, "with_start": 25.3},
                    "at_work": 0.97,
                    "ratios": {"command": 0.95, "with_start": 0.5},
                }
            },
        },
        ["| dream | bare | 9.5 | 50.5 |  |  |", "| dream | command | 10.0 | 48.0 | 0.95 | 0.97 |"],
    ),
    "batch on a device": (
        {
            "benchmark": "batch",
            "of": "bare",
            "workers": 2,
            "count": 8,
            "side": 96,
            "iterations": 4,
            "kinds": {
                "style": {
                    "seconds": {"1": 8.0, "4": 4.0},
                    "per_minute": {"1": 60.0, "4": 120.0},
                    "ratios": {"4": 2.0},
                }
            },
        },
        [
            "in each of 1 processes",
            "| style | 1 | 8.0 | 60.0 |  |",
            "| style | 4 | 4.0 | 120.0 | 2.0 |",
        ],
    ),
    "startup": (
        {
            "benchmark": "startup",
            "ways": {"ray": {"opened_s": 2, "started_s": 5, "first_iteration_s": 6, "all_s": 8}},
            "imports_s": {"help": 0.4, "torch": 1.5},
            "ratios": {"ray": 0.25},
        },
        ["help 0.4 s, torch 1.5 s; load 0.1 (report.json)", "| ray | 2 | 5 | 6 | 8 |"],
    ),
    "saturation": (
        {
            "benchmark": "saturation",
            "workers": 256,
            "seconds": 4.0,
            "ratios": {"tasks": 125},
            "tasks": [
                {
                    "asked": {"tasks": 32.0},
                    "tasks": 31.5,
                    "records": 126.0,
                    "cpu": 0.25,
                    "megabytes": 13.0,
                    "late_ms": 2.0,
                    "late_ms_99": 40.0,
                }
            ],
        },
        ["256 simulated workers", "| tasks | 32.0 | 31.5 | 126.0 | 13.0 | 0.25 | 2.0 | 40.0 |"],
    ),
}


@pytest.mark.parametrize("name", MADE)
def test_each_kind_of_report_has_its_table(name: str, tmp_path: Path) -> None:
    report, lines = MADE[name]
    (tmp_path / "report.json").write_text(json.dumps({**PLACE, **report}))
    made = tables(tmp_path)
    assert all(line in made for line in lines), made
    rows = [line.count("|") for line in made.splitlines() if line.startswith("|")]
    assert len(rows) > 2
    assert len(set(rows)) == 1
