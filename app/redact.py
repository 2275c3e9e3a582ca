"""What must not be in a log: tokens, passwords, cookies, keys in addresses; and signs that forge lines."""

import re
from collections.abc import Iterable

GONE = "***"
SHORTEST = 6
"""A secret of fewer characters would black out ordinary words."""

# In an address only these say what it is about; a signed link of a site is a key to it as a whole.
_PLAIN_FIELDS = r"(?:v|list)"
_NAMES = (
    r"(?:pass(?:word|wd|phrase)?|secret|(?:access|refresh|api|auth|form|csrf|metrics|session)?[_-]?token|"
    r"api[_-]?key|acoustid[_-]key|authorization|credentials?|inlay_session|session[_-]id)"
)
_RULES = (
    # Headers: all that follows on the line.
    (re.compile(r"((?:set-)?cookie['\"]?\s*[:=]\s*)[^\r\n]+", re.I), rf"\1{GONE}"),
    (re.compile(r"((?:proxy-)?authorization['\"]?\s*[:=]\s*)[^\r\n]+", re.I), rf"\1{GONE}"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.I), rf"\1 {GONE}"),
    # A line of cookies.txt.
    (re.compile(r"(\t(?:TRUE|FALSE)\t[^\t\n]*\t(?:TRUE|FALSE)\t\d+\t[^\t\n]*\t)[^\t\r\n]+"), rf"\1{GONE}"),
    # Logins in addresses, then what follows the question mark or the hash.
    (re.compile(r"(://)[^\s/?#@'\"]+@"), rf"\1{GONE}@"),
    (
        re.compile(rf"([?&#;](?!{_PLAIN_FIELDS}=)[\w.\[\]%-]{{1,64}}=)[^&\s\"'<>#;]+"),
        rf"\1{GONE}",
    ),
    (
        re.compile(rf"(\b[\w-]*{_NAMES}['\"]?\s*[:=]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&)\]}}]+)", re.I),
        rf"\1{GONE}",
    ),
    (re.compile(r"\binlay_[\w-]{30,}"), f"inlay_{GONE}"),
)


class Redactor:
    """Takes out of a text what looks like a secret, and the secrets of the settings wherever they are."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = sorted({one for one in secrets if len(one) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, text: str) -> str:
        if self._known:
            text = self._known.sub(GONE, text)
        for pattern, put in _RULES:
            text = pattern.sub(put, text)
        return text


def one_line(text: str) -> str:
    """Text that cannot begin a line of its own, colour a terminal, or turn its direction."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _spelled(sign) for sign in text)


def _spelled(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
