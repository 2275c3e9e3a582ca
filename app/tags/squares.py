"""Any picture becomes a plain square JPEG, without bars, metadata or surprises. For children only."""

import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageOps, UnidentifiedImageError

from app.audio.gate import open_regular
from app.children.child import Emit
from app.errors import Failure, FailureKind
from app.languages.say import say
from app.tags.cover import DAMAGED, SIZE_PX, Box, Crop, Whole, square_in

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 20 * 2**20
MAX_PIXELS = 25_000_000
QUALITY = 88

WHOLE_PX = 1200
"""The longest side of a whole picture that is shown to choose a square from."""

NOT_A_PICTURE = say("This is not a picture that Inlay can read: use a JPEG, PNG or WebP file.")
TOO_LARGE = say("This picture is too large: use one of at most 25 megapixels and 20 MB.")

BAR_TOLERANCE = 24
"""How far a pixel of a bar may be from its colour, of 255: JPEG noise, seen on real thumbnails."""
BAR_DIRT = 0.01
"""The part of a line in a bar that may differ nevertheless."""
BAR_EDGE = 0.5
"""The part of the line next to a bar that must differ: pictures end in an edge, a logo on white does not."""
SQUARE_ENOUGH = 1.02

Colour = tuple[int, int, int]


def square_jpeg(source: bytes | Path, *, size_px: int = SIZE_PX, crop: Crop | None = None) -> bytes:
    """This square of the picture, or its middle, as a JPEG of at most `size_px`; never enlarged.

    Bars around the picture are cut off first, unless it is square already. Raises Failure.
    """
    picture = _without_surprises(source, size_px)
    try:
        picture = picture.crop(square_in(Whole(*picture.size), crop))
        if picture.width > size_px:
            picture = picture.resize((size_px, size_px), Image.Resampling.LANCZOS)
        return _jpeg(picture)
    except MemoryError as error:
        raise _refused(TOO_LARGE) from error


def whole_jpeg(source: bytes | Path, *, longest_px: int = WHOLE_PX) -> tuple[bytes, Whole]:
    """The picture without its bars as a JPEG to look at, and the size that it really has. Raises Failure."""
    picture = _without_surprises(source, SIZE_PX)
    whole = Whole(*picture.size)
    picture.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return _jpeg(picture), whole


def square_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side: `source` and `target` are paths, `size_px` is the longest side."""
    made = square_jpeg(Path(args["source"]), size_px=args["size_px"])
    Path(args["target"]).write_bytes(made)
    with Image.open(io.BytesIO(made)) as picture:
        return {"side_px": picture.width}


def cover_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side of `make_safely`."""
    made = square_jpeg(Path(args["source"]), crop=Crop(*args["crop"]) if args["crop"] else None)
    Path(args["small"]).write_bytes(square_jpeg(made, size_px=args["small_px"]))
    Path(args["cover"]).write_bytes(made)
    return {}


