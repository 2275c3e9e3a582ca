"""What a container is there for, driven from outside: link, review, add, file in /music with its tags."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import mutagen

from tests.audio_kinds import MORE, made
from tests.container.boxed import Boxed
from tests.media.audio import KINDS
from tests.media.site import MediaSite
from tests.running import PASSWORD

FORMATS = ("mp3", "m4a", "opus", "ogg", "flac", "wav", "original")
# yt-dlp fetches no .wv.
SOURCES = tuple(kind for kind in (*KINDS, *MORE) if kind != "wavpack")
TYPES = {
    **{".aac": "audio/aac", ".aiff": "audio/aiff", ".mp2": "audio/mpeg", ".wma": "audio/x-ms-wma"},
    **{".ac3": "audio/ac3", ".flv": "video/x-flv", ".ogv": "video/ogg"},
    **{".mka": "audio/x-matroska"},
}
ANYBODY = "4242:4243"
GOOD_SQLITE = (3, 51, 3)


@contextmanager
def box(root: Path, config: dict[str, Any], user: str | None = None, **settings: str) -> Iterator[Boxed]:
    first = {"admin_user": "alice", "admin_password": PASSWORD, **settings}
    with tempfile.TemporaryDirectory(prefix="inlay-box-") as folder:
        os.chmod(folder, 0o755)
        with Boxed(Path(folder, "home"), root, config, user, **first) as running:
            yield running


def token_of(running: Boxed) -> None:
    made = running.command("token", "add", "--user", "alice")
    assert made.returncode == 0, made.stderr
    running.token = made.stdout.strip()


def travel(running: Boxed, site: MediaSite, name: str, kind: str, wanted: str) -> Path:
    """One link to its file, with its review page looked at; answers where the file is."""
    source = made(kind, running.home)
    link = site.track(
        name.replace(" ", "-"),
        source,
        title=f"Ida Holm - Saltmarsh {name}",
        uploader="Ida Holm",
        content_type=TYPES.get(source.suffix),
    )
    id = running.submit(link, format=wanted)
    ready = running.rest(id)
    assert ready["state"] == "review", ready
    with httpx.Client(base_url=running.url, follow_redirects=True) as browser:
        origin = {"Origin": running.url}
        browser.post("/login", data={"name": "alice", "password": PASSWORD}, headers=origin)
        page = browser.get(f"/downloads/{id}/review")
        assert page.status_code == 200, page.text
        assert 'id="finalize"' in page.text
        assert browser.get("/schema/openapi.json").json()["paths"]
    running.confirm(id, title=f"Saltmarsh {name}", artist="Ida Holm", album="Boxed")
    file = running.library / running.done(id)["path"]
    tags = mutagen.File(file, easy=True)
    assert tags.info.length > 1, tags.info.pprint()
    if file.suffix != ".wav":
        assert (tags["title"], tags["artist"]) == ([f"Saltmarsh {name}"], ["Ida Holm"]), tags.pprint()
    return file


def whole(root: Path, config: dict[str, Any], site: MediaSite) -> Iterator[str]:
    """The image's own user, each format and a look around; a line for each thing that was shown."""
    with box(root, config) as running:
        began = time.monotonic()
        running.start()
        yield f"starts as {running.user} on a read-only root in {time.monotonic() - began:.1f} s"
        token_of(running)
        for number, kind in enumerate(SOURCES):
            wanted = FORMATS[number % len(FORMATS)]
            file = travel(running, site, f"{kind} as {wanted}", kind, wanted)
            assert f"{file.stat().st_uid}:{file.stat().st_gid}" == running.user
        yield f"link → review → add → tagged file, {len(FORMATS)} formats, from {len(SOURCES)} kinds"
        yield from _look_around(running)
        began = time.monotonic()
        code = running.stop()
        assert code == 0, code
        yield f"{config.get('StopSignal')}: ends with 0 in {time.monotonic() - began:.1f} s"


def _look_around(running: Boxed) -> Iterator[str]:
    findings = json.loads(running.command("doctor", "--json").stdout)
    assert not [one for one in findings if one["level"] == "problem"], findings
    told = {one["check"]: one["text"] for one in findings}
    sqlite = tuple(map(int, told["SQLite"].split(".")))
    assert sqlite >= GOOD_SQLITE, told["SQLite"]
    yield f"doctor: SQLite {told['SQLite']}; {told['ffmpeg']}; {told['JavaScript engine']}"
    health = running.run(*running.config["Healthcheck"]["Test"][1:])
    assert health.returncode == 0, health.stdout + health.stderr
    yield f"the health check: {' '.join(running.config['Healthcheck']['Test'][1:])} → 0"
    for place in ("/", "/etc", "/usr/local/bin", "/opt/inlay"):
        assert running.run("touch", f"{place}/here").returncode != 0, place
    if running.run("sh", "-c", "command -v deno").returncode == 0:
        said = running.run("deno", "eval", "--no-config", "console.log([6, 7].reduce((a, b) => a * b))")
        assert said.stdout.strip() == "42", said.stderr
        yield "deno computes"
    rights = running.run("sh", "-c", "id; grep -E '^(CapEff|NoNewPrivs)' /proc/self/status").stdout.split(
        "\n"
    )
    yield f"nothing outside /data, /music and /tmp can be written; {', '.join(rights[:3])}"


def others(root: Path, config: dict[str, Any], site: MediaSite) -> Iterator[str]:
    """Somebody without a name in /etc/passwd; root with PUID and PGID; PUID that cannot be."""
    with box(root, config, ANYBODY) as running:
        running.tmp_size = ""
        running.start()
        token_of(running)
        file = travel(running, site, "anybody", "mp3", "original")
        assert f"{file.stat().st_uid}:{file.stat().st_gid}" == ANYBODY
        yield f"as --user {ANYBODY}, without a /tmp that can be written: the file is {ANYBODY}'s"
        running.stop()
    with box(root, config, "0:0") as running:
        running.give(ANYBODY)
        before = running.library / "before.txt"
        before.touch()
        running.environment.update(PUID="4242", PGID="4243")
        running.start()
        status = Path(f"/proc/{running.first()}/status").read_text()
        assert "Uid:\t4242\t4242\t4242\t4242" in status
        assert "CapBnd:\t0000000000000000" in status
        token_of(running)
        file = travel(running, site, "puid", "mp3", "original")
        assert f"{file.stat().st_uid}:{file.stat().st_gid}" == ANYBODY
        assert before.stat().st_uid == 0, "the library was chowned"
        yield f"as root with PUID and PGID: becomes {ANYBODY}, keeps no right, chowns no music"
        running.stop()
    with box(root, config) as running:
        running.environment.update(PUID="4242", PGID="4243")
        ended = running.command("formats")
        assert ended.returncode == 64, ended
        assert "--user 4242:4243" in ended.stderr
        yield "PUID without the right to become it: says what to do and ends"
