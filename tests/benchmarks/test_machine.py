"""Programs have their turns, and a floor is what the slower of arithmetic and memory allows."""

from __future__ import annotations

import pytest
import torch

from benchmarks import machine
from benchmarks.machine import Rates

CPU = torch.device("cpu")


def test_a_floor_is_that_of_arithmetic_or_of_memory() -> None:
    rates = Rates({"float32": 100.0}, {"float32": 50.0}, bytes_per_second=10.0)
    assert rates.floor_s(200, 0, "float32") == 2.0
    assert rates.floor_s(200, 50, "float32") == 5.0


def test_programs_take_turns_in_both_orders() -> None:
    seen: list[str] = []
    works = {name: lambda name=name: seen.append(name) for name in ("a", "b")}
    times = machine.in_turns(works, turns=2, device=CPU, warm_up=1)
    assert "".join(seen) == "baabba"
    assert {name: spent.turns for name, spent in times.items()} == {"a": 2, "b": 2}


def test_a_cpu_is_measured_by_its_own_time() -> None:
    spent = machine.Times(seconds=3.0, cpu_seconds=1.0, turns=1)
    assert spent.of(CPU) == 1.0
    assert spent.of(torch.device("cuda")) == 3.0


def test_facts_name_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 7)
    monkeypatch.setattr(machine, "processor", lambda: "Abacus")
    assert machine.facts(CPU)["machine"] == "Abacus, 7 cores"
    assert machine.facts(CPU)["device"] == "cpu"
