"""What does an error of Ray's say, in one line? Its own text is many, and begins with the least."""

from __future__ import annotations

import re

from ray.exceptions import RayError

_CAUSE = re.compile(r"(?:\w+\.)*\w*(?:Error|Exception|Exit)(?::|$)")
"""How the line of a traceback begins that names the exception."""


def reason(error: RayError) -> str:
    """The exception of our own code that is behind it, or else what Ray says first."""
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if _CAUSE.match(line)]
    if causes and len(lines) > 1:
        return causes[-1]
    return lines[0].strip() if lines else type(error).__name__
