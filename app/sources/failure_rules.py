"""Which trouble is of which kind, and the sentence for it: tables, from the most special to the most general.

What each rule means is shown by examples in `tests/test_sources_failures.py`. A phrase is looked for in
yt-dlp's words only, so a pattern has to be a phrase that no extractor uses for anything else.
"""

import errno
import re
from dataclasses import dataclass

from app.errors import Failure, FailureKind
from app.languages.say import say

PERMANENT, TEMPORARY, NEEDS_YOU = FailureKind.PERMANENT, FailureKind.TEMPORARY, FailureKind.NEEDS_YOU


@dataclass(frozen=True)
class Rule:
    kind: FailureKind
    sentence: str
    pattern: str = "(?!)"
    """For MESSAGES: a phrase of yt-dlp's, without case."""
    reason: bool = False
    """Also believed when only a warning says it, and the error itself does not say why."""
    pauses_site: bool = False
    with_cookies: str = ""
    """Cookies could help: what is said instead when the site was shown some."""

    def says(self, text: str) -> bool:
        return re.search(self.pattern, text, re.IGNORECASE) is not None

    def failure(self, retry_after_s: int | None = None) -> Failure:
        return Failure(
            self.kind,
            self.sentence,
            retry_after_s=retry_after_s,
            pauses_site=self.pauses_site,
            wants_cookies=bool(self.with_cookies),
        )


COOKIES_REJECTED = say("The site does not accept your cookies any more. Save fresh ones, then retry.")
"""Also a site's plain refusal: whoever is signed in would have got it."""
NOT_FOR_ACCOUNT = say(
    "The account of your cookies may not have this. Save those of one that may, then retry."
)


PAUSE = Rule(
    TEMPORARY,
    say("The site asks for a pause. Wait a while, then retry."),
    r"rate.?limit|too many requests|HTTP Error 429|request is rejected by server|likely being blocked",
    reason=True,
    pauses_site=True,
)
GONE = Rule(
    PERMANENT,
    say("This is not there any more, or the link is not complete."),
    r"not (exist|found|available|been made available)|n't (exist|found|available)|no longer|no such"
    r"|unavailable|removed|terminated|deleted|expired|looks truncated|copyright|blocked",
)
SIGN_IN = Rule(
    NEEDS_YOU, say("The site refuses to hand this out. It may need a sign-in."), with_cookies=COOKIES_REJECTED
)
TROUBLED = Rule(
    TEMPORARY,
    say("The site has a problem of its own at the moment. Retry later."),
    r"try again|temporar|server-side|internal (server )?error|unknown error|HTTP Error 5\d\d",
)
SILENT = Rule(TEMPORARY, say("The site does not answer. Retry later."))
UNREACHABLE = Rule(TEMPORARY, say("The site was not reached. Check the address and the network, then retry."))
BROKE_OFF = Rule(
    TEMPORARY,
    say("The download broke off. Retry: it goes on where it stopped."),
    r"did not get any data|bytes read|more expected|content too short|incomplete data|network error"
    r"|downloaded file is empty|fragment \d+ not found",
)
NO_AUDIO = Rule(
    PERMANENT,
    say("The site offers no audio for this link."),
    r"requested format is not available|failed to extract any player response|\bany tracks\b"
    r"|\bno (suitable |supported |valid |active |embedded )?(video|audio|media|source|stream|format)"
    r"|not contain (a |an |any )?(video|audio|track)|not have a video|not a (video|media file)",
)
OUTDATED = Rule(
    # Trying again with the same yt-dlp reads the same page in the same way.
    PERMANENT,
    say("yt-dlp does not understand this page. A newer version may: update it, then retry."),
    r"\bPO Token|SABR",
    reason=True,
)