def whole_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side of `show_safely`."""
    made, whole = whole_jpeg(Path(args["source"]))
    Path(args["target"]).write_bytes(made)
    return whole._asdict()


def without_bars(picture: Image.Image) -> Box:
    """The part of this RGB picture inside bars of one colour, as on letterboxed thumbnails.

    Bars count only in pairs of the same width, and only if the picture between them ends in an edge.
    Blurred sides need no finding: they are outside the middle square.
    """
    whole = (0, 0, picture.width, picture.height)
    if max(picture.size) < SQUARE_ENOUGH * min(picture.size):
        return whole
    step = max(1, max(picture.size) // 800)
    small = picture.reduce(step)
    turned = small.transpose(Image.Transpose.TRANSPOSE)
    top, left = _bars(small), _bars(turned)
    inside = (left, top, small.width - left, small.height - top)
    if top and not _fills_an_edge(small, inside):
        return whole
    if left and not _fills_an_edge(turned, (inside[1], inside[0], inside[3], inside[2])):
        return whole
    # One line more, because the last line of a bar is often a mixture.
    left, top = ((bar + 1) * step if bar else 0 for bar in (left, top))
    return (left, top, picture.width - left, picture.height - top)


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except (Failure, OSError) as error:
        raise _refused(say("The picture is no longer there.")) from error


def _refused(sentence: str) -> Failure:
    return Failure(FailureKind.PERMANENT, sentence)


def _decode(data: bytes, size_px: int) -> Image.Image:
    """The picture upright in RGB, without transparency, and not much larger than needed."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as file:
        if file.width * file.height > MAX_PIXELS:
            raise _refused(TOO_LARGE)
        colours = "RGBA" if file.has_transparency_data else "RGB"
        picture = file if file.mode == colours else file.convert(colours)
        # Bars may take three quarters of a side.
        picture = ImageOps.exif_transpose(picture.reduce(max(1, min(file.size) // (4 * size_px))))
    if colours == "RGBA":
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture).convert("RGB")
    # Comments and profiles would be written again.
    picture.info.clear()
    return picture


def _without_surprises(source: bytes | Path, size_px: int) -> Image.Image:
    """The picture decoded, upright, in RGB and without bars. Raises Failure for whatever is wrong with it."""
    data = source if isinstance(source, bytes) else _read(source)
    if len(data) > MAX_BYTES:
        raise _refused(TOO_LARGE)
    try:
        picture = _decode(data, size_px)
        return picture.crop(without_bars(picture))
    except UnidentifiedImageError as error:
        raise _refused(NOT_A_PICTURE) from error
    except (Image.DecompressionBombError, MemoryError) as error:
        raise _refused(TOO_LARGE) from error
    except Failure:
        raise
    except Exception as error:
        # A decoder fed with strangers' bytes raises anything, from SyntaxError to struct.error.
        raise _refused(DAMAGED) from error


def _jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=QUALITY, progressive=True, optimize=True)
    return written.getvalue()


def _bars(picture: Image.Image) -> int:
    """The height of the bars at the top and at the bottom, or 0.

    The picture is in the middle of its frame, so where one bar seems higher its edge is just dark.
    """
    flipped = ImageOps.flip(picture)
    colours = zip(_first_colour(picture), _first_colour(flipped), strict=True)
    if any(abs(one - other) >= BAR_TOLERANCE for one, other in colours):
        return 0
    bar = min(_bar(picture), _bar(flipped))
    return bar if picture.height - 2 * bar >= picture.height / 4 else 0


def _bar(picture: Image.Image) -> int:
    """How many lines from the top have the colour of the first one."""
    dirt = _differing(picture, _first_colour(picture)).resize((1, picture.height), Image.Resampling.BOX)
    lines = dirt.tobytes()
    return next((number for number, line in enumerate(lines) if line > BAR_DIRT * 255), len(lines))


def _fills_an_edge(picture: Image.Image, inside: Box) -> bool:
    """Whether the first or the last lines inside the bars differ from them in most places."""
    differing = _differing(picture, _first_colour(picture)).crop(inside)
    edges = [(0, 1, differing.width, 3), (0, differing.height - 3, differing.width, differing.height - 1)]
    return any(_mean(differing.crop(edge)) >= BAR_EDGE * 255 for edge in edges)


def _differing(picture: Image.Image, colour: Colour) -> Image.Image:
    """White where a pixel has another colour, black elsewhere."""
    difference = ImageChops.difference(picture, Image.new("RGB", picture.size, colour))
    red, green, blue = difference.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point([0] * BAR_TOLERANCE + [255] * (256 - BAR_TOLERANCE))


def _first_colour(picture: Image.Image) -> Colour:
    line = picture.crop((0, 0, picture.width, 1)).resize((1, 1), Image.Resampling.BOX)
    red, green, blue = line.tobytes()
    return red, green, blue


def _mean(picture: Image.Image) -> int:
    return picture.resize((1, 1), Image.Resampling.BOX).tobytes()[0]
