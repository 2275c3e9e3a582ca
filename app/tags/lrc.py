"""Lyrics with times, as LRC text: `[01:02.50]the line`, one line each."""

import re
from collections.abc import Iterable

LINE = r"[^\S\n]*((\[[0-9]{1,3}:[0-5]?[0-9]([.:][0-9]{1,3})?\])+|\[[A-Za-z#]+:)[^\n]*"
"""A line with one time or several, or one about the song: `[ar:…]`."""
TEXT = rf"\s*({LINE}(\s*\n\s*{LINE})*)?\s*"
_TIME = re.compile(r"\[(\d{1,3}):(\d{1,2})(?:[.:](\d{1,3}))?\]")
_STEP_MS = 10

Lines = list[tuple[int, str]]
"""When a line begins, in milliseconds, and the line."""


def lines_of(text: str) -> Lines:
    """The lines that have a time, in the order in which they are sung. `[00:12][00:40]…` comes twice."""
    found: Lines = []
    for line in text.splitlines():
        times, at = [], 0
        line = line.strip()
        while hit := _TIME.match(line, at):
            times.append(_ms(*hit.groups()))
            at = hit.end()
        found += [(time, " ".join(line[at:].split())) for time in times]
    return sorted(found, key=lambda one: one[0])


def text_of(lines: Iterable[tuple[int, str]]) -> str:
    return "\n".join(f"{_clock(time)}{line}" for time, line in lines)


def tidy(text: str) -> str:
    """The same in the one way in which we write it; empty when no line has a time."""
    return text_of(lines_of(text))


def is_lrc(text: str) -> bool:
    """Whether every line says when it is sung, or something about the song."""
    return all(re.fullmatch(LINE, line) for line in text.splitlines() if line.strip())


def _ms(minutes: str, seconds: str, fraction: str | None) -> int:
    part_ms = int(((fraction or "") + "000")[:3])
    return int(minutes) * 60_000 + int(seconds) * 1_000 + part_ms


def _clock(time_ms: int) -> str:
    steps = max(0, time_ms) // _STEP_MS
    return f"[{steps // 6_000:02}:{steps // 100 % 60:02}.{steps % 100:02}]"
