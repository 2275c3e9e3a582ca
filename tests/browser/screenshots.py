"""`python -m tests.browser.screenshots OUTDIR`: pictures of every page, phone and desktop, light and dark."""

import io
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page

from tests.browser.driving import DESKTOP, PHONE, chromium, sign_in
from tests.media.audio import make
from tests.media.faults import Status
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

SIDE = 720
COLOURS = {
    "tide": ("#173f4f", "#e8b04b", "#d9e2dc"),
    "brick": ("#b4482f", "#f1dcc0", "#34231d"),
    "moss": ("#d7d6b4", "#4a6541", "#c76a3a"),
    "night": ("#232047", "#ef8a7b", "#8f8bd0"),
    "salt": ("#e9e4da", "#2f5d7c", "#d0643f"),
    "plum": ("#5b2c48", "#e6a57e", "#f4e3d2"),
    "fog": ("#a7b4b8", "#f5f2ea", "#42525a"),
}
ADDED = (
    ("Night Ferry", "Arvo Lind", "Timetables", "night", "2024-03-08"),
    ("Brickwork", "The Tall Kilns", "Fired Clay", "brick", "2023-10-20"),
    ("What the Moss Said", "Fenna Okoro", "", "moss", "2025-05-02"),
    ("Saltmarsh", "Ida Holm", "Estuary Songs", "salt", "2023-04-05"),
    (
        "Harbour Lights Go Out One by One and Nobody Counts Them",
        "Plum Street Choir",
        "",
        "plum",
        "2022-12-01",
    ),
    ("Tidal Clock", "Tern & Tide", "Low Water", "tide", "2021-11-19"),
)
PICTURES_ARE_THERE = """() => [...document.images].every((image) =>
  !image.checkVisibility() || image.getBoundingClientRect().top > innerHeight
  || (image.complete && image.naturalWidth))
  && (!document.querySelector("#waveform") || document.querySelector("#waveform svg"))"""
DAYS_AGO = (41, 30, 17, 9, 2, 0)


def cover(name: str) -> bytes:
    """An invented sleeve: circles in three colours, a different arrangement for each name."""
    ground, first, second = COLOURS[name]
    image = Image.new("RGB", (SIDE * 2, SIDE * 2), ground)
    draw = ImageDraw.Draw(image)
    turn = sorted(COLOURS).index(name)
    for step in range(5):
        radius = SIDE * 2 * (0.44 - 0.08 * step)
        x = SIDE + (step - 2) * SIDE * 0.13 * (1 if turn % 2 else -1)
        y = SIDE + (step - 2) * SIDE * 0.11 * (turn % 3 - 1)
        colour = (first, ground, second)[step % 3]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    written = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(written, "png")
    return written.getvalue()


def fill_library(inlay: Inlay, site: MediaSite) -> None:
    """Six tracks that went the whole way, on different days, and one that was not wanted."""
    unwanted = inlay.submit(site.track("unwanted", title="Ten Hours of Rain", page="og", thumbnail=None))
    inlay.rest(unwanted)
    with inlay.api() as api:
        api.post(f"/downloads/{unwanted}/discard")
    move_back(inlay, unwanted, 44)
    add_once_before(inlay, site)
    for index, (title, artist, album, art, day) in enumerate(ADDED):
        link = site.track(
            f"added-{index}",
            make("opus" if index % 2 else "m4a", 6, pitch_hz=180 + 20 * index),
            title=title,
            artist=artist,
            uploader=artist,
            upload_date=day,
            thumbnail=cover(art),
        )
        id = inlay.submit(link)
        inlay.rest(id)
        inlay.confirm(id, **({"album": album, "track_no": index + 1} if album else {}))
        inlay.done(id)
        move_back(inlay, id, DAYS_AGO[index])


def add_once_before(inlay: Inlay, site: MediaSite) -> None:
    """The first of the six from another place, without its album: the library has it twice then."""
    title, artist, _, art, day = ADDED[0]
    told = {"title": title, "artist": artist, "upload_date": day, "thumbnail": cover(art)}
    id = inlay.submit(site.track("once-before", make("flac", 6, pitch_hz=180), **told), format="flac")
    inlay.rest(id)
    inlay.confirm(id)
    inlay.done(id)
    move_back(inlay, id, 43)


def move_back(inlay: Inlay, id: str, days: int) -> None:
    """Let a download have ended some days ago."""
    with sqlite3.connect(inlay.data / "inlay.db", timeout=10) as db:
        db.execute(
            "UPDATE downloads SET finished_at = datetime(finished_at, ?) WHERE id = ?", (f"-{days} days", id)
        )


