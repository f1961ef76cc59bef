"""Noise, white and black as inputs: the same bytes wherever they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from jobs import generated
from jobs.inputs import gather
from jobs.plan import Plan, plan
from jobs.spec import build
from renderer.errors import ImageError, JobError
from renderer.images import decode

Planner = Callable[..., Plan]


def path_of(kind: str = "noise", text: str = "64x48", *, seed: int = 7) -> str:
    (path,) = generated.paths([generated.parse({kind: text})], seed=seed, longest=None)
    return path


@pytest.mark.parametrize(("kind", "value"), [("white", 255.0), ("black", 0.0)])
def test_white_and_black_are_even(kind: str, value: float) -> None:
    pixels = decode(generated.read(path_of(kind, "5x3"))).pixels
    assert pixels.shape == (1, 3, 3, 5)
    assert (pixels == value).all()


def test_noise_is_uniform_and_independent_in_every_channel() -> None:
    pixels = decode(generated.read(path_of("noise", "301x200"))).pixels[0]
    for channel in pixels:
        counts = np.bincount(channel.flatten().to(torch.int64).numpy(), minlength=256)
        assert counts.size == 256
        assert counts.min() > 150  # of 235 expected, with a standard deviation of 15
        assert counts.max() < 320
    flat = pixels.flatten(1)
    assert (torch.corrcoef(flat) - torch.eye(3)).abs().max() < 0.02
    assert abs(torch.corrcoef(torch.stack([flat[0, 1:], flat[0, :-1]]))[0, 1]) < 0.02


def test_noise_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert generated.read(path_of(seed=7)) == generated.read(path_of(seed=7))
    assert generated.read(path_of(seed=7)) != generated.read(path_of(seed=8))


def test_known_bytes() -> None:
    """Whoever changes them changes the pixels of all jobs with noise."""
    pixels = decode(generated.read("noise://4x1/7.1/noise.bmp")).pixels
    assert pixels[0, :, 0].tolist() == [
        [242.0, 56.0, 126.0, 93.0],
        [127.0, 78.0, 26.0, 61.0],
        [170.0, 245.0, 238.0, 22.0],
    ]


def test_noises_of_one_job_differ_and_further_ones_leave_the_first_as_they_are() -> None:
    noise, named = generated.parse({"noise": "8x8"}), generated.parse({"noise": "8x8", "name": "n"})
    other = generated.parse({"noise": "9x8"})
    few = generated.paths([noise, noise], seed=7, longest=None)
    many = generated.paths(["a.png", other, noise, named, noise], seed=7, longest=None)
    assert few == ["noise://8x8/7.1/noise.bmp", "noise://8x8/7.2/noise-2.bmp"]
    assert many[2] == few[0]
    assert many[3] == "noise://8x8/7.2/n.bmp"
    assert generated.read(many[3]) == generated.read(few[1]) != generated.read(few[0])


def test_the_jobs_size_is_the_size_that_noise_is_made_of() -> None:
    (path,) = generated.paths([generated.parse({"noise": "640x480"})], seed=7, longest=64)
    assert decode(generated.read(path)).size == (48, 64)


@pytest.mark.parametrize("text", ["640x480", "640 x 480", " 640×480 ", "640X480"])
def test_sizes_are_width_by_height(text: str) -> None:
    assert generated.parse({"white": text}).size == (480, 640)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"noise": 512}, "noise: a size is written WIDTHxHEIGHT, like 640x480, not 512"),
        ({"noise": "big"}, "noise: a size is written WIDTHxHEIGHT, like 640x480, not 'big'"),
        ({"white": "0x5"}, "white: 0 x 5 px: there would be nothing to see"),
        ({"black": "99999x99999"}, "black: 99999 x 99999 pixels are more than the limit of"),
        ({"nois": "5x5"}, "there is no generated picture 'nois'; did you mean 'noise'?"),
        ({"noise": "5x5", "white": "5x5"}, "needs one of noise, white, black with a size"),
        ({"name": "n"}, "needs one of noise, white, black with a size"),
        ({"noise": "5x5", "name": 3}, "name: expected text, got 3"),
    ],
)
def test_faults_take_one_line_that_names_the_input(given: Any, fault: str) -> None:
    with pytest.raises(JobError) as caught:
        build({"inputs": ["a.png", given], "steps": ["dream"]}, base=Path())
    assert str(caught.value).startswith(f"inputs.1: {fault}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "path", ["noise://8x8/x.bmp", "white://8x8/7.1/x.bmp", "noise://0x8/7.1/x"]
)
def test_a_path_that_means_no_picture(path: str) -> None:
    with pytest.raises(ImageError):
        generated.read(path)


def test_sources_read_the_bytes_they_were_planned_with() -> None:
    (source,), failed = gather([path_of("noise", "40x30")])
    assert not failed
    assert (source.name, source.size, source.fitted(16)) == ("noise", (30, 40), (30, 40))
    assert source.read() == generated.read(source.path)


class TestPlan:
    def test_a_generated_input_needs_no_list(self, planned: Planner) -> None:
        (task,) = planned(inputs={"noise": "64x48"}, steps=["dream"], size=None).tasks
        assert (task.input, task.file) == ("noise", "frames/1-dream/noise-inception4c.png")
        assert task.source is not None
        assert (task.source.size, task.size) == ((48, 64), None)

    def test_it_keeps_its_size_unless_the_job_says_one(self, tmp_path: Path) -> None:
        data = {"inputs": [{"black": "64x48"}], "steps": ["dream"]}
        for more, size in ({}, (48, 64)), ({"size": 32}, (24, 32)):
            spec = build({**data, **more}, base=tmp_path)
            found = plan(spec, lambda network, until: "")
            assert found.frames[0][0].size == size

    def test_the_seed_decides_noise_and_nothing_else_of_white(self, planned: Planner) -> None:
        def digests(seed: int) -> list[str]:
            inputs = [{"noise": "64x48"}, {"white": "64x48"}]
            tasks = planned(inputs=inputs, steps=["dream"], seed=seed).tasks
            return [task.source.digest for task in tasks if task.source]

        assert digests(7) == digests(7)
        assert digests(7)[0] != digests(8)[0]
        assert digests(7)[1] == digests(8)[1]
