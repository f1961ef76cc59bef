"""How is a picture seen coming about? The pictures that an optimisation goes through, some of them.

All are of the size of the result: a dream's smaller sizes are enlarged to it (bicubic), so that
they can follow each other in an animation. Iteration 0 is the picture that a run begins with.
"""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor

from renderer import images
from renderer.events import Artefact
from renderer.images import Picture
from renderer.settings import FrameSettings


class Making:
    """Encodes those pictures of a run that are to be kept, at ``size`` = (height, width)."""

    def __init__(
        self, settings: FrameSettings, size: tuple[int, int], alpha: Tensor | None = None
    ) -> None:
        self._settings, self._alpha = settings, alpha
        self._size = narrowed(size, settings.width)

    def at(self, iteration: int, total: int, image: Tensor) -> Iterator[Artefact]:
        """The picture after an iteration, (1, 3, H, W), if it is one of those that are kept.

        Those are the first (0), the last, and every so manieth. The same picture gives the same
        bytes, whichever attempt encodes it. Raises ImageError for values that aren't numbers.
        """
        if self._settings.keeps(iteration, total):
            picture = Picture(image.detach().to("cpu").float())
            if picture.size != self._size:
                picture = images.resample(picture, self._size)
            picture = Picture(picture.pixels, self._fitted_alpha())
            yield Artefact(self._settings.name(iteration), images.encode(picture))

    def _fitted_alpha(self) -> Tensor | None:
        if self._alpha is None or self._alpha.shape[-2:] == self._size:
            return self._alpha
        return images.resample(Picture(self._alpha), self._size).pixels


def narrowed(size: tuple[int, int], width: int | None) -> tuple[int, int]:
    """A size = (height, width), made as narrow as ``width`` px if it is wider."""
    height, own = size
    if width is None or own <= width:
        return size
    return max(1, int(height * width / own + 0.5)), width
