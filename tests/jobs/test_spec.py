"""Job files: what they may say, and what is said of those that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from jobs.models import given
from jobs.schedule import Budgets
from jobs.spec import JobSpec, build, load, name_fault, schema
from jobs.steps import Resources
from renderer.errors import JobError
from renderer.settings import DreamSettings, StyleSettings, knobs

SMALLEST: dict[str, Any] = {"inputs": ["a.png"], "steps": [{"dream": {}}]}


def made(**data: Any) -> JobSpec:
    return build({**SMALLEST, **data}, base=Path("/photos"))


def faults(text: str, tmp_path: Path, *sets: str) -> list[str]:
    path = tmp_path / "quickstart.yaml"
    path.write_text(text)
    with pytest.raises(JobError) as caught:
        load(path, sets)
    return str(caught.value).replace(f"{tmp_path}/", "").splitlines()


def test_what_is_not_said_has_its_default() -> None:
    spec = made()
    assert (spec.seed, spec.size, spec.format, spec.outputs) == (0, 512, "png", ())
    assert spec.resources == Resources()
    assert spec.retries == Budgets(error=1, worker_lost=10, out_of_memory=2)


def test_only_what_is_said_of_a_step_is_given() -> None:
    step = made(steps=[{"dream": {"blend": 1, "layers": 7}}]).steps[0].dream
    assert step is not None
    assert given(step, DreamSettings) == {"blend": 1.0}
    assert step.layers == ("7",)


def test_null_is_a_value_where_a_setting_may_be_null() -> None:
    step = made(steps=[{"style": {"images": "s.png", "style_max_size": None}}]).steps[0].style
    assert step is not None
    assert given(step, StyleSettings) == {"style_max_size": None}


def test_short_ways_to_say_it() -> None:
    spec = made(inputs="a.png", steps=["dream", {"dream": None}], outputs=["gif", {"sheet": None}])
    assert spec.inputs == ("a.png",)
    assert all(step.dream is not None for step in spec.steps)
    assert spec.outputs[0].gif is not None
    assert spec.outputs[1].sheet is not None


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ([1, 2], {"*": ((1, 2), None)}),
        (3, {"*": ((3,), None)}),
        ({"random": 8}, {"*": ((), 8)}),
        ({"7..11": {"random": 8}, "conv1": [5]}, {"7..11": ((), 8), "conv1": ((5,), None)}),
    ],
)
def test_channels_in_every_way(channels: Any, expected: Any) -> None:
    step = made(steps=[{"dream": {"channels": channels}}]).steps[0].dream
    assert step is not None
    assert {key: (c.only, c.random) for key, c in step.channels.items()} == expected


def test_a_misspelt_key_is_named_with_file_line_and_suggestion(tmp_path: Path) -> None:
    text = "inputs: [a.png]\nsteps:\n  - dream:\n      chain: true\n      itertions: 3\n"
    assert faults(text, tmp_path) == [
        "quickstart.yaml:5: steps.0.dream.itertions: unknown key; did you mean 'iterations'?"
    ]


def test_all_faults_are_told_one_line_each(tmp_path: Path) -> None:
    text = """
inputs: []
size: 0
format: jpg
seed: yes
name: ../x
steps:
  - style: {step_size: .inf, start: nois}
  - dreem: {}
  - {dream: {}, style: {images: a.png}}
  - dream: {tile_size: "400", repeats: 3.5, blend: 2, channels: [-1], chain: 1}
  - dream: {channels: {conv1: {rnd: 3}}}
