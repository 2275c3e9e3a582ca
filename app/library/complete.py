"""Names of the library that begin as somebody types: artists, albums, album artists, genres.

SQLite has no index that finds the words inside a name without accents, and a look at every row of a large
library takes longer than the next key. So the distinct names stay in memory, folded, in one text a field:
of 100,000 tracks a few megabytes. They are read again, beside the requests, when tracks were added.
"""

import re
import threading
import time
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from app.db import Database
from app.library import queries
from app.library.words import fold

FIELDS = ("artist", "album", "album_artist", "genre")
MOST = 8
MAX_CHARS = 100
MAX_HITS = 400
"""Of one letter there are thousands; the names of most tracks come first."""
_WORD = re.compile(r"[^\W_]+")
OLD_S = 300.0
"""Files whose tags are changed by others add no track: their names are known after so long."""


@dataclass(frozen=True)
class Names:
    """The names of one field, those of most tracks first."""

    originals: list[str]
    text: str
    """Folded, each behind a line break, its words behind blanks."""
    starts: list[int]

    @classmethod
    def of(cls, originals: list[str]) -> "Names":
        folded = [f"\n{words(name)}" for name in originals]
        return cls(originals, "".join(folded), list(accumulate(map(len, folded), initial=0)))

    def beginning_with(self, typed: str) -> list[str]:
        """First those that begin so, then those of which a word does."""
        wanted = words(typed)
        if not wanted:
            return []
        found: dict[str, None] = {}
        for mark in "\n ":
            for name in self._hits(mark + wanted):
                found.setdefault(name)
                if len(found) == MOST:
                    return list(found)
        return list(found)

    def _hits(self, wanted: str) -> Iterator[str]:
        at = self.text.find(wanted)
        for _ in range(MAX_HITS):
            if at < 0:
                return
            line = bisect_right(self.starts, at) - 1
            yield self.originals[line]
            at = self.text.find(wanted, self.starts[line + 1] if wanted[0] == " " else at + 1)


class Completion:
    """The names of one database, for all requests."""

    def __init__(self) -> None:
        self._known: dict[str, Names] = {}
        self._stamp: tuple[str | None, float] = (None, 0.0)
        self._reading = threading.Lock()

    def warm(self, db: Database) -> None:
        """Somebody is about to type: read the names meanwhile."""
        if (not self._known or self._is_old(db)) and self._reading.acquire(blocking=False):
            threading.Thread(target=self._renew, args=(db,), daemon=True).start()

    def find(self, db: Database, field: str, typed: str) -> list[str]:
        """At most eight names. Reads them all at the first call; later ones take what is known so far."""
        if not self._known:
            with self._reading:
                if not self._known:
                    self._read(db)
        elif self._is_old(db) and self._reading.acquire(blocking=False):
            threading.Thread(target=self._renew, args=(db,), daemon=True).start()
        return self._known[field].beginning_with(typed[:MAX_CHARS])

    def _is_old(self, db: Database) -> bool:
        last, read_at = self._stamp
        if time.monotonic() - read_at > OLD_S:
            return True
        with db.read() as session:
            return queries.last_added(session) != last

    def _renew(self, db: Database) -> None:
        try:
            self._read(db)
        finally:
            self._reading.release()

    def _read(self, db: Database) -> None:
        with db.read() as session:
            last = queries.last_added(session)
            found = {field: queries.names(session, field) for field in FIELDS}
        self._known = {field: Names.of(names) for field, names in found.items()}
        self._stamp = (last, time.monotonic())


def words(text: str) -> str:
    """Folded, with one blank between words, whatever stands there."""
    folded = text.lower() if text.isascii() else fold(text)
    return " ".join(_WORD.findall(folded))
