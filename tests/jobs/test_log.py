"""The log: appended, and readable whatever happens to it."""

from __future__ import annotations

import random
from pathlib import Path

from jobs.log import Log, records


def written(path: Path, *numbers: int) -> None:
    log = Log(path)
    for number in numbers:
        log.append("counted", number=number, text="ö\n")
    log.close()


def numbers(path: Path) -> list[int]:
    return [record["number"] for record in records(path)]


def test_what_is_appended_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert list(records(path)) == []
    written(path, 1, 2)
    written(path, 3)
    assert numbers(path) == [1, 2, 3]
    assert next(records(path))["text"] == "ö\n"
    assert path.read_text().count("\n") == 3


def test_a_cut_at_any_byte_loses_the_cut_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    written(path, 1, 2, 3)
    whole = path.read_bytes()
    ends = [place + 1 for place, byte in enumerate(whole) if byte == ord("\n")]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        left = [n for n, end in enumerate(ends, start=1) if end - 1 <= cut]
        assert numbers(path) == left
        written(path, 9)
        assert numbers(path) == [*left, 9], f"cut at byte {cut}"


def test_garbage_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    written(path, 1)
    with path.open("ab") as file:
        file.write(b'\xff\xfe\x00garbage\n[1, 2]\n3\n{}\nnull\n{"event": 7}\n\n')
    written(path, 2)
    assert numbers(path) == [1, 2]


def test_flipped_bits_lose_no_other_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    written(path, *range(10))
    whole = path.read_bytes()
    rng = random.Random(1)
    for _ in range(200):
        place = rng.randrange(len(whole))
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ (1 << rng.randrange(8))]) + whole[place + 1 :]
        )
        kept = [record.get("number") for record in records(path)]
        assert len(set(range(10)) & set(kept)) >= 8  # at worst two lines run together
