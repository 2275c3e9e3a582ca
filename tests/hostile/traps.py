"""Links whose pages, lists and manifests on a public site lead to an address inside, one trap each.

Every trap is a function of the public site and of the address that it must never reach; what it returns
is the link that a person would paste.
"""

from collections.abc import Callable

from tests.hostile import manifests
from tests.media.audio import make
from tests.media.faults import Redirect, Status
from tests.media.pages import document
from tests.media.site import MediaSite

Trap = Callable[[MediaSite, str], str]


def redirect(code: int, *, of: str = "page") -> Trap:
    def trap(public: MediaSite, bad: str) -> str:
        fault = [Redirect(bad, code)]
        name = f"{of}-{code}"
        faults = {"page": {"page_faults": fault}, "media": {"faults": fault}}[of]
        return public.track(name, make("mp3", 3), **faults)  # type: ignore[arg-type]

    return trap


def chain(public: MediaSite, bad: str) -> str:
    last = public.page("hop-3", "", faults=[Redirect(bad, 303)])
    middle = public.page("hop-2", "", faults=[Redirect(last, 307)])
    return public.page("hop-1", "", faults=[Redirect(middle)])


def with_user(public: MediaSite, bad: str) -> str:
    """An address that begins like the public one."""
    return public.page("user", "", faults=[Redirect(bad.replace("http://", "http://127.0.0.2@"))])


def without_scheme(public: MediaSite, bad: str) -> str:
    return public.page("no-scheme", "", faults=[Redirect(bad.removeprefix("http:"))])


def other_scheme(scheme: str) -> Trap:
    def trap(public: MediaSite, bad: str) -> str:
        return public.page(f"to-{scheme}", "", faults=[Redirect(bad.replace("http://", f"{scheme}://"))])

    return trap


def head(html: str) -> Trap:
    """A page with this in its head; `BAD` is the address."""

    def trap(public: MediaSite, bad: str) -> str:
        page = document("Saltmarsh", html.replace("BAD", bad))
        return public.page(f"head-{abs(hash(html))}", page)

    return trap


def media_by(scheme: str) -> Trap:
    """Schemes that yt-dlp hands to other programs or protocols, or would read from our disk."""

    def trap(public: MediaSite, bad: str) -> str:
        media = f"{bad.replace('http://', f'{scheme}://')}.mp3"
        return public.page(
            f"by-{scheme}", document("Saltmarsh", f'<meta property="og:audio" content="{media}">')
        )

    return trap


def refresh_header(public: MediaSite, bad: str) -> str:
    return public.page("refresh", "<p>Wait.</p>", headers={"Refresh": f"0; url={bad}"})


def told(key: str, **more: None) -> Trap:
    """A JSON-LD page that is right but for one address."""

    def trap(public: MediaSite, bad: str) -> str:
        return public.track(f"told-{key}", make("mp3", 3), title=f"Told {key}", extra={key: bad, **more})

    return trap


def thumbnail_redirect(public: MediaSite, bad: str) -> str:
    return public.track("cover-hop", make("mp3", 3), title="Cover hop", thumbnail_faults=[Redirect(bad)])


def manifest(build: Callable[[str, str], tuple[bytes, str]], ending: str, *, at_page: bool = False) -> Trap:
    """A manifest that `build` makes from the public segment and the bad address."""

    def trap(public: MediaSite, bad: str) -> str:
        name = build.__name__
        segment = public.file("segment.mp3", make("mp3", 3), "audio/mpeg")
        public.file("list.m3u8", manifests.hls_media(segment), manifests.HLS)
        body, content_type = build(segment, bad)
        link = public.file(f"{name}.{ending}", body, content_type)
        return public.track(name, media_url=link, title=name) if at_page else link

    return trap


def segment_redirect(public: MediaSite, bad: str) -> str:
    segment = public.file("moved.ts", b"", faults=[Redirect(bad)])
    return public.file("moved.m3u8", manifests.hls_media(segment), manifests.HLS)


def playlist_redirect(public: MediaSite, bad: str) -> str:
    return public.file("moved-list.m3u8", b"", manifests.HLS, faults=[Redirect(bad, 307)])


def refused_then_redirect(public: MediaSite, bad: str) -> str:
    """Wants a browser first, as sites behind Cloudflare do, and then sends it inside."""
    challenge = [Status(403, times=1), Redirect(bad, after=1)]
    return public.page("challenge", "", faults=challenge, headers={"cf-mitigated": "challenge"})


