"""What people read, in their language. English is what stands in the code; the rest is in catalogues.

Light on purpose: whatever marks a text imports this package. A catalogue is read when it is first needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch", "es": "Español"}
"""By code, each as it calls itself. Another one is a line here and its `.po` file beside."""

MARKS = {"de": (".", ","), "es": (".", ",")}
"""In long numbers and before decimals, where not as in 1,234.5."""

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


def current() -> str:
    """The language of the page that is being made."""
    return _current.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """What is told within is told in that language."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)
