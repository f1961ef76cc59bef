"""How much goes into one output."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs import portions
from renderer.settings import AnimationSettings, SheetSettings

COUNTS = st.integers(min_value=1, max_value=5000)


@given(COUNTS, COUNTS)
def test_what_is_taken_is_no_more_than_most_and_no_less_than_needed(count: int, most: int) -> None:
    step = portions.skipped(AnimationSettings(most=most), count)
    assert len(range(0, count, step)) <= most
    assert step == 1 or len(range(0, count, step - 1)) > most


@given(COUNTS, COUNTS)
def test_pages_hold_all_once_and_none_is_too_full(count: int, most: int) -> None:
    items = list(range(count))
    pages = [items[part] for part in portions.pages(SheetSettings(page=most), count)]
    assert [item for page in pages for item in page] == items
    assert all(0 < len(one) <= most for one in pages)
    assert len(pages) == -(-count // most)


def test_pages_are_numbered_so_that_they_sort() -> None:
    assert portions.page_name("harbour", 3, 1) == "harbour"
    assert portions.page_name("harbour", 3, 12) == "harbour-03"
    assert portions.page_name("harbour", 3, 120) == "harbour-003"
