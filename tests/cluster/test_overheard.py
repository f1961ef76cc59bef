"""What a worker says while it renders: told with the task, bounded, and never lost by an error."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Generator
from dataclasses import replace

import pytest

from cluster.overheard import FIRST_BYTES, LAST_BYTES, LINE_BYTES, Ear, bound, overheard
from cluster.records import Failed, Line, Order, Record, Said, Stopped
from cluster.worker import TRACEBACK_BYTES, Renderer, bounded
from renderer import networks
from renderer.events import Progress
from renderer.wishes import Wish


def told(records: Generator[Record, None, None]) -> tuple[list[Line], list[Record]]:
    """What was said, and all other records."""
    found = list(overheard(records, "desk"))
    lines = [line for record in found if isinstance(record, Said) for line in record.lines]
    return lines, [record for record in found if not isinstance(record, Said)]


def test_warnings_and_logging_of_all_threads_come_before_the_record_that_follows() -> None:
    def records() -> Generator[Record, None, None]:
        logging.getLogger("torch.something").warning("slow %s", "path")
        yield Progress(1, 2)
        thread = threading.Thread(target=lambda: warnings.warn("from a thread", stacklevel=1))
        thread.start()
        thread.join()
        yield Stopped()

    found = list(overheard(records(), "desk"))
    assert [type(record) for record in found] == [Said, Progress, Said, Stopped]
    assert isinstance(found[0], Said)
    assert found[0].node == "desk"
    assert found[0].lines[0].message == "slow path"
    assert found[0].lines[0].logger == "torch.something"
    assert found[0].lines[0].level == "warning"
    assert isinstance(found[2], Said)
    assert "UserWarning: from a thread" in found[2].lines[0].message


def test_of_several_at_once_each_has_what_it_said_itself() -> None:
    def records(name: str) -> Generator[Record | Wish, None, None]:
        logging.getLogger("torch").warning("%s begins", name)
        wish = Wish(bound(lambda: logging.getLogger("pil").warning("%s decodes", name)), aside=True)
        yield wish
        yield Progress(1, 2)
        warnings.warn(f"{name} ends", stacklevel=1)
        yield Stopped()

    both = {name: overheard(records(name), "desk") for name in "ab"}
    found: dict[str, list[Record | Wish]] = {name: [next(one)] for name, one in both.items()}
    found |= {name: [*found[name], next(one)] for name, one in both.items()}
    for name in "ba":  # not in the order in which they came
        wish = found[name][-1]
        assert isinstance(wish, Wish)
        wish.settle()
    logging.getLogger("torch").error("memory runs short")  # while both are granted something
    found["a"] += list(both["a"])  # ends, and the other's warnings are heard on
    found["b"] += list(both["b"])
    for name, told_of in found.items():
        lines = [line for one in told_of if isinstance(one, Said) for line in one.lines]
        said = [line.message.rpartition(": ")[2].split("\n")[0] for line in lines]
        assert said == [f"{name} begins", f"{name} decodes", "memory runs short", f"{name} ends"]
        assert [line.shared for line in lines] == [False, False, True, False]


def test_of_much_the_beginning_and_the_end_are_told_and_how_much_is_not() -> None:
    def records() -> Generator[Record, None, None]:
        for number in range(2000):
            logging.getLogger("chatter").error("%05d%s", number, "." * 95)
        logging.getLogger("chatter").error("x" * 100_000)
        yield Stopped()

    lines, rest = told(records())
    assert rest == [Stopped()]
    messages = [line.message for line in lines]
    assert sum(map(len, messages)) <= FIRST_BYTES + LAST_BYTES + 100
    assert messages[0].startswith("00000")
    assert messages[-1] == "x" * LINE_BYTES + " ..."
    (gap,) = [n for n, text in enumerate(messages) if "left out" in text]
    assert int(messages[gap].split()[0]) == 2001 - (len(messages) - 1)


def test_nothing_is_heard_afterwards_and_other_handlers_stay() -> None:
    handlers, shown = list(logging.getLogger().handlers), warnings.showwarning
    records = overheard((Progress(n, 9) for n in range(9)), "desk")
    next(records)
    assert len(logging.getLogger().handlers) == len(handlers) + 1
    records.close()
    assert logging.getLogger().handlers == handlers
    assert warnings.showwarning is shown


def test_warnings_are_heard_after_others_put_back_what_they_found() -> None:
    def records() -> Generator[Record, None, None]:
        warnings.warn("of the second", stacklevel=1)
        yield Stopped()

    first = overheard((Progress(n, 9) for n in range(9)), "desk")
    with warnings.catch_warnings():
        next(first)  # hears from here on: undone at the end of the block, as in another thread
    lines, _ = told(records())
    first.close()
    assert ["of the second" in line.message for line in lines] == [True]


def test_a_message_that_does_not_fit_its_arguments_breaks_nothing() -> None:
    ear, wrong = Ear(), {"msg": "%d pictures", "args": ("no",), "levelname": "ERROR"}
    ear.handle(logging.makeLogRecord(wrong))  # not by a logger: pytest's own handler would raise
    (line,) = ear.taken(last=False)
    assert line.message.startswith("%d pictures (")
    assert line.level == "error"


def test_a_failure_comes_with_what_was_said_before_it(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **options: object) -> None:
        logging.getLogger("driver.of.gpu").critical("Xid 79")
        raise RuntimeError("fell off the bus")

    monkeypatch.setattr(networks, "load", broken)
    *_, said, failed = Renderer(node="desk").render(replace(order))
    assert isinstance(said, Said)
    assert (said.lines[0].level, said.lines[0].message) == ("critical", "Xid 79")
    assert isinstance(failed, Failed)
    assert 'raise RuntimeError("fell off the bus")' in failed.traceback


def test_a_long_traceback_loses_its_middle() -> None:
    text = "a" * TRACEBACK_BYTES + "b" * TRACEBACK_BYTES
    short = bounded(text)
    assert short.startswith("a" * 100)
    assert short.endswith("b" * 100)
    assert f"{TRACEBACK_BYTES} characters are left out" in short
    assert len(short) < TRACEBACK_BYTES + 100
    assert bounded("short") == "short"
