"""Pictures of every kind come to the same 0..255, and go back without loss."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from renderer import decoding, images
from renderer.errors import ImageError
from renderer.images import Picture

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
SQUARE = np.array([[RED, GREEN], [BLUE, WHITE]], np.uint8)
LOSSLESS = ("PNG", "TIFF", "BMP", "GIF")


def saved(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def rgb(picture: Picture) -> list[Any]:
    """Pixels as nested lists, (H, W, 3)."""
    return picture.pixels[0].permute(1, 2, 0).tolist()


def alpha(picture: Picture) -> list[Any]:
    assert picture.alpha is not None
    return picture.alpha[0, 0].tolist()


def png16(pixels: np.ndarray[Any, Any]) -> bytes:
    """A PNG with 16 bits a channel, which Pillow can't write in colour; pixels (H, W, C)."""
    height, width, channels = pixels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def tiff(pixels: np.ndarray[Any, Any], *, planar: bool = False) -> bytes:
    """An uncompressed little-endian TIFF of unsigned integers; pixels (H, W, C)."""
    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    data = (pixels.transpose(2, 0, 1) if planar else pixels).tobytes()
    strips = channels if planar else 1
    each = len(data) // strips
    extra = {  # values of tags that hold more than one
        258: struct.pack(f"<{channels}H", *[bits] * channels),
        273: struct.pack(f"<{strips}I", *[8 + each * i for i in range(strips)]),
        279: struct.pack(f"<{strips}I", *[each] * strips),
    }
    values = {256: width, 257: height, 259: 1, 262: 2 if channels == 3 else 1, 277: channels}
    values |= {278: height, 284: 2 if planar else 1, 339: 1}
    body, entries = data, b""
    for tag in sorted(values | extra):
        kind, count, value = 3, 1, struct.pack("<HH", values.get(tag, 0), 0)
        if tag in extra:
            kind, count = (3, channels) if tag == 258 else (4, strips)
            value = extra[tag].ljust(4, b"\0")
        if len(value) > 4:
            value, body = struct.pack("<I", 8 + len(body)), body + value
        entries += struct.pack("<HHI", tag, kind, count) + value
    directory = struct.pack("<H", len(values | extra)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory


class TestDecode:
    @pytest.mark.parametrize("format", LOSSLESS)
    def test_colours_are_exact(self, format: str) -> None:
        picture = images.decode(saved(Image.fromarray(SQUARE), format))
        assert picture.pixels.shape == (1, 3, 2, 2)
        assert picture.pixels.dtype == torch.float32
        assert rgb(picture) == SQUARE.tolist()
        assert picture.alpha is None
        assert picture.size == (2, 2)

    def test_webp_without_loss(self) -> None:
        data = saved(Image.fromarray(SQUARE), "WEBP", lossless=True)
        assert rgb(images.decode(data)) == SQUARE.tolist()

    @pytest.mark.parametrize("format", ["JPEG", "WEBP"])
    def test_lossy_formats_come_near(self, format: str) -> None:
        data = saved(Image.new("RGB", (16, 16), (200, 100, 50)), format, quality=95)
        mean = images.decode(data).pixels.mean(dim=(0, 2, 3))
        assert mean.tolist() == pytest.approx([200, 100, 50], abs=3)

    @pytest.mark.parametrize("mode", ["1", "L"])
    def test_grey_fills_all_channels(self, mode: str) -> None:
        image = Image.new(mode, (2, 1), 255)
        image.putpixel((0, 0), 0)
        assert rgb(images.decode(saved(image))) == [[[0, 0, 0], [255, 255, 255]]]

    def test_palette_with_transparency(self) -> None:
        image = Image.new("P", (2, 1))
        image.putpalette([*RED, *GREEN])
        image.putpixel((1, 0), 1)
        picture = images.decode(saved(image, transparency=1))
        assert alpha(picture) == [[255, 0]]
        assert rgb(picture)[0][0] == list(RED)

    def test_grey_with_alpha(self) -> None:
        image = Image.new("LA", (2, 1), (80, 255))
        image.putpixel((1, 0), (160, 51))
        picture = images.decode(saved(image))
        assert rgb(picture) == [[[80, 80, 80], [160, 160, 160]]]
        assert alpha(picture) == [[255, 51]]

    def test_an_opaque_alpha_is_none(self) -> None:
        assert images.decode(saved(Image.new("RGBA", (2, 2), (1, 2, 3, 255)))).alpha is None

    def test_hidden_pixels_take_the_colour_of_visible_neighbours(self) -> None:
        image = Image.new("RGBA", (8, 8), (255, 0, 255, 0))
        image.paste((10, 20, 30, 255), (0, 0, 4, 8))
        image.putpixel((7, 7), (50, 60, 70, 1))
        picture = images.decode(saved(image))
        assert rgb(picture)[0][4] == [10, 20, 30]
        assert rgb(picture)[0][7] == pytest.approx([10, 20, 30], abs=5)
        assert rgb(picture)[7][7] == [50, 60, 70]
        assert rgb(picture)[6][6][0] > 25
        assert alpha(picture)[0] == [255] * 4 + [0] * 4

    def test_a_picture_without_anything_visible_keeps_its_colours(self) -> None:
        picture = images.decode(saved(Image.new("RGBA", (2, 1), (9, 8, 7, 0))))
        assert rgb(picture) == [[[9, 8, 7]] * 2]

    def test_cmyk(self) -> None:
        image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # no cyan: red
        assert rgb(images.decode(saved(image, "TIFF")))[0][0] == [255, 0, 0]

    def test_adobe_cmyk_jpeg_is_not_inverted(self) -> None:
        data = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
        assert b"Adobe" in data  # whose CMYK lies inverted in the file
        assert rgb(images.decode(data))[0][0] == pytest.approx([255, 0, 0], abs=3)

    @pytest.mark.parametrize("format", ["PNG", "TIFF"])
    def test_16_bit_grey(self, format: str) -> None:
        image = Image.fromarray(np.array([[0, 257, 25700, 65535]], np.uint16))
        assert rgb(images.decode(saved(image, format)))[0] == [[v] * 3 for v in (0, 1, 100, 255)]

    def test_16_bit_grey_big_endian(self) -> None:
        image = Image.frombytes("I;16B", (2, 1), struct.pack(">HH", 257, 65535))
        data = saved(image, "TIFF")
        assert Image.open(io.BytesIO(data)).mode == "I;16B"
        assert rgb(images.decode(data))[0] == [[1] * 3, [255] * 3]

    def test_32_bit_integers(self) -> None:
        signed = Image.fromarray(np.array([[-5, 257, 65535, 99999]], np.int32))
        found = rgb(images.decode(saved(signed, "TIFF")))[0]
        assert [pixel[0] for pixel in found] == [0, 1, 255, 255]
        unsigned = tiff(np.array([[[0], [2**32 - 1]]], np.uint32))
        assert [pixel[0] for pixel in rgb(images.decode(unsigned))[0]] == [0, 255]

    @pytest.mark.parametrize("channels", [3, 4])
    def test_16_bit_png_colour_keeps_its_fractions(self, channels: int) -> None:
        values = np.array([[[0, 1, 257, 65535], [65535, 12345, 1000, 256]]], np.uint16)
        picture = images.decode(png16(values[:, :, :channels]))
        expected = torch.tensor(values[:, :, :3].astype(np.float32)) / 257
        torch.testing.assert_close(picture.pixels[0].permute(1, 2, 0), expected)
        if channels == 4:
            assert alpha(picture)[0] == pytest.approx([255, 256 / 257])

    def test_16_bit_grey_png_with_alpha(self) -> None:
        picture = images.decode(png16(np.array([[[25700, 12850]]], np.uint16)))
        assert rgb(picture) == [[[100, 100, 100]]]
        assert alpha(picture) == [[50]]

    def test_16_bit_tiff_colour_keeps_its_fractions(self) -> None:
        values = np.array([[[0, 1, 257], [65535, 12345, 1000]]], np.uint16)
        picture = images.decode(tiff(values))
        expected = torch.tensor(values.astype(np.float32)) / 257
        torch.testing.assert_close(picture.pixels[0].permute(1, 2, 0), expected)

    def test_16_bit_tiff_in_planes_is_refused(self) -> None:
        data = tiff(np.full((2, 2, 3), 1000, np.uint16), planar=True)
        with pytest.raises(ImageError, match=r"scan\.tif: 16-bit TIFF in separate planes"):
            images.decode(data, name="scan.tif")

    def test_float_tiff(self) -> None:
        unit = Image.fromarray(np.array([[0, 0.5, 1, np.nan]], np.float32))
        assert [p[0] for p in rgb(images.decode(saved(unit, "TIFF")))[0]] == [0, 127.5, 255, 0]
        levels = Image.fromarray(np.array([[-3, 100, 300]], np.float32))
        assert [p[0] for p in rgb(images.decode(saved(levels, "TIFF")))[0]] == [0, 100, 255]

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
    @pytest.mark.parametrize(
        ("orientation", "corner", "size"),
        [
            (1, "top left", (32, 64)),
            (2, "top right", (32, 64)),
            (3, "bottom right", (32, 64)),
            (4, "bottom left", (32, 64)),
            (5, "top left", (64, 32)),
            (6, "top right", (64, 32)),
            (7, "bottom right", (64, 32)),
            (8, "bottom left", (64, 32)),
        ],
    )
    def test_orientation(
        self, format: str, orientation: int, corner: str, size: tuple[int, int]
    ) -> None:
        image = Image.new("RGB", (64, 32))
        image.paste((255, 255, 255), (0, 0, 16, 16))
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture = images.decode(saved(image, format, exif=exif.tobytes()))
        assert picture.size == size
        height, width = size
        row = {"top": 4, "bottom": height - 5}[corner.split()[0]]
        column = {"left": 4, "right": width - 5}[corner.split()[1]]
        assert picture.pixels[0, :, row, column].min() > 200
        assert picture.pixels.mean() < 50

    def test_orientation_of_16_bits(self) -> None:
        image = Image.fromarray(np.array([[0, 65535]], np.uint16))
        exif = Image.Exif()
        exif[0x0112] = 6
        assert rgb(images.decode(saved(image, exif=exif.tobytes()))) == [[[0] * 3], [[255] * 3]]

    def test_a_mirrored_turn_differs_from_a_turn(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 7
        picture = images.decode(saved(Image.fromarray(SQUARE), exif=exif.tobytes()))
        assert rgb(picture) == [[list(WHITE), list(GREEN)], [list(BLUE), list(RED)]]

    def test_damaged_exif_is_no_obstacle(self) -> None:
        data = saved(Image.new("RGB", (8, 8), RED), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
        assert images.decode(data).size == (8, 8)

    def test_gif_frames(self) -> None:
        frames = [Image.new("RGB", (2, 2), colour) for colour in (RED, GREEN, BLUE)]
        data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
        assert images.count_frames(data) == 3
        for frame, colour in enumerate((RED, GREEN, BLUE)):
            assert rgb(images.decode(data, frame=frame))[1][1] == list(colour)
        with pytest.raises(ImageError, match=r"loop\.gif: has no frame 3, only 3"):
            images.decode(data, name="loop.gif", frame=3)

    def test_pages_of_a_tiff_are_no_frames(self) -> None:
        pages = [Image.new("L", (2, 2)), Image.new("L", (1, 1))]
        data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
        assert images.count_frames(data) == 1

    def test_colour_profile_becomes_srgb(self) -> None:
        lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        image = Image.new("RGB", (2, 2), (10, 200, 30))
        for profile in (srgb, lab):  # needs no conversion; fits no RGB picture
            data = saved(image, icc_profile=profile.tobytes())
            assert rgb(images.decode(data))[0][0] == [10, 200, 30]
        data = saved(image, icc_profile=swapped_profile(srgb.tobytes()))
        red, green, _ = rgb(images.decode(data))[0][0]
        assert red == pytest.approx(200, abs=25)
        assert green < 100

    def test_profile_keeps_alpha(self) -> None:
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        image = Image.new("RGBA", (1, 1), (10, 200, 30, 51))
        picture = images.decode(saved(image, icc_profile=swapped_profile(srgb)))
        assert alpha(picture) == [[51]]
        assert rgb(picture)[0][0][0] > 150


def swapped_profile(srgb: bytes) -> bytes:
    """sRGB with red and green exchanged, and another name."""
    text = srgb.replace(b"s\0R\0G\0B", b"s\0W\0A\0P").replace(b"sRGB ", b"sWAP ")
    return text.replace(b"rXYZ", b"@XYZ").replace(b"gXYZ", b"rXYZ").replace(b"@XYZ", b"gXYZ")


class TestRefusals:
    @pytest.mark.parametrize("data", [b"not a picture", b"%!PS-Adobe-3.0 EPSF-3.0\n" * 9])
    def test_something_else(self, data: bytes) -> None:
        with pytest.raises(ImageError, match=r"^notes 'é'\.txt: is no JPEG, PNG"):
            images.decode(data, name="notes 'é'.txt")

    def test_empty(self) -> None:
        with pytest.raises(ImageError, match=r"void\.png: is empty"):
            images.decode(b"", name="void.png")

    @pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
    @pytest.mark.parametrize("kept", [0.02, 0.5, 0.9])
    def test_truncated(self, format: str, kept: float) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        data = saved(Image.fromarray(noise), format)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(ImageError, match=r"^cut\.bin: ") as caught:
                images.decode(data[: int(len(data) * kept)], name="cut.bin")
        assert "\n" not in str(caught.value)

    def test_what_pillow_warns_of_is_not_shown_and_what_others_warn_of_is(self) -> None:
        exif = Image.Exif()
        exif[0x010E] = "a picture"
        cut = exif.tobytes()[:-12]
        data = saved(Image.fromarray(SQUARE), "JPEG", exif=cut)
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            with decoding.opened(data, name="a.jpg") as image:
                assert decoding.orientation(image) == 1
                warnings.warn("of another thread", stacklevel=1)
        assert [str(one.message) for one in seen] == ["of another thread"]

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def test_damage_never_raises_anything_else(self, data: st.DataObject) -> None:
        format = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"]))
        file = bytearray(saved(Image.fromarray(SQUARE), format))
        for _ in range(data.draw(st.integers(1, 4))):
            file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
        with suppress(ImageError):
            images.decode(bytes(file), max_pixels=10_000)
        with suppress(ImageError):
            images.count_frames(bytes(file))
        images.read_settings(bytes(file))

    def test_a_decompression_bomb_is_refused_by_its_header(self) -> None:
        header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"")
        with pytest.raises(ImageError, match=r"^sky.png: 40000 x 40000 pixels are more than"):
            images.decode(data, name="sky.png")

    def test_the_limit_is_the_callers(self) -> None:
        data = saved(Image.new("L", (10, 10)))
        assert images.decode(data, max_pixels=100).size == (10, 10)
        with pytest.raises(ImageError, match="limit of 99;"):
            images.decode(data, max_pixels=99)

    def test_pillows_own_limit_is_left_as_it_was(self) -> None:
        before = Image.MAX_IMAGE_PIXELS
        images.decode(saved(Image.new("L", (1, 1))))
        assert before == Image.MAX_IMAGE_PIXELS

    def test_zero_size(self) -> None:
        with pytest.raises(ImageError, match=r"^flat\.png: "):
            images.decode(png16(np.zeros((1, 0, 3), np.uint16)), name="flat.png")


def picture_of(values: Any, alpha_values: Any = None) -> Picture:
    """A picture from (H, W, 3) values."""
    pixels = torch.tensor(values, dtype=torch.float32).permute(2, 0, 1)[None]
    if alpha_values is None:
        return Picture(pixels)
    return Picture(pixels, torch.tensor(alpha_values, dtype=torch.float32)[None, None])


class TestEncode:
    def test_clips_and_rounds(self) -> None:
        data = images.encode(picture_of([[[-7.0, 0.6, 300.0], [99.4, 128.6, 254.7]]]))
        assert rgb(images.decode(data)) == [[[0, 1, 255], [99, 129, 255]]]

    @pytest.mark.parametrize("format", ["png", "webp"])
    def test_alpha_is_put_back(self, format: str) -> None:
        picture = picture_of([[[10, 20, 30], [40, 50, 60]]], [[255, 51]])
        assert alpha(images.decode(images.encode(picture, format=format))) == [[255, 51]]

    def test_jpeg_lies_on_white(self) -> None:
        picture = picture_of(np.zeros((8, 8, 3)), np.full((8, 8), 51.0))
        found = images.decode(images.encode(picture, format="jpeg", quality=100))
        assert found.alpha is None
        assert found.pixels.mean().item() == pytest.approx(204, abs=1)

    @pytest.mark.parametrize("format", images.FORMATS)
    def test_same_input_same_bytes(self, format: str) -> None:
        picture = picture_of(np.random.default_rng(1).uniform(0, 255, (9, 7, 3)))
        first = images.encode(picture, format=format, settings={"b": 1, "a": [2]})
        assert first == images.encode(picture, format=format, settings={"a": [2], "b": 1})

    def test_format_of_the_file(self) -> None:
        picture = picture_of([[[1, 2, 3]]])
        starts = {f: images.encode(picture, format=f)[:12] for f in images.FORMATS}
        assert starts["png"].startswith(b"\x89PNG")
        assert starts["jpeg"].startswith(b"\xff\xd8")
        assert starts["webp"].endswith(b"WEBP")

    def test_unknown_format(self) -> None:
        with pytest.raises(ImageError, match="no format 'gif'; use png, jpeg, webp"):
            images.encode(picture_of([[[1, 2, 3]]]), format="gif")

    def test_nan_is_an_error(self) -> None:
        with pytest.raises(ImageError, match="not numbers"):
            images.encode(picture_of([[[1, float("nan"), 3]]]))

    def test_too_wide_for_webp(self) -> None:
        with pytest.raises(ImageError, match="16384 x 1 pixels can't be written as webp"):
            images.encode(Picture(torch.zeros(1, 3, 1, 16384)), format="webp")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


class TestSettings:
    @settings(max_examples=40, deadline=None)
    @given(
        settings_=st.dictionaries(st.text(), json_values, max_size=4),
        format=st.sampled_from(images.FORMATS),
    )
    def test_come_back(self, settings_: dict[str, Any], format: str) -> None:
        data = images.encode(picture_of([[[1, 2, 3]]]), format=format, settings=settings_)
        assert images.read_settings(data) == settings_

    @pytest.mark.parametrize("format", images.FORMATS)
    def test_quotes_unicode_and_undecodable_names(self, format: str) -> None:
        given_ = {"input": "a \"b\" 'c' \\ \n 図 😀 \udcff.jpg", "weights": {"x": [0.1, 1e-9]}}
        data = images.encode(picture_of([[[1, 2, 3]]]), format=format, settings=given_)
        assert images.read_settings(data) == given_

    def test_long_settings_fit_a_jpeg(self) -> None:
        given_ = {"inputs": [f"photos/holiday-{i:05}.jpg" for i in range(5000)]}
        data = images.encode(picture_of([[[1, 2, 3]]]), format="jpeg", settings=given_)
        assert images.read_settings(data) == given_

    def test_too_long_for_a_jpeg(self) -> None:
        noise = np.random.default_rng(0).integers(0, 2**53, 9000).tolist()
        with pytest.raises(ImageError, match="don't fit into a JPEG; choose the format png"):
            images.encode(picture_of([[[1, 2, 3]]]), format="jpeg", settings={"noise": noise})

    def test_what_json_cannot_hold(self) -> None:
        with pytest.raises(ImageError, match="can't be written into a picture"):
            images.encode(picture_of([[[1, 2, 3]]]), settings={"x": object()})

    def test_none_in_foreign_files(self) -> None:
        exif = Image.Exif()
        exif[0x8769] = {0x9286: b"ASCII\0\0\0reverie {broken"}
        foreign = [
            b"",
            b"text",
            saved(Image.fromarray(SQUARE)),
            saved(Image.fromarray(SQUARE), "GIF"),
            saved(Image.fromarray(SQUARE), "JPEG", exif=exif.tobytes()),
            images.encode(picture_of([[[1, 2, 3]]])),
        ]
        assert [images.read_settings(data) for data in foreign] == [None] * len(foreign)


class TestSizes:
    @pytest.mark.parametrize(
        ("size", "longest", "expected"),
        [
            ((300, 451), 100, (67, 100)),
            ((451, 300), 100, (100, 67)),
            ((2, 4), 8, (4, 8)),
            ((1, 1000), 10, (1, 10)),
            ((5, 5), None, (5, 5)),
        ],
    )
    def test_fit(
        self, size: tuple[int, int], longest: int | None, expected: tuple[int, int]
    ) -> None:
        assert images.fit(Picture(torch.zeros(1, 3, *size)), longest).size == expected

    def test_fit_keeps_an_even_colour_and_alpha(self) -> None:
        picture = Picture(torch.full((1, 3, 9, 7), 77.0), torch.full((1, 1, 9, 7), 33.0))
        small = images.fit(picture, 4)
        torch.testing.assert_close(small.pixels, torch.full((1, 3, 4, 3), 77.0))
        assert small.alpha is not None
        torch.testing.assert_close(small.alpha, torch.full((1, 1, 4, 3), 33.0))

    def test_fit_is_antialiased_and_clipped(self) -> None:
        checks = torch.tensor([0.0, 255.0]).repeat(1, 3, 64, 32)
        small = images.fit(Picture(checks), 8).pixels
        torch.testing.assert_close(small, torch.full_like(small, 127.5), atol=12, rtol=0)
        edge = torch.zeros(1, 3, 4, 4)
        edge[..., 2:] = 255
        large = images.fit(Picture(edge), 16).pixels
        assert large.min() >= 0
        assert large.max() <= 255

    def test_fit_refuses_nothing(self) -> None:
        with pytest.raises(ImageError, match="at least 1"):
            images.fit(Picture(torch.zeros(1, 3, 2, 2)), 0)

    @pytest.mark.parametrize(("longest", "expected"), [(10, (4, 8)), (None, (4, 8)), (4, (2, 4))])
    def test_shrink_never_enlarges(self, longest: int | None, expected: tuple[int, int]) -> None:
        assert images.shrink(Picture(torch.zeros(1, 3, 4, 8)), longest).size == expected

    def test_resize_is_bilinear_with_half_pixel_centres(self) -> None:
        row = torch.tensor([[[[0.0, 4.0]]]], dtype=torch.float64)
        assert images.resize(row, (1, 4)).tolist() == [[[[0.0, 1.0, 3.0, 4.0]]]]
        assert images.resize(row, (1, 1)).tolist() == [[[[2.0]]]]

    def test_resize_is_not_antialiased(self) -> None:
        row = torch.arange(8.0).square()[None, None, None]
        assert images.resize(row, (1, 2)).flatten().tolist() == [2.5, 30.5]


class TestPack:
    @settings(max_examples=30, deadline=None)
    @given(
        height=st.integers(1, 5),
        width=st.integers(1, 5),
        seed=st.integers(0, 2**31),
        with_alpha=st.booleans(),
    )
    def test_round_trip_is_exact(
        self, height: int, width: int, seed: int, with_alpha: bool
    ) -> None:
        generator = torch.Generator().manual_seed(seed)
        pixels = torch.randn(1, 3, height, width, generator=generator) * 1000
        alpha = torch.rand(1, 1, height, width, generator=generator) if with_alpha else None
        found = images.unpack(images.pack(Picture(pixels, alpha)))
        assert torch.equal(found.pixels, pixels)
        assert (found.alpha is None) == (alpha is None)
        assert alpha is None or (found.alpha is not None and torch.equal(found.alpha, alpha))

    def test_a_view_packs(self) -> None:
        pixels = torch.arange(24.0).reshape(1, 3, 2, 4)[..., ::2]
        assert torch.equal(images.unpack(images.pack(Picture(pixels))).pixels, pixels)

    @pytest.mark.parametrize("cut", [lambda data: data[:-1], lambda _: b"", lambda _: b"x" * 50])
    def test_damaged(self, cut: Callable[[bytes], bytes]) -> None:
        with pytest.raises(ImageError, match="packed picture is damaged"):
            images.unpack(cut(images.pack(Picture(torch.zeros(1, 3, 2, 2)))))


@pytest.mark.pictures
def test_real_pictures_survive(pictures_dir: Any) -> None:
    found = [path for path in pictures_dir.iterdir() if path.suffix in (".png", ".jpg")]
    assert found
    for path in found:
        picture = images.fit(images.decode(path.read_bytes(), name=path.name), 64)
        again = images.decode(images.encode(picture))
        assert (again.pixels - picture.pixels).abs().max() <= 0.5
