"""The page of an atlas in a real browser: read from a file, looked through, picked from."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from jobs import page
from jobs.files import Files
from jobs.spec import build

sync_api = pytest.importorskip("playwright.sync_api")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OBJECTIVES = (3.5, 0.0, 120.0, 41.25)  # of the channels 0 to 3, and so on

Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Headless Chromium; the tests are skipped where there is none."""
    known = (os.environ.get("REVERIE_BROWSER"), *map(shutil.which, BROWSERS))
    path = next((path for path in known if path), None)
    if path is None:
        pytest.skip(f"there is none of {', '.join(BROWSERS)}, nor is $REVERIE_BROWSER set")
    with sync_api.sync_playwright() as playwright:
        # Its own sandbox needs rights that containers don't give, and the pages are ours.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    """Opens the atlas's page; nothing may be complained of, nor come from outside its folder."""
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    complaints: list[str] = []
    asked: list[str] = []

    def open_it(**options: Any) -> Any:
        shown = context.new_page()
        shown.on("console", lambda message: complaints.append(message.text))
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on("request", lambda request: asked.append(request.url))
        shown.emulate_media(**options)
        shown.goto((tmp_path / page.PAGE).as_uri())
        shown.wait_for_selector(".cell")
        return shown

    yield open_it
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((tmp_path.as_uri(), "data:"))] == []


def atlas(folder: Path, *, have: int = 12, network: str = "googlenet", **layers: int) -> None:
    """Write an atlas of even pictures and its page; of each layer ``have`` cells are there."""
    counts = layers or {"inception4c": 12, "inception4d": 5}
    told = []
    for name, count in counts.items():
        cells = [cell(folder, name, channel) for channel in range(min(have, count))]
        told.append({"name": name, "channels": 512, "cells": cells})
    planned = sum(counts.values())
    page.write_page(Files(folder), {"network": network, "planned": planned, "layers": told})


def cell(folder: Path, layer: str, channel: int) -> dict[str, Any]:
    file = f"artefacts/1-atlas/{len(layer)} # 100%/channel-{channel:04}.png"
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (16, 16), (20 * channel, 90, 0)).save(folder / file)
    objective = OBJECTIVES[channel % len(OBJECTIVES)]
    return {"channel": channel, "file": file, "objective": objective, "dead": objective == 0}


def numbers(shown: Any, layer: int = 0) -> list[int]:
    """The channels of a layer as they are shown."""
    names = shown.locator(f"#layer-{layer} .cell label > span:first-of-type")
    return [int(text) for text in names.all_text_contents()]


def test_cells_are_shown_by_layer(tmp_path: Path, opened: Opened) -> None:
    atlas(tmp_path)
    shown = opened()
    assert shown.title() == "googlenet – atlas"
    assert shown.inner_text("#progress") == "17 channels"
    assert not shown.locator("#bar").is_visible()
    assert shown.locator("nav a").all_inner_texts() == ["inception4c 12", "inception4d 5"]
    assert numbers(shown) == list(range(12))
    assert numbers(shown, 1) == list(range(5))
    assert shown.inner_text("#layer-0 h2 span") == "12 of 512 channels"
    assert shown.locator("#layer-0 .facts").nth(1).inner_text() == "silent"
    image = shown.get_by_alt_text("Channel 3 of inception4c", exact=True)
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 16


def test_filter_and_order(tmp_path: Path, opened: Opened) -> None:
    atlas(tmp_path)
    shown = opened()
    shown.select_option("#order", "strongest")
    assert numbers(shown, 1) == [2, 3, 0, 4, 1]
    shown.select_option("#order", "weakest")
    assert numbers(shown, 1) == [1, 0, 4, 3, 2]
    shown.select_option("#order", "channel")
    shown.fill("#filter", "2, 7-9 11")
    assert numbers(shown) == [2, 7, 8, 9, 11]
    assert numbers(shown, 1) == [2]
    shown.fill("#filter", "9..7")
    assert numbers(shown) == [7, 8, 9]
    assert not shown.locator("#layer-1").is_visible()
    shown.fill("#filter", "7x")
    assert "“7x” is no channel" in shown.inner_text("#filter-fault")
    assert shown.get_attribute("#filter", "aria-invalid") == "true"
    shown.fill("#filter", "400")
    assert shown.inner_text("#empty") == "No channel is left; change the filter."
    shown.fill("#filter", "")
    assert numbers(shown) == list(range(12))


def test_zoom_by_keys(tmp_path: Path, opened: Opened) -> None:
    atlas(tmp_path)
    shown = opened()
    title = shown.locator("#zoom-title")
    shown.locator("#layer-0 .look").nth(10).click()
    assert title.inner_text() == "inception4c · channel 10"
    for key, expected in (
        ("ArrowRight", "inception4c · channel 11"),
        ("ArrowRight", "inception4d · channel 0"),
        ("End", "inception4d · channel 4"),
        ("ArrowRight", "inception4d · channel 4"),
        ("ArrowLeft", "inception4d · channel 3"),
        ("Home", "inception4c · channel 0"),
    ):
        shown.keyboard.press(key)
        assert title.inner_text() == expected
    shown.keyboard.press("p")
    assert shown.get_attribute("#zoom-pick", "aria-pressed") == "true"
    shown.keyboard.press("Escape")
    assert not shown.locator("#zoom").is_visible()
    # The focus goes back once the browser has told that the zoom is closed.
    focused = "document.activeElement?.closest('.cell')?.cell.channel"
    deadline_s = time.monotonic() + 10
    while shown.evaluate(focused) != 0 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    assert shown.evaluate(focused) == 0
    assert shown.inner_text("#picked") == "1 channel picked"


