"""A matrix in a job: which settings are meant, what variants are called, what is told of faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.captions import short
from jobs.spec import JobSpec, build, load
from renderer.errors import JobError

JOB = """\
name: sweep
inputs: [a.png]
steps:
  - dream: {network: motifs}
  - style: {network: motifs, images: wave.jpg}
matrix:
  weight_denoise: [0.1, 0.3]
  steps.1.style.images: [[appel.jpg], [wave.jpg]]
"""


def job(tmp_path: Path, text: str = JOB, **options: Any) -> JobSpec:
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    return load(path, **options)


def labels(spec: JobSpec) -> list[str]:
    return [variant.label for variant, _ in spec.variants]


def fault(tmp_path: Path, text: str = JOB, **options: Any) -> str:
    with pytest.raises(JobError) as caught:
        job(tmp_path, text, **options)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_every_variant_is_the_job_with_its_values(tmp_path: Path) -> None:
    spec = job(tmp_path)
    assert labels(spec) == [
        "weight_denoise 0.1, images appel",
        "weight_denoise 0.1, images wave",
        "weight_denoise 0.3, images appel",
        "weight_denoise 0.3, images wave",
    ]
    for variant, own in spec.variants:
        style = own.steps[1].style
        assert style is not None
        assert (f"weight_denoise {style.weight_denoise}", style.images[0][:-4]) == (  # type: ignore[attr-defined]
            variant.settings[0].label,
            variant.settings[1].text,
        )


def test_a_variant_is_what_set_makes_of_the_job(tmp_path: Path) -> None:
    spec = job(tmp_path)
    sets = ["steps.1.style.weight_denoise=0.3", "steps.1.style.images=[appel.jpg]", "matrix=null"]
    assert spec.variants[2][1].steps == job(tmp_path, sets=sets).steps


def test_without_a_matrix_the_job_is_its_only_variant(tmp_path: Path) -> None:
    spec = job(tmp_path, sets=["matrix=null"])
    (only,) = spec.variants
    assert only[1] is spec
    assert only[0].label == ""


def test_what_the_matrix_gives_need_not_be_in_the_job(tmp_path: Path) -> None:
    text = JOB.replace(", images: wave.jpg", "").replace("inputs: [a.png]\n", "")
    spec = job(tmp_path, text, sweeps=["inputs=a.png,b.png"])
    assert [own.inputs for _, own in spec.variants] == [("a.png",), ("b.png",)] * 4


def test_the_job_is_kept_as_it_was_written(tmp_path: Path) -> None:
    spec = job(tmp_path, sets=["seed=3"], sweeps=["size=64,null"])
    again = build(spec.data, base=tmp_path)
    assert labels(again) == labels(spec)
    assert [own.size for _, own in again.variants] == [64, None] * 4


def test_a_combination_of_its_own_has_the_rest_from_the_job(tmp_path: Path) -> None:
    text = f"{JOB}  include: [{{weight_denoise: 1.2}}, {{weight_content: 3}}]\n"
    assert labels(job(tmp_path, text))[-2:] == [
        "weight_denoise 0.3, images wave, weight_content 3",
        "weight_denoise 1.2, images wave, weight_content default",
    ]


@pytest.mark.parametrize(
    ("sweep", "label"),
    [
        ("weight-content=1,2", "weight_content 1"),
        ("style.iterations=1,2", "iterations 1"),
        ("0.dream.iterations=1,2", "iterations 1"),
        ("channels.random=8,16", "random 8"),
        ("steps.0.dream.channels=[1,2],{random: 4}", "channels 1, 2"),
        ("seed=1,2", "seed 1"),
        ("chain=true,false", "chain true"),
        ("0.dream.guide=x/cat.png,owl.png", "guide cat"),
        ("0.dream.mix={conv2: 1, conv3: -0.3},{conv2: 1}", "mix conv2 1, conv3 -0.3"),
    ],
)
def test_ends_of_keys_will_do(tmp_path: Path, sweep: str, label: str) -> None:
    spec = job(tmp_path, sets=["matrix=null"], sweeps=[sweep])
    assert len(spec.variants) == 2
    assert labels(spec)[0] == label


def test_values_that_look_alike_have_names_of_their_own(tmp_path: Path) -> None:
    spec = job(tmp_path, sweeps=["inputs=x/a.png,y/a.png", "steps.0.dream.layers=7,'7'"])
    texts = {s.text for v, _ in spec.variants for s in v.settings if s.name in ("inputs", "layers")}
    assert texts == {"x/a.png", "y/a.png", "7 (1)", "7 (2)"}


@given(st.lists(st.text("ab.", min_size=1).filter(lambda t: ".." not in t), unique=True))
def test_short_names_are_ends_and_differ(keys: list[str]) -> None:
    keys = [key for key in keys if all(key.split("."))]
    found = short(keys)
    assert len(set(found)) == len(keys)
    assert all(key == end or key.endswith(f".{end}") for key, end in zip(keys, found, strict=True))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "weight_denois: [1]",
            "sweep.yaml:9: matrix.weight_denois: is no setting of this job; did "
            "you mean 'weight_denoise'?",
        ),
        ("steps.1.style.nothing: [1]", "sweep.yaml:9: matrix.steps.1.style.nothing: is no setting"),
        ("steps.7.style.gram: [sum]", "sweep.yaml:9: matrix.steps.7.style.gram: is no setting"),
        (
            "iterations: [1]",
            "sweep.yaml:9: matrix.iterations: may be steps.0.dream.iterations or "
            "steps.1.style.iterations; name one of them in full",
        ),
        ("format: [png]", "sweep.yaml:9: matrix.format: changes no picture; what may vary is seed"),
        ("seed: 3", "sweep.yaml:9: matrix.seed: expected a list, got 3"),
        ("seed: []", "sweep.yaml:9: matrix.seed: needs at least one entry"),
        (
            "style.weight_denoise: [1]",
            "sweep.yaml:9: matrix.style.weight_denoise: "
            "steps.1.style.weight_denoise is given twice",
        ),
        ("exclude: [{seed: 1}]", "sweep.yaml:6: matrix: exclude.0: fits no combination"),
        ("exclude: [{sed: 1}]", "sweep.yaml:9: matrix.exclude.0.sed: is no setting"),
    ],
)
def test_what_is_wrong_in_a_matrix_is_told_with_its_line(
    tmp_path: Path, line: str, told: str
) -> None:
    assert fault(tmp_path, f"{JOB}  {line}\n").startswith(told)


def test_a_value_out_of_bounds_is_told_once_with_its_line_and_variant(tmp_path: Path) -> None:
    assert fault(tmp_path, JOB.replace("0.3]", "-3]")) == (
        "sweep.yaml:7: steps.1.style.weight_denoise: must be at least 0, not -3 "
        "(variant weight_denoise -3, images appel and 1 more)"
    )


def test_a_fault_of_the_job_itself_is_told_of_no_variant(tmp_path: Path) -> None:
    told = fault(tmp_path, JOB.replace("name: sweep", "name: ..x"))
    assert told.startswith("sweep.yaml:1: name: ")
    assert "variant" not in told


def test_a_matrix_without_values_is_a_fault(tmp_path: Path) -> None:
    assert "has no setting with a list of values" in fault(tmp_path, sets=["matrix={}"])


def test_a_sweep_is_written_with_its_key(tmp_path: Path) -> None:
    assert fault(tmp_path, sweeps=["0.1,0.2"]).startswith("--sweep 0.1,0.2: write it as key=a,b,c")
    assert fault(tmp_path, sweeps=["weight_content=-1"]).startswith("--sweep weight_content=-1: ")
