"""Our own example set (`data/titles.tsv`), and the judge of what the parser makes of it."""

import unicodedata
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "titles.tsv"
_ONE_SIGN = str.maketrans(
    {**dict.fromkeys("‘’`´", "'"), **dict.fromkeys("“”„", '"'), **dict.fromkeys("‐–—―", "-")}
)
_ROUND = str.maketrans("[]", "()")


@dataclass(frozen=True)
class Example:
    """What an upload is called, and each pair of artist and title that would be right."""

    title: str
    channel: str
    right: frozenset[tuple[str, str]]

    @property
    def info(self) -> dict[str, Any]:
        return {"title": self.title, "channel": self.channel, "extractor": "youtube"}

    def is_right(self, artist: str, title: str) -> bool:
        return (folded(artist), folded(title)) in self.right


def folded(text: str) -> str:
    """Without case, kinds of quotes, dashes and brackets, and spaces."""
    plain = unicodedata.normalize("NFKC", text).translate(_ONE_SIGN).translate(_ROUND)
    return "".join(plain.casefold().split())


def examples() -> list[Example]:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [_example(*line.split("\t")) for line in lines if not line.startswith("# ")]


def _example(title: str, channel: str, artists: str, songs: str) -> Example:
    pairs = product(artists.split(" ;; "), songs.split(" ;; "))
    right = {(folded(a), folded(t)) for artist, song in pairs for a, t in _spellings(artist, song)}
    return Example(title, channel, frozenset(right))


def _spellings(artist: str, song: str) -> list[tuple[str, str]]:
    """A feature stands with the artist, or with the title before or behind its other notes."""
    main, feature, guests = artist.partition(" +feat ")
    if not feature:
        return [(artist, song)]
    front, bracket, notes = song.partition(" (")
    return [
        (f"{main} feat. {guests}", song),
        (main, f"{song} (feat. {guests})"),
        (main, f"{front} (feat. {guests}){bracket}{notes}"),
    ]
