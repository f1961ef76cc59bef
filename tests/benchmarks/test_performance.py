"""The page's tables are those of the committed reports."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.performance import BEGIN, END, PAGE, page

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
