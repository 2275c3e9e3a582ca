"""Proposals helped by descriptions, chapters and the artists of the library."""

from typing import Any

import pytest

from app.tags.credits import artist_keys
from app.tags.model import SURE
from app.tags.propose import propose
from app.tags.titles import FROM_TITLE, KNOWN, parse_title

FILM = {
    "extractor": "youtube",
    "title": "Salt Harbour Full Video | Low Tide | Actor One, Actor Two | Director",
    "channel": "Wet Ink Films",
}


def values(info: dict[str, Any], *artists: str) -> dict[str, str]:
    found = propose(info, known_artists=artist_keys(artists))
    return {name: one.value for name, one in found.fields.items()}


# --- descriptions ---------------------------------------------------------------------------------------


def test_singers_in_the_description_are_the_artist_of_a_film_song() -> None:
    info = {**FILM, "description": "Song: Salt Harbour\nSingers: Mira Vale, Bo Lund\nMusic: Cy"}
    fields = propose(info).fields

    assert (fields["artist"].value, fields["title"].value) == ("Mira Vale & Bo Lund", "Salt Harbour")
    assert fields["artist"].reason == "from the description"
    assert fields["artist"].confidence >= SURE


def test_composer_stands_in_where_a_film_song_names_no_singer() -> None:
    assert values({**FILM, "description": "Music - Cy Roe"})["artist"] == "Cy Roe"


def test_description_that_agrees_with_the_title_makes_it_sure() -> None:
    info = {"title": "Mira Vale - Harbour", "channel": "some fan", "description": "Artist: Mira Vale"}
    artist = propose(info).fields["artist"]

    assert (artist.value, artist.reason) == ("Mira Vale", "from the title, and the description agrees")
    assert artist.confidence >= SURE


def test_description_tells_which_side_is_the_artist() -> None:
    info = {"title": "Salt Harbour - Mira Vale", "channel": "some fan"}

    assert values({**info, "description": "▶ Artist : Mira Vale"})["artist"] == "Mira Vale"
    assert values(info)["artist"] == "Salt Harbour"


def test_described_album_genre_and_release_date_are_proposed_but_not_sure() -> None:
    info = {
        "title": "Mira Vale - Harbour",
        "channel": "Mira Vale",
        "upload_date": "20200101",
        "description": "Álbum: x\nAlbum: Low Tide\r\nGénero: Folk\r\nRelease date: 2019-05-03",
    }
    fields = propose({**info, "description": info["description"].partition("\n")[2]}).fields

    assert (fields["album"].value, fields["genre"].value) == ("Low Tide", "Folk")
    assert fields["date"].value == "2019-05-03"
    assert max(fields[name].confidence for name in ("album", "genre", "date")) < SURE


def test_description_that_lists_several_tracks_names_none_of_their_artists() -> None:
    tracks = "Artist: Mira Vale\nSong: One\nArtist: Bo Lund\nSong: Two"

    assert (
        values({"title": "Night Hour", "channel": "DJ Quark", "description": tracks})["artist"] == "DJ Quark"
    )


def test_cover_is_not_given_to_the_artist_whom_its_description_names() -> None:
    info = {"title": "Harbour (Piano Cover)", "channel": "Bo Lund", "description": "Artist: Mira Vale"}

    assert values(info)["artist"] == "Bo Lund"
    assert values(info)["title"] == "Harbour (Piano Cover)"


@pytest.mark.parametrize(
    "description",
    ["Artist: https://example.test/x", "Artist: " + "x" * 200, "Artist:", "My artist: Bo", None, 7],
)
def test_line_that_is_no_credit_is_left_alone(description: object) -> None:
    info = {"title": "Harbour", "channel": "Mira Vale", "description": description}

    assert values(info)["artist"] == "Mira Vale"


# --- chapters -------------------------------------------------------------------------------------------


def chapters(*titles: str) -> list[dict[str, str]]:
    return [{"title": title} for title in titles]


def test_artist_whom_every_chapter_names_is_the_artist() -> None:
    info = {"title": "Low Tide", "channel": "Wet Ink Records"}
    named = propose({**info, "chapters": chapters("Mira Vale - One", "Mira Vale - Two")}).fields["artist"]

    assert (named.value, named.reason) == ("Mira Vale", "from the chapters")
    assert named.confidence < SURE
    assert "artist" not in values({**info, "chapters": chapters("Mira Vale - One", "Bo Lund - Two")})
    assert "artist" not in values({**info, "chapters": chapters("<Untitled Chapter 1>", "Two - Two")})


