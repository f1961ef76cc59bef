"""Combinations of a matrix: as many as there should be, each once, as GitHub Actions counts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.matrix import MAX_VARIANTS, combinations, exact, fits, same
from renderer.errors import JobError

VALUES = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 1.0, True, False, None, "a", "b"]))
AXES = st.dictionaries(
    st.sampled_from("wxyz"), st.lists(VALUES, min_size=1, max_size=3, unique_by=exact), max_size=3
)
ENTRIES = st.lists(st.dictionaries(st.sampled_from("wxyzk"), VALUES, min_size=1), max_size=3)


def key(one: dict[str, Any]) -> str:
    return exact(one)


@given(AXES.filter(bool))
def test_a_product_has_every_combination_once(axes: dict[str, list[Any]]) -> None:
    found = combinations(axes)
    assert len(found) == math.prod(map(len, axes.values())) == len(set(map(key, found)))
    assert all(list(one) == list(axes) for one in found)


@given(AXES.filter(bool), st.data())
def test_an_exclusion_leaves_what_does_not_fit_it(
    axes: dict[str, list[Any]], data: st.DataObject
) -> None:
    every = combinations(axes)
    one = data.draw(st.sampled_from(every))
    names = data.draw(st.lists(st.sampled_from(list(axes)), min_size=1, unique=True))
    wanted = {name: one[name] for name in names}
    left = combinations(axes, exclude=[wanted])
    assert left == [other for other in every if not fits(wanted, other)]
    assert len(every) - len(left) == math.prod(
        len(values) for name, values in axes.items() if name not in names
    )


@given(AXES, ENTRIES)
def test_inclusions_change_no_value_of_the_product(
    axes: dict[str, list[Any]], include: list[dict[str, Any]]
) -> None:
    found = combinations(axes, include=include)
    assert len(set(map(key, found))) == len(found)
    whole = [{name: one.get(name) for name in axes} for one in found]
    for one in combinations(axes):
        assert whole.count(one) >= 1
    for entry in include:  # each is somewhere; a later one may have replaced what it added
        own = {name: value for name, value in entry.items() if name in axes}
        assert any(fits(own, one) for one in found)


def test_the_example_of_github() -> None:
    """The example of "Example: Expanding configurations" in GitHub's documentation."""
    found = combinations(
        {"fruit": ["apple", "pear"], "animal": ["cat", "dog"]},
        include=[
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    )
    assert found == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]


def test_inclusions_alone_are_a_list_of_variants() -> None:
    assert combinations({}, include=[{"x": 1}, {"x": 2, "y": 3}]) == [{"x": 1}, {"x": 2, "y": 3}]


def test_the_first_axis_is_the_slowest() -> None:
    found = combinations({"x": [1, 2], "y": [3, 4]})
    assert [(one["x"], one["y"]) for one in found] == [(1, 3), (1, 4), (2, 3), (2, 4)]


def test_the_same_value_twice_is_one_variant() -> None:
    assert len(combinations({"x": [1, 1.0, "1", True, [1]]})) == 3


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [(1, 1.0, True), (1, True, False), (["a"], "a", True), ("1", 1, False), (None, 0, False)],
)
def test_what_is_the_same(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is same(other, one) is equal


def test_an_exclusion_of_nothing_is_a_slip() -> None:
    with pytest.raises(JobError, match=r"exclude\.1: fits no combination"):
        combinations({"x": [1, 2]}, exclude=[{"x": 1}, {"x": 3}])


def test_too_many_variants_are_refused_before_they_are_made() -> None:
    wide = list(range(1000))
    with pytest.raises(JobError, match=r"1,000,000,000 variants \(1,000 x 1,000 x 1,000\)"):
        combinations({"x": wide, "y": wide, "z": wide})
    assert len(combinations({"x": range(MAX_VARIANTS)})) == MAX_VARIANTS