# The second word of each: whether yt-dlp goes there, so that it is the guard that says no. The others end
# before: yt-dlp does not follow them, or wants a program for them that we do not give it.
TRAPS: dict[str, tuple[Trap, bool]] = {
    **{f"page redirect {code}": (redirect(code), True) for code in (301, 302, 303, 307, 308)},
    **{f"media redirect {code}": (redirect(code, of="media"), True) for code in (302, 307)},
    "chain of redirects": (chain, True),
    "redirect with a user name": (with_user, True),
    "redirect without a scheme": (without_scheme, True),
    "redirect to https": (other_scheme("https"), True),
    "meta refresh": (head('<meta http-equiv="refresh" content="0; url=BAD">'), True),
    "refresh header": (refresh_header, True),
    "json-ld media": (told("contentUrl"), True),
    "json-ld player": (told("embedUrl", contentUrl=None), False),
    "json-ld thumbnail": (told("thumbnailUrl"), True),
    "thumbnail redirect": (thumbnail_redirect, True),
    "og audio": (head('<meta property="og:audio" content="BAD.mp3">'), True),
    "og video": (head('<meta property="og:video" content="BAD.mp4">'), True),
    "twitter stream": (head('<meta name="twitter:player:stream" content="BAD.mp3">'), True),
    "twitter player": (head('<meta name="twitter:player" content="BAD">'), True),
    "html5 audio": (head('<audio src="BAD.mp3"></audio>'), True),
    "html5 hls": (head('<video><source src="BAD.m3u8" type="application/x-mpegurl"></video>'), True),
    "html5 dash": (head('<video><source src="BAD.mpd" type="application/dash+xml"></video>'), True),
    "jw player": (head('<script>jwplayer("x").setup({"file": "BAD.mp3"});</script>'), True),
    "video.js": (head('<script>var p = videojs("x"); p.src([{"src": "BAD.mp3"}]);</script>'), True),
    "flash variables": (head("<script>flashvars: 'file=BAD.mp3'</script>"), True),
    "hls master": (manifest(manifests.master, "m3u8"), True),
    "hls master of masters": (manifest(manifests.nested_master, "m3u8"), True),
    "hls segment": (manifest(manifests.segment, "m3u8"), True),
    "hls key": (manifest(manifests.key, "m3u8"), True),
    "hls sample-aes key": (manifest(manifests.sample_aes, "m3u8"), False),
    "hls session key": (manifest(manifests.session_key, "m3u8"), True),
    "hls init": (manifest(manifests.init, "m3u8"), True),
    "hls subtitles": (manifest(manifests.subtitles, "m3u8"), False),
    "hls audio group": (manifest(manifests.audio_group, "m3u8"), True),
    "hls live": (manifest(manifests.live, "m3u8"), False),
    "hls late sequence": (manifest(manifests.late_sequence, "m3u8"), True),
    "hls behind a page": (manifest(manifests.segment, "m3u8", at_page=True), True),
    "hls segment redirect": (segment_redirect, True),
    "hls playlist redirect": (playlist_redirect, True),
    "plain m3u": (manifest(manifests.plain_m3u, "m3u"), True),
    "dash base": (manifest(manifests.dash_base, "mpd"), True),
    "dash template": (manifest(manifests.dash_template, "mpd"), True),
    "dash init": (manifest(manifests.dash_init, "mpd"), True),
    "dash list": (manifest(manifests.dash_list, "mpd"), True),
    "dash live": (manifest(manifests.dash_live, "mpd"), False),
    "smooth streaming": (manifest(manifests.ism, "ism"), True),
    "f4m": (manifest(manifests.f4m, "f4m"), True),
    "smil": (manifest(manifests.smil, "smil"), True),
    "xspf": (manifest(manifests.xspf, "xspf"), True),
    "rss enclosure": (manifest(manifests.rss, "rss"), False),
    "external entity": (manifest(manifests.entity, "rss"), False),
    "refused, then redirect": (refused_then_redirect, False),
    **{f"redirect to {scheme}": (other_scheme(scheme), False) for scheme in ("ftp", "rtmp", "ws", "file")},
    **{
        f"media by {scheme}": (media_by(scheme), False)
        for scheme in ("rtmp", "rtsp", "ws", "wss", "file", "ftp")
    },
}
# What leads inside is beside the music there, so the music comes nevertheless.
HARMLESS = ("json-ld thumbnail", "thumbnail redirect", "hls subtitles", "hls audio group")
