"""Frames become a GIF of the right order, times and colours, whose length costs no memory."""

from __future__ import annotations

import io
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderer import animation, gif, images, palettes
from renderer.animation import Frame, write_gif
from renderer.errors import AnimationError, ImageError, SettingError
from renderer.images import Picture
from renderer.settings import AnimationSettings

Colour = tuple[int, int, int]
RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)


def plain(colour: Colour, size: tuple[int, int] = (4, 6), *, alpha: float | None = None) -> Picture:
    pixels = torch.tensor(colour, dtype=torch.float32)[None, :, None, None].expand(1, 3, *size)
    return Picture(pixels, None if alpha is None else torch.full((1, 1, *size), alpha))


def frames(*pictures: Picture) -> list[Frame]:
    return [(f"frame-{i}", lambda picture=p: picture) for i, p in enumerate(pictures)]


def shown(path: Path, mode: str = "RGB") -> list[tuple[Any, int]]:
    """Every shown frame's top left colour and its time in ms."""
    found = []
    with Image.open(path) as image:
        for frame in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(frame)
            found.append((image.convert(mode).getpixel((0, 0)), image.info["duration"]))
    return found


def opened(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes()))


def settings(**given: Any) -> AnimationSettings:
    return AnimationSettings(**given)


class TestOrderAndTime:
    def test_forward(self) -> None:
        assert animation.order(3) == [0, 1, 2]

    @pytest.mark.parametrize(
        ("count", "expected"),
        [(1, [0]), (2, [0, 1]), (3, [0, 1, 2, 1]), (5, [0, 1, 2, 3, 4, 3, 2, 1])],
    )
    def test_bounce_repeats_neither_end(self, count: int, expected: list[int]) -> None:
        assert animation.order(count, bounce=True) == expected

    def test_rounding_is_shared_out(self) -> None:
        assert animation.centiseconds(6, settings(fps=6)) == [17, 16, 17, 17, 16, 17]

    @given(st.integers(1, 200), st.floats(0.01, 50))
    def test_the_whole_keeps_its_length(self, count: int, fps: float) -> None:
        times = animation.centiseconds(count, settings(fps=fps))
        assert len(times) == count
        assert sum(times) == pytest.approx(count * 100 / fps, abs=1)
        assert min(times) >= 2

    def test_durations_follow_the_bounce(self) -> None:
        given_ = settings(durations=(100, 200, 300), bounce=True)
        assert animation.centiseconds(3, given_) == [10, 20, 30, 20]

    def test_durations_must_fit(self) -> None:
        with pytest.raises(AnimationError, match="durations: 2 values for 3 frames"):
            animation.centiseconds(3, settings(durations=(100, 200)))

    @pytest.mark.parametrize(
        "given_",
        [{"fps": 0.0}, {"fps": 51.0}, {"durations": (5,)}, {"palette": "web"}, {"dither": "x"}],
    )
    def test_bounds(self, given_: dict[str, Any]) -> None:
        with pytest.raises(SettingError, match=next(iter(given_))):
            settings(**given_)


