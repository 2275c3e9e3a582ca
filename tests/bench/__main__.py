"""`python -m tests.bench [ROUNDS]`: from a link to its review, next to the bare `yt-dlp` command.

Both fetch the same 4-minute track from our own media site, turn by turn. The baselines:
*bare*: `yt-dlp -f bestaudio URL`; *whole*: `yt-dlp -x [--audio-format mp3] --embed-metadata
--embed-thumbnail URL`, which does what Inlay has done when the track is in the library.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.media import audio
from tests.media.site import MediaSite
from tests.running import Inlay

MP3 = ["--audio-format", "mp3", "--audio-quality", "0"]
EMBED = ["-x", "--embed-metadata", "--embed-thumbnail"]


def yt_dlp(url: str, *options: str) -> float:
    """Wall seconds of the command."""
    program = Path(sys.executable).with_name("yt-dlp")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [program, "--ignore-config", "--no-update", "-q", "--no-warnings", *options, url],
            cwd=folder,
            check=True,
        )
        return time.perf_counter() - began


def wait_until(api: httpx.Client, id: str, *states: str) -> None:
    while (state := api.get(f"/downloads/{id}").json()["state"]) not in states:
        assert state != "failed", api.get(f"/downloads/{id}").json()
        time.sleep(0.01)


def inlay_review(inlay: Inlay, api: httpx.Client, url: str, format: str) -> float:
    """Seconds from handing in the link to its review."""
    began = time.perf_counter()
    id = inlay.submit(url, format=format)
    wait_until(api, id, "review")
    took = time.perf_counter() - began
    api.post(f"/downloads/{id}/discard")
    return took


def inlay_done(inlay: Inlay, api: httpx.Client, url: str, format: str) -> float:
    """Seconds from handing in the link to the tagged file in the library, with nobody in between."""
    began = time.perf_counter()
    wait_until(api, inlay.submit(url, format=format, skip_review=True), "done")
    return time.perf_counter() - began


def cases(inlay: Inlay, api: httpx.Client, link: str) -> dict[str, Callable[[], float]]:
    return {
        "keep: bare": lambda: yt_dlp(link, "-f", "bestaudio"),
        "keep: whole": lambda: yt_dlp(link, *EMBED),
        "keep: to review": lambda: inlay_review(inlay, api, link, "original"),
        "keep: to library": lambda: inlay_done(inlay, api, link, "original"),
        "mp3: whole": lambda: yt_dlp(link, *EMBED, *MP3),
        "mp3: to review": lambda: inlay_review(inlay, api, link, "mp3"),
        "mp3: to library": lambda: inlay_done(inlay, api, link, "mp3"),
    }


def main(rounds: int) -> None:
    home = Path(tempfile.mkdtemp(prefix="inlay-bench-"))
    took: dict[str, list[float]] = {}
    with MediaSite() as site, Inlay(home) as inlay:
        source = audio.make("m4a", audio.BENCH_SECONDS)
        inlay.add_user("alice", admin=True)
        inlay.start()
        with inlay.api() as api:
            # One of each first: the warm parent starts, and files are in the page cache.
            link = site.track("first", source, title="The Paper Harbour - Tin Roof Rain")
            inlay_review(inlay, api, link, "original")
            yt_dlp(link, "-f", "bestaudio")
            for number in range(rounds):
                link = site.track(f"t{number}", source, title=f"The Paper Harbour - Tin Roof Rain {number}")
                for name, case in cases(inlay, api, link).items():
                    took.setdefault(name, []).append(case())
    shutil.rmtree(home)
    report(took)


def report(took: dict[str, list[float]]) -> None:
    middle = {name: statistics.median(several) for name, several in took.items()}
    print(f"{'median of ' + str(len(took['keep: bare'])):<20}{'seconds':>9}{'× bare':>9}{'× whole':>9}")
    for name, seconds in middle.items():
        whole = middle[f"{name.split(':')[0]}: whole"]
        print(f"{name:<20}{seconds:>9.3f}{seconds / middle['keep: bare']:>9.2f}{seconds / whole:>9.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
