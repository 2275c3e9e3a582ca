"""What somebody types as questions to the index of words, those with the best answers first.

Each question leaves out what an earlier one finds, and answers in the order of `seq`, newest first: so a page
takes as many as it needs and no more, and the next one goes on from there. Nothing is ranked or sorted.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.library.words import words_of

MAX_WORDS = 10
RUN = 3
"""The index knows runs of so many characters and nothing shorter."""
LONG = 5
"""In words of so many letters one may be wrong, too many, missing, or swapped with the next …"""
FEW = 10
"""… when fewer tracks than this have the words as they were typed."""
MISTAKE = 4
MAX_CORRECTED = 4
MAX_LENGTH = 24
MAX_SPELLINGS = 24
LOOK_AT = 400
"""Tracks in which a spelling is looked for, at each place where the mistake can be."""

_NUMBER = text("SELECT count(*) FROM (SELECT 1 FROM tracks_fts WHERE tracks_fts MATCH :match LIMIT :most)")
_NAMES = text(
    "SELECT title_words || artist_words || album_words FROM tracks_present WHERE seq IN "
    "(SELECT rowid FROM tracks_fts WHERE tracks_fts MATCH :match ORDER BY rowid DESC LIMIT :most)"
)


@dataclass(frozen=True)
class Search:
    tiers: tuple[tuple[int, str], ...]
    """Number and question for MATCH: 0 a whole name, 1 its beginning, 2 beginnings of words, 3 parts of
    words, 4 with a mistake. A number means the same at every page."""
    everything: str
    """For MATCH: all of them at once."""

    def within(self, *columns: str) -> str:
        """For MATCH: only what these columns have."""
        return f"{{{' '.join(columns)}}} : ({self.everything})"


def understand(session: Session, q: str) -> Search | None:
    """None when there is no word in it."""
    words = list(dict.fromkeys(words_of(q)))[:MAX_WORDS]
    if not words:
        return None
    name = "\n " + "  ".join(words_of(q)[:MAX_WORDS])
    nested = [_run(f"{name}\n"), _run(name), _all(map(_starting, words))]
    if any(len(word) >= RUN for word in words):
        nested.append(_all(map(_inside, words)))
    numbered = list(enumerate(nested))
    exactly = _number(session, nested[-1])
    if not exactly:
        del numbered[:-1]
    if exactly < FEW and (spellings := _spellings(session, words)):
        with_mistake = _all(_any([_inside(word), *spellings.get(word, ())]) for word in words)
        numbered = [*(numbered if exactly else ()), (MISTAKE, with_mistake)]
    tiers = [(number, f"{one} NOT {better}") for (_, better), (number, one) in pairwise(numbered)]
    return Search((numbered[0], *tiers), numbered[-1][1])


def _spellings(session: Session, words: Sequence[str]) -> dict[str, list[str]]:
    """How the library spells the longer words: word → questions. The rare ones are to blame."""
    longer = [word for word in words if LONG <= len(word) <= MAX_LENGTH]
    rare = [word for word in longer if _number(session, _inside(word)) < FEW]
    found = {word: _spelled(session, word) for word in (rare or longer)[:MAX_CORRECTED]}
    return {word: [_starting(one) for one in several] for word, several in found.items() if several}


def _spelled(session: Session, word: str) -> list[str]:
    """What words of the library begin with, and differs from this in one letter."""
    # What is before the mistake begins some word, and what is behind it is in one.
    first = max(0, len(word) - 2 - _most(session, word, lambda length: _inside(word[-length:])))
    last = min(len(word) - 1, _most(session, word, lambda length: _starting(word[:length])))
    found: dict[str, None] = {}
    for at in range(first, last + 1):
        before, after = word[:at], word[at + 1 :]
        # One too many, and two swapped: these can be looked for as they are.
        swapped = before + after[:1] + word[at] + after[1:]
        found.update((one, None) for one in (before + after, swapped) if _number(session, _starting(one), 1))
        # Another one, and one missing: what is around it is in the index.
        pattern = f" ({re.escape(before)}[^\\s](?:{re.escape(word[at])})?{re.escape(after)})"
        names = session.scalars(_NAMES, {"match": _around(before, after), "most": LOOK_AT})
        found.update((one, None) for name in names for one in re.findall(pattern, name))
        if len(found) > MAX_SPELLINGS:
            break
    return [one for one in found if one != word]


def _most(session: Session, word: str, question: Callable[[int], str]) -> int:
    """The length of the longest piece of a word that the library has: of what it has, it has every part."""
    has, lacks = RUN - 1, len(word) + 1
    while lacks - has > 1:
        length = (has + lacks) // 2
        if _number(session, question(length), 1):
            has = length
        else:
            lacks = length
    return has


def _number(session: Session, question: str, most: int = FEW) -> int:
    """Of tracks that answer it, as far as it matters."""
    return session.scalar(_NUMBER, {"match": question, "most": most}) or 0


def _around(before: str, after: str) -> str:
    found = [_starting(before)] if before else []
    if len(after) >= RUN:
        found.append(_run(after))
    elif len(after) == RUN - 1 and len(before) < RUN:
        # So little before it would find too much: the word ends here.
        found.append(_any([_run(f"{after} "), _run(f"{after}\n")]))
    return _all(found)


def _starting(word: str) -> str:
    """A word begins so. One letter is no run: it counts with the two characters that stand before it."""
    return _run(f" {word}") if len(word) > 1 else _any([_run(f"  {word}"), _run(f"\n {word}")])


def _inside(word: str) -> str:
    return _run(word) if len(word) >= RUN else _starting(word)


def _run(characters: str) -> str:
    escaped = characters.replace('"', '""')
    return f'"{escaped}"'


def _all(questions: Iterable[str]) -> str:
    return f"({' AND '.join(questions)})"


def _any(questions: Iterable[str]) -> str:
    return f"({' OR '.join(questions)})"
