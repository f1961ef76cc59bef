"""The worker: records in their order, the same bytes every time, errors with their causes."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
import torch

from cluster import budget, worker
from cluster.pacing import Throttle
from cluster.records import Done, Failed, Order, Pace, Record, Started, Stopped, Style
from cluster.worker import Renderer, cause_of, one_line
from jobs.messages import Cause
from renderer import checkpoints, dream, images, networks, precision, style
from renderer.aims import Aim, Region
from renderer.checkpoints import State
from renderer.errors import CheckpointError, ImageError
from renderer.events import Artefact, Checkpoint, Event, Progress
from renderer.footprint import SMALLEST_TILE_PX
from renderer.images import Picture
from renderer.offload import Offload
from renderer.settings import StyleSettings
from tests.cluster.conftest import NETWORK, UNTIL, picture, poisoned, with_iterations


@pytest.fixture
def style_order(order: Order) -> Order:
    """A style transfer of two iterations."""
    settings = StyleSettings(
        network=NETWORK,
        content_layers=("conv1",),
        style_layers=("conv1", "conv2"),
        iterations=2,
    )
    brush = Style("brush.png", 0, picture(size=30, seed=3))
    return replace(order, settings=settings, styles=(brush,))


def done(order: Order, renderer: Renderer | None = None) -> Done:
    last = list((renderer or Renderer()).render(order))[-1]
    assert isinstance(last, Done), last
    return last


def test_records_come_in_order(order: Order) -> None:
    records = list(Renderer(node="here").render(order))
    assert records[0] == Started("here", os.getpid(), "cpu", 1)
    assert all(isinstance(record, Progress) for record in records[1:-2])
    assert [type(record) for record in records[-2:]] == [Artefact, Done]  # its table of losses


def test_frame_is_what_the_library_dreams(order: Order) -> None:
    network = networks.load(networks.entry(NETWORK), UNTIL, order.weights)
    pixels = images.fit(images.decode(order.picture), 40).pixels
    expected = dream.dream(pixels, network, order.settings, seed=7)
    frame = images.decode(done(replace(order, carries=True)).frame)
    assert torch.equal(frame.pixels, expected.clamp(0, 255).round())


def test_rendering_again_gives_the_same_bytes(order: Order) -> None:
    renderer = Renderer()
    assert done(order, renderer).frame == done(order, renderer).frame == done(order).frame


def test_seed_changes_the_frame(order: Order) -> None:
    assert done(order).frame != done(replace(order, seed=8)).frame


def test_first_order_fits_the_size_and_a_pack_stays_as_it_is(order: Order) -> None:
    first = done(replace(order, size=32, carries=True))
    assert first.size == (32, 32)
    assert first.carry is not None
    carried = images.unpack(first.carry).pixels
    assert (carried.min() < 0 or carried.max() > 255) or not torch.equal(carried, carried.round())
    second = done(replace(order, picture=first.carry, packed=True, size=64))
    assert second.size == (32, 32)
    assert second.carry is None


def test_a_style_in_tiles_is_the_same_but_for_rounding(style_order: Order) -> None:
    whole, tiled = (
        images.decode(done(replace(style_order, tile_px=tile_px)).frame).pixels
        for tile_px in (None, 17)
    )
    assert (whole - tiled).abs().max() <= 1


def test_what_memory_bears_is_run_whole_and_more_in_tiles(
    style_order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int | None] = []
    real = style.steps

    def steps(*given: Any, tile_px: int | None, **more: Any) -> Any:
        seen.append(tile_px)
        return real(*given, tile_px=tile_px, **more)

    monkeypatch.setattr(style, "steps", steps)
    whole = done(style_order).frame
    monkeypatch.setattr(budget, "local_memory_bytes", lambda: 1)
    assert images.decode(done(style_order).frame).size == images.decode(whole).size
    assert seen == [None, 40]  # all of it, which is less than the smallest tile


def test_a_picture_tells_the_tiles_that_were_chosen_for_it(
    style_order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(style_order, metadata={"job": "a"})
    assert images.read_settings(done(order).frame) == {"job": "a"}
    monkeypatch.setattr(budget, "local_memory_bytes", lambda: 1)
    assert images.read_settings(done(order).frame) == {"job": "a", "tile": 40}


def test_without_room_targets_lie_in_a_file_and_the_picture_is_the_same(
    style_order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Offload] = []
    real = style.steps

    def steps(*given: Any, **more: Any) -> Any:
        kept.append(more.get("offload") or Offload())
        return real(*given, **more)

    monkeypatch.setattr(style, "steps", steps)
    tiles = replace(style_order, tile_px=20)
    roomy = done(tiles).frame
    monkeypatch.setattr(budget, "local_memory_bytes", lambda: 1)
    assert done(tiles).frame == roomy
    roomy_bytes, tight_bytes = (offload.file_bytes for offload in kept)
    assert (roomy_bytes, tight_bytes) == (0, 4 * 64 * 20 * 20)  # conv1 of 40 px, every second


def test_after_memory_ran_out_tiles_have_half_the_side(
    style_order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles = []
    real = style.steps

    def steps(*given: Any, tile_px: int | None, **more: Any) -> Any:
        tiles.append(tile_px)
        return real(*given, tile_px=tile_px, **more)

    monkeypatch.setattr(style, "steps", steps)
    large = replace(style_order, picture=picture(size=300), size=300)
    for squeezed, tile_px in ((0, None), (1, None), (1, 200), (2, 200), (5, 200)):
        done(replace(large, squeezed=squeezed, tile_px=tile_px))
    assert tiles == [None, 150, 100, SMALLEST_TILE_PX, SMALLEST_TILE_PX]


def test_alpha_is_put_back(order: Order) -> None:
    alpha = torch.full((1, 1, 40, 40), 128.0)
    alpha[..., :10] = 0
    given = Picture(images.decode(picture()).pixels, alpha)
    frame = images.decode(done(replace(order, picture=images.encode(given))).frame)
    assert frame.alpha is not None
    assert torch.equal(frame.alpha, alpha)


def test_style_takes_pictures_by_handle(style_order: Order) -> None:
    values = {"weights": style_order.weights, "style": picture(size=30, seed=3)}
    given = replace(style_order, weights="weights", styles=(Style("brush.png", 0, "style"),))
    result = done(given, Renderer(fetch=values.__getitem__))
    assert {name for name, _ in result.losses} == {"content", "style", "denoise"}
    assert result.iterations == 2


def test_dream_takes_guides_and_masks_by_handle(order: Order) -> None:
    """Under a black mask nothing moves; under a half one, its white half."""
    region = Region(aims=(Aim(layer=UNTIL, guide=0),), mask=1)
    values = {"weights": order.weights, "guide": picture(size=30, seed=3)}
    for white in (0, 20):
        mask = torch.zeros(1, 3, 40, 40)
        mask[..., :white] = 255
        values["mask"] = images.encode(Picture(mask))
        given = replace(
            order,
            settings=replace(order.settings, regions=(region,)),
            weights="weights",
            pictures=(Style("guide.png", 0, "guide"), Style("mask.png", 0, "mask")),
        )
        frame = images.decode(done(given, Renderer(fetch=values.__getitem__)).frame).pixels
        before = images.decode(order.picture).pixels
        assert torch.equal(frame[..., white:], before[..., white:])
        assert white == 0 or (frame[..., :white] - before[..., :white]).std() > 1


def test_metadata_is_in_the_frame(order: Order) -> None:
    frame = done(replace(order, metadata={"seed": 7})).frame
    assert images.read_settings(frame) == {"seed": 7}


def test_a_network_is_loaded_once(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    real = networks.load
    monkeypatch.setattr(networks, "load", lambda *a, **k: loaded.append(a) or real(*a, **k))
    renderer = Renderer()
    for _ in range(3):
        done(order, renderer)
    assert len(loaded) == 1


def test_only_the_last_networks_stay(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "verified", lambda *arguments: None)
    renderer = Renderer()
    made = [
        renderer.network(replace(order, digest=f"{i}")) for i in range(worker.NETWORKS_KEPT + 1)
    ]
    assert renderer.network(replace(order, digest="1")) is made[1]
    assert renderer.network(replace(order, digest="0")) is not made[0]


def test_a_broken_picture_fails_by_its_name_and_for_good(order: Order) -> None:
    failed = list(Renderer(node="attic").render(replace(order, picture=b"no picture")))[-1]
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.node) == (Cause.INPUT, "attic")
    assert "noise.png" in failed.message
    assert "Traceback" in failed.traceback


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ImageError("x.png is torn"), Cause.INPUT),
        (CheckpointError("it is damaged"), Cause.ERROR),
        (MemoryError(), Cause.OUT_OF_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), Cause.OUT_OF_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), Cause.OUT_OF_MEMORY),
        (RuntimeError("shapes differ"), Cause.ERROR),
        (ZeroDivisionError(), Cause.ERROR),
    ],
)
def test_causes(error: Exception, cause: Cause) -> None:
    assert cause_of(error) is cause


def test_unforeseen_errors_take_one_line() -> None:
    assert one_line(ValueError("first\nsecond")) == "ValueError: first"
    assert one_line(KeyError()) == "KeyError"


def test_threads_are_the_orders(order: Order) -> None:
    before = torch.get_num_threads()
    try:
        started = next(Renderer().render(replace(order, threads=2)))
        assert isinstance(started, Started)
        assert started.threads == torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_progress_with_losses_only(order: Order) -> None:
    records = list(Renderer().render(with_iterations(order, 20)))
    told = [record for record in records if isinstance(record, Progress)]
    assert told[0].iteration == 1
    assert told[-1].iteration == told[-1].iterations == 40
    assert all(record.losses for record in told)


def of(kind: type, records: list[Record]) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def test_checkpoints_come_by_iterations_and_not_after_the_last(order: Order) -> None:
    records = list(Renderer().render(replace(order, pace=Pace(every=2))))
    assert [found.iteration for found in of(Checkpoint, records)] == [2]  # of four
    assert isinstance(records[-1], Done)


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_resumed_frame_is_that_of_an_unbroken_run(order: Order, cut: int) -> None:
    records = list(Renderer().render(replace(order, pace=Pace(every=1))))
    kept = of(Checkpoint, records)[cut - 1]
    rest = list(Renderer().render(replace(order, resume=kept)))
    assert of(Progress, rest)[0].iteration == cut + 1
    assert rest[-1].frame == records[-1].frame


def test_stop_ends_with_a_checkpoint_to_go_on_from(order: Order) -> None:
    renderer = Renderer()
    records = renderer.render(order)
    begun = [next(records), next(records)]
    assert isinstance(begun[-1], Progress)
    renderer.stop(order.task)
    rest = list(records)
    (kept,) = of(Checkpoint, rest)
    assert rest[-1] == Stopped()
    assert kept.iteration == begun[-1].iteration == 1
    assert done(replace(order, resume=kept), renderer).frame == done(order).frame


def test_a_stop_is_for_one_task(order: Order) -> None:
    renderer = Renderer()
    renderer.stop("another")
    assert isinstance(list(renderer.render(order))[-1], Done)


def test_numbers_that_are_not_finite_stop_the_task_and_name_the_setting(order: Order) -> None:
    failed = list(Renderer().render(poisoned(order)))[-1]
    assert isinstance(failed, Failed)
    assert failed.cause is Cause.INPUT  # it would only recur
    assert "no longer finite" in failed.message
    assert "iteration 1 of 4" in failed.message
    assert "lower step_size (now 3)" in failed.message


def test_weights_that_came_altered_are_told_with_both_digests_and_tried_elsewhere(
    order: Order,
) -> None:
    failed = list(Renderer().render(replace(poisoned(order), digest=order.digest)))[-1]
    assert isinstance(failed, Failed)
    assert failed.cause is Cause.ERROR
    assert f"digest {poisoned(order).digest[:12]}, and the driver's {order.digest[:12]}" in (
        failed.message
    )


def test_in_bfloat16_such_numbers_are_told_by_a_cause_of_their_own(order: Order) -> None:
    failed = list(Renderer().render(poisoned(order, precision="bfloat16")))[-1]
    assert isinstance(failed, Failed)
    assert failed.cause is Cause.DIVERGED
    assert "iteration 1 of 4" in failed.message
    assert "step_size" not in failed.message  # first it is seen what comes of it in float32
    failed = list(Renderer().render(poisoned(order, precision="float32")))[-1]
    assert isinstance(failed, Failed)
    assert failed.cause is Cause.INPUT


def test_what_a_precision_came_to_is_told(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "multiplies_bfloat16", lambda device: True)
    auto = replace(order, settings=replace(order.settings, precision="auto"), metadata={"a": 1})
    records = list(Renderer().render(auto))
    assert isinstance(records[0], Started)
    assert isinstance(records[-1], Done)
    assert records[0].precision == "bfloat16"
    assert images.read_settings(records[-1].frame) == {"a": 1, "precision": "bfloat16"}
    said = replace(auto, settings=replace(order.settings, precision="bfloat16"))
    as_said, exact = done(said), done(replace(auto, precision="float32"))
    assert images.read_settings(as_said.frame) == {"a": 1}
    assert images.read_settings(exact.frame) == {"a": 1, "precision": "float32"}
    pictures = [images.decode(frame).pixels for frame in (records[-1].frame, as_said.frame)]
    assert torch.equal(*pictures)
    assert torch.equal(images.decode(exact.frame).pixels, images.decode(done(order).frame).pixels)


def test_one_worker_renders_in_both_precisions(order: Order) -> None:
    renderer, rounded = Renderer(), replace(order, precision="bfloat16")
    first, second = done(order, renderer).frame, done(rounded, renderer).frame
    assert first == done(order).frame
    assert second == done(rounded).frame
    assert not torch.equal(images.decode(first).pixels, images.decode(second).pixels)


@pytest.mark.parametrize(("name", "allowed"), [("float32", False), ("bfloat16", True)])
def test_tf32_is_for_those_who_gave_up_digits(order: Order, name: str, allowed: bool) -> None:
    done(replace(order, precision=name))
    assert torch.backends.cudnn.allow_tf32 is allowed
    assert torch.backends.cuda.matmul.allow_tf32 is allowed


@pytest.mark.parametrize("careful", [False, True])
def test_who_failed_before_has_no_steps_replayed(
    careful: bool, style_order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, steps = [], style.steps

    def noted(*given: Any, **how: Any) -> Any:
        asked.append(how["replays"])
        return steps(*given, **how)

    monkeypatch.setattr(style, "steps", noted)
    done(replace(style_order, careful=careful))
    assert asked == [not careful]


def test_what_makes_pictures_repeatable_fills_no_memory(order: Order) -> None:
    done(order)
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory


def test_a_checkpoint_that_is_not_finite_is_never_told(order: Order) -> None:
    state = State(1, {"image": torch.full((1, 3, 40, 40), torch.nan)})
    lost = Checkpoint(1, checkpoints.pack(state))
    records = list(Renderer().render(replace(order, pace=Pace(every=1), resume=lost)))
    assert not of(Checkpoint, records)
    assert isinstance(records[-1], Failed)


def test_exhausted_memory_says_what_to_change(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*arguments: object, **options: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    renderer = Renderer()
    done(order, renderer)
    monkeypatch.setattr(networks, "load", exhausted)
    monkeypatch.setattr(worker, "verified", lambda *arguments: None)
    failed = list(renderer.render(replace(order, digest="another")))[-1]
    assert isinstance(failed, Failed)
    assert failed.cause is Cause.OUT_OF_MEMORY
    assert "lower size or tile_size (now 400 px)" in failed.message
    with pytest.raises(torch.OutOfMemoryError):  # what was kept for later has made room
        renderer.network(order)


@pytest.mark.gpu
def test_a_gpu_renders_the_same_bytes_every_time(order: Order) -> None:
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    frames = set()
    for _ in range(2):
        records = list(Renderer(device="cuda").render(with_iterations(order, 10)))
        started, last = records[0], records[-1]
        assert isinstance(started, Started)
        assert started.device == "cuda"
        assert isinstance(last, Done), last
        frames.add(last.frame)
    assert len(frames) == 1


def test_artefacts_are_passed_on_in_their_order_and_after_the_last_iteration_too() -> None:
    def steps() -> Generator[Event, None, torch.Tensor]:
        yield Artefact("first.png", b"1")
        yield Progress(1, 1)
        yield Artefact("last.png", b"2")
        return torch.zeros(1, 3, 4, 4)

    throttle = Throttle()
    throttle.wanted()
    told = list(worker.told(steps(), throttle, lambda: False))
    assert told == [Artefact("first.png", b"1"), Progress(1, 1), Artefact("last.png", b"2")]
