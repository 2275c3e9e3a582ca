"""A large library without its files: rows as a scan would write them, with names like people's."""

import random
from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import update

from app.audio.model import Quality
from app.db import Database, now
from app.library import queries
from app.library.model import Track
from app.library.queries import Content, FileFacts
from app.tags.model import Tags

BATCH = 500
PER_RELEASE = 10
RELEASES_PER_ARTIST = 3
SITES = ("www.youtube.com", "soundcloud.com", "saltmarsh.bandcamp.com")
COMMON = """love night you the in my of and to heart blue rain time home fire light little black summer
    river dance down sky long dream girl road away ghost paper harbour winter gold moon wild hello life
    baby people city water bird stone star good last""".split()
STARTS = "b br c ch cl d dr f fl g gr h j k l m n p pr r s sh st t tr v w z".split()
VOWELS = "a e i o u ai ea ee oo ou é ö".split()
ENDS = ["n", "r", "l", "s", "t", "m", "nd", "rk", "ll", "", "", "ng", "x"]


def fill(db: Database, tracks: int, seed: int = 5) -> None:
    """So many tracks, added minute by minute."""
    dice = random.Random(seed)
    began = now() - timedelta(minutes=tracks)
    made = tracks_of(dice, tracks)
    for start in range(0, tracks, BATCH):
        batch = [one for _, one in zip(range(BATCH), made, strict=False)]
        with db.write() as session:
            ids = queries.upsert(session, batch)
            times = [
                {"id": id, "added_at": began + timedelta(minutes=number)}
                for number, id in enumerate(ids, start=start)
            ]
            session.execute(update(Track), times)


def tracks_of(dice: random.Random, number: int) -> Iterator[tuple[FileFacts, Content]]:
    """Files with tags, release by release."""
    words = _Words(dice)
    artist, left = "", 0
    for at in range(number):
        if at % PER_RELEASE == 0:
            if left == 0:
                artist, left = words.name(1, 3), dice.randint(1, 2 * RELEASES_PER_ARTIST)
            left -= 1
            album, year, site = words.name(1, 4), dice.randint(1960, 2025), dice.choice(("", *SITES))
            lossless = dice.random() < 0.3
        track_no = at % PER_RELEASE + 1
        title = words.name(1, 5) + (" (Live)" if dice.random() < 0.03 else "")
        tags = Tags(
            title=title,
            artist=artist,
            album=album,
            album_artist=artist,
            track_no=track_no,
            disc_no=1,
            date=str(year),
            source_url=f"https://{site}/{at}" if site else "",
        )
        quality = Quality(
            codec="flac" if lossless else "opus",
            container="flac" if lossless else "opus",
            lossless=lossless,
            sample_rate_hz=48_000,
            bit_depth=16 if lossless else None,
            bitrate_bps=900_000 if lossless else 130_000,
            duration_ms=dice.randint(90_000, 400_000),
        )
        path = f"{artist}/{album}/{track_no:02} {title} {at}.{quality.container}"
        yield FileFacts(path, 1, 1, at + 1), Content(tags, has_cover=False, quality=quality)


class _Words:
    """Some hundred common words, and some ten thousand that few names have."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.rare = ["".join(self._syllable() for _ in range(dice.randint(1, 3))) for _ in range(20_000)]

    def name(self, least: int, most: int) -> str:
        return " ".join(self._word() for _ in range(self.dice.randint(least, most))).title()

    def _word(self) -> str:
        return self.dice.choice(COMMON if self.dice.random() < 0.45 else self.rare)

    def _syllable(self) -> str:
        return self.dice.choice(STARTS) + self.dice.choice(VOWELS) + self.dice.choice(ENDS)
