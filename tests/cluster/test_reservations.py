"""Reservations wait where Ray has no room, and are given back once it has."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest

from cluster.fair import Team
from cluster.ray_session import RaySession

TOO_LARGE, SMALL = Team(1, 5000.0, 0.0), Team(2, 0.25, 0.0)


def table(ray: Any) -> list[tuple[str, float, str]]:
    """Each placement group of ours that there is: its id, a bundle's CPUs, and its state."""
    groups = ray.util.placement_group_table().values()
    found = [
        (one["placement_group_id"], one["bundles"][0].get("CPU"), one["state"]) for one in groups
    ]
    ours = (TOO_LARGE.cpus, SMALL.cpus)
    return [(id, cpus, state) for id, cpus, state in found if cpus in ours and state != "REMOVED"]


def until(ray: Any, wanted: dict[tuple[float, str], int]) -> None:
    deadline = time.monotonic() + 30
    while (found := Counter((cpus, state) for _, cpus, state in table(ray))) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def test_they_wait_for_room_and_are_given_back_when_they_have_it(ray: Any) -> None:
    reservations = pytest.importorskip("cluster.reservations").Reservations()
    RaySession().wait()
    reservations.want([TOO_LARGE, SMALL, TOO_LARGE])
    until(ray, {(5000.0, "PENDING"): 2, (0.25, "CREATED"): 1})
    before = set(table(ray))
    reservations.want([TOO_LARGE, SMALL, TOO_LARGE, TOO_LARGE])
    until(ray, {(5000.0, "PENDING"): 3, (0.25, "CREATED"): 1})
    assert len(before - set(table(ray))) == 1  # those that wait are the same
    reservations.want([TOO_LARGE])
    until(ray, {(5000.0, "PENDING"): 1})
    reservations.want([])
    until(ray, {})
