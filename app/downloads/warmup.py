"""What the warm parent prepares once, so that a forked child starts on the link at once."""

import importlib

from app.audio import convert
from app.downloads import child
from app.sources.rehearsal import rehearse

CALL = f"{__name__}:warm_up"

# Loaded by name, and late, when a picture or a link first needs them.
LATE = (
    # Pillow's own five, which it imports with the first picture, and the one more that we read.
    *("PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PpmImagePlugin"),
    *("PIL.PngImagePlugin", "PIL.WebPImagePlugin"),
    "encodings.idna",
)


def warm_up() -> None:
    """Import and compile what each download would otherwise do by itself (about 0.9 s)."""
    assert child
    assert convert
    for module in LATE:
        importlib.import_module(module)
    rehearse()
