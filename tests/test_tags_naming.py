"""Where a track goes in the library: portable, short, stable names, whatever its tags say."""

import random
import unicodedata
from pathlib import Path, PurePosixPath

import pytest

from app.errors import Invalid
from app.tags.model import Tags
from app.tags.naming import check_template, library_path, path_key, with_number

FAMILY = "👨‍👩‍👧‍👦"


def named(extension: str = "mp3", template: str = "", **tags: object) -> str:
    return str(library_path(Tags(**tags), extension, template))  # type: ignore[arg-type]


def stem(title: str) -> str:
    """What a title alone becomes as a file name."""
    return library_path(Tags(title=title, artist="a"), "mp3").name.removesuffix(".mp3")


def test_track_of_an_album_and_single_have_their_places() -> None:
    album = {"title": "Song", "artist": "Band", "album_artist": "Various", "album": "Hits"}
    assert named(**album, track_no=3) == "Various/Hits/03 Song.mp3"
    assert named(**album, track_no=103) == "Various/Hits/103 Song.mp3"
    assert named(**album) == "Various/Hits/Song.mp3"
    assert named("FLAC", title="Song", artist="Band", track_no=3) == "Band/Song.flac"


def test_later_discs_have_their_number_before_the_track() -> None:
    album = {"title": "Song", "artist": "Band", "album": "Box", "track_no": 4}
    assert named(**album, disc_no=1) == "Band/Box/04 Song.mp3"
    assert named(**album, disc_no=2) == "Band/Box/2-04 Song.mp3"
    assert named(title="Song", artist="Band", album="Box", disc_no=2) == "Band/Box/Song.mp3"


def test_missing_names_have_readable_substitutes() -> None:
    assert named() == "Unknown artist/Untitled.mp3"
    assert named(title="\u200b\u3164 ", artist="\u202e") == "Unknown artist/Untitled.mp3"
    assert named(title="Song", album_artist="Band") == "Band/Song.mp3"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("AC/DC", "AC-DC"),
        ("What?", "What"),
        ("Act One: The End", "Act One - The End"),
        ("Act One : The End", "Act One - The End"),
        ("12:30", "12-30"),
        ('Say "Hi"', "Say 'Hi'"),
        ("<Intro>", "(Intro)"),
        ("a|b\\c*d", "a-b-c_d"),
        ("...Baby One More Time", "Baby One More Time"),
        ("Wait...", "Wait"),
        ("Wait. . .", "Wait"),
        ("a \t\n b", "a b"),
        ("a\u3000b\u00a0c\u2028d", "a b c d"),
        ("nul\0byte\x1b[31m", "nulbyte[31m"),
        ("\u202eevil\u2069 \ufeffBOM\u00ad", "evil BOM"),
        ("???", "_"),
        ("...", "_"),
        ("..", "_"),
        ("!!!", "!!!"),
        ("\u0301accent", "accent"),
        (".\u0301accent", "accent"),
        ("a ?\u0301b", "a b"),
        ("lone \ud800 half", "lone half"),
        ("می‌خواهم", "میخواهم"),
        (f"{FAMILY} ❤️ {FAMILY}", f"{FAMILY} ❤️ {FAMILY}"),
        ("~$draft", "~$draft"),
        (".hidden", "hidden"),
    ],
)
def test_title_becomes_a_readable_portable_name(title: str, name: str) -> None:
    assert stem(title) == name


@pytest.mark.parametrize("name", ["CON", "nul", "Aux", "COM1", "lpt9", "com²", "CONIN$", "NUL.tar", "con .x"])
def test_names_that_windows_keeps_for_devices_are_changed(name: str) -> None:
    first, dot, rest = name.partition(".")
    assert stem(name) == f"{first.rstrip()}_{first[len(first.rstrip()) :]}{dot}{rest}"
    assert library_path(Tags(title="t", artist=name), "mp3").parts[0] != name
    assert stem("CONcert") == "CONcert"


def test_composed_and_decomposed_letters_give_the_same_name() -> None:
    assert stem("Bjo\u0308rk") == stem("Björk") == "Björk"
    assert stem("e\u200b\u0301") == "é"