GEO = Rule(
    PERMANENT,
    say("The site does not offer this in your country."),
    r"(not|n't|unavailable|blocked)( \w+){0,5} (in|from|for) (your|this) (country|location|region)"
    r"|geo.?(restrict|block)|licensing restrictions|is available in \w+ only",
    reason=True,
)
TOO_EARLY = Rule(
    NEEDS_YOU,
    say("This has not begun yet. Retry after it was shown."),
    r"premieres? in|premiere will begin|will (begin|start)\b|not (yet )?(begun|started)"
    r"|(event|stream|broadcast|live) is scheduled|not available yet|not yet available|will be available",
)
NOT_LIVE = Rule(
    PERMANENT,
    say("Nothing is on the air there. Paste the link of a recording."),
    r"not (currently )?live|is offline|live(stream| event)? has ended",
)

NO_ADDRESS = Rule(
    PERMANENT,
    say("This is not an address that can be fetched. Copy the address of the page."),
    r"is not a valid URL|invalid url|url scheme",
)

# HTTP answers to the page or to an extractor's questions; those of 5xx, 3xx and 4xx that are missing follow.
ANSWERS = {
    401: SIGN_IN,
    402: Rule(
        NEEDS_YOU,
        say("The site wants to be paid for this. It needs a sign-in."),
        with_cookies=NOT_FOR_ACCOUNT,
    ),
    403: SIGN_IN,
    404: GONE,
    407: UNREACHABLE,
    408: SILENT,
    410: GONE,
    425: TROUBLED,
    429: PAUSE,
    451: Rule(PERMANENT, say("The site may not show this here, for legal reasons.")),
}
# The page was read a moment ago, so nothing wants a sign-in: the address of the audio has run out, or is
# bound to something that changed. People of MeTube, TubeArchivist and yt-dlp report both: a fresh try gets
# through (tubearchivist#757), or only a newer yt-dlp does (Unrud/video-downloader#330).
MEDIA_FORBIDDEN = Rule(
    TEMPORARY, say("The site refused to send the audio. Retry; if that does not help, update yt-dlp.")
)
LOOP = Rule(PERMANENT, say("The link leads in circles. Copy the address of the page again."))
NOT_ACCEPTED = Rule(PERMANENT, say("The site does not accept this link. Copy the address of the page again."))

# Trouble on the way to a site.
NETWORK = {
    "certificate": Rule(
        NEEDS_YOU,
        say(
            "The site's certificate is not trusted. "
            "Check this machine's clock or set INLAY_CA_FILE, then retry."
        ),
    ),
    "tls": Rule(TEMPORARY, say("No safe connection to the site could be made. Retry later.")),
    "proxy": Rule(TEMPORARY, say("The network is not reachable. Retry later.")),
    "guard": UNREACHABLE,
    "timeout": SILENT,
    "broken": BROKE_OFF,
    "request": NO_ADDRESS,
}

DISK_FULL = Rule(NEEDS_YOU, say("The disk is full. Free some space, then retry."))
NO_FOLDER = Rule(
    NEEDS_YOU, say("The folder for downloads cannot be written. Check its permissions, then retry.")
)
TOO_LARGE = Rule(PERMANENT, say("This file is larger than the limit for downloads."))
OUT_OF_BREATH = Rule(TEMPORARY, say("This machine is out of resources at the moment. Retry later."))
BAD_DISK = Rule(NEEDS_YOU, say("The download could not be stored. Check the disk, then retry."))

# Trouble with files. What is missing here is a bad disk.
FILES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), DISK_FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), NO_FOLDER),
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST), NO_FOLDER),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN), OUT_OF_BREATH),
    errno.EFBIG: TOO_LARGE,
    errno.ENAMETOOLONG: Rule(
        PERMANENT, say("The site gives this file a name that is too long to be stored.")
    ),
}

