"""A QR code as a picture that a page can hold in itself."""


def picture(text: str) -> str:
    """A `data:` address of it, in black on white also in the dark: that is what cameras read."""
    # Loaded when the first one is drawn.
    import segno

    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(scale=6, border=4, dark="#000", light="#fff"))