class TestWriteGif:
    @pytest.mark.parametrize("palette", ["frame", "shared"])
    @pytest.mark.parametrize("dither", ["none", "floyd-steinberg"])
    def test_colours_order_and_times(self, tmp_path: Path, palette: str, dither: str) -> None:
        path = tmp_path / "a.gif"
        given_ = settings(fps=5, palette=palette, dither=dither, bounce=True)
        count = write_gif(frames(plain(RED), plain(GREEN), plain(BLUE)), path, given_)
        assert count == 4
        assert shown(path) == [(RED, 200), (GREEN, 200), (BLUE, 200), (GREEN, 200)]
        assert opened(path).size == (6, 4)

    def test_identical_frames_are_kept(self, tmp_path: Path) -> None:
        path = tmp_path / "still.gif"
        write_gif(frames(*[plain(RED)] * 3), path, settings(durations=(100, 50, 20)))
        assert shown(path) == [(RED, 100), (RED, 50), (RED, 20)]

    @pytest.mark.parametrize(("plays", "repetitions"), [(0, 0), (1, None), (2, 1), (7, 6)])
    def test_loop(self, tmp_path: Path, plays: int, repetitions: int | None) -> None:
        path = tmp_path / "loop.gif"
        write_gif(frames(plain(RED), plain(BLUE)), path, settings(loop=plays))
        assert opened(path).info.get("loop") == repetitions

    def test_one_palette_or_one_per_frame(self, tmp_path: Path) -> None:
        noise = [Picture(torch.rand(1, 3, 32, 32, generator=seed(i)) * 255) for i in range(4)]
        sizes = {}
        for palette in ("shared", "frame"):
            path = tmp_path / f"{palette}.gif"
            write_gif(frames(*noise), path, settings(palette=palette))
            sizes[palette] = path.stat().st_size
            assert bool(path.read_bytes()[10] & 0x80) == (palette == "shared")
        assert sizes["frame"] - sizes["shared"] > 2 * 768

    def test_every_pixel_is_where_it_was(self, tmp_path: Path) -> None:
        corners = torch.zeros(1, 3, 5, 300)
        corners[0, :, 0, 0], corners[0, :, 4, 299] = torch.tensor([[255.0, 0, 0], [0, 0, 255.0]])
        path = tmp_path / "corners.gif"
        write_gif(frames(Picture(corners), plain(BLACK, (5, 300))), path)
        found = np.asarray(opened(path).convert("RGB"))
        assert (found == corners[0].permute(1, 2, 0).numpy()).all()

    def test_dithering_keeps_the_mean(self, tmp_path: Path) -> None:
        ramp = torch.linspace(0, 255, 4096).reshape(1, 1, 64, 64).expand(1, 3, 64, 64).clone()
        ramp[:, 1], ramp[:, 2] = ramp[:, 1].flip(-1), ramp[:, 2].flip(-2)
        path = tmp_path / "ramp.gif"
        write_gif(frames(Picture(ramp)), path)
        found = torch.tensor(np.asarray(opened(path).convert("RGB"))).float()
        block = found.permute(2, 0, 1).reshape(3, 8, 8, 8, 8).mean(dim=(2, 4))
        expected = ramp[0].reshape(3, 8, 8, 8, 8).mean(dim=(2, 4))
        assert (block - expected).abs().mean() < 2

    def test_transparency(self, tmp_path: Path) -> None:
        half = plain(GREEN, alpha=255.0)
        assert half.alpha is not None
        half.alpha[..., 0] = 0
        path = tmp_path / "clear.gif"
        write_gif(frames(plain(RED), half, plain(BLUE, alpha=127.0), plain(RED)), path)
        assert [colour[3] for colour, _ in shown(path, "RGBA")] == [255, 0, 0, 255]
        with opened(path) as image:
            image.seek(1)
            assert image.convert("RGBA").getpixel((1, 0)) == (*GREEN, 255)

    @pytest.mark.parametrize("palette", ["frame", "shared"])
    def test_transparent_frames_of_many_colours(self, tmp_path: Path, palette: str) -> None:
        noise = torch.rand(1, 3, 40, 40, generator=seed(1)) * 255
        alpha = torch.full((1, 1, 40, 40), 255.0)
        alpha[..., :20] = 0
        path = tmp_path / "noise.gif"
        pictures = frames(Picture(noise, alpha), Picture(noise.flip(-1)))
        write_gif(pictures, path, settings(palette=palette))
        found = np.asarray(opened(path).convert("RGBA"))
        assert (found[..., 3] == alpha[0, 0].numpy()).all()

    def test_width(self, tmp_path: Path) -> None:
        path = tmp_path / "small.gif"
        write_gif(frames(plain(RED, (30, 60))), path, settings(width=20))
        assert opened(path).size == (20, 10)
        write_gif(frames(plain(RED, (30, 60))), path, settings(width=80))
        assert opened(path).size == (60, 30)

    def test_same_frames_same_bytes(self, tmp_path: Path) -> None:
        noise = [Picture(torch.rand(1, 3, 16, 16, generator=seed(i)) * 255) for i in range(2)]
        for path in (tmp_path / "a.gif", tmp_path / "b.gif"):
            write_gif(frames(*noise), path, settings(palette="shared"))
        assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()

    @pytest.mark.parametrize("palette", ["frame", "shared"])
    def test_holds_few_frames_at_a_time(self, tmp_path: Path, palette: str) -> None:
        alive: set[int] = set()
        most = 0

        def load(number: int) -> Callable[[], Picture]:
            def loader() -> Picture:
                nonlocal most
                picture = plain((number, 0, 0))
                alive.add(number)
                weakref.finalize(picture, alive.discard, number)
                most = max(most, len(alive))
                return picture

            return loader

        many = ((f"f{i}", load(i)) for i in range(50))
        assert write_gif(many, tmp_path / "long.gif", settings(palette=palette, bounce=True)) == 98
        assert most <= 2

    def test_memory_does_not_grow_with_the_frames(self, tmp_path: Path) -> None:
        statm = Path("/proc/self/statm")
        if not statm.exists():
            pytest.skip("memory can't be read here")
        seen: list[int] = []

        def loader() -> Picture:
            seen.append(int(statm.read_text().split()[1]) * 4)  # resident KiB
            return plain(RED, (600, 600))

        write_gif([("same", loader)] * 90, tmp_path / "long.gif")
        assert max(seen) - max(seen[:10]) < 10_000  # the indexes of 80 frames are 28,000 KiB


