"""A Ray of our own: nobody beyond this machine reaches it, and nobody on it without the token."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.seclusion import LOOPBACK_ALONE, secluded

WITHIN_S = 180.0

LISTENING = """
import json, os, sys
from cluster.ray_session import RaySession

session = RaySession()
session.wait()
import ray, psutil  # which Ray brings with it

here = psutil.Process()
family = [here, *here.children(recursive=True)]
found = [c.laddr for p in family for c in p.net_connections("inet") if c.status == "LISTEN"]
hosts = sorted({place.ip for place in found})
environment = [key for key in os.environ if key.startswith("RAY_AUTH")]
programs = [" ".join(p.cmdline()) for p in family if p.status() != psutil.STATUS_ZOMBIE]
context = ray.get_runtime_context()
told = {"hosts": hosts, "address": context.gcs_address, "environment": environment}
print(json.dumps({**told, "programs": programs}))
sys.stdout.flush()
sys.stdin.read()
session.close()
"""

JOINING = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False)"


def test_ours_listens_on_loopback_alone_and_asks_for_a_token_that_is_on_no_disk(
    tmp_path: Path,
) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    environment = {**kept, "HOME": str(tmp_path), "RAY_USAGE_STATS_ENABLED": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", LISTENING],
        env={**environment, "RAY_AUTH_MODE": "disabled"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            assert set(told["hosts"]) <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
            assert told["hosts"]
            # Commands that a run starts may well use another cluster.
            assert told["environment"] == ["RAY_AUTH_MODE"]
            assert not (tmp_path / ".ray" / "auth_token").exists()
            assert any("raylet" in program for program in told["programs"])
            assert not any("log_monitor" in program for program in told["programs"])
            stranger = subprocess.run(
                [sys.executable, "-c", JOINING, told["address"]],
                env={**environment, **LOOPBACK_ALONE}, capture_output=True, text=True,
                timeout=WITHIN_S, check=False,
            )  # fmt: skip
            assert stranger.returncode != 0
            assert "token" in stranger.stderr
        finally:
            process.communicate(timeout=WITHIN_S)


def test_the_environment_is_as_before_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "k8s")
    monkeypatch.delenv("RAY_AUTH_TOKEN", raising=False)
    with secluded():
        token = os.environ["RAY_AUTH_TOKEN"]
        assert os.environ["RAY_AUTH_MODE"] == "token"
        assert len(bytes.fromhex(token)) == 32
    with secluded():
        assert os.environ["RAY_AUTH_TOKEN"] != token
    assert os.environ["RAY_AUTH_MODE"] == "k8s"
    assert "RAY_AUTH_TOKEN" not in os.environ
