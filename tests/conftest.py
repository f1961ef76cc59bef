"""Fixtures that all tests share: where real weights and pictures are, if there are any."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Times vary on shared machines: a slow example is no failure.
settings.register_profile("reverie", deadline=None)
settings.load_profile("reverie")


def _directory(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value or not Path(value).is_dir():
        pytest.skip(f"{variable} names no directory")
    return Path(value)


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """Directory of real pretrained weights; the test is skipped where there is none."""
    return _directory("REVERIE_WEIGHTS")


@pytest.fixture(scope="session")
def pictures_dir() -> Path:
    """Directory of test pictures; the test is skipped where there is none."""
    return _directory("REVERIE_PICTURES")
