"""How workers are shared: by hand where a person can count, and what holds whatever is claimed."""

from __future__ import annotations

import math
import random
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.fair import Claim, room, shares
from cluster.resources import Node

FOUR = (Node("a", 2, id="a"), Node("b", 2, id="b"))


def claim(job: str, wanted: int, priority: int = 50, **more: object) -> Claim:
    return Claim(job=job, wanted=wanted, priority=priority, **more)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([claim("a", 9)], {"a": 4}),
        ([claim("a", 9), claim("b", 9)], {"a": 2, "b": 2}),
        ([claim("a", 9), claim("b", 9, 100)], {"a": 1, "b": 3}),
        ([claim("a", 9, 100), claim("b", 9, 1)], {"a": 3, "b": 1}),  # everyone has one
        ([claim("a", 1), claim("b", 9)], {"a": 1, "b": 3}),  # what one can't use, others have
        ([claim("a", 0), claim("b", 2)], {"a": 0, "b": 2}),
        ([claim(name, 1, n + 1) for n, name in enumerate("abcde")],
         {"a": 0, "b": 1, "c": 1, "d": 1, "e": 1}),
        ([claim("late", 9, order=2), *(claim(n, 1, order=1) for n in "abcd")],
         {"late": 0, "a": 1, "b": 1, "c": 1, "d": 1}),
        ([claim("gang", 9, team=2), claim("b", 9)], {"gang": 2, "b": 2}),
        ([claim("gang", 9, team=5), claim("b", 9)], {"gang": 0, "b": 4}),
        ([claim("wide", 9, cpus=2), claim("b", 9)], {"wide": 1, "b": 2}),
        ([claim("huge", 9, cpus=3), claim("b", 9)], {"huge": 0, "b": 4}),
    ],
)  # fmt: skip
def test_four_cores_on_two_nodes(claims: list[Claim], expected: dict[str, int]) -> None:
    assert shares(claims, FOUR) == expected


def test_gpus_count_more_than_cores_and_a_part_of_one_never_straddles_two() -> None:
    node = Node("n", 16, 2, id="n")
    assert shares([claim("a", 9, gpus=0.4)], [node]) == {"a": 4}
    assert shares([claim("a", 9, gpus=1), claim("b", 9, gpus=0.5)], [node]) == {"a": 1, "b": 2}
    both = shares([claim("a", 9, gpus=1), claim("cores", 99)], [node])
    assert both == {"a": 1, "cores": 15}  # half of all GPUs, 15 of 16 cores: none is left
    assert shares([claim("cores", 4)], [node, Node("m", 4, id="m")]) == {"cores": 4}


def test_only_nodes_that_a_job_asks_for_are_given_to_it() -> None:
    spot = Node("s", 2, 1, id="s", gpu_types=("H100",), labels={"pool": "spot"})
    nodes = (spot, Node("o", 2, id="o"))
    picky = claim("a", 9, labels={"pool": "spot"})
    assert room(nodes, picky) == 2
    assert room(nodes, claim("a", 9, gpus=1.0, gpu_type="H100")) == 1
    assert room(nodes, claim("a", 9, gpu_type="A100")) == 0
    # The other job is sent where the picky one can't go.
    assert shares([picky, claim("b", 2)], nodes) == {"a": 2, "b": 2}
    assert shares([picky], (replace(spot, leaving=True),)) == {"a": 0}


CLAIMS = st.lists(
    st.builds(
        Claim,
        job=st.uuids().map(str),
        wanted=st.integers(0, 12),
        priority=st.integers(1, 100),
        team=st.integers(1, 3),
        cpus=st.sampled_from([1.0, 2.0, 4.0]),
        gpus=st.sampled_from([0.0, 0.0, 0.25, 0.5, 1.0, 2.0]),
        order=st.integers(0, 3),
    ),
    max_size=6,
    unique_by=lambda one: one.job,
)
NODES = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 2)), max_size=4).map(
    lambda sizes: [Node(str(n), cpus, gpus, id=str(n)) for n, (cpus, gpus) in enumerate(sizes)]
)


@given(claims=CLAIMS, nodes=NODES)
@settings(deadline=None)
def test_never_more_than_there_is_or_than_is_wanted(claims: list[Claim], nodes: list[Node]) -> None:
    found = shares(claims, nodes)
    assert found.keys() == {one.job for one in claims}
    for one in claims:
        assert 0 <= found[one.job] <= one.wanted
        assert found[one.job] % one.team == 0
    assert sum(found[c.job] * c.cpus for c in claims) <= sum(node.cpus for node in nodes)
    assert sum(found[c.job] * c.gpus for c in claims) <= sum(node.gpus for node in nodes)


@given(claims=CLAIMS, nodes=NODES, seed=st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_same_claims_give_the_same_whatever_is_held(
    claims: list[Claim], nodes: list[Node], seed: random.Random
) -> None:
    first = shares(claims, nodes)
    again = [replace(one, held=first[one.job]) for one in claims]
    seed.shuffle(again)
    assert shares(again, nodes) == first


@given(
    wants=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 100)), min_size=1, max_size=6),
    cores=st.integers(1, 24),
)
@settings(deadline=None)
def test_never_less_than_fair_and_nothing_idle_that_someone_wants(
    wants: list[tuple[int, int]], cores: int
) -> None:
    claims = [claim(str(n), wanted, priority) for n, (wanted, priority) in enumerate(wants)]
    nodes = [Node(str(n), 1, id=str(n)) for n in range(cores)]
    found = shares(claims, nodes)
    assert sum(found.values()) == min(cores, sum(wanted for wanted, _ in wants))
    busy = [one for one in claims if one.wanted]
    if len(busy) > cores:
        assert set(found.values()) <= {0, 1}
        return
    for one, fair in zip(busy, water_filled(busy, cores), strict=True):
        assert found[one.job] >= max(1, math.floor(fair - 1e-6))


def water_filled(claims: list[Claim], cores: int) -> list[float]:
    """What each is to have of cores that can be cut: by priority, from one up to what it wants."""
    low, high = 0.0, float(cores)
    for _ in range(80):
        level = (low + high) / 2
        parts = [min(max(level * one.priority, 1.0), one.wanted) for one in claims]
        low, high = (level, high) if sum(parts) < cores else (low, level)
    return [min(max(low * one.priority, 1.0), one.wanted) for one in claims]


def test_a_large_farm_is_shared_within_a_moment() -> None:
    claims = [claim(str(n), 200, n + 1, gpus=0.5) for n in range(20)]
    nodes = [Node(str(n), 16, 2, id=str(n)) for n in range(128)]
    began = time.process_time()
    assert sum(shares(claims, nodes).values()) == 512
    assert time.process_time() - began < 2.0
