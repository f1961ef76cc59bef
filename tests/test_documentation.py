"""What the documents tell users to type works: every command, job file and program in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cluster import exits
from cluster.cli import run
from jobs import spec
from renderer import images
from tests.cluster.conftest import picture

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SMALL = ("--size", "32", "--inline", "--iterations", "1")
RUN_AS = {
    "dream": (*SMALL, "--repeats", "0"),
    "survey": (*SMALL, "--repeats", "0"),
    "style": SMALL,
    "atlas": SMALL,
}
"""Options that make a documented command quick; the rest of it stays as it is written."""

ELSEWHERE = {
    "make demo": "the quickstart's test",
    "make test": "this",
    "make motifs": "tests/training, in miniature",
    "reverie weights fetch vgg16": "test_downloads: it needs a server",
    "reverie weights convert vgg16_caffe.pth vgg16.safetensors --network vgg16 "
    "--preprocessing caffe": "test_weights: it needs a file of half a gigabyte",
    "reverie render job.yaml --weights-dir ~/weights": "test_cli: it needs a directory of weights",
    "reverie render examples/quickstart.yaml": "test_quickstart_renders, with --set",
    "reverie render jobs/paper/*.yaml": "tests/cluster/test_paper, in miniature",
    "reverie render jobs/paper/fig-15-dream-chain.yaml --size 320 "
    "--set steps.0.dream.network=googlenet": "the same; it needs weights",
    "reverie render jobs/paper/fig-12-denoise.yaml --size 144 --set steps.0.style.network=vgg19 "
    '--set "steps.0.style.style_layers=[0..6]"': "the same; it needs weights",
    "reverie doctor": "test_doctor: it starts a Ray",
    "pip install 'reverie[s3]'": "the tests' own extra",
    "reverie render job.yaml --out s3://bucket/renders/harbour": "tests/faults/test_remote.py",
    "reverie status s3://bucket/renders/harbour": "tests/faults/test_remote.py",
    **dict.fromkeys(
        (
            "export RAY_AUTH_MODE=token",
            "ray get-auth-token --generate",
            "RAY_AUTH_MODE=token ray start --head --port=6379",
            "RAY_AUTH_MODE=token ray start --address=192.0.2.10:6379",
            "RAY_AUTH_MODE=token reverie render job.yaml --address 192.0.2.10:6379",
            "reverie submit job.yaml --address http://127.0.0.1:8265 "
            "--out s3://BUCKET/renders/harbour",
            "reverie watch s3://BUCKET/renders/harbour",
            "reverie list --address http://127.0.0.1:8265",
        ),
        "tests/cluster/test_submitted.py, on a Ray of its own",
    ),
    "reverie doctor job.yaml --address 192.0.2.10:6379 --out s3://BUCKET/renders/harbour": (
        "tests/cluster/test_operators.py, on a cluster of its own"
    ),
    **dict.fromkeys(
        (
            "reverie render job.yaml --address 192.0.2.10:6379 --priority 80 --max-workers 8",
            "reverie set renders/harbour priority=20 max_workers=null",
        ),
        "tests/faults/test_beside.py, on a cluster of its own",
    ),
    **dict.fromkeys(
        (
            "ray up cluster/deploy/ray-aws.yaml",
            "ray dashboard cluster/deploy/ray-aws.yaml",
            "ray down cluster/deploy/ray-aws.yaml",
            "docker build -f cluster/deploy/Dockerfile -t REGISTRY/reverie:VERSION .",
            "kubectl apply -f cluster/deploy/kuberay-cluster.yaml",
            "kubectl apply -f cluster/deploy/kuberay-job.yaml",
        ),
        "tests/cluster/test_deploy.py looks at the files: they need a cloud",
    ),
}
"""Commands that are tried by other tests, and why not here."""


def blocks(language: str) -> list[tuple[str, str]]:
    """(document, text) of the code blocks in a language."""
    return [
        (path.name, found)
        for path in DOCUMENTS
        for found in re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.M | re.S)
    ]


def commands() -> list[str]:
    lines = (line for _, block in blocks("sh") for line in block.splitlines())
    typed = (re.split(r"\s{2,}#", line)[0].strip() for line in lines)
    return sorted({line for line in typed if line})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all the files that the documents speak of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REVERIE_WEIGHTS", raising=False)
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    for name in ("photo.jpg", "painting.jpg", "holiday/a.jpg", "holiday/b.jpg", "photos/c.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(images.encode(images.decode(picture()), format="jpeg"))
    (tmp_path / "job.yaml").write_text("inputs: [photo.jpg]\nsteps: [{dream: {network: motifs}}]\n")
    frame = images.encode(images.decode(picture()))
    (tmp_path / "picture.png").write_bytes(frame)
    return tmp_path


def test_there_is_something_to_check() -> None:
    assert len(commands()) > 15
    assert set(ELSEWHERE) <= set(commands())


@pytest.mark.parametrize("command", [c for c in commands() if c not in ELSEWHERE])
def test_a_command_works(command: str, desk: Path) -> None:
    words = shlex.split(command)
    assert words[0] == "reverie", "say in ELSEWHERE which test tries it"
    if words[1] == "render" and "--from" in words:  # a picture of ours is needed
        assert run(["dream", "photo.jpg", "--network", "motifs", *RUN_AS["dream"]]) == exits.DONE
        made = next((desk / "renders").glob("*/frames/*/*.png"))
        made.rename(desk / "picture.png")
        words.append("--inline")
    arguments = [
        item
        for word in words[1:]
        for item in (sorted(map(str, desk.glob(word))) if "*" in word else [word])
    ]
    assert run([*arguments, *RUN_AS.get(words[1], ())]) == exits.DONE


def test_quickstart_renders(desk: Path) -> None:
    """The README's first commands, on a tenth of the pixels."""
    assert run(["init", "examples"]) == exits.DONE
    small = ["size=64", "steps.0.dream.iterations=1", "steps.1.style.iterations=2"]
    sets = [word for item in small for word in ("--set", item)]
    assert run(["render", "examples/quickstart.yaml", "--inline", *sets]) == exits.DONE
    made = {path.name for path in (desk / "renders" / "quickstart").iterdir()}
    assert {"quickstart.gif", "quickstart-sheet.png", "frames"} <= made


@pytest.mark.parametrize(("document", "text"), blocks("yaml"))
def test_a_job_file_is_valid(document: str, text: str, desk: Path) -> None:
    (desk / "shown.yaml").write_text(text)
    assert spec.load(desk / "shown.yaml").steps


@pytest.mark.parametrize(("document", "text"), blocks("python"))
def test_a_program_runs(document: str, text: str, desk: Path) -> None:
    exec(compile(text.replace("512", "32"), document, "exec"), {})
    assert images.decode((desk / "dream.png").read_bytes()).size == (32, 32)


def test_links_lead_somewhere() -> None:
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_exit_codes_are_those_of_the_launcher() -> None:
    documented = re.findall(r"^\| (\d+) \| (.+?) \|$", (ROOT / "README.md").read_text(), re.M)
    told = re.findall(r"^(\d+) +(.+)$", exits.__doc__ or "", re.M)
    assert documented == told