def make_busy(inlay: Inlay, site: MediaSite) -> str:
    """One download of each kind in the inbox; the answer is the id of the one to review."""
    ready = site.track(
        "ready",
        make("opus", 96, pitch_hz=262),
        title="Tern & Tide - Paper Boats (feat. Juno Vale) [Official Video] HD",
        uploader="TernAndTideVEVO",
        upload_date="2024-06-14",
        thumbnail=cover("tide"),
    )
    gone = site.track("gone", page_faults=[Status(404)])
    slow = site.track(
        "slow",
        make("mp3", 60, pitch_hz=233),
        title="The Long Way Round",
        artist="Fog Index",
        rate_bps=46_000,
        thumbnail=cover("fog"),
    )
    id = inlay.submit(ready)
    inlay.rest(id)
    inlay.rest(inlay.submit(gone))
    fetching = inlay.submit(slow)
    inlay.submit(site.track("waits", title="Waits", page="og"))
    wait_for(lambda: (inlay.download(fetching)["progress"]["percent"] or 0) > 56, 60)
    return id


def signed_in(browser: Browser, inlay: Inlay) -> Any:
    """The cookies of somebody who has signed in, for new contexts."""
    with browser.new_context(base_url=inlay.url) as context:
        page = context.new_page()
        page.goto("/login")
        sign_in(page, "alice")
        page.wait_for_url("/")
        return context.storage_state()


@contextmanager
def every_look(browser: Browser, state: Any) -> Iterator[dict[str, Page]]:
    """One page for each screen and colour scheme, all open at once."""
    with ExitStack() as open_ones:
        pages = {}
        for screen, options in {"390x844": PHONE, "1280x800": DESKTOP}.items():
            for scheme in ("light", "dark"):
                context = open_ones.enter_context(
                    browser.new_context(**options, color_scheme=scheme, storage_state=state)
                )
                pages[f"{screen}-{scheme}"] = context.new_page()
        yield pages


def shoot(pages: dict[str, Page], url: str, name: str, folder: Path) -> None:
    for page in pages.values():
        page.goto(url, wait_until="load")
        page.wait_for_function(PICTURES_ARE_THERE, timeout=90_000)
    for look, page in pages.items():
        page.screenshot(path=folder / f"{name}-{look}.png")


def shoot_scan(inlay: Inlay, folder: Path) -> None:
    """The QR code, on a server that was opened by its name at home: docs/phone-settings.png."""
    names = f"--host-resolver-rules=MAP {AT_HOME} 127.0.0.1"
    with chromium(names) as browser, browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto(f"http://{AT_HOME}:{inlay.port}/login")
        sign_in(page, "alice")
        page.wait_for_url("**/")
        page.goto(f"http://{AT_HOME}:{inlay.port}/settings/phone")
        page.locator("#scan button").tap()
        page.locator("#qr").scroll_into_view_if_needed()
        page.wait_for_function(PICTURES_ARE_THERE)
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=folder / "phone-scan.png")


AT_HOME = "raspberrypi.local"
ADD = "https://music.example/tin-roof-rain"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        home = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="inlay-shots-")))
        site = running.enter_context(MediaSite())
        inlay = running.enter_context(Inlay(home, per_site="1"))
        inlay.add_user(admin=True)
        inlay.start()
        with chromium() as browser:
            with every_look(browser, None) as pages:
                shoot(pages, f"{inlay.url}/login", "login", folder)
            with every_look(browser, signed_in(browser, inlay)) as pages:
                shoot(pages, f"{inlay.url}/", "inbox-empty", folder)
                fill_library(inlay, site)
                id = make_busy(inlay, site)
                shoot(pages, f"{inlay.url}/", "inbox-busy", folder)
                for path, name in (
                    (f"/downloads/{id}/review", "review"),
                    ("/library", "library"),
                    ("/library/duplicates", "duplicates"),
                    ("/history", "history"),
                    ("/settings", "settings"),
                    ("/settings/phone", "phone"),
                    ("/settings/cookies", "cookies"),
                    ("/settings/tell", "tell"),
                    ("/activity", "activity"),
                    ("/library/trash", "trash"),
                    (f"/add?{urlencode({'url': ADD, 'title': 'Tin Roof Rain', 'then': 'close'})}", "add"),
                ):
                    shoot(pages, inlay.url + path, name, folder)
        shoot_scan(inlay, folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
