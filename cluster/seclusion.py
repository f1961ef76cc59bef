"""How is a Ray of our own kept to this machine, and to this run? By loopback, and by a token.

Ray's processes listen on all interfaces, and whoever reaches one can run any code, unless a token
is asked for. Ray 2.60 asks by default, for the one that it writes into ``~/.ray/auth_token``, which
others of the machine may read. A Ray of our own gets a token of its own, which is on no disk and
ends with the run. It also listens on loopback alone: by the switch with which Ray does so on
Windows and macOS, against their firewalls' questions.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator

LOOPBACK_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Read by each of Ray's processes when it begins; it says that there is no other machine."""

TOKEN_BYTES = 32


@contextlib.contextmanager
def secluded() -> Iterator[None]:
    """The environment to import and start a Ray of our own in, and nothing else.

    It holds whatever the user says of other clusters: nobody else joins this one. Commands that
    are run later, on other clusters perhaps, don't see it.
    """
    token = secrets.token_hex(TOKEN_BYTES)
    wanted = {**LOOPBACK_ALONE, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    before = {key: os.environ.get(key) for key in wanted}
    os.environ |= wanted
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def forget_token() -> None:
    """Has this process look anew which token it has: Ray keeps the first that it found."""
    from ray import _raylet

    with contextlib.suppress(AttributeError):  # a Ray without tokens, or of another make
        _raylet.AuthenticationTokenLoader.instance().reset_cache()  # type: ignore[attr-defined, unused-ignore]
