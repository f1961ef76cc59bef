"""How is a job handed to a head, once? What it needs is put where the cluster reads, and then it.

look for the submission's key     known and running, or done: nothing else is done
put what isn't there yet          files first, then the job file that names them
submit                            Ray takes an id once, whoever else submits the same
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cluster import exits
from cluster.heads import Head, Submission
from cluster.sending import Parcel, check_same
from jobs import deposits
from jobs.deposits import Progress
from jobs.roster import PLAN
from jobs.status import status
from jobs.storage import at
from renderer.errors import ClusterError, WorkspaceError

NEW, AGAIN, ALREADY = "submitted", "submitted again", "already submitted"
DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of submitting: the state, the submission's id, what was put and what was there.

    ``earlier`` says what has become of an earlier submission of the same job.
    """

    state: str
    id: str
    out: str
    put: int = 0
    put_bytes: int = 0
    there: int = 0
    earlier: str = ""


def submit(
    head: Head,
    parcel: Parcel,
    *,
    key: str,
    options: Sequence[str],
    code: tuple[str, ...],
    told: Progress,
) -> Sent:
    """Hands a job over, unless it runs there already or is done. ``options`` are the driver's.

    Raises JobError if the key belongs to another job, WorkspaceError, ClusterError.
    """
    known = head.submissions()
    earlier = [one for one in known if one.key == key]
    if earlier:
        check_same(parcel, earlier[-1])
        if not earlier[-1].over or (earlier[-1].code == exits.DONE and _is_done(parcel.out)):
            return _already(parcel, earlier[-1])
    lacking = _put(parcel, told)
    id = _free(key, {one.id for one in known})
    if not head.submit(id, parcel.entrypoint(options), parcel.metadata(key), code=code):
        return _already(parcel, _own(head, id, parcel))
    return Sent(
        state=AGAIN if earlier else NEW,
        id=id,
        out=parcel.out,
        put=len(lacking),
        put_bytes=sum(deposit.size_bytes for deposit in lacking),
        there=len(parcel.deposits) - len(lacking),
        earlier=f"{earlier[-1].id} {earlier[-1].state}" if earlier else "",
    )


def _put(parcel: Parcel, told: Progress) -> list[deposits.Deposit]:
    """Puts what isn't there yet, and the job file; what it was."""
    storage = at(parcel.store)
    lacking = deposits.missing(storage, parcel.deposits)
    deposits.put(storage, lacking, told)
    with storage.told():
        storage.write({parcel.job_file: parcel.text})
    return lacking


def _free(key: str, taken: set[str]) -> str:
    """The first id of a key that Ray hasn't seen."""
    number, id = 1, key
    while id in taken:
        number += 1
        id = f"{key}.{number}"
    return id


def _own(head: Head, id: str, parcel: Parcel) -> Submission:
    """The submission that has taken an id meanwhile. JobError if it is of another job."""
    found = next((one for one in head.submissions() if one.id == id), None)
    if found is None:
        raise ClusterError(
            f"{head.address}: the id {id} is taken by a job that isn't Reverie's; choose another "
            "with --id"
        )
    check_same(parcel, found)
    return found


def _already(parcel: Parcel, earlier: Submission) -> Sent:
    return Sent(
        state=ALREADY,
        id=earlier.id,
        out=parcel.out,
        there=len(parcel.deposits),
        earlier=DONE if earlier.over else earlier.state,
    )


def _is_done(place: str) -> bool:
    """Whether nothing is left to do there, so far as can be seen from here."""
    storage = at(place)
    try:
        with storage.told():
            if not storage.exists(PLAN):  # it was removed since
                return False
        found = status(storage)
    except WorkspaceError:
        return True
    return found.finished == found.tasks
