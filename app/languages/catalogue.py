"""A language's texts, read from its `.po` file; English sentences are found in it, also filled ones."""

import io
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from app.languages import ENGLISH, LANGUAGES, MARKS
from app.languages.numbers import is_quantity, quantity
from app.languages.say import say

FOLDER = Path(__file__).parent
HOLE = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
WITH_HOLES = "python-brace-format"
"""The flag of entries whose `{name}`s are holes."""
NOT_OURS = frozenset(
    "title name value artist album path text said user channel site who called person wanted title_of "
    "name_of version old new from_ contact url address told".split()
)
"""Holes for other people's words: a song called “Added” keeps its name."""
MOST_KEPT = 2048
LONGEST = 2000
DEEPEST = 3
LITTLE, FEW_WORDS = 8, 3
_SENTENCE_ENDS = re.compile(r"(?<=[.!?…])( )(?=\S)")
_AND = say(" and ")
_JOINTS = (" · ", "; ", ", ", _AND)
"""What lines and lists are joined with, and what is tried in this order when the whole is not known."""
MOST_PARTS = 24
MOST_SENTENCES = (3, 3, 3, 8)
"""That are told one by one, by the depth that is left. What is longer is a stranger's."""


@dataclass(frozen=True)
class Pattern:
    """An entry with holes: what stands between them, their names, and the translation."""

    between: tuple[str, ...]
    names: tuple[str, ...]
    translation: str

    @property
    def weight(self) -> int:
        return sum(map(len, self.between))

    @property
    def is_weak(self) -> bool:
        """It says so little, and begins so openly, that much else looks like it: “{count} of {site}”."""
        return not self.between[0] and sum(map(str.isalpha, "".join(self.between))) <= LITTLE

    def match(self, sentence: str) -> dict[str, str] | None:
        """What is in the holes. Found from left to right, so that no text can make it slow."""
        first, *inner, last = self.between
        end = len(sentence) - len(last)
        if not (sentence.startswith(first) and sentence.endswith(last)):
            return None
        found, at = [], len(first)
        for text in inner:
            where = sentence.find(text, at + 1, end)
            if where < 0:
                return None
            found.append(sentence[at:where])
            at = where + len(text)
        if at >= end:
            return None
        found.append(sentence[at:end])
        return dict(zip(self.names, found, strict=True))

    def filled(self, words: dict[str, str]) -> str:
        return HOLE.sub(lambda hole: words.get(hole[1], hole[0]), self.translation)


class Catalogue:
    """One language. `gettext` and `ngettext` are for templates, `tell` for sentences that Python made."""

    def __init__(self, file: Path | None, marks: tuple[str, str] | None = None) -> None:
        """None: English, in which all is said already. `marks` are those of numbers."""
        self._marks = marks
        self._texts: NullTranslations = NullTranslations()
        self._exact: dict[str, str] = {}
        self._patterns: list[Pattern] = []
        if file:
            self._texts, self._exact, self._patterns = _read(file)
        self.gettext, self.ngettext = self._texts.gettext, self._texts.ngettext
        self.tell = lru_cache(MOST_KEPT)(self._tell) if file else str

    def _tell(self, sentence: str) -> str:
        return self._found(sentence, DEEPEST) or sentence if len(sentence) <= LONGEST else sentence

    def _found(self, text: str, depth: int) -> str | None:
        """The translation, or None where no part of it is known."""
        if is_quantity(text):
            return quantity(text, self._marks)
        if not _has_letters(text):
            return None
        for way in (self._known, self._of_sentences, self._filled, self._joined):
            if (one := way(text, depth)) is not None:
                return one
        return None

    def _joined(self, text: str, depth: int) -> str | None:
        """A list, each of its parts told. All have to be known, except in lines of facts."""
        for joint in _JOINTS:
            parts = text.split(joint)
            if 1 < len(parts) <= MOST_PARTS:
                told = [self._found(part, depth) for part in parts]
                known = [
                    new is not None or not _has_letters(old) for new, old in zip(told, parts, strict=True)
                ]
                if all(known) or (joint == _JOINTS[0] and any(known)):
                    between = self._exact.get(joint, joint)
                    return between.join(new or old for new, old in zip(told, parts, strict=True))
        return None

    def _known(self, text: str, depth: int) -> str | None:
        return self._exact.get(text) or self._filled(text, depth, across=False)

    def _of_sentences(self, text: str, depth: int) -> str | None:
        """Several sentences, each told; as many as belong together are taken at once."""
        parts = _SENTENCE_ENDS.split(text)[::2]
        if not 1 < len(parts) <= MOST_SENTENCES[depth]:
            return None
        told, known, start = [], False, 0
        while start < len(parts):
            for end in range(len(parts), start, -1):
                piece = " ".join(parts[start:end])
                new = self._known(piece, depth) if piece != text else None
                if new is not None or end == start + 1:
                    known = known or new is not None
                    told.append(new or piece)
                    start = end
                    break
        return " ".join(told) if known else None

    def _filled(self, text: str, depth: int, *, across: bool = True) -> str | None:
        """By an entry with holes. `across`: also when a hole would hold the end of an unknown sentence."""
        if depth == 0:
            return None
        for pattern in self._patterns:
            found = pattern.match(text)
            if found is None:
                continue
            longer = [name for name, value in found.items() if _SENTENCE_ENDS.search(value)]
            if not across and any(
                _is_theirs(name) or self._known(found[name], depth - 1) is None for name in longer
            ):
                continue
            words = {name: self._in_hole(name, value, depth) for name, value in found.items()}
            if pattern.is_weak and any(
                words[name] is None and len(value.split()) > FEW_WORDS for name, value in found.items()
            ):
                continue
            return pattern.filled({name: new or found[name] for name, new in words.items()})
        return None

    def _in_hole(self, name: str, value: str, depth: int) -> str | None:
        if _is_theirs(name):
            return None
        return (
            quantity(value, self._marks) if is_quantity(value, bare=True) else self._found(value, depth - 1)
        )


def _is_theirs(name: str) -> bool:
    return name.rstrip("0123456789") in NOT_OURS


def _has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def _read(file: Path) -> tuple[GNUTranslations, dict[str, str], list[Pattern]]:
    import polib

    entries = polib.pofile(str(file))
    exact, patterns = {}, []
    for entry in entries.translated_entries():
        exact[entry.msgid] = entry.msgstr
        if WITH_HOLES in entry.flags:
            pieces = HOLE.split(entry.msgid)
            patterns.append(Pattern(tuple(pieces[::2]), tuple(pieces[1::2]), entry.msgstr))
    # The one that says most of it wins.
    patterns.sort(key=lambda pattern: pattern.weight, reverse=True)
    return GNUTranslations(io.BytesIO(entries.to_binary())), exact, patterns


@cache
def catalogue(language: str) -> Catalogue:
    """Read once; what is no language of ours is English."""
    if language not in LANGUAGES or language == ENGLISH:
        return Catalogue(None)
    return Catalogue(FOLDER / f"{language}.po", MARKS.get(language))
