"""Which sizes does a picture go through while it is styled, coarse to fine, and how long at each?

Layers see so many pixels and no more: in a large picture the strokes they can compare are small,
and large shapes never take the style. So the picture is first styled small, then enlarged and
styled again (Gatys et al., "Controlling Perceptual Factors in Neural Style Transfer", CVPR 2017,
section 6), by a constant ratio from size to size, as K. Crowson's style-transfer-pytorch does.
``renderer.style`` goes through this list, and estimates of time are sums over it.
"""

from __future__ import annotations

from dataclasses import dataclass

from renderer.settings import StyleSettings

SHORTEST_PX = 16
"""Scales with a shorter side are left out: the picture is too narrow to be so small."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One size = (height, width) on the way to that of the ``whole`` picture.

    ``before`` iterations are done when its own begin.
    """

    size: tuple[int, int]
    whole: tuple[int, int]
    before: int
    iterations: int

    @property
    def until(self) -> int:
        """The iterations that are done at its end."""
        return self.before + self.iterations

    def longest(self, settings: StyleSettings, style: tuple[int, int]) -> int:
        """The longest side, in px, of a style picture of (height, width) at this scale.

        It keeps its proportion to the picture: strokes grow with what they paint.
        """
        limits = [max(style)]
        if settings.style_scale is not None:
            limits.append(_rounded(settings.style_scale * max(self.whole)))
        elif settings.style_max_size is not None:
            limits.append(settings.style_max_size)
        longest = min(limits)
        if self.size == self.whole:
            return longest
        return max(1, _rounded(longest * max(self.size) / max(self.whole)))


def scales(settings: StyleSettings, size: tuple[int, int]) -> tuple[Scale, ...]:
    """The scales of a picture of (height, width), the smallest first; the last is its own size.

    Each is ``scale_factor`` times as large as the one before, and none has a longest side below
    ``min_scale``; without that, the picture's own is the only one.
    """
    sizes = [size]
    for power in range(1, _MOST):
        share = settings.scale_factor**-power
        smaller = (_rounded(share * size[0]), _rounded(share * size[1]))
        if settings.min_scale is None or max(smaller) < settings.min_scale:
            break
        if min(smaller) < SHORTEST_PX:
            break
        sizes.insert(0, smaller)
    found: list[Scale] = []
    for number, one in enumerate(sizes):
        first = number == 0 and settings.min_scale is not None
        iterations = (settings.initial_iterations if first else None) or settings.iterations
        found.append(Scale(one, size, found[-1].until if found else 0, iterations))
    return tuple(found)


_MOST = 1000


def _rounded(px: float) -> int:
    return int(px + 0.5)
