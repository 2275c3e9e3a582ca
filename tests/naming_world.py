"""Tags and templates as nobody would write them, and what must be true of every name made from them."""

import unicodedata
from pathlib import Path, PurePosixPath

from hypothesis import strategies as st

from app.errors import Invalid
from app.library import place
from app.tags.model import EDITABLE, Tags
from app.tags.naming import FIELDS, MAX_BYTES, NUMBERS, check_template, with_number

FRAGMENTS = (
    *("..", ".", "/", "\\", "~", " ", "  ", "\t", "\n", "\0", "\x1b[31m", "\x7f", "\x9c", "C:\\", "\\\\a\\b"),
    *("CON", "con", "NUL", "aux", "COM1", "lpt¹", "CONIN$", "prn.", ".con", "nul .x", "CON ", "com0"),
    *(
        '"',
        "<",
        ">",
        ":",
        "|",
        "?",
        "*",
        "%",
        "$",
        "{",
        "}",
        "{title}",
        "-",
        "_",
        ",",
        "'",
        "(",
        ")",
        "[",
        "]",
    ),
    *("e\u0301", "é", "\u0301", "\u0323" * 80, "Å", "A\u030a", "ﬁ", "ß", "ẞ", "SS", "İ", "ı", "ſ", "ΐ", "Σς"),
    *("음", "\u1112\u1161", "\u11ab", "音" * 90, "x" * 300, "é" * 130, "\ud800", "\udc80", "\udbff\udfff"),
    *("👨‍👩‍👧‍👦" * 12, "👍🏽", "🇩🇪🇫🇷", "❤️", "\u200d", "\ufe0f", "\u200b", "\u202e", "\u2069", "\ufeff"),
    *("\u3164", "\u115f", "\u2028", "\u00a0", "\u3000", "\u00ad", "\ufffe", "\U000e0041", "\U0010ffff"),
    *("Song", "song", "a", "B", "1", "02", "mp3", ".mp3", ".part", ".inlay-library"),
)
FORBIDDEN = set('<>:"/\\|?*')
DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"
}

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=20)
pieces = st.one_of(st.sampled_from(FRAGMENTS), anything)
texts = st.lists(pieces, max_size=3).map("".join)
numbers = st.one_of(st.none(), st.integers(0, 10**12))
tags = st.builds(
    Tags, **{name: numbers if name in NUMBERS else texts for name in EDITABLE if name != "comment"}
)
endings = st.sampled_from(["mp3", "m4a", "opus", "ogg", "flac", "wav", "webm", "FLAC", "a1b2c3d4"])

_literals = texts.map(lambda text: text.replace("{", "{{").replace("}", "}}").replace("/", ""))
_fields = st.one_of(
    st.sampled_from(FIELDS).map(lambda name: f"{{{name}}}"),
    st.tuples(st.sampled_from(NUMBERS), st.sampled_from(["2", "02", "3", "09"])).map(
        lambda both: f"{{{both[0]}:{both[1]}}}"
    ),
    st.just("{title}"),
)
_parts = st.lists(st.one_of(_fields, _literals), min_size=1, max_size=5).map("".join)


def _is_template(text: str) -> bool:
    try:
        check_template(text)
    except Invalid:
        return False
    return True


templates = st.one_of(
    st.just(""), st.lists(_parts, min_size=1, max_size=6).map("/".join).filter(_is_template)
)


def assert_portable(path: PurePosixPath, root: Path) -> None:
    """It stays inside, and every file system can hold it."""
    assert path.parts
    assert not path.is_absolute()
    assert (root / path).resolve().is_relative_to(root)
    for part in path.parts:
        assert 0 < len(part.encode()) <= MAX_BYTES, part
        assert not FORBIDDEN & set(part), part
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in part), part
        assert part == part.strip(" ."), part
        assert unicodedata.is_normalized("NFC", part), part
        assert part.partition(".")[0].rstrip().upper() not in DEVICES, part


def bring(file: Path, library: Path, wanted: PurePosixPath, owner: str) -> place.Placed:
    """Into the library under the first free name, as a finalize does it."""
    sha256 = place.sha256_of(file)
    for number in range(1, 20):
        name = with_number(wanted, number)
        if not place.name_is_taken(library, name, sha256):
            try:
                return place.place(file, library, name, owner)
            except place.NameTaken:
                continue
    raise AssertionError(f"no free name for {wanted}")
