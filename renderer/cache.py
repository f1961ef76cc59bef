"""Where is kept what can be had again: weights, and what was learned of pictures?"""

from __future__ import annotations

import os
from pathlib import Path


def cache_home() -> Path:
    """The folder of all that: $REVERIE_CACHE, or one in the user's cache directory."""
    own, shared = os.environ.get("REVERIE_CACHE"), os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(own or f"{shared}/reverie").expanduser()
