"""The picture beside an album's tracks: once, whole, in place of no other, and never a track's trouble."""

import os
import stat
from pathlib import Path, PurePosixPath

import pytest

from app.errors import Failure, SettingsError
from app.library import place
from app.library.folder import MARKER
from app.settings import read_settings
from app.tags.model import Tags
from app.tags.naming import is_in_album_folder
from tests.journeys import short_track
from tests.media.audio import picture
from tests.media.site import MediaSite
from tests.running import Inlay

COVER = picture(600, 600)
TRACK = PurePosixPath("Ida Holm/Tidal Flats/04 Saltmarsh.mp3")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    (folder / TRACK.parent).mkdir(parents=True)
    (folder / MARKER).write_text("ours")
    (folder / TRACK).write_bytes(b"a track")
    (tmp_path / "cover.jpg").write_bytes(COVER)
    return folder


def beside(library: Path, name: str = "cover.jpg") -> list[str]:
    place.place_beside(library.parent / "cover.jpg", library, TRACK, name, "me")
    return sorted(os.listdir(library / TRACK.parent))


def test_it_is_written_once_and_stays(library: Path) -> None:
    assert beside(library) == ["04 Saltmarsh.mp3", "cover.jpg"]
    file = library / TRACK.parent / "cover.jpg"
    assert file.read_bytes() == COVER
    before = file.stat()
    (library.parent / "cover.jpg").write_bytes(picture(500, 500))
    assert beside(library) == ["04 Saltmarsh.mp3", "cover.jpg"]
    assert file.read_bytes() == COVER
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("theirs", ["cover.jpg", "Cover.JPG"])
def test_what_is_there_is_never_replaced_whatever_it_is(theirs: str, library: Path) -> None:
    file = library / TRACK.parent / theirs
    file.symlink_to("/nowhere")
    assert beside(library) == sorted(["04 Saltmarsh.mp3", theirs])
    assert os.readlink(file) == "/nowhere"


def test_what_an_interrupted_try_left_is_replaced_by_the_whole(library: Path) -> None:
    (library / TRACK.parent / place.part_name("me")).write_bytes(COVER[:100])
    assert beside(library) == ["04 Saltmarsh.mp3", "cover.jpg"]


def test_a_disk_that_refuses_is_told_and_nothing_half_stays(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def full(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failure):
        beside(library)
    assert os.listdir(library / TRACK.parent) == ["04 Saltmarsh.mp3"]


@pytest.mark.parametrize(
    ("album", "template", "wanted"),
    [
        ("Tidal Flats", "", True),
        ("", "", False),
        ("Tidal Flats", "{artist}/{title}", False),
        ("Tidal Flats", "{artist}/{album} {title}", False),
        ("Tidal Flats", "{artist}/{year} {album}/{title}", True),
        ("", "{artist}/{album}/{title}", False),
    ],
)
def test_only_a_folder_of_the_album_alone_is_an_albums(album: str, template: str, wanted: bool) -> None:
    assert is_in_album_folder(Tags(title="Saltmarsh", artist="Ida Holm", album=album), template) is wanted


def test_the_name_is_a_setting_and_empty_means_none() -> None:
    assert read_settings({}).cover_file == "cover.jpg"
    assert read_settings({"INLAY_COVER_FILE": "folder.jpg"}).cover_file == "folder.jpg"
    assert read_settings({"INLAY_COVER_FILE": ""}).cover_file == ""
    for wrong in ("../cover.jpg", "a/b.jpg", ".hidden.jpg", "cover.png", "cover", "a\n.jpg"):
        with pytest.raises(SettingsError, match=r"cover\.jpg"):
            read_settings({"INLAY_COVER_FILE": wrong})


def test_an_album_gets_its_picture_and_a_single_does_not(inlay: Inlay, site: MediaSite) -> None:
    ids = [inlay.submit(short_track(site, name)) for name in ("first", "second", "alone")]
    for id in ids:
        inlay.rest(id, 60)
    with inlay.api() as api:
        cover = api.get(f"/downloads/{ids[0]}/cover").content
        assert api.put(f"/downloads/{ids[1]}/cover", content=picture(300, 300)).status_code == 204
    inlay.confirm(ids[0], title="First", album="Tidal Flats")
    inlay.done(ids[0])
    inlay.confirm(ids[1], title="Second", album="Tidal Flats")
    inlay.confirm(ids[2], title="Alone")
    inlay.done(ids[1])
    inlay.done(ids[2])
    pictures = [file for file in inlay.files() if file.endswith(".jpg")]
    assert pictures == ["Ida Holm/Tidal Flats/cover.jpg"]
    assert (inlay.library / pictures[0]).read_bytes() == cover
    with inlay.api() as api:
        paths = {one["path"] for one in api.get("/library/tracks").json()["items"]}
    assert paths == {name for name in inlay.files() if name.endswith(".mp3")}
    assert [file.name for file in inlay.library.rglob(".*")] == [MARKER]


def test_a_track_is_added_although_its_album_takes_no_picture(inlay: Inlay, site: MediaSite) -> None:
    id = inlay.submit(short_track(site, "unlucky"))
    inlay.rest(id, 60)
    # A folder of that name: nothing can be put there, and nothing has to be.
    (inlay.library / "Ida Holm" / "Neap" / "cover.jpg").mkdir(parents=True)
    inlay.confirm(id, title="Unlucky", album="Neap")
    assert inlay.done(id)["path"] == "Ida Holm/Neap/Unlucky.mp3"
