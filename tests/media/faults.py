"""The ways in which a resource can misbehave. Give several to one resource and they add up.

Every fault takes `times` (how many GETs it strikes; None is all of them) and `after` (how many GETs are
served well before it). So `Status(503, times=2)` is down twice, `Swap(PLAYLIST, after=1)` is honest only
once, and `[Status(503, times=1), Reset(9_000, after=1, times=1)]` is one trouble after the other.
A HEAD request sees the fault that the next GET would see, and counts for nothing.
"""

import gzip
from dataclasses import dataclass, field

from .answers import Answer, Body, pieces, size_of

GARBAGE = bytes((index * 167 + 13) * (index // 7 + 3) % 251 for index in range(40_000))
HTML = b"<!doctype html><html><head><title>Please wait</title></head><body>Checking you.</body></html>"
PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


@dataclass(frozen=True)
class _Fault:
    times: int | None = field(default=None, kw_only=True)
    after: int = field(default=0, kw_only=True)

    def strikes(self, earlier: int) -> bool:
        return self.after <= earlier and (self.times is None or earlier < self.after + self.times)


@dataclass(frozen=True)
class Status(_Fault):
    """Refuse: 403, 404, 410, 429, 500, 503 …"""

    code: int
    retry_after_s: int | None = None

    def change(self, answer: Answer) -> None:
        answer.status = self.code
        answer.body = f"<!doctype html><title>{self.code}</title><p>No.</p>".encode()
        answer.content_type = "text/html; charset=utf-8"
        if self.retry_after_s is not None:
            answer.headers["Retry-After"] = str(self.retry_after_s)


@dataclass(frozen=True)
class Redirect(_Fault):
    """Send the client elsewhere. Without `to` to the same address again: a loop, or `times` hops."""

    to: str | None = None
    code: int = 302

    def change(self, answer: Answer) -> None:
        answer.status = self.code
        answer.body = b""
        answer.headers["Location"] = self.to or ""


@dataclass(frozen=True)
class Wait(_Fault):
    """Say nothing at all for so many seconds, then answer."""

    seconds: float

    def change(self, answer: Answer) -> None:
        answer.wait_s = self.seconds


@dataclass(frozen=True)
class Slow(_Fault):
    """Drip."""

    rate_bps: float = 1

    def change(self, answer: Answer) -> None:
        answer.rate_bps = self.rate_bps


@dataclass(frozen=True)
class Reset(_Fault):
    """Break the connection (RST) after so many bytes of each struck response's body."""

    at: int

    def change(self, answer: Answer) -> None:
        answer.stop_at, answer.stop_how = self.at, "reset"


@dataclass(frozen=True)
class Stall(_Fault):
    """Fall silent after so many bytes, with the connection open, until the client or the site goes."""

    at: int

    def change(self, answer: Answer) -> None:
        answer.stop_at, answer.stop_how = self.at, "stall"


@dataclass(frozen=True)
class HangUp(_Fault):
    """Close politely (FIN) after so many bytes, although Content-Length promised more."""

    at: int

    def change(self, answer: Answer) -> None:
        answer.stop_at, answer.stop_how = self.at, "close"


@dataclass(frozen=True)
class Truncate(_Fault):
    """Offer only the first bytes as if they were the whole file: nothing in the headers tells."""

    keep: int

    def change(self, answer: Answer) -> None:
        answer.body = b"".join(pieces(answer.body, 0, min(self.keep, size_of(answer.body)), 1 << 20))


@dataclass(frozen=True)
class WrongLength(_Fault):
    """Lie in Content-Length by so many bytes: more than there are, or (negative) fewer."""

    off_by: int

    def change(self, answer: Answer) -> None:
        answer.length_off = self.off_by


@dataclass(frozen=True)
class Endless(_Fault):
    """The body again and again in chunks, for ever. The rate keeps a test from filling the disk."""

    rate_bps: float = 32_000_000

    def change(self, answer: Answer) -> None:
        answer.endless = answer.chunked = True
        answer.rate_bps = self.rate_bps


@dataclass(frozen=True)
class NoRanges(_Fault):
    """Ignore Range: always 200 and the whole body."""

    def change(self, answer: Answer) -> None:
        answer.ranges = "ignored"


@dataclass(frozen=True)
class WrongRange(_Fault):
    """Answer a Range request with 206 and the bytes from the start instead."""

    def change(self, answer: Answer) -> None:
        answer.ranges = "wrong"


@dataclass(frozen=True)
class Swap(_Fault):
    """Another body (GARBAGE, HTML, PLAYLIST, another track). The content type stays unless given."""

    body: Body
    content_type: str | None = None

    def change(self, answer: Answer) -> None:
        answer.body = self.body
        answer.content_type = self.content_type or answer.content_type


@dataclass(frozen=True)
class GzipBomb(_Fault):
    """The true body and then so many zero bytes, all packed small, whatever the client accepts."""

    unpacked_bytes: int = 1 << 30

    def change(self, answer: Answer) -> None:
        true = b"".join(pieces(answer.body, 0, size_of(answer.body), 1 << 20))
        step = 1 << 24
        bomb = gzip.compress(bytes(step), 9) * max(1, self.unpacked_bytes // step)
        answer.body = gzip.compress(true) + bomb
        answer.headers["Content-Encoding"] = "gzip"
        answer.ranges = "ignored"
