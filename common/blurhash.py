"""BlurHash: a few characters that a client blurs into what a picture will look like.

The algorithm of https://github.com/woltapp/blurhash/blob/master/Algorithm.md: a cosine transform of the
colours as light, of which the first components are written in base 83.
"""

from math import cos, pi
from typing import Final

from PIL import Image

ACROSS: Final = 4  # components
DOWN: Final = 3
LOOKED_AT: Final = 32  # pixels of the longer side: more change nothing that is left of them
DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"

Light = tuple[float, float, float]


def blurhash_of(picture: Image.Image) -> str:
    """The hash of *picture*; what is clear is seen on white."""
    small = picture.convert("RGBA")
    small.thumbnail((LOOKED_AT, LOOKED_AT))
    seen = Image.new("RGB", small.size, "white")
    seen.paste(small, mask=small.getchannel("A"))
    colours = seen.tobytes()
    lights = [_light(level) for level in colours]
    first, *others = (_component(lights, seen.size, x, y) for y in range(DOWN) for x in range(ACROSS))
    largest = max(max(map(abs, each)) for each in others)
    step = max(0, min(82, int(largest * 166 - 0.5)))
    return (
        _digits((ACROSS - 1) + (DOWN - 1) * 9, 1)
        + _digits(step, 1)
        + _digits(sum(_level(each) << shift for each, shift in zip(first, (16, 8, 0), strict=True)), 4)
        + "".join(_digits(_difference(each, (step + 1) / 166), 2) for each in others)
    )


def _component(lights: list[float], size: tuple[int, int], x: int, y: int) -> Light:
    width, height = size
    across = [cos(pi * x * column / width) for column in range(width)]
    down = [cos(pi * y * row / height) for row in range(height)]
    sums = [0.0, 0.0, 0.0]
    for row in range(height):
        for column in range(width):
            weight, at = across[column] * down[row], (row * width + column) * 3
            for colour in range(3):
                sums[colour] += weight * lights[at + colour]
    scale = (1 if x == y == 0 else 2) / (width * height)
    return (sums[0] * scale, sums[1] * scale, sums[2] * scale)


def _light(level: int) -> float:
    """Of an sRGB level (IEC 61966-2-1)."""
    part = level / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _level(light: float) -> int:
    part = max(0.0, min(1.0, light))
    return int((part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055) * 255 + 0.5)


def _difference(light: Light, largest: float) -> int:
    value = 0
    for each in light:
        part = max(-1.0, min(1.0, each / largest))
        root = abs(part) ** 0.5 * (1 if part >= 0 else -1)
        value = value * 19 + max(0, min(18, int(root * 9 + 9.5)))
    return value


def _digits(value: int, length: int) -> str:
    return "".join(DIGITS[value // 83**place % 83] for place in range(length - 1, -1, -1))
