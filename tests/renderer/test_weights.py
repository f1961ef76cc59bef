"""Weights: identity in any container, where they are looked for, and what is refused."""

from __future__ import annotations

import hashlib
import os
import pickle
import struct
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

from renderer import canonical, weights
from renderer.containers import open_container
from renderer.conversion import convert
from renderer.errors import NetworkError, WeightsError
from renderer.networks import Preprocessing, Source, entry, load
from renderer.networks.entries import CAFFE, TORCHVISION
from renderer.networks.motifs import record
from renderer.networks.network import needed
from renderer.weights import Weights

Arrays = dict[str, NDArray[np.float32]]


def arrays(network: str = "googlenet", until: str = "conv2", *, seed: int = 0) -> Arrays:
    random = np.random.default_rng(seed)
    shapes = needed(entry(network), until)
    return {name: random.standard_normal(shape, np.float32) for name, shape in shapes.items()}


def write(path: Path, tensors: Mapping[str, NDArray[np.float32]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file(dict(tensors), path)
    else:
        torch.save({name: torch.tensor(array) for name, array in tensors.items()}, path)
    return path


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No weights at hand but those that a test puts there."""
    monkeypatch.setenv("REVERIE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("REVERIE_WEIGHTS", "")
    return tmp_path


# --- identity ---


def test_the_digest_is_over_names_shapes_and_values() -> None:
    tensors = {"b": np.array([[1.0, -2.0]], np.float32), "a": np.array([0.5], np.float64)}
    spelt = b"a [1]\n" + struct.pack("<f", 0.5) + b"b [1, 2]\n" + struct.pack("<2f", 1.0, -2.0)
    assert weights.digest(tensors) == hashlib.sha256(spelt).hexdigest()
    assert weights.digest({**tensors, "b": tensors["b"].T}) != weights.digest(tensors)
    assert weights.digest(dict(reversed(tensors.items()))) == weights.digest(tensors)


def caffe_names(tensors: Arrays) -> Arrays:
    """As the converted Caffe model has them: its names, the first convolution for BGR."""
    theirs = {"conv1": "conv1_7x7_s2", "conv2": "conv2_3x3_reduce", "conv3": "conv2_3x3"}
    parts = {
        "branch1": "1x1",
        "branch2.0": "3x3_reduce",
        "branch2.2": "3x3",
        "branch3.0": "5x5_reduce",
        "branch3.2": "5x5",
        "branch4.1": "pool_proj",
    }
    renamed = {}
    for name, array in tensors.items():
        stem, kind = name.rsplit(".", 1)
        if stem.startswith("inception"):
            module, part = stem.split(".", 1)
            stem = f"inception_{module.removeprefix('inception')}_{parts[part]}"
        renamed[f"{theirs.get(stem, stem)}.{kind}"] = array
    first = renamed["conv1_7x7_s2.weight"]
    return {**renamed, "conv1_7x7_s2.weight": np.ascontiguousarray(first[:, ::-1])}


def test_the_same_network_is_recognised_in_any_container(tmp_path: Path) -> None:
    tensors = arrays(until="inception4b")
    ours = write(tmp_path / "ours.safetensors", tensors)
    theirs = write(tmp_path / "bvlc_googlenet.pth", caffe_names(tensors))
    found = weights.resolve("googlenet", "inception4b", path=theirs)
    assert found.digest == weights.resolve("googlenet", "inception4b", path=ours).digest
    assert found.digest == weights.digest(tensors)
    assert found.preprocessing == Preprocessing(mean=(123.0, 117.0, 104.0), order="rgb")
    for name, array in tensors.items():
        assert np.array_equal(found.tensors[name], array)


def test_inception5h_is_read_under_the_graphs_names_and_captums(tmp_path: Path) -> None:
    tensors = arrays("inception5h", "inception3a")
    graph = {"conv1": "conv2d0", "conv2": "conv2d1", "conv3": "conv2d2"}
    ends = {
        "branch1": ("1x1", "conv_1x1"),
        "branch2.0": ("3x3_bottleneck", "conv_3x3_reduce"),
        "branch2.2": ("3x3", "conv_3x3"),
        "branch3.0": ("5x5_bottleneck", "conv_5x5_reduce"),
        "branch3.2": ("5x5", "conv_5x5"),
        "branch4.1": ("pool_reduce", "pool_proj"),
    }
    lucid, captum = {}, {}
    for name, array in tensors.items():
        stem, kind = name.rsplit(".", 1)
        _, _, part = stem.partition(".")
        first = f"mixed3a_{ends[part][0]}" if part else graph[stem]
        lucid[f"{first}_pre_relu_conv.{kind}"] = array
        captum[f"mixed3a.{ends[part][1]}.{kind}" if part else name] = array
    for file, names in (("inception5h.pth", lucid), ("captum.pth", captum)):
        path = write(tmp_path / file, names)
        found = weights.resolve("inception5h", "inception3a", path=path)
        assert found.digest == weights.digest(tensors)
        assert found.preprocessing == Preprocessing(mean=(117.0, 117.0, 117.0))


def test_half_precision_and_old_torch_files_are_read_as_float32(tmp_path: Path) -> None:
    tensors = {name: array.astype(np.float16) for name, array in arrays().items()}
    whole = {name: array.astype(np.float32) for name, array in tensors.items()}
    save_file(tensors, tmp_path / "half.safetensors")
    state = {"epoch": 3, "state_dict": {k: torch.from_numpy(v) for k, v in tensors.items()}}
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for file in ("half.safetensors", "old.pth"):
        found = weights.resolve("googlenet", "conv2", path=tmp_path / file)
        assert found.digest == weights.digest(whole)
        assert {array.dtype for array in found.tensors.values()} == {np.dtype(np.float32)}


def test_only_the_layers_asked_for_are_read(tmp_path: Path) -> None:
    tensors = arrays()
    path = write(
        tmp_path / "some.safetensors", {**tensors, "unknown.weight": tensors["conv1.bias"]}
    )
    found = weights.resolve("googlenet", "conv1", path=path)
    assert sorted(found.tensors) == ["conv1.bias", "conv1.weight"]
    assert found.digest == weights.digest({k: v for k, v in tensors.items() if "conv1" in k})
    with pytest.raises(WeightsError, match=rf"{path} has no tensor 'conv3\.weight'"):
        weights.resolve("googlenet", "conv3", path=path)


def test_the_arrays_cannot_be_written(tmp_path: Path) -> None:
    path = write(tmp_path / "some.safetensors", arrays())
    found = weights.resolve("googlenet", "conv1", path=path)
    with pytest.raises(ValueError, match="read-only"):
        found.tensors["conv1.bias"][0] = 1.0


# --- preprocessing ---


def test_preprocessing_comes_from_metadata_then_fingerprint_then_name_then_entry(
    tmp_path: Path,
) -> None:
    tensors = arrays("vgg19", "conv1_1")
    first = weights.digest({"features.0.weight": tensors["features.0.weight"]})
    caffe = Preprocessing(mean=(9.0, 8.0, 7.0))
    by_print = Source("elsewhere.pth", caffe, first=first[:12])
    by_name = Source("named.safetensors", CAFFE)
    vgg19 = entry("vgg19")

    def wanted(file: str, *sources: Source, metadata: str | None = None) -> Preprocessing:
        path = tmp_path / file
        save_file(tensors, path, {"reverie.preprocessing": metadata} if metadata else None)
        known = replace(vgg19, sources=sources)
        return canonical.read(known, "conv1_1", open_container(path))[1]

    said = Preprocessing(mean=(1.0, 2.0, 3.0), scale=(4.0, 5.0, 6.0))
    text = canonical.preprocessing_metadata(said)
    assert wanted("named.safetensors", by_print, by_name, metadata=text) == said
    assert wanted("named.safetensors", by_name, by_print) == caffe
    assert wanted("named.safetensors", by_name) == CAFFE
    assert wanted("unknown.safetensors", by_name) == TORCHVISION
    with pytest.raises(WeightsError, match=r"metadata 'reverie\.preprocessing' is not understood"):
        wanted("named.safetensors", metadata='{"mean": [1, 2]}')


@pytest.mark.parametrize("file", ["renamed.pth", "bvlc_googlenet.pth"])
def test_a_known_first_convolution_tells_its_channel_order(tmp_path: Path, file: str) -> None:
    # Whatever a file is called, the digest of its first kernels says whether they are turned.
    tensors = arrays()
    first = weights.digest({"conv1.weight": tensors["conv1.weight"]})
    source = Source("other.pth", Preprocessing(mean=(1.0, 2.0, 3.0)), first=first)
    googlenet = entry("googlenet")
    known = replace(googlenet, sources=(*googlenet.sources, source))
    turned = {**tensors, "conv1.weight": np.ascontiguousarray(tensors["conv1.weight"][:, ::-1])}
    for form in (tensors, turned):
        found, how = canonical.read(known, "conv2", open_container(write(tmp_path / file, form)))
        assert np.array_equal(found["conv1.weight"], tensors["conv1.weight"])
        assert how == source.preprocessing


# --- where they are ---


def test_places_are_searched_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = [tmp_path / name for name in ("named", "first", "second", "package", "cache/weights")]
    monkeypatch.setenv("REVERIE_WEIGHTS", f"{places[1]}{os.pathsep}{places[2]}")
    monkeypatch.setattr(weights, "EMBEDDED", places[3])
    for place in places:
        write(place / "googlenet.safetensors", arrays())
    own = write(tmp_path / "own.pth", arrays())

    def found(**how: str | Path) -> str:
        return weights.resolve("googlenet", "conv2", **how).source  # type: ignore[arg-type]

    assert found(path=own, weights_dir=places[0]) == str(own)
    assert found(weights_dir=places[0]) == str(places[0] / "googlenet.safetensors")
    for place in places[1:]:
        assert found() == str(place / "googlenet.safetensors")
        (place / "googlenet.safetensors").unlink()
    with pytest.raises(WeightsError):
        found()


def test_motifs_needs_nothing_but_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "no home"))
    monkeypatch.delenv("REVERIE_CACHE")
    monkeypatch.setattr("socket.socket", None)
    motifs = entry("motifs")
    found = weights.resolve("motifs", "classes", download=True)
    assert found.digest == record()["digest"]
    assert load(motifs, "classes", found)(torch.zeros(1, 3, 64, 64)).shape[1] == len(motifs.classes)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_too_short_is_passed_over_for_one_that_is_not(tmp_path: Path) -> None:
    short = write(tmp_path / "googlenet.safetensors", arrays(until="conv1"))
    long = write(tmp_path / "bvlc_googlenet.safetensors", arrays(until="conv3"))
    sources = [
        weights.resolve("googlenet", until, weights_dir=tmp_path).source
        for until in ("conv1", "conv2")
    ]
    assert sources == [str(short), str(long)]
    with pytest.raises(WeightsError, match=rf"{short} has no tensor 'conv2\.weight'"):
        weights.resolve("googlenet", "inception3a", weights_dir=tmp_path)


def test_without_weights_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as error:
        weights.resolve("vgg16", "conv3_1", weights_dir=tmp_path)
    told = str(error.value)
    assert "\n" not in told
    for words in (
        "network vgg16",
        "vgg16-397923af.pth",
        str(tmp_path),
        str(tmp_path / "cache" / "weights"),
        "$REVERIE_WEIGHTS",
        "`reverie weights fetch vgg16`",
        "or go on without internet: network motifs",
    ):
        assert words in told


def test_places_and_names_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=f"no directory of weights {tmp_path}/none"):
        weights.resolve("googlenet", "conv1", weights_dir=tmp_path / "none")
    with pytest.raises(WeightsError, match=f"no weight file {tmp_path}/none"):
        weights.resolve("googlenet", "conv1", path=tmp_path / "none.pth")
    with pytest.raises(NetworkError, match="did you mean 'squeezenet1_1'"):
        weights.resolve("squeezenet", "conv1")
    with pytest.raises(NetworkError, match="no layer 'conv9'"):
        weights.resolve("googlenet", "conv9")


def test_what_is_known_lists_each_network_with_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "googlenet.pth", arrays())
    rows = {row.network: row for row in weights.known(tmp_path)}
    assert rows["googlenet"].found == path
    assert rows["vgg16"].found is None
    assert rows["vgg16"].sources[0].file == "vgg16-397923af.pth"


# --- what is refused ---


class Malicious:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("form", ["zip", "old", "bare"])
def test_a_pickle_that_runs_code_is_refused(tmp_path: Path, form: str) -> None:
    harm, path = tmp_path / "harm", tmp_path / "bvlc_googlenet.pth"
    state = {"conv1.weight": Malicious(harm)}
    if form == "bare":
        path.write_bytes(pickle.dumps(state, protocol=2))
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "zip")
    with pytest.raises(WeightsError, match=rf"{path} is refused.*get these weights as .safetens"):
        weights.resolve("googlenet", "conv1", path=path)
    assert not harm.exists()
    if form == "bare":  # the file does what it is accused of
        pickle.loads(path.read_bytes())
    else:
        torch.load(path, weights_only=False)
    assert harm.is_dir()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("keep", [0, 60, 4000])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, suffix: str, keep: int) -> None:
    path = write(tmp_path / f"some{suffix}", arrays())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match=rf"{path} is (damaged or cut off|refused)") as error:
        weights.resolve("googlenet", "conv1", path=path)
    assert "\n" not in str(error.value)


def test_a_file_without_names_or_of_another_network_is_named(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="holds a list, not tensors by name"):
        weights.resolve("googlenet", "conv1", path=tmp_path / "list.pth")
    other = write(tmp_path / "vgg.pth", arrays("vgg16", "conv1_1"))
    with pytest.raises(WeightsError, match=rf"{other} has no tensor 'conv1.weight'"):
        weights.resolve("googlenet", "conv1", path=other)
    with pytest.raises(WeightsError, match=r"'features\.0\.weight' has the shape .* another net"):
        weights.resolve("squeezenet1_1", "conv1", path=_resized(other, tmp_path / "r.pth"))


def _resized(source: Path, target: Path) -> Path:
    state = torch.load(source, weights_only=True)
    torch.save({name: tensor[:32] for name, tensor in state.items()}, target)
    return target


# --- verify and convert ---


def test_converted_weights_keep_identity_and_preprocessing(tmp_path: Path) -> None:
    tensors = arrays(until="inception3a")
    source = write(tmp_path / "mine.pth", caffe_names(tensors))
    how = Preprocessing(mean=(3.0, 2.0, 1.0), scale=(0.5, 0.5, 0.5), order="bgr")
    target = tmp_path / "new" / "googlenet.safetensors"
    made = convert(source, target, "googlenet", preprocessing=how)
    assert (made.path, made.network, made.until) == (target, "googlenet", "inception3a")
    found = weights.resolve("googlenet", "inception3a", weights_dir=target.parent)
    assert found.digest == made.digest == weights.digest(tensors)
    assert found.preprocessing == made.preprocessing == replace(how, order="rgb")
    assert open_container(target).metadata["reverie.digest"] == made.digest
    assert sorted(open_container(target).shapes) == sorted(tensors)
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_what_cannot_be_converted_is_named(tmp_path: Path) -> None:
    source = write(tmp_path / "mine.pth", arrays())
    with pytest.raises(WeightsError, match=r"name it \.safetensors"):
        convert(source, tmp_path / "out.pth", "googlenet")
    with pytest.raises(WeightsError, match="doesn't hold the weights of network vgg16"):
        convert(source, tmp_path / "out.safetensors", "vgg16")
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="can't be written"):
        convert(source, tmp_path / "file" / "out.safetensors", "googlenet")


def test_verify_tells_what_an_unknown_file_is(tmp_path: Path) -> None:
    tensors = arrays("vgg19", "conv3_4")
    path = write(tmp_path / "unknown.pth", tensors)
    found = weights.verify(path)
    assert (found.network, found.until, found.known) == ("vgg19", "conv3_4", None)
    assert found.digest == weights.digest(tensors)
    assert weights.verify(path, network="vgg16").until == "conv3_3"
    with pytest.raises(WeightsError, match="doesn't hold the weights of network googlenet"):
        weights.verify(path, network="googlenet")
    with pytest.raises(WeightsError, match="holds the weights of no known network"):
        weights.verify(write(tmp_path / "x.pth", {"a": tensors["features.0.bias"]}))
    with pytest.raises(WeightsError, match="no weights for network vgg16"):
        weights.verify("vgg16", weights_dir=tmp_path)


@pytest.mark.parametrize(
    ("network", "file", "words"),
    [
        ("vgg16", "vgg16-397923af.pth", "its SHA-256 is .*, not 397923af"),
        ("googlenet", "bvlc_googlenet.pth", "the digest of its tensors is .*, not 7781578a"),
    ],
)
def test_verify_refuses_a_file_that_only_bears_a_known_name(
    tmp_path: Path, network: str, file: str, words: str
) -> None:
    path = write(tmp_path / file, arrays(network, entry(network).layers[11]))
    with pytest.raises(WeightsError, match=f"{path} is not what its name says: {words}"):
        weights.verify(network, weights_dir=tmp_path)


@pytest.mark.weights
@pytest.mark.parametrize(
    ("network", "file", "until"),
    [
        ("googlenet", "bvlc_googlenet.safetensors", "classes"),
        ("squeezenet1_1", "squeezenet1_1_caffe.safetensors", "classes"),
        ("vgg19", "vgg19_conv1_to_conv3_caffe.safetensors", "conv3_4"),
    ],
)
def test_real_weights_are_recognised(
    weights_dir: Path, network: str, file: str, until: str
) -> None:
    found = weights.verify(weights_dir / file)
    assert found.known is not None
    assert (found.network, found.until, found.known.file) == (network, until, file)
    assert found.preprocessing == found.known.preprocessing


@pytest.mark.weights
def test_the_real_googlenet_is_known_under_caffes_names_in_bgr(
    weights_dir: Path, tmp_path: Path
) -> None:
    ours = weights.resolve("googlenet", "inception5b", weights_dir=weights_dir)
    path = write(tmp_path / "renamed.pth", caffe_names(dict(ours.tensors)))
    found = weights.verify(path)
    assert (found.digest, found.until) == (ours.digest, "inception5b")
    assert found.preprocessing == ours.preprocessing
    assert found.known is not None
    assert found.known.digests["inception5b"] == ours.digest


def test_the_same_tensors_that_want_another_picture_are_another_identity() -> None:
    found = [Weights("vgg16", {}, wanted, "same", "file") for wanted in (CAFFE, TORCHVISION)]
    assert found[0].digest == found[1].digest
    assert found[0].identity != found[1].identity
    assert found[0].identity == replace(found[0], source="another file").identity
