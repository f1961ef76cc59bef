"""Names of files: safe, readable, unique."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.names import Names, cut, safe, stems


def test_what_a_name_may_hold_stays_and_the_rest_does_not() -> None:
    assert safe("Größe 2.5_a-b") == "Größe 2.5_a-b"
    assert safe('it\'s "odd"/\\:*?') == "it_s _odd______"
    assert safe("../../etc") == "_._etc"
    assert safe(".hidden. ") == "hidden"
    assert safe("...") == "picture"


@settings(deadline=None)
@given(st.text())
def test_any_text_becomes_a_safe_name(text: str) -> None:
    name = safe(text)
    assert name
    assert ".." not in name
    assert "/" not in name
    assert name[0] not in ". "
    assert len(name.encode()) <= 80


def test_a_name_is_cut_between_characters() -> None:
    assert cut("aöö", 4) == "aö"


def test_taken_names_get_numbers() -> None:
    names = Names()
    assert [names.take(n) for n in ("a", "A", "a", "a-2", "b")] == ["a", "A-2", "a-3", "a-2-2", "b"]


def test_stems_that_differ_stay() -> None:
    assert stems(["/x/a.png", "/y/b.jpg"]) == ["a", "b"]


def test_equal_stems_are_told_apart_by_folder_suffix_or_number() -> None:
    assert stems(["/x/a.jpg", "/y/a.jpg", "/y/b.jpg"]) == ["x-a", "y-a", "b"]
    assert stems(["/x/a.jpg", "/x/a.png"]) == ["a-jpg", "a-png"]
    assert stems(["/x/y/a.jpg", "/z/y/a.jpg"]) == ["a", "a-2"]
    assert stems(["/x/a.jpg", "/y/a.jpg", "/y/a.png"]) == ["x-a", "y-a-jpg", "y-a-png"]


@settings(deadline=None)
@given(st.lists(st.text("aA/.-", min_size=1, max_size=8), unique=True, max_size=12))
def test_stems_are_always_unique(paths: list[str]) -> None:
    found = stems(paths)
    assert len({name.casefold() for name in found}) == len(paths)
