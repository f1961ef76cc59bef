"""YAML with the place of every value, and --set over it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from jobs.documents import MAX_BYTES, Document, override, parse, read
from renderer.errors import JobError


def fault(text: str) -> str:
    with pytest.raises(JobError) as caught:
        parse(text, "j.yaml")
    line = str(caught.value)
    assert "\n" not in line
    return line


def test_values_are_those_of_yaml_and_keys_are_text() -> None:
    document = parse("a: [1, 2.5, 1..11, true, null, '7']\n7..11: x\n3: y\non: z", "j.yaml")
    assert document.data == {
        "a": [1, 2.5, "1..11", True, None, "7"],
        "7..11": "x",
        "3": "y",
        "on": "z",
    }


def test_every_part_knows_its_line() -> None:
    document = parse("a:\n  - b: 1\n    c: 2\n  -\n    - 3\n", "j.yaml")
    assert document.place(("a", 0, "c")) == "j.yaml:3"
    assert document.place(("a", 1, 0)) == "j.yaml:5"
    assert document.place(("a", 0, "c", "deeper")) == "j.yaml:3"
    assert document.place(()) == "j.yaml:1"


def test_dates_stay_text() -> None:
    assert parse("a: 2024-01-31", "j").data == {"a": "2024-01-31"}


def test_merged_keys_give_way_to_written_ones() -> None:
    document = parse("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", "j")
    assert document.data["d"] == {"b": 3, "c": 2}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [b", "j.yaml:1: is not YAML"),
        ("a: 1\nb: c: d", "j.yaml:2: is not YAML"),
        ("\ta: 1", "j.yaml:1: is not YAML"),
        ("a: 1\nb: 2\na: 3", "j.yaml:3: a: given twice (first j.yaml:1)"),
        ("a: !!python/object/apply:os.system [ls]", "j.yaml:1: has the tag"),
        ("a: !!python/name:os.system", "j.yaml:1: is not YAML: could not determine"),
        ("a: 1\n---\nb: 2", "j.yaml:2: is not YAML"),
        ("{[1]: 2}", "j.yaml:1: a key must be a plain word"),
        ("a: " + "9" * 5000, "j.yaml:1: can't be read as a value"),
        ("a: \x00", "j.yaml:1: holds control characters"),
        ("a: &a [*a]", "nested deeper than 40"),
        ("[" * 5000, "nested deeper than 40"),
    ],
)
def test_what_is_no_yaml_is_one_line_with_its_place(text: str, words: str) -> None:
    assert words in fault(text)


def test_a_bomb_of_aliases_is_refused_quickly() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for above, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{above}'] * 9)}]")
    begun = time.process_time()
    assert "more than 500,000 values" in fault("\n".join(lines))
    assert time.process_time() - begun < 10


def test_files_that_are_no_job_files(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("a: 1")
    (tmp_path / "binary").write_bytes(b"\x89PNG\xff\x00")
    (tmp_path / "huge").write_bytes(b"#" * (MAX_BYTES + 1))
    for name, words in {
        "jbo.yaml": "no such file; did you mean 'job.yaml'?",
        "nowhere/job.yaml": "no such file; there is no folder",
        "binary": "is no text in UTF-8 (byte 0)",
        "huge": "is larger than 10 MB",
        ".": "is a folder",
    }.items():
        with pytest.raises(JobError) as caught:
            read(tmp_path / name)
        assert words in str(caught.value)
        assert str(tmp_path) in str(caught.value)


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    (tmp_path / "j.yaml").write_bytes("\ufeffsize: 3".encode())
    assert read(tmp_path / "j.yaml").data == {"size": 3}


def test_set_replaces_and_adds() -> None:
    document = parse("size: 3\nsteps:\n  - dream: {blend: 1}\n  - dream:\n", "j")
    changed = override(
        document,
        [
            "size=64",
            "steps.0.dream.layers=[1..3, 7]",
            "steps.1.dream.blend=0.5",
            "resources.workers=2",
            "steps.0.dream.channels.7..11.random=4",
        ],
    )
    assert changed.data == {
        "size": 64,
        "steps": [
            {
                "dream": {
                    "blend": 1,
                    "layers": ["1..3", 7],
                    "channels": {"7..11": {"random": 4}},
                }
            },
            {"dream": {"blend": 0.5}},
        ],
        "resources": {"workers": 2},
    }
    assert document.data["size"] == 3
    assert changed.place(("size",)) == "--set size=64"
    assert changed.place(("resources",)) == "--set resources.workers=2"
    assert changed.place(("steps", 0, "dream", "blend")) == "j:3"


def test_set_through_a_bare_word() -> None:
    assert override(Document({"outputs": ["gif"]}), ["outputs.0.gif.fps=3"]).data == {
        "outputs": [{"gif": {"fps": 3}}]
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("size", "write it as key=value"),
        ("=3", "write it as key=value"),
        ("a.=3", "write it as key=value"),
        ("steps.2.dream.blend=1", "no entry 2 in that list; it has 0 to 0"),
        ("steps.first.dream.blend=1", "no entry first"),
        ("size.width=1", "nothing to set under 3"),
        ("size=[1", "is not YAML"),
    ],
)
def test_a_wrong_set_is_one_line_that_names_it(text: str, words: str) -> None:
    with pytest.raises(JobError) as caught:
        override(Document({"size": 3, "steps": [{"dream": None}]}, "j"), [text])
    line = str(caught.value)
    assert line.startswith(f"--set {text}")
    assert words in line
