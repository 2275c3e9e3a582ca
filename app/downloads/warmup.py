"""What the warm parent prepares once, so that a forked child starts on the link at once."""

import importlib

CALL = f"{__name__}:warm_up"

# What a child works with. The server, which names the call above, loads none of it.
WORK = ("app.downloads.child", "app.audio.convert", "app.audio.measure", "app.tags.squares")
# Loaded by name, and late, when a picture or a link first needs them.
LATE = (
    # Pillow's own five, which it imports with the first picture, and the one more that we read.
    *("PIL.BmpImagePlugin", "PIL.GifImagePlugin", "PIL.JpegImagePlugin", "PIL.PpmImagePlugin"),
    *("PIL.PngImagePlugin", "PIL.WebPImagePlugin"),
    "encodings.idna",
)


def warm_up() -> None:
    """Import and compile what each download would otherwise do by itself (about 0.9 s)."""
    for module in (*WORK, *LATE):
        importlib.import_module(module)
    from app.sources.rehearsal import rehearse

    rehearse()
