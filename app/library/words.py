"""How names are written down for searching, so that runs of three characters find them.

SQLite's trigram index knows nothing of words. So a name is written as `\\n love  me  do\\n`: a blank before a
letter is the start of a word, two are one behind another, and a line break is where the name begins or ends.
"""

import re
import unicodedata
from functools import lru_cache
from pathlib import PurePosixPath

from app.tags import keys

ARTICLE = "the"
MANY = 512
"""Names that are remembered: tracks of a release follow one another, and most of their names are alike."""
# Scripts that put no blanks between words: there, each character is one.
_UNSPACED = re.compile(
    r"([\u2e80-\u2fdf\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])"
)


def words_of(text: str) -> list[str]:
    """Folded: without case, accents, signs and "the", unless there is nothing else."""
    folded = keys.fold(text).replace("\0", " ")
    words = (folded if folded.isascii() else _UNSPACED.sub(r" \1 ", fold(folded))).split()
    return [word for word in words if word != ARTICLE] or words


@lru_cache(MANY)
def written(text: str) -> str:
    """A name as the index has it; empty for none."""
    return _written(words_of(text))


def name_of(title: str, path: str) -> str:
    """What a track is called: a file without a title is called by its file name."""
    return title or PurePosixPath(path).stem


def named(name: str) -> tuple[str, str]:
    """What lists sort this name by, and the name as the index has it."""
    words = words_of(name)
    return " ".join(words) or name, _written(words)


def _written(words: list[str]) -> str:
    return f"\n {'  '.join(words)}\n" if words else ""


def fold(text: str) -> str:
    """Without case, accents and compatibility forms."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return "".join(one for one in decomposed if not unicodedata.combining(one))
