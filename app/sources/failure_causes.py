"""What an error of yt-dlp is really about: digs through wrappers, and takes strangers' words out of the text.

yt-dlp raises a DownloadError for nearly everything. What it means is in the exceptions behind it, where it
kept them, else in the text. The text holds whatever a page, an address or a server's reason phrase says, so
it is read last, and without its quotations, addresses and names of videos.
"""

import re
import socket
import ssl
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.sources.notes import Answer, Notes

MAX_TRACE_CHARS = 3_000
NETWORK_ERRORS = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)

STATUS = re.compile(r"HTTP Error ([1-5]\d\d)\b")
RETRIED = re.compile(r"^\[download\] Got error: ", re.IGNORECASE)
IN_MEDIA = re.compile(
    r"^(unable to download video data|\[download\] Got error|the downloaded file is empty|fragment \d)",
    re.IGNORECASE,
)
TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
VAGUE = re.compile(
    r"requested format is not available|no video formats|failed to extract any player response"
    r"|downloaded file is empty|fragment \d+ not found",
    re.IGNORECASE,
)

# A page that does not hold what yt-dlp looks for; said of itself, whatever it names.
PUZZLED = re.compile(
    r"^(unable|failed|could not|couldn't|cannot|can't) (to )?"
    r"(extract(?! any player)|find|parse|get|decode|decrypt|identify|recognize|retrieve|resolve|load|obtain"
    r"|fetch)\b"
    r"|an extractor error has occurred|^unexpected",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Cause:
    """What is known about an error. At most one of answer, network and os_errno is set."""

    said: str
    """yt-dlp's own words, without its decoration. May hold anything that a stranger wrote."""
    text: str
    """The same without what is likely to be an echo: to look for phrases in."""
    answer: Answer | None = None
    network: str = ""
    """A name in `failure_rules.NETWORK`, or `refused` by our own egress guard."""
    os_errno: int | None = None
    geo: bool = False
    unsupported: bool = False
    not_live: bool = False
    bug: bool = False
    """yt-dlp itself did not expect this: a page that it does not understand, or a crash."""
    in_media: bool = False
    """The page was read, the audio itself failed."""
    vague: bool = False
    """It does not say why."""
    puzzled: bool = False
    """yt-dlp looked for something and did not find it, or crashed: its text is about itself."""
    behind: Answer | None = None
    """A refusal that an extractor answered with words of its own."""
    hints: list[str] = field(default_factory=list)
    """The warnings before, as `text`."""


def dig(error: BaseException, notes: Notes) -> Cause:
    from yt_dlp.networking.exceptions import HTTPError, RequestError
    from yt_dlp.utils import (
        DownloadError,
        ExtractorError,
        GeoRestrictedError,
        UnsupportedError,
        UserNotLive,
    )

    behind = list(_behind(error))
    extractors = [one for one in behind if isinstance(one, ExtractorError)]
    requests = [one for one in behind if isinstance(one, RequestError)]
    said = unwrapped(extractors[0].orig_msg if extractors else str(error))
    crash = crash_behind(error) is not None
    # An extractor that raises words of its own over a refused request has understood more than the status.
    echoed = bool(requests) and (not extractors or str(requests[0]) in said)
    files = [one for one in behind if isinstance(one, OSError)] if not crash else []
    answer: Answer | None = None
    network = ""
    if requests and echoed and isinstance(requests[0], HTTPError):
        answer = Answer.of(requests[0].response)
    elif requests and echoed:
        network = _network(requests[0])
    elif RETRIED.match(said):
        status = STATUS.search(said)
        answer = notes.last(int(status[1])) if status else None
        network = "" if status else _broken(said)
    elif files and (files[0].errno is None or isinstance(files[0], NETWORK_ERRORS)):
        # What yt-dlp's HTTP libraries let slip; errors of theirs are OSErrors without a number.
        network = _broken(str(files[0]))
    refusals = [one for one in requests if isinstance(one, HTTPError)]
    return Cause(
        said=said,
        text=without_echo(said),
        answer=answer,
        network=network,
        os_errno=files[0].errno if files and not answer and not network else None,
        geo=any(isinstance(one, GeoRestrictedError) for one in extractors),
        unsupported=any(isinstance(one, UnsupportedError) for one in extractors),
        not_live=any(isinstance(one, UserNotLive) for one in extractors),
        bug=crash or bool(extractors and not extractors[0].expected),
        in_media=isinstance(error, DownloadError) and bool(IN_MEDIA.match(said)),
        vague=bool(VAGUE.search(said)),
        puzzled=crash or bool(PUZZLED.search(said)),
        behind=Answer.of(refusals[0].response) if refusals and not echoed else None,
        # The generic extractor calls a video by the last part of its address, which may be any words.
        hints=[without_echo(unwrapped(one)) for one in notes.warnings if not one.startswith("[generic]")],
    )


def _behind(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those behind it, nearest first. What lies beneath a failed request is its own affair."""
    from yt_dlp.networking.exceptions import RequestError

    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if not isinstance(one, RequestError):
            kept = getattr(one, "exc_info", None) or (None, None, None)
            links = (kept[1], getattr(one, "cause", None), one.__cause__, one.__context__)
            waiting += [link for link in links if isinstance(link, BaseException)]


def _network(error: BaseException) -> str:
    from yt_dlp.networking import exceptions

    if isinstance(error, exceptions.CertificateVerifyError):
        return "certificate"
    if isinstance(error, exceptions.SSLError):
        return "tls"
    if isinstance(error, exceptions.ProxyError):
        status = TUNNEL.search(str(error))
        return "proxy" if not status else "refused" if status[1] == "403" else "guard"
    if not isinstance(error, exceptions.TransportError):
        return "request"
    return _broken(str(error))


def _broken(text: str) -> str:
    return "timeout" if re.search("timed? ?out", text, re.IGNORECASE) else "broken"


def is_ytdlps(error: BaseException) -> bool:
    """Whether this comes from yt-dlp, crashes of its extractors included, and not from a fault of ours."""
    import yt_dlp
    from yt_dlp.utils import YoutubeDLError

    if isinstance(error, (YoutubeDLError, OSError)):
        return True
    ours, theirs = Path(__file__).parents[1], Path(yt_dlp.__file__).parent
    frames = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    sides = [side for file in frames for side in (ours, theirs) if Path(file).is_relative_to(side)]
    return sides[-1:] == [theirs]


def crash_behind(error: BaseException) -> BaseException | None:
    """What an extractor met that nobody there had thought of; yt-dlp wraps some and lets others through."""
    from yt_dlp.utils import ExtractorError, YoutubeDLError

    if not isinstance(error, (YoutubeDLError, OSError)):
        return error
    for one in _behind(error):
        if isinstance(one, ExtractorError):
            cause = one.cause
            return cause if isinstance(cause, (KeyError, StopIteration)) and not one.expected else None
    return None


def trace(error: BaseException) -> str:
    """For the log: the last of the traceback, without passwords in addresses."""
    told = "".join(traceback.format_exception(error, chain=False))[-MAX_TRACE_CHARS:]
    return re.sub(r"//[^/@\s'\"]+@", "//…@", told)


CONTROL = re.compile(
    r"\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff]"
)
DECORATION = re.compile(r"^(ERROR: |WARNING: )?(\[[\w:+. -]+\] (?!Got error)(\S+: )?)?")
TAIL = re.compile(r" ?\(caused by|; please report")


def unwrapped(text: str) -> str:
    """A message without colours, control characters, names of extractor and video, and where to report it."""
    text = CONTROL.sub("", text).strip()
    return TAIL.split(DECORATION.sub("", text, count=1).strip(), maxsplit=1)[0].strip()


# An apostrophe inside a word opens nothing.
QUOTED = re.compile(r"(?<!\w)(['\"“‘«])(?:.{0,300}?)(['\"”’»])(?!\w)")
ADDRESS = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S+|\b(javascript|data|file):\S+|\S+:\S+@\S+|www\.\S+", re.IGNORECASE
)
LOCAL_PATH = re.compile(r"(?<![\w/])(?:~?/|[A-Za-z]:\\)[^\s'\"]*[\\/][^\s'\"]*")
TOKEN = re.compile(r"[\w%+/=-]{32,}")


def without_echo(text: str) -> str:
    """Without quotations and addresses: those are a stranger's words in yt-dlp's mouth."""
    return QUOTED.sub(" ", ADDRESS.sub(" ", text))


def first_sentence(text: str, most_chars: int) -> str:
    """For a person's eyes, without a full stop: no addresses, local paths or tokens."""
    text = LOCAL_PATH.sub("…", ADDRESS.sub("…", text))
    text = TOKEN.sub("…", text).strip()
    first = re.split(r"\n|(?<=[.!?])\s", text, maxsplit=1)[0].rstrip(".!? ")
    return first if len(first) <= most_chars else first[: most_chars - 1].rstrip() + "…"