MESSAGES = (
    # The site has had enough of us.
    Rule(
        TEMPORARY,
        say("The site asks whether you are a robot. Wait a while, then retry."),
        r"not a (ro)?bot\b|captcha|anti-bot|solve JS challenge|client challenge|unusual traffic",
        reason=True,
        pauses_site=True,
        with_cookies=say(
            "The site asks whether you are a robot, your cookies or not. Wait a while, then retry."
        ),
    ),
    PAUSE,
    Rule(
        TEMPORARY, say("The site lets nobody hear this more often for now. Retry later."), r"your play limit"
    ),
    # For some only.
    Rule(
        NEEDS_YOU,
        say("The site wants to know your age, so it needs a sign-in."),
        r"confirm your age|age.?(restricted|verif|gate)|adult verification|inappropriate for some users",
        reason=True,
        with_cookies=say(
            "The site does not know the age of your cookies' account. Tell it there, then retry."
        ),
    ),
    Rule(
        NEEDS_YOU,
        say("This is for members of the site. It needs a sign-in."),
        r"members?.only|for members|join this channel|supporter-only|not subscribed|subscription"
        r"|(only|exclusive|available)\b[^.]{0,40}\b(subscribers?|premium|vip|patrons|supporters)\b"
        r"|(premium|subscribers?|vip)[ -](only|users|members|accounts?|videos)|subscribe to (watch|download)"
        r"|with purchase|need to purchase|requires payment|purchase is required|is paid\b",
        reason=True,
        with_cookies=NOT_FOR_ACCOUNT,
    ),
    Rule(
        PERMANENT,
        say("This is locked with a password. Ask its owner for an open link."),
        r"password.protected|protected by a password|requires a password",
    ),
    Rule(
        PERMANENT,
        say("This is private. Ask its owner to share it."),
        r"\bprivate (video|track|playlist|account|post|show)|(is|are|to|now) (now )?private|protected tweet",
        reason=True,
        with_cookies=say("This is private, also for the account of your cookies. Ask its owner to share it."),
    ),
    GEO,
    Rule(
        NEEDS_YOU,
        say("The site wants a sign-in for this."),
        r"\blog(ged)?[ -]?in(to)?\b|\bsign(ed)?[ -]in\b|(?<!support )cookies|registered users|authenticat"
        r"|not authorized|not have (access|permission)|account is (needed|required)|--(username|password)",
        reason=True,
        with_cookies=COOKIES_REJECTED,
    ),
    Rule(
        NEEDS_YOU,
        say("The site does not talk to this network. Retry from another one, or with INLAY_PROXY."),
        r"\byour IP (address )?(is|may be|has been) (blocked|unable|banned)",
    ),
    Rule(PERMANENT, say("This is copy-protected (DRM) and cannot be fetched."), r"\bdrm\b", reason=True),
    # Something is missing beside yt-dlp.
    Rule(
        NEEDS_YOU,
        say("The site only talks to browsers. Install curl-cffi beside yt-dlp, then retry."),
        r"impersonat",
        reason=True,
    ),
    Rule(
        NEEDS_YOU,
        say("yt-dlp needs a JavaScript engine for this. Install deno beside it, then retry."),
        r"challenge solving failed|JavaScript runtime",
        reason=True,
    ),
    Rule(
        PERMANENT,
        say("The site sends this only in protected or live pieces, which cannot be fetched."),
        r"\bffmpeg\b",
    ),
    Rule(
        NEEDS_YOU,
        say("yt-dlp lacks a part that this site needs. Install yt-dlp[default], then retry."),
        r"please install|missing dependenc|dependencies needs? to be installed|phantomjs",
    ),
    OUTDATED,
    # Too early, or on the air.
    Rule(
        TEMPORARY,
        say("The site is still preparing this. Retry later."),
        r"is processing|or processing|available shortly|not downloadable yet|try again in",
    ),
    TOO_EARLY,
    NOT_LIVE,
    # The place, the page, the server.
    NO_ADDRESS,
    Rule(
        PERMANENT,
        say("yt-dlp does not fetch from this place. Try another link."),
        r"(no longer|not|currently un)(currently )? ?supported|unsupported|no suitable extractor",
    ),
    TROUBLED,
    NO_AUDIO,
    BROKE_OFF,
    GONE,
)
