"""What is inside a music file, and what we propose to put there."""

from typing import Any

import msgspec


class Tags(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The tags of one track. Empty text and None both mean: not there."""

    title: str = ""
    artist: str = ""
    album: str = ""
    album_artist: str = ""
    track_no: int | None = None
    disc_no: int | None = None
    date: str = ""
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""
    genre: str = ""
    comment: str = ""
    compilation: bool = False
    """Its album has tracks of many artists."""
    lyrics: str = ""
    lyrics_synced: str = ""
    """Lyrics with times, as LRC text."""
    source_url: str = ""
    """Where the track came from, so that it can be fetched again."""
    source_id: str = ""
    """`extractor:id` at the source."""
    recording_id: str = ""
    """At MusicBrainz, as the next three."""
    release_id: str = ""
    group_id: str = ""
    artist_ids: str = ""
    """Several with a comma between them."""
    isrc: str = ""
    """The recording's own number, the same on every release: twelve characters."""
    track_gain: str = ""
    """ReplayGain 2.0, as the next three: `-7.03 dB`, to be loud as -18 LUFS."""
    track_peak: str = ""
    """The largest sample, 1 is full scale. Opus files have no place for it."""
    album_gain: str = ""
    album_peak: str = ""


GAINS = ("track_gain", "track_peak", "album_gain", "album_peak")

# The fields that a person sees and edits, in the order of the review page.
EDITABLE = ("title", "artist", "album", "album_artist", "track_no", "disc_no", "date", "genre")

# What a person may edit besides, folded away.
MORE = ("compilation", "comment", "lyrics", "lyrics_synced")


class Suggestion(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of a proposal. `confidence` runs from 0 to 1; from 0.8 on we call it sure."""

    value: str
    reason: str
    confidence: float
    rule: str = ""
    """The id of the person's rule that says so, when one does."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """The tags that we suggest for one track; a field without a suggestion is missing from `fields`."""

    fields: dict[str, Suggestion] = {}

    def value(self, field: str) -> str:
        found = self.fields.get(field)
        return found.value if found else ""

    def tags(self) -> Tags:
        """The proposal taken as it is."""
        values: dict[str, Any] = {
            name: int(self.value(name)) for name in ("track_no", "disc_no") if self.value(name).isdigit()
        }
        named = (*EDITABLE, "comment", "lyrics", "lyrics_synced")
        values |= {name: self.value(name) for name in named if name not in ("track_no", "disc_no")}
        return Tags(**values, compilation=bool(self.value("compilation")))


SURE = 0.8
