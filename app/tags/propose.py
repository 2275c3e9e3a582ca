"""Proposes tags from what a source says about a link: the source's own fields first, then its title."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from app.languages.say import say
from app.tags import info as read
from app.tags.credits import join_names, main_artist
from app.tags.descriptions import Described, read_description
from app.tags.model import EDITABLE, SURE, Proposal, Suggestion, Tags
from app.tags.performer import GUESSED, HINTED, LIKELY, READ, SAID, Credit, find_credit, stem_number, suggest
from app.tags.text import key
from app.tags.title_noise import is_full_album

_ALBUM_LIST = re.compile(r"^(?:Album|EP|Single)\s+[-–—]\s+(?P<album>.+)$")
NOTHING = suggest("", "", 0.0)
THE_ARTIST = say("the artist")
WITHOUT_FEATURES = say("the artist, without the features")


def propose(
    info: Mapping[str, Any], in_file: Tags | None = None, known_artists: Collection[str] = frozenset()
) -> Proposal:
    """Suggest a value, with its reason and confidence, for each field that the info says something about.

    `known_artists` are those in the person's library, as `credits.artist_keys` makes them of their names.
    `in_file` are the tags that the fetched file brought along. They fill what the source does not say; of a
    bare file, where the source knows only its name, they are all there is to know.
    """
    described = read_description(info)
    credit = find_credit(info, known_artists, described)
    found = {
        "title": credit.title,
        "artist": credit.artist,
        "album": _album(info, credit, described),
        "album_artist": _album_artist(info, credit),
        "track_no": _track_no(info),
        "disc_no": suggest(read.number(info, "disc_number"), read.from_site(info), SAID),
        "date": _date(info, described),
        "genre": _genre(info, described),
    }
    # Only a file can know these: what stands in its comment is an advertisement as often as not.
    found |= dict.fromkeys(("compilation", "lyrics", "lyrics_synced"), NOTHING)
    own = _in_file(in_file or Tags())
    first, second = (own, found) if read.is_direct_file(info) and "title" in own else (found, own)
    fields = {
        name: first[name] if name in first and first[name].value else second.get(name) for name in found
    }
    return Proposal(fields={name: one for name, one in fields.items() if one and one.value})


def _in_file(tags: Tags) -> dict[str, Suggestion]:
    """What the file itself says: somebody tagged it, but who knows how well."""
    values = {name: str(getattr(tags, name) or "") for name in EDITABLE}
    values["compilation"] = "1" if tags.compilation else ""
    found = {
        name: suggest(value, say("from the file's own tags"), LIKELY)
        for name, value in values.items()
        if value
    }
    for name in ("lyrics", "lyrics_synced"):
        if lines := getattr(tags, name):
            found[name] = Suggestion(value=lines, reason=say("from the file's own tags"), confidence=LIKELY)
    if "artist" in found and "album_artist" not in found:
        found["album_artist"] = suggest(main_artist(tags.artist), THE_ARTIST, LIKELY)
    return found


def _album_artist(info: Mapping[str, Any], credit: Credit) -> Suggestion:
    """The album artists, or the artist without the features: players group albums by it."""
    if listed := read.names(info, "album_artists", "album_artist"):
        return suggest(join_names(listed), read.from_site(info), SAID)
    main = credit.album_artist or main_artist(credit.artist.value)
    reason = THE_ARTIST if main == credit.artist.value else WITHOUT_FEATURES
    return suggest(main, reason, credit.artist.confidence)


def _album(info: Mapping[str, Any], credit: Credit, described: Described) -> Suggestion:
    if album := read.text(info, "album"):
        return suggest(album, read.from_site(info), SAID)
    if found := _ALBUM_LIST.match(read.text(info, "playlist_title")):
        return suggest(found["album"], say("the list's name"), READ)
    parts = read.description_parts(info)
    if len(parts) > 1 and not parts[1].startswith(("℗", "Released on")):
        return suggest(parts[1].partition("\n")[0], read.from_site(info), SAID)
    if is_full_album(read.text(info, "title")):
        return suggest(credit.title.value, say("a full album"), credit.title.confidence)
    if described.album:
        return suggest(described.album, say("from the description"), LIKELY)
    if described.is_album:
        return suggest(credit.title.value, say("its chapters are tracks"), GUESSED)
    return NOTHING


def _track_no(info: Mapping[str, Any]) -> Suggestion:
    """The track number; in an album's list the place in the list; on a file the number in its name."""
    if said := read.number(info, "track_number"):
        return suggest(said, read.from_site(info), SAID)
    place = read.number(info, "playlist_index")
    playlist = read.text(info, "playlist_title")
    if place and _ALBUM_LIST.match(playlist):
        return suggest(place, say("the place in the list"), READ)
    if place and read.text(info, "album"):
        same = key(playlist) == key(read.text(info, "album"))
        return suggest(place, say("the place in the list"), SURE if same else GUESSED)
    return suggest(stem_number(info), say("from the file's name"), GUESSED)


def _date(info: Mapping[str, Any], described: Described) -> Suggestion:
    if released := read.day(info.get("release_date")):
        return suggest(released, say("release date"), READ)
    if released := _described_date(info):
        return suggest(released, say("release date"), READ)
    if released := read.year(info.get("release_year")):
        return suggest(released, say("release year"), READ)
    if described.date:
        return suggest(described.date, say("from the description"), LIKELY)
    uploaded = read.day(info.get("upload_date"))
    return suggest(uploaded, say("upload date"), HINTED if read.is_direct_file(info) else GUESSED)


def _described_date(info: Mapping[str, Any]) -> str:
    lines = "\n".join(read.description_parts(info)).split("\n")
    told = [line.partition(":")[2].strip() for line in lines if line.startswith("Released on:")]
    return read.day(told[0]) if told else ""


def _genre(info: Mapping[str, Any], described: Described) -> Suggestion:
    """The first genre; `Music` is a category and says nothing."""
    listed = [name for name in read.names(info, "genres", "genre") if key(name) != "music"]
    if listed:
        return suggest(listed[0], read.from_site(info), SURE)
    return suggest(described.genre, say("from the description"), LIKELY)
