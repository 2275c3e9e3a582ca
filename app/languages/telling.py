"""A sentence that Python made, in somebody's language. What no catalogue has is told as it is."""

from app.languages import current
from app.languages.catalogue import catalogue


def told(sentence: str) -> str:
    """In the language of the page that is being made."""
    return catalogue(current()).tell(sentence)


def tell_in(language: str, sentence: str) -> str:
    """In that one; empty is English."""
    return catalogue(language).tell(sentence)
