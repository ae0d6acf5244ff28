"""A few characters that stand for a picture."""

from PIL import Image

from common.blurhash import blurhash_of


def test_it_begins_with_the_colour_of_the_whole():
    seen = blurhash_of(Image.new("RGB", (40, 30), "#ff0000"))

    assert (seen[0], seen[2:6], len(seen)) == ("L", "TI:j", 28)  # 4 × 3 components; red, in base 83


def test_halves_differ():
    left, right = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (64, 48), "red")
    left.paste("blue", (0, 0, 32, 48))
    right.paste("blue", (32, 0, 64, 48))

    assert len(blurhash_of(left)) == len(blurhash_of(right)) == 28
    assert blurhash_of(left) != blurhash_of(right)


def test_what_is_clear_is_seen_on_white():
    assert blurhash_of(Image.new("RGBA", (8, 8), (0, 0, 0, 0))) == blurhash_of(Image.new("L", (8, 8), 255))


def test_a_picture_of_one_pixel_has_one_too():
    assert len(blurhash_of(Image.new("RGB", (1, 1), "red"))) == 28