@pytest.mark.parametrize("text", ["音" * 300, "x" * 300, "é" * 300, FAMILY * 40, "🇩🇪" * 100, "👍🏽" * 100])
def test_long_names_are_cut_between_letters_and_leave_room(text: str) -> None:
    tags = Tags(title=text, artist=text, album=text, track_no=1)
    path = library_path(tags, "flac")
    assert all(len(part.encode()) <= 255 - 40 for part in path.parts)
    assert all(len(part.encode()) > 255 - 40 - 30 for part in path.parts)
    kept = path.name.removesuffix(".flac").removeprefix("01 ")
    one = text[: len(text) // 40] if text.startswith(FAMILY) else text[: 2 if text[0] in "🇩👍" else 1]
    assert kept == one * (len(kept) // len(one))


def test_letter_with_hundreds_of_accents_is_not_cut_in_half() -> None:
    assert stem("ab" + "c" + "\u0323" * 300) == "ab"
    assert stem("c" + "\u0323" * 300) == "_"


def test_nothing_leaves_the_library(tmp_path: Path) -> None:
    for evil in ("../../x", "/etc/passwd", "..", ".", "C:\\x", "\\\\server\\share", "a/../../b", "~/x"):
        path = library_path(Tags(title=evil, artist=evil, album=evil, track_no=1), "mp3")
        assert len(path.parts) == 3
        assert not path.is_absolute()
        assert (tmp_path / path).resolve().is_relative_to(tmp_path.resolve())


def test_any_text_gives_a_valid_name_that_stays_the_same() -> None:
    chance = random.Random(1)
    letters = (
        'ab .-_:?*"<>|/\\\t\0éE\u0301\u200d\u200b\u202e👩👧❤\ufe0f🇩🇪음ᄒ\u1161\u11ab㈀A1\u3164\ud800conul'
    )
    for _ in range(3000):
        title, artist = ("".join(chance.choices(letters, k=chance.randrange(120))) for _ in range(2))
        path = library_path(Tags(title=title, artist=artist, album=artist), "opus")
        album = path.parts[1] if len(path.parts) == 3 else ""
        again = Tags(title=path.stem, artist=path.parts[0], album=album)
        assert library_path(again, "opus") == path
        for part in path.parts:
            assert unicodedata.is_normalized("NFC", part)
            assert 0 < len(part.encode()) <= 255 - 40
            assert part == part.strip(" .")
            assert not set(part) & set('<>:"/\\|?*\0\t\u200b\u202e\u3164')


def test_template_decides_and_empty_fields_take_their_separators_along() -> None:
    song = {"title": "Song", "artist": "Band", "album": "Hits"}
    assert named(template="{artist} - {title}", **song) == "Band - Song.mp3"
    dated = "{genre}/{artist}/{album} ({year})/{disc_no}-{track_no:03} - {title}"
    full = {**song, "genre": "Rock", "date": "2019-05-03", "disc_no": 1, "track_no": 7}
    assert named(template=dated, **full) == "Rock/Band/Hits (2019)/1-007 - Song.mp3"
    assert named(template=dated, **song) == "Band/Hits/Song.mp3"
    assert named(template="{album} [{date}] {title}", **song) == "Hits Song.mp3"
    assert named(template="{title} - {date}", **song) == "Song.mp3"
    assert named(template="{{{title}}}", **song) == "{Song}.mp3"
    assert named(template="{artist}: {title}", **song) == "Band - Song.mp3"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{titel}", "did you mean {title}"),
        ("{zzz} {title}", "choose from title"),
        ("{title", "a brace too many or too few"),
        ("title}", "a brace too many or too few"),
        ("{}", "is not a field"),
        ("{0}", "is not a field"),
        ("{title.__class__}", "is not a field"),
        ("{title[0]}", "is not a field"),
        ("{title!r}", "can only be written so"),
        ("{title:>10}", "can only be written so"),
        ("{track_no:x} {title}", "can only be written so"),
        ("{track_no:{title}}", "can only be written so"),
        ("/{title}", "no slash at the start or end"),
        ("{title}/", "no slash at the start or end"),
        ("a//{title}", "no slash at the start or end"),
        ("../{title}", "no “..”"),
        ("a\\{title}", "no “\\”"),
        ("{artist}", "needs {title}"),
        ("a/" * 8 + "{title}", "at most 8 parts"),
    ],
)
def test_bad_templates_are_refused_with_a_sentence(template: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_template(template)
    assert sentence in refused.value.message
    with pytest.raises(Invalid):
        library_path(Tags(title="x"), "mp3", template)


@pytest.mark.parametrize("extension", ["", "mp3/../x", ".mp3", "m p3", "toolongending", "é"])
def test_odd_endings_are_refused(extension: str) -> None:
    with pytest.raises(Invalid):
        library_path(Tags(title="x"), extension)


def test_taken_names_get_a_number() -> None:
    path = PurePosixPath("Band/Mr. Song.mp3")
    assert with_number(path, 1) == path
    assert str(with_number(path, 2)) == "Band/Mr. Song (2).mp3"
    longest = library_path(Tags(title="音" * 300), "mp3")
    assert with_number(longest, 9999).name == f"{longest.stem} (9999).mp3"
    foreign = PurePosixPath("é" * 125 + ".flac")
    assert len(with_number(foreign, 12).name.encode()) <= 255


def test_keys_are_equal_where_some_file_system_sees_one_name() -> None:
    assert path_key(PurePosixPath("Björk/JÓGA.mp3")) == path_key("bjo\u0308rk/jóga.mp3")
    assert path_key("Straße.mp3") == path_key("STRASSE.mp3")
    assert path_key("ΣΊΣΥΦΟΣ") == path_key("σίσυφος")
    assert path_key("a.mp3") != path_key("á.mp3")


def test_what_is_left_of_a_name_that_is_cut_is_no_device_either() -> None:
    # One letter with 200 accents goes as a whole, and takes what kept it from being a device.
    path = library_path(Tags(title="Song", artist="CONIN$A" + "\u0323" * 200), "mp3")
    assert path.parts[0] == "CONIN$_"
