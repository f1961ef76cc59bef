"""How is an atlas looked at in a browser? ``index.html``, and the data beside it in ``atlas.js``.

The page works from a file, without a server and without internet: it loads ``atlas.js``, which
calls ``reverieAtlas`` with what ``atlas.json`` holds, and loads it again while cells are missing.
Names in it are data, never markup.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

PAGE = "index.html"
DATA = "atlas.js"
SCRIPTS = ("atlas-cells.js", "atlas-picks.js", "atlas-zoom.js", "atlas-main.js")


class Place(Protocol):
    """Where a page is written: a workspace, or its storage."""

    def writing(self, name: str) -> AbstractContextManager[Path]:
        """A temporary path that becomes the file of that name."""


def write_page(place: Place, atlas: Mapping[str, Any]) -> None:
    """Write the page of an atlas, or what has been added to it; ``atlas`` is as in ``atlas.json``.

    Each file is whole at any moment: a page that is open takes in the new data by itself.
    """
    for name, data in files(atlas).items():
        with place.writing(name) as path:
            path.write_bytes(data)


def files(atlas: Mapping[str, Any]) -> dict[str, bytes]:
    """The page's files by name."""
    data = json.dumps(atlas, separators=(",", ":"))  # ASCII: no line breaks that JavaScript has
    return {DATA: f"reverieAtlas({data});\n".encode(), PAGE: _page(atlas["network"])}


@cache
def _page(network: str) -> bytes:
    pages = PackageLoader("jobs", "pages")
    templates = Environment(loader=pages, autoescape=True, undefined=StrictUndefined)

    def text(name: str) -> str:
        return pages.get_source(templates, name)[0]

    head = f'"use strict";\nconst DATA = {json.dumps(DATA)};\n'
    page = templates.get_template("atlas.html").render(
        network=network,
        data=DATA,
        style=Markup(text("atlas.css")),
        script=Markup(head + "\n".join(map(text, SCRIPTS))),
    )
    return page.encode()