def test_picks_become_a_job_and_a_command(tmp_path: Path, opened: Opened) -> None:
    atlas(tmp_path)
    shown = opened()
    cells = shown.locator("#layer-0 .cell")
    cells.nth(1).locator("input").check()
    cells.nth(9).locator(".look").click(modifiers=["Control"])
    assert shown.inner_text("#yaml") == (
        "- dream: {network: googlenet, layers: [inception4c], channels: {inception4c: [1, 9]}}"
    )
    assert shown.inner_text("#command") == (
        "reverie dream photo.jpg --network googlenet --layers inception4c --channels 1,9"
    )
    cells.nth(5).locator(".look").click(modifiers=["Shift"])
    assert shown.inner_text("#picked") == "6 channels picked"
    shown.locator("#layer-1 input").nth(0).check()
    text = shown.inner_text("#yaml")
    assert "channels: {inception4c: [1, 5..9], inception4d: [0]}" in text
    (step,) = build({"inputs": ["a.png"], "steps": yaml.safe_load(text)}, base=tmp_path).steps
    assert step.dream is not None
    assert step.dream.channels["inception4c"].only == (1, range(5, 10))
    words = shlex.split(shown.inner_text("#command"))
    assert words[:5] == ["reverie", "dream", "photo.jpg", "--network", "googlenet"]
    assert yaml.safe_load(words[-1]) == {"inception4c": [1, "5..9"], "inception4d": [0]}
    shown.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown.click("[data-copy=command]")
    shown.get_by_role("status").get_by_text("Copied").wait_for(state="attached")
    shown.click("#clear")
    assert not shown.locator("#picks").is_visible()
    assert shown.locator("input:checked").count() == 0


def test_keys_lead_through_the_cells_and_pick(tmp_path: Path, opened: Opened) -> None:
    atlas(tmp_path)
    shown = opened()
    assert shown.locator("#layer-0 .look[tabindex='0']").count() == 1
    shown.locator("#layer-0 .look").first.focus()
    for key in ("ArrowRight", "ArrowRight", "p", "Shift+ArrowRight", "Shift+ArrowRight"):
        shown.keyboard.press(key)
    assert "[2..4]" in shown.inner_text("#yaml")
    shown.keyboard.press("ArrowDown")  # from channel 4, a row of seven down
    shown.keyboard.press("Enter")
    assert shown.inner_text("#zoom-title") == "inception4c · channel 11"


def test_an_open_page_takes_in_what_is_rendered_meanwhile(tmp_path: Path, opened: Opened) -> None:
    atlas(tmp_path, have=3)
    shown = opened()
    assert shown.inner_text("#progress") == "6 of 17 channels so far"
    shown.locator("#layer-0 .cell input").nth(2).check()
    shown.locator("#layer-0 .look").nth(2).focus()
    atlas(tmp_path, have=8)
    sync_api.expect(shown.locator(".cell")).to_have_count(13, timeout=10_000)
    assert shown.inner_text("#progress") == "13 of 17 channels, growing"
    assert shown.evaluate("bar.value / bar.max") == pytest.approx(13 / 17)
    assert numbers(shown) == list(range(8))
    assert "[2]" in shown.inner_text("#yaml")  # picks and the focus stay
    assert shown.evaluate("document.activeElement.closest('.cell').cell.channel") == 2


def test_names_are_data(tmp_path: Path, opened: Opened) -> None:
    layer, network = "<img src=x onerror=\"fail()\">: 'y'", "</script><b>&amp;{{ 7 * 7 }}"
    atlas(tmp_path, network=network, **{layer: 2})
    shown = opened()
    assert shown.title() == f"{network} – atlas"
    assert shown.inner_text("h1") == f"{network} atlas"
    assert shown.inner_text("nav a") == f"{layer} 2"
    assert shown.locator("h2 img").count() == 0
    shown.locator(".cell input").first.check()
    (step,) = yaml.safe_load(shown.inner_text("#yaml"))
    assert step["dream"] == {"network": network, "layers": [layer], "channels": {layer: [0]}}
    words = shlex.split(shown.inner_text("#command"))
    assert words[3:] == ["--network", network, "--layers", layer, "--channels", "0"]


def test_it_is_dark_or_light_as_wished_and_fits_a_narrow_window(
    tmp_path: Path, opened: Opened
) -> None:
    atlas(tmp_path)

    def ground() -> int:
        colour = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        return int(colour.removeprefix("rgb(").split(",")[0])

    shown = opened(color_scheme="dark")
    assert ground() < 50
    shown.select_option("#theme", "light")
    assert ground() > 200
    shown.set_viewport_size({"width": 360, "height": 700})
    # The page fits its cells once the browser has told it the window's new size.
    shown.wait_for_function(
        """() => {
          const tops = [...document.querySelectorAll("#layer-0 .cell")].map((i) => i.offsetTop);
          return tops.slice(0, 5).map((top) => tops.indexOf(top)).join() === "0,0,0,3,3";
        }""",
        timeout=10_000,
    )
    assert shown.evaluate("document.documentElement.scrollWidth") == 360


def test_the_data_is_ascii_and_whole(tmp_path: Path) -> None:
    data = page.files({"network": "n", "layers": [{"name": "a\u2028</script>"}], "planned": 0})
    assert data[page.DATA].isascii()
    assert data[page.DATA].startswith(b"reverieAtlas({")
    assert b"<script src" not in data[page.PAGE]
