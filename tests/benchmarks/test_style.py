"""The plain program and ours are one algorithm, and a report has all that the page shows."""

from __future__ import annotations

import argparse

import pytest
import torch

from benchmarks import style
from benchmarks.machine import Rates
from renderer.errors import WeightsError

RATES = Rates({"float32": 1e9, "bfloat16": 2e9}, {"float32": 1e9, "bfloat16": 1e9}, 1e12)


@pytest.fixture(autouse=True)
def _without_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*given: object, **more: object) -> None:
        raise WeightsError("there are none")

    monkeypatch.setattr(style.weights, "resolve", none)


def test_a_size_is_measured() -> None:
    net, real = style.network(torch.device("cpu"))
    found = style.measure(net, 32, argparse.Namespace(turns=1, steps=2), RATES)
    assert not real
    assert set(found["seconds"]) == set(found["cpu_seconds"]) == {"plain", "float32", "auto"}
    assert set(found["ratios"]) == {"float32", "auto"}
    assert found["psnr_db"]["float32"] > 60
    for kinds in found["shares_percent"].values():
        assert sum(kinds.values()) == pytest.approx(100, abs=1)
        assert kinds["convolutions"] > 5
    assert found["psnr_db"]["auto"] > 35
    # 13 convolutions of 3x3 at 32, 16, 8, 4 and 2 px, and as many Gram matrices; all twice.
    pairs = [(3, 64, 32), (64, 64, 32), (64, 128, 16), (128, 128, 16), (128, 256, 8)]
    pairs += [(256, 256, 8)] * 2 + [(256, 512, 4)] + [(512, 512, 4)] * 2 + [(512, 512, 2)] * 3
    products = sum((9 * a * b + b * b) * side**2 for a, b, side in pairs)
    assert found["gflop"] == round(4 * products / 1e9, 1)
    assert found["floor_s"]["float32"] == pytest.approx(4 * products / 1e9, abs=1e-4)