def test_long_upload_with_chapters_is_proposed_as_an_album() -> None:
    info = {"title": "Mira Vale - Low Tide", "channel": "Mira Vale"}
    listed = chapters("One", "Two", "Three", "Four")
    album = propose({**info, "duration": 2_400, "chapters": listed}).fields["album"]

    assert (album.value, album.reason) == ("Low Tide", "its chapters are tracks")
    assert album.confidence < SURE
    assert "album" not in values({**info, "duration": 240, "chapters": listed})


# --- SoundCloud and Bandcamp ------------------------------------------------------------------------------


def test_remix_on_its_remixers_bandcamp_page_belongs_to_who_made_the_track() -> None:
    info = {
        "extractor": "Bandcamp",
        "title": "Quark - Mira Vale - Harbour (Quark Remix)",
        "track": "Mira Vale - Harbour (Quark Remix)",
        "artists": ["Quark"],
        "album_artists": ["Quark"],
    }

    assert (values(info)["artist"], values(info)["title"]) == ("Mira Vale", "Harbour (Quark Remix)")


def test_soundclouds_publisher_names_the_artist_where_the_uploader_is_a_label() -> None:
    info = {"extractor": "soundcloud", "title": "Harbour", "track": "Harbour", "uploader": "Wet Ink Records"}

    assert values({**info, "artists": ["Mira Vale"]})["artist"] == "Mira Vale"
    assert "artist" not in values(info)


# --- the artists of the library -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "channel", "artist", "song"),
    [
        ("Salt Harbour - Mira Vale", "some fan", "Mira Vale", "Salt Harbour"),
        ("Harbour Lights-Mira Vale", "some fan", "Mira Vale", "Harbour Lights"),
        ("Mira Vale-Harbour (Official Video)", "some fan", "Mira Vale", "Harbour"),
        ("Jay-Dee-Harbour", "some fan", "Jay-Dee", "Harbour"),
        ("Mira Vale Harbour OFFICIAL M/V", "Wet Ink Labels", "Mira Vale", "Harbour"),
        ("Harbour - Mira Vale (Piano Cover)", "Bo Lund", "Bo Lund", "Harbour (Mira Vale Piano Cover)"),
        ("Harbour Song | Film | Actor, Mira Vale | Director", "Wet Ink Films", "Mira Vale", "Harbour"),
        # names that a library has, too, where they are something else
        ("Bo Lund - Mira Vale (Cy Remix)", "some fan", "Bo Lund", "Mira Vale (Cy Remix)"),
        ("Mira Vale Medley", "Bo Lund", "Bo Lund", "Mira Vale Medley"),
        ("Mira Vale - Foxes", "Mira Vale", "Mira Vale", "Foxes"),
    ],
)
def test_known_artist_tells_what_the_title_means(title: str, channel: str, artist: str, song: str) -> None:
    read = parse_title(title, channel, artist_keys(["Mira Vale", "Jay-Dee", "Foxes feat. Someone"]))

    assert (read.artist, read.title) == (artist, song)


def test_known_artist_makes_a_plain_title_sure_and_says_why() -> None:
    known = artist_keys(["Mira Vale"])

    assert parse_title("Mira Vale - Harbour", "some fan", known).sure
    assert parse_title("Mira Vale - Harbour", "some fan", known).reason == KNOWN
    assert not parse_title("Mira Vale - Harbour", "some fan").sure


def test_song_called_like_a_known_band_of_one_word_is_never_sure() -> None:
    assert not parse_title("Mira Vale - Foxes", "some fan", artist_keys(["Foxes"])).sure


def test_two_known_artists_tell_nothing() -> None:
    read = parse_title("Mira Vale - Bo Lund", "some fan", artist_keys(["Mira Vale", "Bo Lund"]))

    assert (read.artist, read.reason, read.sure) == ("Mira Vale", FROM_TITLE, False)


def test_nobody_in_particular_is_no_known_artist() -> None:
    assert artist_keys(["Various Artists", "", "!!!", "X", "Mira Vale feat. Bo"]) == {"miravale"}
