"""`python -m tests.media --port 8899`: a demo site with invented tracks, to try the journey by hand."""

import argparse
import contextlib
import threading
from html import escape

from .audio import make
from .faults import GARBAGE, Status
from .site import MediaSite


def fill(site: MediaSite) -> dict[str, str]:
    """Offer the demo's tracks. The answer maps what each one shows to its address."""
    clean = site.track(
        "saltmarsh",
        make("m4a"),
        title="Saltmarsh",
        artist="Ida Holm",
        uploader="Ida Holm",
        upload_date="2023-04-05",
        duration_s=12,
    )
    messy = site.track(
        "paper-boats",
        make("opus", pitch_hz=262),
        title="Tern & Tide - Paper Boats (feat. Juno Vale) [Official Video] HD",
        uploader="TernAndTideVEVO",
        upload_date="2021-11-19",
    )
    slow = site.track("long-way", make("mp3", 60), title="The Long Way Round", rate_bps=60_000)
    playlist = site.hls("night-bus", make("m4a", pitch_hz=196))
    return {
        "a clean single": clean,
        "a messy title": messy,
        "open graph only": site.track("kiln", make("mp3", pitch_hz=247), page="og", title="Kiln (live)"),
        "an audio element": site.track("moth", make("ogg", pitch_hz=330), page="html5", title="Moth"),
        "a lossless file": site.track("quarry", make("flac24"), page="direct", title="Quarry"),
        "slow, 60 kB/s": slow,
        "hls": site.track("night-bus", title="Night Bus", uploader="Arvo Lind", media_url=playlist),
        "live": site.hls("radio", live=True),
        "a list": site.feed("album", [clean, messy, slow], title="Three Tracks"),
        "a broken thumbnail": site.track("fog", title="Fog", artist="Ida Holm", thumbnail=GARBAGE),
        "gone": site.track("gone", page_faults=[Status(404)]),
        "private": site.page("private", "<title>Private</title><p>This track is private.", status=403),
        "busy twice, then fine": site.track("busy", page_faults=[Status(503, retry_after_s=5, times=2)]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.media", description="A demo media site.")
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--address", default="127.0.0.1")
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt), MediaSite(options.address, options.port) as site:
        links = fill(site)
        rows = (f'<li>{escape(what)}: <a href="{url}">{url}</a></li>' for what, url in links.items())
        site.page("", f"<!doctype html><title>Demo</title><ul>{''.join(rows)}</ul>", at="/")
        for what, url in links.items():
            print(f"{what:24} {url}")
        print(f"{'all of them':24} {site.url}/\nStop with Ctrl-C.", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
