"""A chosen square of a picture: where it is, how large it becomes, and what of it can be seen before."""

import io
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.errors import Failure, Invalid
from app.tags import cover, squares
from app.tags.cover import Crop, Whole, side_of, square_in
from app.tags.squares import square_jpeg, whole_jpeg
from tests.media.audio import huge_picture, picture
from tests.test_tags_cover import BLACK, alike, art, framed, jpeg, opened

SIDES = st.integers(1, 6000)
THOUSANDTHS = st.integers(0, 1000)


def test_without_a_square_it_is_the_largest_one_in_the_middle() -> None:
    assert square_in(Whole(1280, 720), None) == (280, 0, 1000, 720)
    assert square_in(Whole(720, 1280), None) == (0, 280, 720, 1000)


def test_a_square_is_in_thousandths_of_width_height_and_the_shorter_side() -> None:
    assert square_in(Whole(2000, 1000), Crop(250, 100, 500)) == (500, 100, 1000, 600)
    assert square_in(Whole(1000, 2000), Crop(100, 250, 500)) == (100, 500, 600, 1000)


@given(SIDES, SIDES, THOUSANDTHS, THOUSANDTHS, st.integers(1, 1000))
def test_any_square_lies_inside_the_picture_and_is_square(
    width: int, height: int, x: int, y: int, size: int
) -> None:
    left, top, right, bottom = square_in(Whole(width, height), Crop(x, y, size))
    assert right - left == bottom - top >= 1
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_square_that_was_chosen_is_what_comes_out(form: str) -> None:
    scene = art(1600, 900)
    written = io.BytesIO()
    scene.save(written, form)
    made = opened(square_jpeg(written.getvalue(), crop=Crop(500, 200, 600)))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (540, 540))
    assert alike(made, scene.crop((800, 180, 1340, 720)))


def test_a_square_is_one_of_the_picture_inside_its_bars() -> None:
    scene = art(1280, 600)
    for whole in (framed(scene, 1280, 720, BLACK), framed(art(1000, 600), 1280, 720, BLACK)):
        inner = scene if whole.getpixel((0, 360)) != BLACK else art(1000, 600)
        made = opened(square_jpeg(jpeg(whole), crop=Crop(0, 0, 1000)))
        assert alike(made, inner.crop((0, 0, 600, 600)))


def test_large_squares_are_made_smaller_and_small_ones_never_larger() -> None:
    large = picture(3000, 2000)
    assert opened(square_jpeg(large, crop=Crop(0, 0, 1000))).size == (1000, 1000)
    assert opened(square_jpeg(large, crop=Crop(0, 0, 400))).size == (800, 800)
    assert opened(square_jpeg(picture(120, 90), crop=Crop(0, 0, 500))).size == (45, 45)
    assert opened(square_jpeg(picture(3, 2), crop=Crop(1000, 1000, 1))).size == (1, 1)


def test_the_whole_picture_is_shown_without_bars_and_not_too_large() -> None:
    data, whole = whole_jpeg(jpeg(framed(art(3000, 1200), 3000, 1700, BLACK)))
    assert whole.width == 3000
    assert 1180 <= whole.height <= 1200
    shown = opened(data)
    assert (shown.format, shown.width) == ("JPEG", squares.WHOLE_PX)
    assert alike(shown, art(3000, 1200))
    small, whole = whole_jpeg(picture(300, 200))
    assert opened(small).size == whole == (300, 200)


def test_what_is_shown_has_nothing_of_the_file_but_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "at home"
    clear = Image.new("RGBA", (80, 60), (255, 0, 0, 0))
    written = io.BytesIO()
    clear.save(written, "PNG", exif=exif)
    data, _ = whole_jpeg(written.getvalue())
    assert b"at home" not in data
    assert opened(data).getpixel((40, 30)) == (255, 255, 255)


@pytest.mark.parametrize(
    "bad",
    [b"", b"<!doctype html><title>Please wait</title>", huge_picture(), picture(300, 300)[:900]],
    ids=["nothing", "a page", "a bomb", "half"],
)
def test_what_is_no_picture_is_refused_with_a_sentence(bad: bytes, tmp_path: Path) -> None:
    for make in (whole_jpeg, square_jpeg):
        with pytest.raises(Failure) as refused:
            make(bad)
        assert refused.value.message.endswith(".")
    source = tmp_path / "came"
    source.write_bytes(bad)
    with pytest.raises(Invalid):
        cover.show_safely(source, tmp_path / "shown.jpg")
    with pytest.raises(Invalid):
        cover.make_safely(source, tmp_path / "a.jpg", tmp_path / "b.jpg", small_px=192)
    assert [file.name for file in tmp_path.iterdir()] == ["came"]


def test_one_child_makes_the_cover_and_its_small_version(tmp_path: Path) -> None:
    source = tmp_path / "came"
    source.write_bytes(picture(1280, 720, "webp"))
    cover.make_safely(source, tmp_path / "a.jpg", tmp_path / "b.jpg", small_px=192, crop=Crop(0, 0, 500))
    assert [side_of(tmp_path / name) for name in ("a.jpg", "b.jpg")] == [360, 192]
    assert cover.show_safely(source, tmp_path / "shown.jpg") == (1280, 720)


@pytest.mark.parametrize("options", [{}, {"progressive": True, "optimize": True}, {"quality": 30}])
def test_the_side_of_a_cover_is_read_from_its_head(options: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "cover.jpg"
    for side in (1, 192, 640, 1000):
        file.write_bytes(jpeg(Image.new("RGB", (side, side)), **options))
        assert side_of(file) == side


@given(st.binary(max_size=200), st.integers(0, 200))
def test_no_bytes_make_reading_a_side_fail(noise: bytes, at: int) -> None:
    data = bytearray(picture(60, 60))
    data[at : at + len(noise)] = noise
    with NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        assert side_of(Path(file.name)) is None or side_of(Path(file.name)) >= 0  # type: ignore[operator]


def test_without_a_cover_there_is_no_side(tmp_path: Path) -> None:
    assert side_of(tmp_path / "none.jpg") is None
    (tmp_path / "page.jpg").write_bytes(b"<html>")
    assert side_of(tmp_path / "page.jpg") is None
