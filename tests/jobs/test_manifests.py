"""Lists of pictures: which they mean, what is set for each, and where a list is wrong."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from jobs import manifests
from jobs.plan import Plan
from renderer.errors import JobError

Paint = Callable[..., Path]
Planner = Callable[..., Plan]
DREAM = {"dream": {"layers": ["conv2"], "iterations": 7, "step_size": 3.0}}
STYLE = {"style": {"images": "b.png", "iterations": 9}}
LISTED = [{"manifest": "lists/set.csv"}]


@pytest.fixture
def write(paint: Paint, tmp_path: Path) -> Callable[..., Path]:
    """Writes a list into a folder of pictures."""
    for number, name in enumerate(("lists/a.png", "lists/deep/a.png", "b.png")):
        paint(name, colour=number)

    def call(text: str, name: str = "set.csv") -> Path:
        path = tmp_path / "lists" / name
        path.write_bytes(text.encode())
        return path

    return call


def fault(planned: Planner, **job: object) -> list[str]:
    with pytest.raises(JobError) as error:
        planned(**{"inputs": LISTED, "steps": [DREAM], **job})
    return str(error.value).splitlines()


def test_each_row_is_a_picture_with_its_own_settings(
    write: Callable[..., Path], planned: Planner
) -> None:
    write(
        "path,name,iterations,dream.step_size,x-who\n"
        'a.png,"dawn, early",2,,me\n'
        "deep/a.png,,,1.5,\n"
        "../b.png,,,,\n"
    )
    plan = planned(inputs=LISTED, steps=[DREAM])
    told = [(t.input, t.settings.iterations, t.settings.step_size) for t in plan.tasks]
    assert told == [("dawn_ early", 2, 3.0), ("deep-a", 7, 1.5), ("b", 7, 3.0)]
    assert [frame.input for frame in plan.frames[0]] == [name for name, _, _ in told]


def test_a_row_with_a_seed_and_a_size_is_as_in_a_job_with_these(
    write: Callable[..., Path], planned: Planner
) -> None:
    write("path,seed,size\na.png,,\na.png,8,\na.png,,20\na.png,9,null\n")
    steps = [DREAM, STYLE]
    plan = planned(inputs=LISTED, steps=steps, seed=7, size=24)
    alone = [
        planned(inputs=["lists/a.png"], steps=steps, seed=seed, size=size).tasks
        for seed, size in ((7, 24), (8, 24), (7, 20), (9, None))
    ]
    assert [task.id for task in plan.tasks] == [task.id for tasks in alone for task in tasks]
    assert [frame.size for frame in plan.frames[1]] == [(18, 24), (18, 24), (15, 20), (30, 40)]


def test_a_row_that_sets_nothing_is_the_picture_itself(
    write: Callable[..., Path], planned: Planner, tmp_path: Path
) -> None:
    write("path,iterations\na.png,\na.png,7\na.png,8\n")
    (listed, other), (alone,) = (
        planned(inputs=inputs, steps=[DREAM]).tasks for inputs in (LISTED, ["lists/a.png"])
    )
    assert listed.id == alone.id != other.id
    assert len(listed.files) == 2  # of the two rows that come to the same


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("set.jsonl", '{"path": "a.png", "style.iterations": 2, "x-note": {"any": 1}}\n\n'),
        ("set.ndjson", '{"url": "a.png", "steps.1.style.iterations": 2}'),
        ("set.tsv", "path\tstyle.iterations\na.png\t2\n"),
        ("set.csv", "\ufeffstyle.iterations;path\r\n2;a.png\r\n"),
    ],
)
def test_forms_of_lists(write: Callable[..., Path], planned: Planner, name: str, text: str) -> None:
    write(text, name)
    dream, style = planned(inputs=[f"lists/{name}"], steps=[DREAM, STYLE]).tasks
    assert (dream.settings.iterations, style.settings.iterations) == (7, 2)


def test_a_list_on_a_web_server(
    write: Callable[..., Path], planned: Planner, tmp_path: Path
) -> None:
    write('{"path": "a.png", "seed": 5}\n{"path": "gone.png"}\n', "set.jsonl")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        place = f"http://127.0.0.1:{server.server_port}/lists"
        plan = planned(inputs=[f"{place}/set.jsonl"], steps=[DREAM])
        server.shutdown()
    assert [task.input for task in plan.tasks] == ["a"]
    (left_out,) = plan.failed_inputs
    assert left_out.reason == f"{place}/gone.png: can't be read (there is no such file)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,iterations\na.png,0\n", "lists/set.csv:2: iterations: must be at least 1, not 0"),
        ("path,iterations\n\n\na.png,x\n", "lists/set.csv:4: iterations: expected a whole number"),
        ("path,iteratons\na.png,2\n", "set.csv:1: iteratons: is no setting of this job; did you"),
        ("path,network\na.png,vgg16\n", "set.csv:1: network: is the same for all pictures"),
        ("path,inputs\na.png,b.png\n", "set.csv:1: inputs: is the same for all pictures"),
        ("path,seed\na.png,-1\n", "lists/set.csv:2: seed: must be at least 0, not -1"),
        ("path,size\na.png,8\n", "lists/set.csv:2: size: must be at least 16, not 8"),
        ("path,iterations,\na.png,1,\n", "set.csv:1: has no name for column 3"),
        ("path,name\na.png,x\nb.png,X\n", "set.csv:3: name: 'X' is taken (lists/set.csv:2)"),
        ("path,path\na.png,b.png\n", "set.csv:1: has the column 'path' twice"),
        ("file\na.png\n", "set.csv:1: has no column path or url (it has file)"),
        ("path,name\na.png\n", "set.csv:2: has 1 cells, and the header 2"),
        ('path,name\na.png,"b\n', "set.csv:2: is not CSV"),
        ("path,url\na.png,b.png\n", "set.csv:2: needs a path or a url, and one of them"),
        (f"path\n{'a' * manifests.MAX_LINE_BYTES}\n", "set.csv:2: is longer than 65,536 bytes"),
        ("path\n", "set.csv: lists no pictures"),
        ("", "set.csv: lists no pictures"),
    ],
)
def test_faults_name_file_line_and_column(
    write: Callable[..., Path], planned: Planner, text: str, words: str
) -> None:
    write(text)
    (line,) = fault(planned)
    assert words in line


def test_all_faults_are_told_up_to_some(write: Callable[..., Path], planned: Planner) -> None:
    write('{"path": "a.png", "iterations": "2"}\n{"pth"\n7\n{"pth": 1}\n', "set.jsonl")
    told = fault(planned, inputs=["lists/set.jsonl"])
    assert [line.partition("lists/set.jsonl:")[2][:2] for line in told] == ["1:", "2:", "3:", "4:"]
    write("path,iterations\na.png\na.png,0\n")
    assert [line.partition("lists/set.csv:")[2][:2] for line in fault(planned)] == ["2:", "3:"]
    write("path,iterations\n" + "a.png,0\n" * 100)
    assert len(fault(planned)) == manifests.SHOWN_FAULTS + 1


def test_what_a_matrix_varies_is_no_rows_own(write: Callable[..., Path], planned: Planner) -> None:
    write("path,iterations\na.png,2\n")
    (line,) = fault(planned, matrix={"iterations": [1, 2]})
    assert "set.csv:1: iterations: is varied by the job's matrix already" in line
    plan = planned(inputs=LISTED, steps=[DREAM], matrix={"step_size": [1.0, 2.0]})
    assert {(t.settings.iterations, t.settings.step_size) for t in plan.tasks} == {
        (2, 1.0),
        (2, 2.0),
    }


def test_a_picture_that_is_not_there_costs_itself(
    write: Callable[..., Path], planned: Planner
) -> None:
    write("path\nnix.png\na.png\n")
    plan = planned(inputs=LISTED, steps=[DREAM])
    assert [task.input for task in plan.tasks] == ["a"]
    assert [Path(item.path).name for item in plan.failed_inputs] == ["nix.png"]
