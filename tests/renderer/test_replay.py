"""Steps that are begun as a whole make the picture that they make one operation at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from renderer import networks, replay, style
from renderer.checkpoints import unpack
from renderer.events import Checkpoint, Event, Progress, finish
from renderer.networks import Network
from renderer.replay import Found, Replayed
from renderer.settings import StyleSettings
from tests.renderer import elsewhere
from tests.renderer.elsewhere import Recording, Watch
from tests.renderer.test_abreast import noise

STEPS = 10
SETTINGS = StyleSettings(
    network="vgg16",
    content_layers=("conv2_1",),
    style_layers=("conv1_1", "conv2_1"),
    iterations=STEPS,
)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """A second device, which can record."""
    monkeypatch.setattr(replay, "WORTH_WHILE", 2)
    with elsewhere.watched() as found:

        def record(
            work: Callable[[], Found], device: torch.device
        ) -> tuple[Callable[[], object], Found]:
            assert device == elsewhere.DEVICE
            found.recording = own = Recording()
            try:
                return own.replay, work()
            finally:
                found.recording = None

        monkeypatch.setitem(replay.RECORDERS, elsewhere.NAME, record)
        yield found


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return networks.build(networks.entry("vgg16"), "conv2_1").double()


def steps(network: Network, optimizer: str = "adam", **given: Any) -> Any:
    settings = replace(SETTINGS, optimizer=optimizer)
    device = next(network.parameters()).device
    content, painting = (noise(20, 26, seed=seed).to(device) for seed in (1, 2))
    return style.steps(content, [painting], network, settings, **given)


def ended(rendering: Any) -> tuple[Tensor, list[tuple[tuple[str, float], ...]]]:
    """The picture, and the losses of each step."""
    told: list[Progress] = []
    return finish(rendering, told.append), [event.losses for event in told]


@pytest.mark.parametrize("optimizer", ["gradient_descent", "adam", "lbfgs"])
def test_the_same_picture_comes_of_recorded_steps(
    optimizer: str, network: Network, watch: Watch
) -> None:
    wanted, losses = ended(steps(network, optimizer))
    found, told = ended(steps(elsewhere.sent(network), optimizer))
    assert (elsewhere.back(found) - wanted).abs().max() < 1e-9 * 255
    for own, other in zip(told, losses, strict=True):
        assert dict(own) == pytest.approx(dict(other), rel=1e-9)


def test_a_recorded_step_is_begun_in_a_few_operations(network: Network, watch: Watch) -> None:
    rendering = steps(elsewhere.sent(network), "gradient_descent", fetch_losses=lambda: False)
    begun = []
    for _ in range(STEPS):
        before = watch.begun
        next(rendering)
        begun.append(watch.begun - before)
    assert min(begun[1 : replay.USUAL - 1]) > 50
    assert max(begun[replay.USUAL :]) < 15  # to and from the recording, and the move


def test_whoever_wants_none_has_no_recording(network: Network, watch: Watch) -> None:
    rendering = steps(elsewhere.sent(network), replays=False, fetch_losses=lambda: False)
    for _ in range(replay.USUAL + 1):
        before = watch.begun
        next(rendering)
    assert watch.begun - before > 50


def test_a_run_goes_on_from_the_checkpoint_of_a_recorded_step(
    network: Network, watch: Watch
) -> None:
    asked = iter(number == 7 for number in range(1, STEPS + 1))
    far = elsewhere.sent(network)
    told: list[Event] = []
    whole = finish(steps(far, checkpoint=lambda: next(asked)), told.append)
    (state,) = (unpack(event.data) for event in told if isinstance(event, Checkpoint))
    again, _ = ended(steps(far, resume=state))
    assert (elsewhere.back(again) - elsewhere.back(whole)).abs().max() < 1e-9 * 255


@pytest.mark.gpu
@pytest.mark.parametrize(("precision", "off"), [("float32", 0.01), ("bfloat16", 1.0)])
def test_a_gpu_records_its_steps(
    precision: str, off: float, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    made, recorder = [], replay.RECORDERS["cuda"]

    def noted(work: Callable[[], Found], device: torch.device) -> tuple[Any, Found]:
        made.append(device)
        return recorder(work, device)

    monkeypatch.setattr(replay, "WORTH_WHILE", 2)
    monkeypatch.setitem(replay.RECORDERS, "cuda", noted)
    network = network.float().cuda()
    content, painting = (noise(200, 300, seed=seed).float().cuda() for seed in (1, 2))
    settings = replace(SETTINGS, precision=precision)
    found, wanted = (
        ended(style.steps(content, [painting], network, settings, replays=replays))[0]
        for replays in (True, False)
    )
    assert len(made) == 1
    assert (found - wanted).abs().mean() < off


class Computed:
    """A gradient that takes as many runs as one asks for it."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, image: Tensor) -> Found:
        self.runs += 1
        return 2 * image, {"loss": image.square().sum()}


def asked(compute: Computed, times: int, *, steps: int) -> list[float]:
    replayed = Replayed(compute, steps=steps)
    return [float(replayed(torch.tensor([float(n), 1.0]))[0][0]) for n in range(times)]


def recorder(again: Callable[[Found], object]) -> replay.Recorder:
    def record(work: Callable[[], Found], device: torch.device) -> tuple[Any, Found]:
        found = work()
        return lambda: again(found), found

    return record


def test_few_steps_are_run_as_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(replay.RECORDERS, "cpu", recorder(lambda found: None))
    compute, few = Computed(), replay.WORTH_WHILE + replay.USUAL - 1
    assert asked(compute, 6, steps=few) == [0, 2, 4, 6, 8, 10]
    assert compute.runs == 6


def test_a_recording_that_finds_something_else_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(replay.RECORDERS, "cpu", recorder(lambda found: found[0].zero_()))
    compute = Computed()
    assert asked(compute, 6, steps=1000) == [0, 2, 4, 6, 8, 10]
    assert compute.runs == 6 + 1
    assert "steps go on without a recording, whose gradient is 1 off" in caplog.messages


def test_what_cannot_be_recorded_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(work: Callable[[], Found], device: torch.device) -> Any:
        raise torch.OutOfMemoryError("no room\nfor a graph")

    monkeypatch.setitem(replay.RECORDERS, "cpu", fails)
    assert asked(Computed(), 6, steps=1000) == [0, 2, 4, 6, 8, 10]
    with caplog.at_level(logging.WARNING):
        assert "steps go on without a recording: no room" in caplog.messages


def test_what_was_found_is_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    place: list[Tensor] = []

    def record(work: Callable[[], Found], device: torch.device) -> tuple[Any, Found]:
        found = work()
        place.append(found[0])
        return lambda: found[0].add_(0), found

    monkeypatch.setitem(replay.RECORDERS, "cpu", record)
    replayed, image = Replayed(Computed(), steps=1000), torch.ones(2)
    found = [replayed(image)[0] for _ in range(6)]
    place[0].zero_()
    assert all(slope.tolist() == [2.0, 2.0] for slope in found)
