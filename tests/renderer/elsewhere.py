"""A second device, for machines that have only one: it shows what a GPU would stumble over.

Its tensors (``Far``) say that they lie elsewhere, and compute in the host's memory. As on a GPU, an
operation takes tensors of one device, so what mixes them fails; and what goes to or fro, for which
the host waits, is written down (``Watch.traffic``). A ``Recording`` is what a CUDA graph is: the
operations that pass, with the memory that they read and write, to be done again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import backend_registration
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves, tree_map

NAME = "elsewhere"
aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
FETCHES = (aten._local_scalar_dense.default, aten.equal.default)

backend_registration._setup_privateuseone_for_python_backend(NAME)
DEVICE = torch.device(NAME, 0)


class Far(Tensor):
    """A tensor elsewhere; ``own`` is where it really lies."""

    own: Tensor

    @staticmethod
    def __new__(cls, own: Tensor) -> Far:
        found: Far = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            own.size(),
            strides=own.stride(),
            storage_offset=own.storage_offset(),
            dtype=own.dtype,
            device=DEVICE,
        )
        found.own = own
        return found

    def __repr__(self) -> str:  # type: ignore[override]
        return f"Far({self.own!r})"

    @classmethod
    def __torch_dispatch__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise AssertionError(f"{function} of a tensor elsewhere, where nobody watches")


class Watch(TorchDispatchMode):
    """A context in which there is a second device; ``traffic`` is what went to or fro.

    ``begun`` counts the operations there.
    """

    def __init__(self) -> None:
        super().__init__()
        self.traffic: list[str] = []
        self.begun = 0
        self.recording: Recording | None = None

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        far = {id(leaf.own): leaf for leaf in given if isinstance(leaf, Far)}
        wanted = kwargs.get("device")
        away = bool(far) if wanted is None else torch.device(wanted).type == NAME
        if function is aten.copy_.default:
            away = isinstance(args[0], Far)
        self._look(function, given, away)
        self.begun += away and not function.is_view
        if wanted is not None:
            kwargs["device"] = torch.device("cpu")
        near_args, near_kwargs = tree_map(_own, (args, kwargs))
        with _disable_current_modes():
            found = function(*near_args, **near_kwargs)
        if self.recording is not None and away:
            self.recording.keep(function, near_args, near_kwargs, found)

        def placed(leaf: Any) -> Any:
            if not away or not isinstance(leaf, Tensor):
                return leaf
            return far[id(leaf)] if id(leaf) in far else Far(leaf)

        return tree_map(placed, found)

    def _look(self, function: Any, given: Sequence[Tensor], away: bool) -> None:
        """Raises where devices are mixed, writes down what passes between them."""
        sides = {isinstance(tensor, Far) for tensor in given if tensor.ndim or len(given) == 1}
        crosses = function in COPIES and sides | {away} == {True, False}
        if crosses or (function in FETCHES and True in sides):
            assert self.recording is None, f"{function} waits for the device"
            self.traffic.append(str(function))
        elif function not in COPIES and len(sides) > 1:
            raise RuntimeError(f"{function}: tensors on two devices")


def _own(leaf: Any) -> Any:
    return leaf.own if isinstance(leaf, Far) else leaf


class Recording:
    """Operations elsewhere, with their memory; ``replay`` does them again."""

    def __init__(self) -> None:
        self._kept: list[tuple[Any, Any, Any, list[Tensor]]] = []

    def keep(self, function: Any, args: Any, kwargs: Any, found: Any) -> None:
        """One operation and what it gave."""
        if not function.is_view:
            made = [leaf for leaf in tree_leaves(found) if isinstance(leaf, Tensor)]
            self._kept.append((function, args, kwargs, made))

    def replay(self) -> None:
        """Everything again, into the same memory."""
        with torch.no_grad(), _disable_current_modes():
            for function, args, kwargs, made in self._kept:
                again = [
                    leaf
                    for leaf in tree_leaves(function(*args, **kwargs))
                    if isinstance(leaf, Tensor)
                ]
                for place, value in zip(made, again, strict=True):
                    if place is not value:
                        place.copy_(value)


@contextmanager
def watched() -> Iterator[Watch]:
    """A context in which there is a second device, and networks can be sent there."""
    overwrite = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        with Watch() as watch:
            yield watch
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(overwrite)


def sent(network: nn.Module) -> Any:
    """A network, moved elsewhere."""
    return network.to(DEVICE)


def back(tensor: Tensor) -> Tensor:
    """A tensor from elsewhere, here."""
    assert isinstance(tensor, Far)
    return tensor.own
