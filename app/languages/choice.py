"""Which language somebody reads: as they chose, else as their browser says, else English."""

from app.languages import ENGLISH, LANGUAGES

MOST_WISHES = 20
"""Of a header's; no browser sends more."""


def language_for(chosen: str, accepted: str) -> str:
    """`chosen` is the user's setting, empty where there is none; `accepted` the header `Accept-Language`."""
    return chosen if chosen in LANGUAGES else wished(accepted)


def wished(header: str) -> str:
    """The language of ours that the header likes best. `de-AT` is German; what is not ours is passed over."""
    best, weight = ENGLISH, 0.0
    for wish in header.split(",", MOST_WISHES)[:MOST_WISHES]:
        name, _, rest = wish.partition(";")
        code = name.strip().lower().partition("-")[0]
        quality = _quality(rest)
        # The first of several that are liked as well.
        if code in LANGUAGES and quality > weight:
            best, weight = code, quality
    return best


def _quality(text: str) -> float:
    """Of `q=0.8`; 1 where it is not said, 0 (never) where it is nonsense."""
    name, _, value = text.strip().partition("=")
    if not name:
        return 1.0
    try:
        found = float(value) if name.strip().lower() == "q" else 0.0
    except ValueError:
        return 0.0
    return found if 0.0 <= found <= 1.0 else 0.0
