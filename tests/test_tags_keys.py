"""Keys fold what only describes an upload, and keep apart what is another recording."""

import pytest

from app.tags.keys import album_key, artist_key, title_key

SAME_TITLES = [
    ("Harbour Lights", "HARBOUR LIGHTS"),
    ("Déjà Vu", "Deja Vu"),
    ("Łódź", "Lodz"),
    ("Don't Stop", "Don’t Stop"),
    ("Rock & Roll", "Rock and Roll"),
    ("Harbour (feat. Jane Roe)", "Harbour"),
    ("Harbour ft. Jane Roe", "Harbour"),
    ("Harbour (Live) [feat. Jane Roe]", "Harbour (Live)"),
    ("Harbour (2011 Remaster)", "Harbour"),
    ("Harbour - Remastered 2009", "Harbour"),
    ("Harbour - 2011 Remastered Version", "Harbour"),
    ("Harbour (Live / 2011 Remaster)", "Harbour (Live)"),
    ("Harbour (Official Music Video)", "Harbour"),
    ("Harbour [Official Audio]", "Harbour"),
    ("Harbour (Lyrics)", "Harbour"),
    ("Harbour (Explicit)", "Harbour"),
    ("Harbour (Album Version)", "Harbour"),
    ("Harbour (Original Version)", "Harbour"),
    ("Harbour (Bonus Track)", "Harbour"),
    ("Harbour (Official Video) [HD]", "Harbour"),
    ("Harbour - Remix", "Harbour (Remix)"),
    ("Harbour (Rmx)", "Harbour (Remix)"),
    ("Harbour (Live Version)", "Harbour - Live"),
    ("Harbour, Pt. II", "Harbour (Part 2)"),
    ("Harbour Part One", "Harbour, Pt. 1"),
    ("Symphony No. 5", "Symphony № 5"),
    ("Symphony No. V", "Symphony No. 5"),
    ("(I Can't Get No) Rest", "(I can’t get no) rest"),
    ("Ёлка", "Елка"),
    ("가시나", "가시나"),
]
OTHER_TITLES = [
    ("Harbour", "Harbour (Live)"),
    ("Harbour", "Harbour - Live at the Pier"),
    ("Harbour (Live 1999)", "Harbour (Live 2004)"),
    ("Harbour", "Harbour (Acoustic)"),
    ("Harbour (Remix A)", "Harbour (Remix B)"),
    ("Harbour", "Harbour (Jane Roe Remix)"),
    ("Harbour", "Harbour (Radio Edit)"),
    ("Harbour", "Harbour (Instrumental)"),
    ("Harbour", "Harbour (Demo)"),
    ("Harbour", "Harbour (Mono)"),
    ("Harbour", "Harbour (Sped Up)"),
    ("Harbour", "Harbour (Slowed + Reverb)"),
    ("Harbour", "Harbour (Reprise)"),
    ("Harbour", "Harbour (Taylor's Version)"),
    ("Harbour", "Harbour (Jane Roe cover)"),
    ("Harbour", "Harbour (Extended Mix)"),
    ("Harbour", "Harbour (Version)"),
    ("Harbour", "Harbour (Karaoke)"),
    ("Harbour (Part 1)", "Harbour (Part 2)"),
    ("Harbour, Pt. I", "Harbour, Pt. II"),
    ("Symphony No. 5", "Symphony No. 6"),
    ("1989", "1999"),
    ("Harbour (1989)", "Harbour (1999)"),
    ("(I Can't Get No) Rest", "Rest"),
    ("Hello - Remix", "Hello"),
    ("!!!", "???"),
    ("上海", "東京"),
    ("はか", "はが"),
    ("की", "का"),
    ("мой", "мои"),
    ("Harbour (Live Video)", "Harbour"),
    ("Harbour", "Harbour II"),
    ("", "Harbour"),
]
SAME_ARTISTS = [
    ("The Tides", "Tides"),
    ("Tides, The", "The Tides"),
    ("Jane Roe feat. John Doe", "Jane Roe"),
    ("Jane Roe ft. John Doe", "Jane Roe"),
    ("Sigur Rós", "Sigur Ros"),
    ("Earth, Wind & Fire", "Earth, Wind and Fire"),
    ("A$AP Roe", "A$ap roe"),
]
OTHER_ARTISTS = [
    ("Tyler, The Creator", "Tyler"),
    ("The The", "The"),
    ("Earth, Wind & Fire", "Earth"),
    ("A Band", "Band"),
    ("!!!", "???"),
    ("Featherweight", "Fea"),
    ("Jane Roe", "Jane Roe & John Doe"),
]


@pytest.mark.parametrize(("one", "other"), SAME_TITLES)
def test_titles_of_one_recording_have_one_key(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER_TITLES)
def test_titles_of_other_recordings_have_other_keys(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(("one", "other"), SAME_ARTISTS)
def test_artists_who_are_one_have_one_key(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other)


@pytest.mark.parametrize(("one", "other"), OTHER_ARTISTS)
def test_artists_who_are_not_one_have_other_keys(one: str, other: str) -> None:
    assert artist_key(one) != artist_key(other)


def test_an_album_is_itself_as_a_single_or_in_another_edition() -> None:
    assert album_key("Tides - Single") == album_key("Tides (EP)") == album_key("Tides (Deluxe Edition)")
    assert album_key("Tides (Blue Album)") != album_key("Tides (Green Album)")
    assert album_key("Tides") != album_key("Tides (Live)")


def test_nothing_has_a_key_too() -> None:
    assert title_key("") == artist_key("") == album_key("") == ""
