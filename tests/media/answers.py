"""What the site will say to one request, and the things it can say it about."""

import hashlib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

Body = bytes | Path
Page = Callable[[str], bytes]
"""Makes a body from the address that the client used, such as `http://127.0.0.1:8080`."""


@dataclass
class Answer:
    """One response before it is sent. Faults change it."""

    body: Body
    content_type: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    rate_bps: float | None = None
    chunked: bool = False
    ranges: Literal["honest", "ignored", "wrong"] = "honest"
    length_off: int = 0
    stop_at: int | None = None
    stop_how: Literal["close", "reset", "stall"] = "close"
    endless: bool = False
    wait_s: float = 0


class Fault(Protocol):
    def strikes(self, earlier: int) -> bool: ...

    def change(self, answer: Answer) -> None: ...


@dataclass
class Resource:
    """Something at one path. `gets` counts the GET requests that it has had."""

    body: Body | Page
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    rate_bps: float | None = None
    chunked: bool = False
    faults: Sequence[Fault] = ()
    gets: int = 0

    def answer(self, base: str, earlier: int) -> Answer:
        """What to say to a request that has `earlier` GETs before it."""
        body = self.body if isinstance(self.body, (bytes, Path)) else self.body(base)
        answer = Answer(body, self.content_type, self.status, dict(self.headers), self.rate_bps, self.chunked)
        for fault in self.faults:
            if fault.strikes(earlier):
                fault.change(answer)
        return answer


def size_of(body: Body) -> int:
    return len(body) if isinstance(body, bytes) else body.stat().st_size


def etag_of(body: Body) -> str:
    if isinstance(body, Path):
        facts = body.stat()
        body = f"{facts.st_size} {facts.st_mtime_ns}".encode()
    return f'"{hashlib.sha256(body).hexdigest()[:16]}"'


def pieces(body: Body, start: int, stop: int, step: int) -> Iterator[bytes]:
    """The bytes from `start` to `stop`, at most `step` at a time."""
    if isinstance(body, bytes):
        yield from (body[at : min(at + step, stop)] for at in range(start, stop, step))
        return
    with body.open("rb") as file:
        file.seek(start)
        for at in range(start, stop, step):
            yield file.read(min(step, stop - at))


def repeated(body: Body, step: int) -> Iterator[bytes]:
    """The body over and over, without end."""
    for _ in itertools.count():
        yield from pieces(body, 0, size_of(body), step)