outputs: [{sheet: {columns: x}}]
resources: {threads: 0, worker: 2}
retries: 3
weights: [a]
"""
    assert faults(text, tmp_path) == [
        "quickstart.yaml:2: inputs: needs at least one entry",
        "quickstart.yaml:3: size: must be at least 16, not 0",
        "quickstart.yaml:4: format: must be png, jpeg or webp, not 'jpg'; did you mean 'jpeg'?",
        "quickstart.yaml:5: seed: expected a whole number, got true",
        "quickstart.yaml:6: name: may hold letters, digits, spaces, dots, - and _, but not '/'",
        "quickstart.yaml:8: steps.0.style.images: is missing",
        "quickstart.yaml:8: steps.0.style.step_size: expected a finite number, got inf",
        "quickstart.yaml:8: steps.0.style.start: must be noise or content, not 'nois'; "
        "did you mean 'noise'?",
        "quickstart.yaml:9: steps.1.dreem: unknown key; did you mean 'dream'?",
        "quickstart.yaml:10: steps.2: must be exactly one of dream, style or atlas; "
        "begin another entry with `-`",
        "quickstart.yaml:11: steps.3.dream.tile_size: expected a whole number, got '400'",
        "quickstart.yaml:11: steps.3.dream.repeats: expected a whole number, got 3.5",
        "quickstart.yaml:11: steps.3.dream.blend: must be at most 1, not 2",
        "quickstart.yaml:11: steps.3.dream.channels.0: must be at least 0, not -1",
        "quickstart.yaml:11: steps.3.dream.chain: expected true or false, got 1",
        "quickstart.yaml:12: steps.4.dream.channels.conv1.rnd: unknown key",
        "quickstart.yaml:13: outputs.0.sheet.columns: expected a whole number, got 'x'",
        "quickstart.yaml:14: resources.threads: must be at least 1, not 0",
        "quickstart.yaml:14: resources.worker: unknown key; did you mean 'workers'?",
        "quickstart.yaml:15: retries: expected keys with values, got 3",
        "quickstart.yaml:16: weights: expected keys with values, got ['a']",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "quickstart.yaml: is empty; a job needs inputs and steps"),
        ("- 1", "quickstart.yaml:1: expected keys with values, got [1]"),
        ("7", "quickstart.yaml:1: expected keys with values, got 7"),
        ("inputs: a.png", "quickstart.yaml:1: steps: is missing"),
        ("inputs: a.png\nsteps: []", "quickstart.yaml:2: steps: needs at least one entry"),
        (
            "inputs: a.png\nsteps: [7]",
            "quickstart.yaml:2: steps.0: expected keys with values, got 7",
        ),
    ],
)
def test_what_is_no_job(text: str, words: str, tmp_path: Path) -> None:
    (line,) = faults(text, tmp_path)
    assert line.startswith(words)


def test_an_override_is_blamed_where_it_is_wrong(tmp_path: Path) -> None:
    text = "inputs: [a.png]\nsteps: [dream]\n"
    assert faults(text, tmp_path, "size=0", "steps.0.dream.blnd=1") == [
        "--set size=0: size: must be at least 16, not 0",
        "--set steps.0.dream.blnd=1: steps.0.dream.blnd: unknown key; did you mean 'blend'?",
    ]


def test_plain_data_is_blamed_under_its_origin() -> None:
    with pytest.raises(JobError, match=r"^reverie dream: size: must be at least 16, not 1$"):
        build({**SMALLEST, "size": 1}, base=Path(), origin="reverie dream")


@pytest.mark.parametrize("name", ["harbour", "Größe 2.5", "新しい", "a_b-c", "2024"])
def test_names_that_are_fine(name: str) -> None:
    assert name_fault(name) == ""
    assert made(name=name).title == name


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\b", ".hidden", "a..b", "a'b", 'a"b', "a\nb", "a ", "x" * 101, "a:b"]
)
def test_names_that_could_do_harm(name: str) -> None:
    assert name_fault(name)
    with pytest.raises(JobError, match="name: "):
        made(name=name)


def test_a_job_is_named_after_its_file(tmp_path: Path) -> None:
    path = tmp_path / "my 'odd'..job.yaml"
    path.write_text("inputs: a.png\nsteps: [dream]")
    spec = load(path)
    assert spec.title == "my _odd_.job"
    assert name_fault(spec.title) == ""


def test_weights_are_found_from_the_job_file(tmp_path: Path) -> None:
    path = tmp_path / "j.yaml"
    path.write_text("inputs: a.png\nsteps: [dream]\nweights: {vgg16: w/v.pth, motifs: /m}")
    spec = load(path)
    assert spec.weights_file("vgg16") == tmp_path / "w/v.pth"
    assert spec.weights_file("motifs") == Path("/m")
    assert spec.weights_file("googlenet") is None


def test_the_data_of_a_job_makes_the_same_job(tmp_path: Path) -> None:
    path = tmp_path / "j.yaml"
    path.write_text("inputs: a.png\nsteps:\n  - dream: {layers: [1..3], channels: {random: 2}}\n")
    spec = load(path, ["steps.0.dream.iterations=4"])
    again = build(json.loads(json.dumps(spec.data)), base=spec.base)
    assert again.model_dump() == spec.model_dump()
    assert again.steps[0].dream.model_fields_set == spec.steps[0].dream.model_fields_set  # type: ignore[union-attr]


def test_the_schema_has_every_knob_with_its_help_bounds_and_default() -> None:
    found = schema()["$defs"]
    for name, kind in {"DreamStep": DreamSettings, "StyleStep": StyleSettings}.items():
        keys = found[name]["properties"]
        for key, (_, knob, default) in knobs(kind).items():
            if key in ("layer", "channels"):
                continue
            assert keys[key]["description"].startswith(knob.help)
            assert keys[key]["default"] == (
                list(default) if isinstance(default, tuple) else default
            )
    assert found["DreamStep"]["properties"]["tile_size"]["minimum"] == 32
    assert found["StyleStep"]["properties"]["gram"]["enum"] == ["sum", "mean"]


def test_the_schema_takes_and_refuses_what_the_job_file_does() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    right = {
        "inputs": "a.png",
        "steps": [
            {"dream": {"layers": ["1..11", 7], "channels": {"7..11": {"random": 3}, "1": [4]}}},
            {"style": {"images": ["b.png"], "style_max_size": None}},
        ],
        "outputs": [{"gif": {"bounce": True}}],
    }
    validator.validate(right)
    build(right, base=Path())
    for wrong in ({"steps": [{"dream": {"itertions": 3}}]}, {"size": 3}, {"steps": [{}]}):
        assert not validator.is_valid({**right, **wrong})


@pytest.mark.parametrize("path", sorted(Path("jobs/examples").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_examples_are_right(path: Path) -> None:
    assert load(path).title == path.stem
