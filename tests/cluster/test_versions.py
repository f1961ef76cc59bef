"""Which workers render what the driver means? Those with its code and its torch."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import torch

from cluster import versions
from cluster.versions import code_digest, differences, own

ROOT = Path(versions.__file__).parents[1]


def copy(to: Path) -> Path:
    """The code, elsewhere."""
    for package in versions.PACKAGES:
        shutil.copytree(ROOT / package, to / package, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def test_the_digest_is_that_of_the_code_wherever_it_is(tmp_path: Path) -> None:
    assert code_digest(copy(tmp_path / "same")) == code_digest(ROOT) == own().code
    other = copy(tmp_path / "other")
    (other / "renderer" / "dream.py").open("a").write("\n")
    assert code_digest(other) != code_digest(ROOT)
    moved = copy(tmp_path / "moved")
    (moved / "jobs" / "names.py").rename(moved / "jobs" / "names2.py")
    assert code_digest(moved) != code_digest(ROOT)


def test_what_is_no_code_makes_no_difference(tmp_path: Path) -> None:
    other = copy(tmp_path)
    (other / "cluster" / "__pycache__").mkdir(exist_ok=True)
    (other / "cluster" / "__pycache__" / "a.pyc").write_bytes(b"x")
    (other / "README.md").write_text("other")
    assert code_digest(other) == code_digest(ROOT)


def test_differences_name_what_the_worker_has_and_the_driver() -> None:
    driver = own()
    assert driver.torch == torch.__version__
    assert differences(driver, replace(driver, python="3.11.0", ray="2.0")) == []
    other = replace(driver, code="f" * 64, reverie="9.9")
    (text,) = differences(driver, other)
    assert text == (
        f"it has Reverie 9.9, code ffffffffffff, and the driver {driver.reverie}, "
        f"code {driver.code[:12]}"
    )
    assert differences(driver, None) == ["it has an older Reverie"]


def test_torch_must_be_of_the_same_release_however_it_was_built() -> None:
    driver = replace(own(), torch="2.15.0+cpu")
    assert differences(driver, replace(driver, torch="2.15.0+cu132")) == []
    told = differences(driver, replace(driver, torch="2.15.1+cpu"))
    assert told == ["it has torch 2.15.1+cpu, and the driver 2.15.0+cpu"]
