"""Who is to blame? An error raised far from the job file is told with the key that caused it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jobs.documents import Key
from jobs.spec import JobSpec
from renderer.errors import JobError, ReverieError


@contextmanager
def blamed(spec: JobSpec, key: Key) -> Iterator[None]:
    """Turns what fails inside into a JobError that says where in the job file the cause is."""
    try:
        yield
    except ReverieError as error:
        raise JobError(spec.complaint(key, str(error))) from error
