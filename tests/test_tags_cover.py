"""Any picture becomes a square JPEG without bars, or is refused with a sentence."""

import io
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from app.errors import Failure
from app.tags import squares
from app.tags.squares import square_jpeg, without_bars
from tests.media.audio import huge_picture, picture

BLACK, WHITE, GREY = (0, 0, 0), (255, 255, 255), (90, 70, 60)


def art(width: int, height: int) -> Image.Image:
    """A picture with something on each of its edges."""
    return Image.open(io.BytesIO(picture(width, height, "png"))).convert("RGB").rotate(180)


def framed(inner: Image.Image, width: int, height: int, colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (width, height), colour)
    image.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    return image


def jpeg(image: Image.Image, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", **{"quality": 80, **options})
    return written.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def alike(one: Image.Image, other: Image.Image) -> bool:
    """The same picture, apart from JPEG noise, scale and a few lines at the edge."""
    small = [image.convert("RGB").resize((50, 50)).crop((2, 2, 48, 48)).tobytes() for image in (one, other)]
    return sum(abs(a - b) for a, b in zip(*small, strict=True)) / len(small[0]) < 6


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_wide_picture_becomes_its_middle_square(form: str) -> None:
    source = picture(1280, 720, form)  # type: ignore[arg-type]
    made = opened(square_jpeg(source))
    assert (made.format, made.mode, made.size) == ("JPEG", "RGB", (720, 720))
    assert alike(made, opened(source).convert("RGB").crop((280, 0, 1000, 720)))


def test_large_is_scaled_down_and_small_never_up() -> None:
    assert opened(square_jpeg(picture(3000, 2500))).size == (1000, 1000)
    assert opened(square_jpeg(picture(3000, 2500), size_px=300)).size == (300, 300)
    assert opened(square_jpeg(picture(60, 90))).size == (60, 60)
    assert opened(square_jpeg(picture(1, 1))).size == (1, 1)


def test_letterbox_of_a_video_still_is_cut_off() -> None:
    still = art(480, 270)
    made = opened(square_jpeg(jpeg(framed(still, 480, 360, BLACK))))
    assert 262 <= made.width <= 270
    assert alike(made, still.crop((105, 0, 375, 270)))


@pytest.mark.parametrize("colour", [BLACK, WHITE, GREY])
def test_square_art_smaller_than_its_frame_is_found(colour: tuple[int, int, int]) -> None:
    inner = art(500, 500)
    made = opened(square_jpeg(jpeg(framed(inner, 1280, 720, colour))))
    assert 490 <= made.width <= 500
    assert alike(made, inner)


def test_square_art_between_blurred_sides_is_found() -> None:
    inner = art(720, 720)
    blurred = inner.resize((1280, 1280)).crop((0, 280, 1280, 1000)).filter(ImageFilter.GaussianBlur(40))
    blurred.paste(inner, (280, 0))
    assert alike(opened(square_jpeg(jpeg(blurred))), inner)
    small = framed(blurred.resize((480, 270)), 480, 360, BLACK)
    assert alike(opened(square_jpeg(jpeg(small))), inner)


def test_large_letterboxed_picture_is_cut_without_leftovers() -> None:
    still = Image.new("RGB", (3840, 1632), WHITE)
    made = opened(square_jpeg(jpeg(framed(still, 3840, 2160, BLACK))))
    assert min(made.convert("L").tobytes()) > 240


def test_square_cover_with_a_white_border_by_design_is_kept() -> None:
    designed = framed(art(400, 400), 600, 600, WHITE)
    assert alike(opened(square_jpeg(jpeg(designed))), designed)


def test_logo_on_a_plain_ground_is_not_cut() -> None:
    logo = Image.new("RGB", (1280, 720), WHITE)
    ImageDraw.Draw(logo).ellipse((440, 160, 840, 560), fill=BLACK)
    assert without_bars(logo) == (0, 0, 1280, 720)
    ImageDraw.Draw(logo).ellipse((-100, 160, 1380, 560), fill=GREY)
    assert without_bars(logo) == (0, 0, 1280, 720)


def test_one_sided_bar_and_all_one_colour_are_no_frames() -> None:
    still = Image.new("RGB", (1280, 720), BLACK)
    assert without_bars(still) == (0, 0, 1280, 720)
    still.paste(art(1280, 600), (0, 0))
    assert without_bars(still) == (0, 0, 1280, 720)


def test_flat_sky_and_flat_ground_are_no_bars() -> None:
    scene = Image.new("RGB", (1280, 720), (120, 180, 250))
    scene.paste(art(1280, 300), (0, 200))
    scene.paste(GREY, (0, 500, 1280, 720))
    assert without_bars(scene) == (0, 0, 1280, 720)


def test_picture_is_turned_as_its_camera_says_and_loses_all_metadata() -> None:
    upright = art(300, 400)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "at home"
    sideways = upright.rotate(90, expand=True)
    source = jpeg(sideways, exif=exif, comment=b"secret", icc_profile=b"profile" * 20)
    made = square_jpeg(source)
    assert alike(opened(made), ImageOps.fit(upright, (300, 300)))
    assert b"secret" not in made
    assert b"at home" not in made
    assert set(opened(made).info) <= {
        "jfif",
        "jfif_version",
        "jfif_unit",
        "jfif_density",
        "progressive",
        "progression",
    }


def test_transparent_parts_become_white() -> None:
    clear = Image.new("RGBA", (50, 50), (255, 0, 0, 0))
    written = io.BytesIO()
    clear.save(written, "PNG")
    assert opened(square_jpeg(written.getvalue())).getpixel((25, 25)) == WHITE


def test_same_picture_gives_the_same_bytes() -> None:
    source = picture(1280, 720)
    assert square_jpeg(source) == square_jpeg(source)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "CMYK"])
def test_unusual_kinds_of_pixels_are_read(mode: str) -> None:
    written = io.BytesIO()
    grey = Image.linear_gradient("L")
    image = Image.new("I;16", (256, 256), 40_000) if mode == "I;16" else grey.convert(mode)
    image.save(written, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(square_jpeg(written.getvalue())).mode == "RGB"


@pytest.mark.parametrize("form", ["GIF", "TIFF", "BMP", "PPM"])
def test_other_formats_are_refused(form: str) -> None:
    written = io.BytesIO()
    art(50, 50).save(written, form)
    with pytest.raises(Failure, match="use a JPEG, PNG or WebP file"):
        square_jpeg(written.getvalue())


@pytest.mark.parametrize("data", [b"", b"<svg></svg>", b"%!PS-Adobe", b"\xff\xd8\xff\xe0junk", b"8BPS\0\1"])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Failure):
        square_jpeg(data)


def test_damaged_pictures_are_refused() -> None:
    for form in ("jpeg", "png", "webp"):
        with pytest.raises(Failure, match="damaged"):
            square_jpeg(picture(400, 400, form)[:1200])  # type: ignore[arg-type]


def test_too_many_pixels_or_bytes_are_refused_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Failure, match="at most 25 megapixels and 20 MB"):
        square_jpeg(huge_picture(6000, 5000))
    monkeypatch.setattr(squares, "MAX_BYTES", 1000)
    (tmp_path / "large").write_bytes(picture(400, 400))
    with pytest.raises(Failure, match="at most 25 megapixels and 20 MB"):
        square_jpeg(tmp_path / "large")


def test_missing_picture_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="no longer there"):
        square_jpeg(tmp_path / "gone.jpg")


def test_page_hidden_behind_a_picture_does_not_survive() -> None:
    assert b"script" not in square_jpeg(picture(100, 100) + b"<script>alert(1)</script>")
