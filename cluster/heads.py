"""What does a cluster's head know of submitted jobs, and how does it get another? Ray's Jobs API.

A job that is submitted again after it was stopped, or has failed, gets another submission, since
Ray takes every submission id once: ``harbour``, ``harbour.2``. They share the key ``harbour``.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cluster import exits
from renderer.errors import ClusterError, JobError

PORT = 8265
"""Where a dashboard listens if nothing else is said."""

KNOCK_S = 10.0
ANSWER_S = 60.0
MARK = "reverie"
"""Is among a submission's metadata where it is one of ours."""

ADDRESS_VARIABLE = "RAY_API_SERVER_ADDRESS"
CHATTY = ("ray.dashboard.modules.dashboard_sdk", "ray._private.runtime_env.packaging")
BROKEN = ("ConnectionError", "Timeout", "EncodingError")
"""How the names of those errors end that a connection ends with."""

IN_THE_CODE = 'cd "${PYTHONPATH%%:*}" && exec'
"""Has a driver begin in the code that was sent, which Ray puts first.

Else it would where Ray was started, and Python, here and in workers, finds first what is there:
where that is a checkout of Reverie, not what was sent. A ``working_dir`` would do the same, but the
second Ray node of a machine unpacks it anew under the driver of the first (seen with Ray 2.60).
"""

OVER = ("SUCCEEDED", "FAILED", "STOPPED")
CODES = {"SUCCEEDED": exits.DONE, "STOPPED": exits.INTERRUPTED, "FAILED": exits.NO_CLUSTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A job as its head knows it. ``asked`` is what it was asked for, to compare with others."""

    id: str
    key: str
    state: str
    job: str
    out: str
    digest: str
    asked: str
    message: str
    code: int
    since_s: float

    @property
    def over(self) -> bool:
        """Whether its driver has ended, or never will begin."""
        return self.state.upper() in OVER


class Head:
    """A head that answers at an address."""

    def __init__(self, client: Any, address: str) -> None:
        self._client, self.address = client, address

    @classmethod
    def at(cls, address: str) -> Head:
        """The head whose dashboard has this address. ClusterError, in one line, if none answers."""
        url = _url(address)
        _knock(url)
        with _told(url):
            return cls(_client(url), url)

    def submissions(self) -> list[Submission]:
        """Reverie's jobs, the first one first."""
        with _told(self.address):
            found = [_submission(one) for one in self._client.list_jobs() if _is_ours(one)]
        return sorted(found, key=lambda one: (one.since_s, one.id))

    def look(self, id: str) -> Submission:
        """How a submission fares now."""
        with _told(self.address):
            return _submission(self._client.get_job_info(id))

    def log(self, id: str) -> str:
        """What a submission's driver has printed."""
        with _told(self.address):
            return str(self._client.get_job_logs(id))

    def submit(
        self, id: str, entrypoint: str, metadata: Mapping[str, str], *, code: tuple[str, ...]
    ) -> bool:
        """Has a job begin, with these packages of code; False if the id is already taken."""
        environment = {"py_modules": list(code), "excludes": ["__pycache__"]} if code else {}
        with _told(self.address):
            try:
                self._client.submit_job(
                    entrypoint=f"{IN_THE_CODE} {entrypoint}" if code else entrypoint,
                    submission_id=id,
                    metadata={MARK: "1", **metadata},
                    runtime_env=environment,
                )
            except RuntimeError as error:
                if "already exists" not in str(error):
                    raise
                return False
        return True


def is_here(address: str) -> bool:
    """Whether an address is one of this machine's, or what is forwarded to one of them."""
    host = urlsplit(_url(address)).hostname or ""
    try:
        found = {one[4][0] for one in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return any(_binds(str(one)) for one in found)


def _client(url: str) -> Any:
    with _for_this_alone(url):
        from ray.job_submission import JobSubmissionClient

        for name in CHATTY:  # they set their own levels when they are imported
            logging.getLogger(name).setLevel(logging.WARNING)

        class Client(JobSubmissionClient):  # type: ignore[misc]
            """The same, but no answer is waited for for ever."""

            def _do_request(self, method: str, endpoint: str, **more: Any) -> Any:
                return super()._do_request(method, endpoint, timeout=ANSWER_S, **more)

        return Client(url)


@contextlib.contextmanager
def _for_this_alone(url: str) -> Iterator[None]:
    """Ray's client prefers the address in its environment to the one that it is given."""
    kept = os.environ.get(ADDRESS_VARIABLE)
    os.environ[ADDRESS_VARIABLE] = url
    try:
        yield
    finally:
        del os.environ[ADDRESS_VARIABLE]
        if kept is not None:
            os.environ[ADDRESS_VARIABLE] = kept


def _url(address: str) -> str:
    url = (address if "://" in address else f"http://{address}").rstrip("/")
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        fault = f"write the dashboard's address, like http://HEAD:{PORT}"
        raise JobError(f"--address {address}: {fault}")
    return url if parts.port or parts.scheme == "https" else f"{url}:{PORT}"


def _knock(url: str) -> None:
    parts = urlsplit(url)
    try:
        where = (parts.hostname or "", parts.port or 443)
        socket.create_connection(where, timeout=KNOCK_S).close()
    except OSError as error:
        raise ClusterError(
            f"no dashboard answers at {url}: {error.strerror or error}; is the head up, with its "
            f"dashboard? It listens on the head's own loopback: forward it, by `ray dashboard` or "
            f"`ssh -L {PORT}:localhost:{PORT} HEAD`"
        ) from error


def _binds(host: str) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as own:
            own.bind((host, 0))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _told(url: str) -> Iterator[None]:
    """Turns what Ray and its libraries raise into a ClusterError of one line."""
    try:
        yield
    except ClusterError:
        raise
    except Exception as error:  # each library between here and there has its own
        raise ClusterError(f"{url}: {_advice(error)}") from error


def _advice(error: Exception) -> str:
    line = " ".join(str(error).split("\n\n")[0].split())[:300] or type(error).__name__
    if type(error).__name__ == "AuthenticationError":
        if os.environ.get("RAY_AUTH_MODE") != "token":
            return (
                "asks for a token: set RAY_AUTH_MODE=token, and have the head's ~/.ray/auth_token"
            )
        return (
            "refuses the token: have the head's own in ~/.ray/auth_token (or RAY_AUTH_TOKEN_PATH, "
            "RAY_AUTH_TOKEN)"
        )
    name = type(error).__name__
    if type(error).__module__.startswith("requests.") and name.endswith(BROKEN):
        return f"doesn't answer ({name})"
    if isinstance(error, ValueError | ConnectionError) or name == "HTTPError" or "404" in line:
        return f"is no dashboard of Ray's (it has port {PORT}, if nothing else was said): {line}"
    return line


def _is_ours(one: Any) -> bool:
    return one.submission_id is not None and MARK in (one.metadata or {})


def _submission(one: Any) -> Submission:
    told: Mapping[str, str] = one.metadata or {}
    state = str(getattr(one.status, "value", one.status))
    code = one.driver_exit_code
    if code == exits.INTERRUPTED and state == "FAILED":  # to Ray any code but 0 is a failure
        state = "STOPPED"
    return Submission(
        id=str(one.submission_id),
        key=told.get("key", str(one.submission_id)),
        state=state.lower(),
        job=told.get("job", ""),
        out=told.get("out", ""),
        digest=told.get("digest", ""),
        asked=told.get("asked", ""),
        message=" ".join(str(one.message or "").split()),
        code=CODES.get(state, exits.UNFINISHED) if code is None or code < 0 else int(code),
        since_s=(one.start_time or 0) / 1000,
    )
