"""Fixtures that all tests share: where real weights and pictures are, if there are any."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from cluster.ray_session import RaySession

# Times vary on shared machines: a slow example is no failure.
settings.register_profile("reverie", deadline=None)
settings.load_profile("reverie")


def _directory(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value or not Path(value).is_dir():
        pytest.skip(f"{variable} names no directory")
    return Path(value)


@pytest.fixture(autouse=True, scope="session")
def ended_sessions() -> Iterator[None]:
    """A command that ends early leaves a Ray that still comes up to the end of its process.

    Here that is the process of all tests, so it is waited for.
    """
    close = RaySession.close

    def close_and_wait(session: RaySession) -> None:
        close(session)
        session._thread.join(timeout=120)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RaySession, "close", close_and_wait)
        yield


@pytest.fixture(scope="session")
def weights_dir() -> Path:
    """Directory of real pretrained weights; the test is skipped where there is none."""
    return _directory("REVERIE_WEIGHTS")


@pytest.fixture(scope="session")
def pictures_dir() -> Path:
    """Directory of test pictures; the test is skipped where there is none."""
    return _directory("REVERIE_PICTURES")


@pytest.fixture(scope="session")
def s3() -> Iterator[Callable[[], str]]:
    """A real S3 server on this machine; each call makes a bucket and gives its URL."""
    server_module = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    numbers = itertools.count()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://{}:{}".format(*server.get_host_and_port()))
        patch.setenv("AWS_ACCESS_KEY_ID", "reverie")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("NO_PROXY", "127.0.0.1")

        def bucket() -> str:
            name = f"bucket-{next(numbers)}"
            s3fs.S3FileSystem().mkdir(name)
            return f"s3://{name}"

        yield bucket
    server.stop()
