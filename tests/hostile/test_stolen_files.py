"""Rows 9 and 12, and the attack this worker is built against: a "song" that names another user's file.

yt-dlp's own conversion gave the attacker the victim's song (a playlist served as MP3 at the second look,
`file:` segments in it). Here every such body, on every way in, ends without a byte of the victim's file.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.audio import ffmpeg
from tests.hostile import manifests
from tests.hostile.mov import with_outside_media
from tests.hostile.world import hand_in, holds, rest_of, taken
from tests.media.audio import make, programs
from tests.media.faults import HTML, Swap
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

PRIVATE = "Victim/Private Song.mp3"
ENDINGS = (".desktop", ".sh", ".url", ".html", ".svg", ".php", "", ".mp3.exe", ".m3u8")
# These come in once more to be converted, so that a reader sees more of them than their first bytes.
CONVERTED = ("hls", "ffconcat", "hls before real frames", "mov with outside media")


def hls_of(file: Path) -> bytes:
    return manifests.hls_media(f"file://{file}")


def concat_of(file: Path) -> bytes:
    return f"ffconcat version 1.0\nfile '{file}'\n".encode()


def bodies(file: Path) -> dict[str, bytes]:
    """What is sent instead of the song; each names `file`, or is nothing that a player plays."""
    spaces = manifests.hls_media(f"file:{str(file).replace(' ', '%20')}", f"{file}")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="file://{file}"/></svg>'
    id3 = b"ID3\4\0\0" + bytes((0, 0, 0, 10)) + bytes(10)
    return {
        "hls": hls_of(file),
        "hls, other spellings": spaces,
        "hls behind blanks": b"\r\n \t" + hls_of(file),
        "hls behind an ID3 tag": id3 + hls_of(file),
        "hls before real frames": hls_of(file) + make("mp3", 2).read_bytes(),
        "hls key": manifests.hls_media(f'#EXT-X-KEY:METHOD=AES-128,URI="file://{file}"', f"file://{file}"),
        "ffconcat": concat_of(file),
        "pls": f"[playlist]\nFile1={file}\n".encode(),
        "concat protocol": f"concat:{file}|{file}\n".encode(),
        "xspf": manifests.xspf("", f"file://{file}")[0],
        "dash": manifests.dash_base("", f"file://{file}")[0],
        "svg": svg.encode(),
        "html": HTML,
        "elf": b"\x7fELF\x02\x01\x01" + bytes(200),
        "script": b"#!/bin/sh\ncat /etc/passwd\n",
        "mov with outside media": with_outside_media(make("m4a", 3).read_bytes(), file),
    }


@dataclass
class World:
    inlay: Inlay
    site: MediaSite
    private: Path
    secret: bytes
    """Bytes of the victim's song that no other file has."""
    ids: dict[str, str]
    found: dict[str, dict[str, Any]]

    def stolen(self) -> list[Path]:
        """Files beside the victim's own with the victim's bytes in them."""
        return [file for file in holds(self.inlay.home, self.secret) if file != self.private]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The victim's song is in the library under a name that can be guessed; the attacker's links come in."""
    settings = {"workers": "6", "per_site": "6", "retry_delays_s": "0"}
    with MediaSite() as site, Inlay(tmp_path_factory.mktemp("stolen"), **settings) as inlay:
        inlay.add_user("victim", admin=True)
        inlay.token = inlay.add_user("mallory")
        private = inlay.library / PRIVATE
        private.parent.mkdir(parents=True)
        private.write_bytes(make("mp3", 30, pitch_hz=523).read_bytes())
        song = private.read_bytes()
        inlay.start()
        answers: dict[str, Any] = {}
        for format in ("opus", "original"):
            links = attacks(site, private, format)
            answers |= hand_in(inlay, links, format=format, skip_review=True)
        ids = taken(answers)
        assert len(ids) == len(answers)
        yield World(inlay, site, private, song[20_000:20_400], ids, rest_of(inlay, ids))


def attacks(site: MediaSite, private: Path, format: str) -> dict[str, str]:
    """Each body as the song at the second look; some of them also from the start, and as a picture."""
    links, song = {}, make("mp3", 3)
    for name, body in bodies(private).items():
        if format == "opus" and name not in CONVERTED:
            continue
        swapped = site.track(f"{format} {name}", song, title=f"{name} {format}", faults=[Swap(body, after=1)])
        links[f"{name} as {format}"] = swapped
    if format == "original":
        for name, body in (("hls", hls_of(private)), ("ffconcat", concat_of(private))):
            typed = site.file(f"{name}.m3u8", body, manifests.HLS)
            links[f"{name} called m3u8"] = typed
            links[f"{name} called m3u8 behind a page"] = site.track(f"typed {name}", media_url=typed)
            picture = [Swap(body, "image/jpeg")]
            links[f"{name} as a picture"] = site.track(
                f"picture {name}", song, title=f"Picture {name}", thumbnail_faults=picture
            )
        xspf, dash = (build("", f"file://{private}")[0] for build in (manifests.xspf, manifests.dash_base))
        links["xspf from the start"] = site.file("local.xspf", xspf, "text/xml")
        for ending in ENDINGS:
            links[f"a song called {ending}"] = site.file(f"evil {len(links)}{ending}", song, "audio/mpeg")
        links["dash from the start"] = site.file("local.mpd", dash, manifests.DASH)
    return links


def test_the_attack_works_on_a_bare_ffmpeg(world: World, tmp_path: Path) -> None:
    """The control: without our gate and options the victim's song comes out."""
    song, out = tmp_path / "song.mp3", tmp_path / "out.mp3"
    for body, extra in (
        (hls_of(world.private), []),
        (concat_of(world.private), ["-safe", "0", "-f", "concat"]),
    ):
        song.write_bytes(body)
        bare = ["ffmpeg", "-v", "error", *extra, "-i", f"file:{song}", "-c", "copy", "-y", str(out)]
        subprocess.run(bare, check=True, stdin=subprocess.DEVNULL)
        assert world.secret in out.read_bytes()


