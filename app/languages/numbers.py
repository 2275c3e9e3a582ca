"""Numbers as a language writes them: 1,234.5 MB is 1.234,5 MB elsewhere."""

import re

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_UNIT = r" ?(?:Bytes|[kMGT]i?B|[kMG]B/s|kbit/s|kHz|Hz|dB|LUFS|%|×|s|h|min)"
_ALONE = re.compile(_NUMBER)
_WITH_UNIT = re.compile(_NUMBER + _UNIT)


def is_quantity(text: str, *, bare: bool = False) -> bool:
    """A number with its unit; `bare`: or without one."""
    return bool(_WITH_UNIT.fullmatch(text) or (bare and _ALONE.fullmatch(text)))


def quantity(text: str, marks: tuple[str, str] | None) -> str:
    """`marks`: in long numbers and before decimals; None: as in English."""
    if marks is None:
        return text
    thousands, decimal = marks
    return "".join(thousands if sign == "," else decimal if sign == "." else sign for sign in text)
