"""Files, folders, globs and URLs, and the sources in them."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from upath import UPath

from jobs.inputs import expand, gather, natural
from renderer.errors import ImageError, JobError
from renderer.images import decode, fit

Paint = Callable[..., Path]


def names(paths: list[str]) -> list[str]:
    return [os.path.basename(path) for path in paths]


def test_numbers_sort_by_value() -> None:
    assert sorted(["b10", "b9", "B2", "a", "9", "10"], key=natural) == [
        "9",
        "10",
        "a",
        "B2",
        "b9",
        "b10",
    ]


def test_a_folder_gives_its_pictures_in_natural_order(paint: Paint, tmp_path: Path) -> None:
    for name in ("p/f10.png", "p/f9.png", "p/F1.PNG", "p/.hidden.png", "p/deeper/x.png"):
        paint(name)
    (tmp_path / "p/notes.txt").write_text("x")
    assert names(expand("p", tmp_path)) == ["F1.PNG", "f9.png", "f10.png"]


def test_globs_take_pictures_alone_unless_a_suffix_is_asked_for(
    paint: Paint, tmp_path: Path
) -> None:
    for name in ("a1.png", "a2.jpg", "d/a3.png"):
        paint(name)
    (tmp_path / "a4.txt").write_text("x")
    (tmp_path / "a5.dat").write_bytes(paint("tmp.png").read_bytes())
    (tmp_path / "tmp.png").unlink()
    assert names(expand("a*", tmp_path)) == ["a1.png", "a2.jpg"]
    assert names(expand("**/a*.png", tmp_path)) == ["a1.png", "a3.png"]
    assert names(expand("*.dat", tmp_path)) == ["a5.dat"]


def test_relative_absolute_and_home_paths(
    paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(paint("d/a.png"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("d/../d/a.png", tmp_path) == [path]
    assert expand(path, Path("/elsewhere")) == [path]
    assert expand("~/d/a.png", Path("/elsewhere")) == [path]


def test_a_name_with_wildcards_that_exists_is_itself(paint: Paint, tmp_path: Path) -> None:
    paint("a[1].png")
    paint("a1.png")
    assert names(expand("a[1].png", tmp_path)) == ["a[1].png"]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("chelsae.png", "no such file or folder; did you mean 'chelsea.png'?"),
        ("nix/a.png", "no such file or folder (nor a folder"),
        ("*.pnj", "holds no picture"),
        ("empty", "holds no picture"),
        ("a\0b", ""),
        ("x" * 5000, ""),
        ("nosuchscheme://a/b.png", ""),
    ],
)
def test_what_is_not_there_is_one_line(
    pattern: str, words: str, paint: Paint, tmp_path: Path
) -> None:
    paint("chelsea.png")
    (tmp_path / "empty").mkdir()
    with pytest.raises(JobError) as caught:
        expand(pattern, tmp_path)
    line = str(caught.value)
    assert line.startswith(pattern)
    assert words in line
    assert "\n" not in line


def test_urls_are_opened_through_fsspec(paint: Paint) -> None:
    folder = UPath("memory://holiday")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("b10.png", "b9.png"):
        (folder / name).write_bytes(paint(name).read_bytes())
    (folder / "notes.txt").write_bytes(b"x")
    everything = expand("memory://holiday", Path())
    assert names(everything) == ["b9.png", "b10.png"]
    assert expand("memory://holiday/*.png", Path()) == everything
    sources, failed = gather(expand("memory://holiday/b9.png", Path()))
    assert failed == ()
    assert sources[0].read() == paint("b9.png").read_bytes()
    with pytest.raises(JobError, match="no such file"):
        expand("memory://holiday/c.png", Path())


def test_a_source_knows_digest_and_size(paint: Paint) -> None:
    path = paint("a.png", size=(40, 30))
    (source,), _ = gather([str(path)])
    assert source.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.size == (30, 40)
    assert (source.name, source.picture, source.frame) == ("a", "a", 0)


def test_a_picture_held_upright_has_the_size_that_is_decoded(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    (source,), _ = gather([str(tmp_path / "a.jpg")])
    assert source.size == decode(source.read()).size == (40, 30)


@pytest.mark.parametrize("longest", [None, 17, 40, 113])
def test_the_size_to_expect_is_the_size_that_comes(paint: Paint, longest: int | None) -> None:
    (source,), _ = gather([str(paint("a.png", size=(41, 27)))])
    assert source.fitted(longest) == fit(decode(source.read()), longest).size


def test_the_same_file_twice_is_one_source(paint: Paint) -> None:
    path = str(paint("a.png"))
    assert len(gather([path, path])[0]) == 1


def test_an_animation_is_as_many_sources_as_frames(animate: Paint) -> None:
    sources, _ = gather([str(animate("clip.gif", frames=3))])
    assert [s.name for s in sources] == ["clip-01", "clip-02", "clip-03"]
    assert [s.frame for s in sources] == [0, 1, 2]
    assert {s.picture for s in sources} == {"clip"}


def test_names_of_frames_and_files_never_meet(animate: Paint, paint: Paint) -> None:
    sources, _ = gather([str(animate("clip.gif", frames=2)), str(paint("clip-01.png"))])
    assert len({s.name for s in sources}) == 3


def test_files_that_are_no_pictures_are_listed(paint: Paint, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").touch()
    paint("good.png")
    sources, failed = gather(str(tmp_path / f"{n}.png") for n in ("text", "empty", "good", "gone"))
    assert [s.name for s in sources] == ["good"]
    assert [os.path.basename(f.path) for f in failed] == ["text.png", "empty.png", "gone.png"]
    assert all(f.path in f.reason for f in failed)


def test_a_decompression_bomb_is_known_by_its_header(paint: Paint) -> None:
    path = paint("bomb.png")
    data = path.read_bytes()
    header = b"IHDR" + (40_000).to_bytes(4) * 2 + data[24:29]
    path.write_bytes(data[:12] + header + zlib.crc32(header).to_bytes(4) + data[33:])
    sources, (failed,) = gather([str(path)])
    assert sources == ()
    assert "bomb.png: 40000 x 40000 pixels" in failed.reason


def test_a_file_that_has_changed_since_is_not_taken(paint: Paint) -> None:
    (source,), _ = gather([str(paint("a.png", colour=1))])
    paint("a.png", colour=2)
    with pytest.raises(ImageError, match=r"a\.png: has changed"):
        source.read()
    os.unlink(source.path)
    with pytest.raises(ImageError, match=r"a\.png: can't be read"):
        source.read()


@pytest.mark.parametrize("behind", [False, True])
def test_a_png_says_how_it_is_turned_before_its_pixels_or_behind(
    tmp_path: Path, behind: bool
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 30)).save(path, exif=exif)
    if behind:
        data = path.read_bytes()
        begin = data.index(b"eXIf") - 4
        end = begin + 12 + int.from_bytes(data[begin : begin + 4])
        last = len(data) - 12  # IEND
        path.write_bytes(data[:begin] + data[end:last] + data[begin:end] + data[last:])
    (source,), failed = gather([str(path)])
    assert (source.size, failed) == ((40, 30), ())


def test_the_pixels_of_a_png_are_not_decoded_to_plan_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 30)).save(path)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: pytest.fail("was decoded"))
    (source,), _ = gather([str(path)])
    assert source.size == (30, 40)


def test_damaged_exif_is_no_reason_to_leave_a_picture_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (40, 30)).save(path, exif=b"Exif\0\0II*\0garbage without end")
    (source,), failed = gather([str(path)])
    assert (source.size, failed) == ((30, 40), ())