def test_no_byte_of_the_victims_song_is_anywhere_else(world: World) -> None:
    assert world.private in holds(world.inlay.home, world.secret)
    assert world.stolen() == []


def test_each_attack_fails_with_a_sentence_and_leaves_nothing_staged(world: World) -> None:
    for name, found in world.found.items():
        if any(word in name for word in ("picture", "mov", "a song called")):
            continue
        assert found["state"] == "failed", name
        assert found["failure"]["kind"] == "permanent", (name, found["failure"])
        assert found["failure"]["message"].endswith(".")
        assert not (world.inlay.staging / world.ids[name]).exists()


def test_the_ending_comes_from_the_content(world: World) -> None:
    """Row 12: what a file is called by its site is no reason to call it so."""
    for ending in ENDINGS:
        found = world.found[f"a song called {ending}"]
        if found["state"] == "done":
            assert found["path"].endswith(".mp3"), found["path"]
        else:
            assert found["failure"]["message"].endswith("."), found
    assert world.found["a song called "]["state"] == "done"
    assert {Path(name).suffix for name in world.inlay.files()} <= {".mp3", ".m4a", ".opus"}


def test_the_song_at_the_second_look_was_really_asked_for(world: World) -> None:
    assert len(world.site.hits_at(world.site.media_url("opus hls"))) >= 2


def test_a_bad_picture_costs_the_cover_only(world: World) -> None:
    for name in ("hls as a picture", "ffconcat as a picture"):
        assert world.found[name]["state"] == "done"
        with world.inlay.api() as api:
            track = world.found[name]["tracks"][0]["library_track_id"]
            assert not api.get(f"/library/tracks/{track}").json()["has_cover"]


def test_outside_media_in_an_mp4_is_not_read(world: World, tmp_path: Path) -> None:
    """A movie may name another file for its samples. ffmpeg can do that, but only when it is asked to."""
    movie, out = tmp_path / "movie.m4a", tmp_path / "out.m4a"
    movie.write_bytes(with_outside_media(make("m4a", 3).read_bytes(), world.private))
    asked = ["-enable_drefs", "1", "-use_absolute_path", "1"]
    for options, leaks in (
        (["ffmpeg", "-v", "error", *asked, "-i", f"file:{movie}"], True),
        *(([program, "-v", "error", *ffmpeg.input_options(movie, "m4a")], False) for program in programs()),
    ):
        copy = [*options, "-c", "copy", "-f", "ipod", "-y", str(out)]
        subprocess.run(copy, stdin=subprocess.DEVNULL, capture_output=True)
        assert (out.exists() and world.secret in out.read_bytes()) == leaks
        out.unlink(missing_ok=True)


def test_a_link_planted_in_staging_is_not_followed(world: World) -> None:
    """Whoever could write into staging would still not get another file into a track of theirs."""
    inlay = world.inlay
    link = world.site.track("planted", make("mp3", 3), title="Planted")
    id = inlay.submit(link, format="original")
    assert inlay.rest(id)["state"] == "review"
    for file in (inlay.staging / id).glob("source.*"):
        file.unlink()
        file.symlink_to(world.private)
    with inlay.api() as api:
        assert api.get(f"/downloads/{id}/audio").status_code == 404
    with inlay.api() as api:
        # Whoever reads it through behind the review may have found out before.
        api.post("/downloads/confirm", json={"id": id, "title": "Planted"})
    found = wait_for(lambda: (d := inlay.download(id))["state"] in ("done", "failed") and d)
    assert found["state"] == "failed"
    assert world.stolen() == []
