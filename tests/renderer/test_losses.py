"""Losses and objectives: values that a person can compute."""

from __future__ import annotations

import pytest
import torch

from renderer import losses


def activation(*channels: list[list[float]]) -> torch.Tensor:
    return torch.tensor([channels], dtype=torch.float64)


TWO = activation([[1.0, 2.0]], [[3.0, 4.0]])
"""Two channels, (1, 2) and (3, 4), over two positions."""


def test_gram_matrix_sums_products_over_positions() -> None:
    assert losses.gram_matrix(TWO).tolist() == [[5.0, 11.0], [11.0, 25.0]]


def test_mean_gram_matrix_does_not_depend_on_the_number_of_positions() -> None:
    once, twice = TWO, torch.cat([TWO, TWO], dim=2)
    assert losses.gram_matrix(once, mean=True).tolist() == [[2.5, 5.5], [5.5, 12.5]]
    assert torch.equal(losses.gram_matrix(once, mean=True), losses.gram_matrix(twice, mean=True))
    assert torch.equal(2 * losses.gram_matrix(once), losses.gram_matrix(twice))


def test_total_variation_adds_both_directions() -> None:
    image = torch.tensor([[[[0.0, 1.0], [4.0, 2.0]]], [[[5.0, 5.0], [5.0, 9.0]]]])
    assert losses.total_variation(image).tolist() == [(4 + 1) + (1 + 2), 4 + 4]


def test_layer_objective_takes_all_or_the_chosen_channels() -> None:
    assert losses.layer_objective(TWO).item() == (1 + 4 + 9 + 16) / 4
    assert losses.layer_objective(TWO, [1]).item() == (9 + 16) / 2


def test_class_objective_is_the_mean_score_and_may_be_negative() -> None:
    assert losses.class_objective(-TWO, [0]).item() == -1.5


def test_standardised_has_unit_population_deviation() -> None:
    gradient = torch.tensor([1.0, -1.0, 3.0, -3.0], dtype=torch.float64)
    deviation = losses.standardised(gradient).square().mean().sqrt().item()
    assert abs(deviation - 1) < 1e-7
    assert torch.equal(losses.standardised(torch.zeros(4)), torch.zeros(4))


def test_guided_objective_takes_the_best_match_of_each_position() -> None:
    here = activation([[1.0, 0.0]], [[0.0, 2.0]])  # the features (1, 0) and (0, 2)
    guide = torch.tensor([[3.0, 1.0, 0.0], [0.0, 1.0, -1.0]], dtype=torch.float64)
    # Products: 3, 1, 0 at the first position and 0, 2, -2 at the second.
    assert losses.best_matches(here[0].flatten(1), guide).tolist() == [0, 1]
    assert losses.guided_objective(here, guide).item() == (3 + 2) / 2
    here.requires_grad_()
    (slope,) = torch.autograd.grad(losses.guided_objective(here, guide), here)
    assert slope[0].flatten(1).tolist() == [[3 / 2, 1 / 2], [0.0, 1 / 2]]


def test_matches_are_the_same_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features, guide = torch.rand(5, 31), torch.rand(5, 7)
    whole = losses.best_matches(features, guide)
    assert whole.tolist() == (features.T @ guide).argmax(1).tolist()
    monkeypatch.setattr(losses, "MATCHES_AT_ONCE", 20)
    assert torch.equal(losses.best_matches(features, guide), whole)


def test_each_picture_has_the_mean_of_its_own_channel() -> None:
    batch = torch.cat([TWO, 10 * TWO])
    assert losses.channel_objectives(batch, [0, 1]).tolist() == [1.5, 35.0]
    assert losses.channel_objectives(batch, [1, 0], centre=True).tolist() == [4.0, 20.0]


def test_likeness_is_the_mean_cosine_of_gram_matrices() -> None:
    only_first, only_second = activation([[1.0]], [[0.0]]), activation([[0.0]], [[3.0]])
    pictures = torch.cat([only_first, 2 * only_first, only_second])
    assert losses.likeness(pictures).item() == 1 / 3  # one pair of three is alike