class TestRefusals:
    def test_no_frames(self, tmp_path: Path) -> None:
        with pytest.raises(AnimationError, match=r"none.gif: there are no frames"):
            write_gif([], tmp_path / "none.gif")

    @pytest.mark.parametrize("palette", ["frame", "shared"])
    def test_unequal_sizes_leave_nothing_behind(self, tmp_path: Path, palette: str) -> None:
        unequal = frames(plain(RED), plain(RED), plain(RED, (4, 7)), plain(RED, (9, 9)))
        with pytest.raises(AnimationError) as caught:
            write_gif(unequal, tmp_path / "odd.gif", settings(palette=palette))
        assert str(caught.value) == (
            "frames of unequal size: 'frame-2' is 7 x 4 px, but 'frame-0' is 6 x 4 px; "
            "render them at one size"
        )
        assert list(tmp_path.iterdir()) == []

    def test_a_failure_keeps_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "kept.gif"
        path.write_bytes(b"old")
        with pytest.raises(AnimationError):
            write_gif(frames(plain(RED), plain(RED, (1, 1))), path)
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_frame_that_is_gone(self, tmp_path: Path) -> None:
        gone = tmp_path / "gone.png"
        missing: list[Frame] = [("lost 1", lambda: images.decode(gone.read_bytes()))]
        with pytest.raises(AnimationError, match="'lost 1' can't be read \\(No such file"):
            write_gif(missing, tmp_path / "a.gif")

    def test_a_damaged_frame_keeps_its_own_error(self, tmp_path: Path) -> None:
        bad: list[Frame] = [("x", lambda: images.decode(b"x", name="bad.png"))]
        with pytest.raises(ImageError, match=r"bad\.png"):
            write_gif(bad, tmp_path / "a.gif")

    def test_a_directory_that_is_not_there(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for parent in ("nowhere", "file"):
            path = tmp_path / parent / "a.gif"
            with pytest.raises(AnimationError, match="can't be written"):
                write_gif(frames(plain(RED)), path)


class TestPalettes:
    def test_few_colours_stay_exact(self) -> None:
        image = Image.new("RGB", (3, 1), (13, 77, 201))
        image.putpixel((1, 0), (14, 90, 200))
        palette = palettes.choose([image]).getpalette()
        assert palette is not None
        assert palette[:6] == [13, 77, 201, 14, 90, 200]
        assert len(palette) == 768

    def test_a_small_bright_thing_keeps_its_colour(self) -> None:
        noise = np.random.default_rng(0).integers(0, 90, (200, 200, 3), dtype=np.uint8)
        noise[100, 100:104] = (255, 240, 10)
        image = Image.fromarray(noise)
        indexed = palettes.index(image, palettes.choose([image]), dither=False)
        found = np.asarray(indexed.convert("RGB"))[100, 101].astype(int)
        assert np.abs(found - (255, 240, 10)).max() < 25

    def test_all_frames_have_a_say(self) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
        noise[0, ..., 0], noise[1, ..., 2] = 0, 0
        pair = [Image.fromarray(frame) for frame in noise]
        palette = palettes.choose(pair)
        for image in pair:
            found = np.asarray(palettes.index(image, palette, dither=False).convert("RGB"))
            assert np.abs(found.astype(int) - np.asarray(image)).mean() < 12

    def test_nothing_visible(self) -> None:
        image = Image.new("RGBA", (2, 2), (9, 9, 9, 0))
        indexed = palettes.index(image, palettes.choose([image]), dither=True)
        assert np.asarray(indexed).tolist() == [[gif.TRANSPARENT] * 2] * 2

    def test_better_than_a_plain_median_cut(self) -> None:
        ramp = np.linspace(0, 255, 96)
        field = np.stack(np.meshgrid(ramp, ramp), axis=-1)
        image = Image.fromarray(np.dstack([field, field.mean(axis=2)]).astype(np.uint8))
        cut = image.quantize(256, method=Image.Quantize.MEDIANCUT)
        errors = [
            np.abs(np.asarray(image.quantize(palette=p, dither=0).convert("RGB"), int) - image)
            for p in (palettes.choose([image]), cut)
        ]
        assert errors[0].mean() < errors[1].mean()


def test_the_writer_streams() -> None:
    """After each frame, everything of it is in the file."""
    file = io.BytesIO()
    writer = gif.GifWriter(file)
    image = Image.effect_noise((64, 64), 80).convert("P")
    lengths = []
    for _ in range(3):
        writer.append(image, 10)
        lengths.append(len(file.getvalue()))
    assert lengths[2] - lengths[1] == lengths[1] - lengths[0] > 2000


def seed(number: int) -> torch.Generator:
    return torch.Generator().manual_seed(number)


def test_another_reader_sees_the_same_frames(tmp_path: Path) -> None:
    """imageio reads what was written: every frame, and its colours."""
    path = tmp_path / "three.gif"
    write_gif(frames(plain(RED), plain(RED), plain(BLUE)), path, settings(fps=10))
    found = imageio.imread(path, index=None)
    assert [tuple(frame[0, 0, :3]) for frame in found] == [RED, RED, BLUE]
