"""Garbage: none is looked for inside, and it is again afterwards, also after an error."""

from __future__ import annotations

import gc

import pytest

from cluster.collecting import uncollected


def breaks() -> None:
    with uncollected():
        assert not gc.isenabled()
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ZeroDivisionError


def test_collections_are_off_inside_and_on_again_after_it() -> None:
    with pytest.raises(ZeroDivisionError):
        breaks()
    assert gc.isenabled()
