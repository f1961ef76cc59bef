"""Which layers, channels and classes a user means."""

from __future__ import annotations

import pytest

from renderer.errors import NetworkError
from renderer.networks import (
    NETWORKS,
    channels,
    deepest,
    entry,
    resolve_classes,
    resolve_layer,
    resolve_layers,
)
from renderer.settings import DreamSettings, StyleSettings, resolve

IMAGENET = ("googlenet", "googlenet_bn", "inception_v3", "squeezenet1_1")


def test_layers_count_as_the_report_counts_them() -> None:
    googlenet, vgg16 = entry("googlenet"), entry("vgg16")
    assert googlenet.layers[:4] == ("conv1", "conv2", "conv3", "inception3a")
    assert (googlenet.layers.index("inception5b"), googlenet.layers[12:]) == (11, ("classes",))
    assert resolve_layer(googlenet, 7) == resolve_layer(googlenet, "7") == "inception4c"
    assert (len(vgg16.layers), vgg16.layers[4], vgg16.layers[12]) == (13, "conv3_1", "conv5_3")
    assert len(entry("vgg19").layers) == 16


@pytest.mark.parametrize("network", ["googlenet", "inception5h", "googlenet_bn"])
def test_the_names_of_others_mean_the_same_layers(network: str) -> None:
    known = entry(network)
    named = resolve_layers(known, ["conv2d0", "mixed4c", "inception_4c/output", "conv2/3x3"])
    assert named == ("conv1", "inception4c", "conv3")


def test_ranges_hold_both_ends_and_each_layer_once() -> None:
    vgg16 = entry("vgg16")
    assert resolve_layers(vgg16, "0..12") == vgg16.layers
    assert resolve_layers(vgg16, ["conv3_3..conv4_2", 8, "conv1_1"]) == (
        *("conv3_3", "conv4_1", "conv4_2", "conv1_1"),
    )
    assert resolve_layers(vgg16, ["2..0"]) == ("conv2_1", "conv1_2", "conv1_1")
    assert deepest(vgg16, ["conv3_1", "11", "conv1_1"]) == "conv5_2"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("inception4z", "did you mean 'inception4"),
        ("mixed4q", "no layer 'mixed4q'"),
        (13, "has no layer 13; its layers are 0 (conv1) to 12 (classes)"),
        ("-1", "no layer '-1'"),
        ("", "no layer ''"),
        ("1..", "is no range of layers; write it like 1..11"),
        ("1..2..3", "is no range of layers"),
        ("1..99", "has no layer 99"),
    ],
)
def test_an_unknown_layer_is_named(spec: str | int, words: str) -> None:
    with pytest.raises(NetworkError) as error:
        resolve_layers(entry("googlenet"), [spec])
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_an_unknown_network_is_named_with_the_nearest() -> None:
    with pytest.raises(NetworkError, match="no network 'goglenet'; did you mean 'googlenet'"):
        entry("goglenet")


@pytest.mark.parametrize("network", IMAGENET)
def test_each_class_has_a_name_of_its_own(network: str) -> None:
    labels = entry(network).classes
    assert len(set(labels)) == channels(entry(network), "classes") == 1000
    assert len({label.casefold() for label in labels}) == 1000


def test_inception5h_counts_classes_from_the_kit_fox() -> None:
    inception5h = entry("inception5h")
    assert len(set(inception5h.classes)) == channels(inception5h, "classes") == 1008
    assert set(entry("googlenet").classes) < set(inception5h.classes)
    names = ["kit fox", "Egyptian cat", "tabby", "lion", "dumbbell"]
    assert resolve_classes(inception5h, names) == (1, 8, 174, 190, 1000)


def test_classes_go_by_label_in_any_case_or_by_index() -> None:
    googlenet = entry("googlenet")
    named = resolve_classes(googlenet, ["Egyptian cat", "TABBY", "7", 7, "cardigan", "crane bird"])
    assert named == (285, 281, 7, 474, 134)


@pytest.mark.parametrize(
    ("network", "name", "words"),
    [
        ("googlenet", "tabbi", "has no class 'tabbi'; did you mean 'tabby'"),
        ("googlenet", "1000", "has 1000 classes, no 1000"),
        ("vgg16", "tabby", "network vgg16 has no classes"),
    ],
)
def test_an_unknown_class_is_named(network: str, name: str, words: str) -> None:
    with pytest.raises(NetworkError) as error:
        resolve_classes(entry(network), [name])
    assert words in str(error.value)


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_networks_own_settings_name_layers_that_it_has(network: str) -> None:
    known = entry(network)
    assert resolve_layer(known, known.dream.get("layer", "7"))
    assert resolve_layers(known, known.style.get("content_layers", ["4"]))
    assert len(resolve_layers(known, known.style.get("style_layers", ["0..12"]))) > 1


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_networks_own_settings_are_accepted(network: str) -> None:
    known = entry(network)
    assert resolve(DreamSettings, known.dream, {"network": network}).network == network
    assert resolve(StyleSettings, known.style, {"network": network}).network == network
