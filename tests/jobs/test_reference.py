"""The documentation of the job file says what the settings say."""

from __future__ import annotations

from pathlib import Path

from jobs.reference import SECTIONS, markdown
from renderer.settings import DreamSettings, StyleSettings, knobs

DOCUMENT = Path(__file__).parents[2] / "docs" / "job-file.md"


def test_the_document_is_the_one_the_settings_make() -> None:
    assert DOCUMENT.read_text() == markdown(), "make it anew: reverie schema --markdown"


def test_every_setting_stands_in_it_with_its_help() -> None:
    text = markdown()
    for kind in (DreamSettings, StyleSettings):
        for name, (_, knob, _) in knobs(kind).items():
            if name != "layer":  # a job file names `layers`
                assert f"| `{name}` |" in text
                assert knob.help.replace("|", "\\|") in text or name == "channels"


def test_every_section_has_rows() -> None:
    for part in markdown().split("\n## ")[1:]:
        assert part.count("\n| `") > 0, part.splitlines()[0]
    assert len(markdown().split("\n## ")) == len(SECTIONS) + 1
