"""The watched library: what happens to files by hand shows up in the running program."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.tags.files import write
from app.tags.model import Tags
from tests.media import audio
from tests.running import Inlay, wait_for

SECONDS = 10.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    with Inlay(tmp_path_factory.mktemp("library") / "inlay") as inlay:
        inlay.add_user("alice", admin=True)
        yield inlay.start()


def drop(inlay: Inlay, folder: str, title: str) -> Path:
    """Put a foreign file into the library, as a person with a file manager would."""
    file = inlay.library / folder / f"{title}.flac"
    file.parent.mkdir(parents=True, exist_ok=True)
    made = inlay.home / f"{uuid.uuid4()}.flac"
    shutil.copyfile(audio.make("flac"), made)
    write(made, Tags(title=title, artist="Ida Holm", album="Estuary Songs"), None)
    shutil.move(made, file)
    return file


def listed(inlay: Inlay, q: str) -> list[dict[str, object]]:
    with inlay.api() as api:
        items: list[dict[str, object]] = api.get("/library/tracks", params={"q": q}).json()["items"]
    return items


def test_a_file_added_by_hand_shows_up(running: Inlay) -> None:
    drop(running, "Ida Holm/Estuary Songs", "Saltmarsh")
    [track] = wait_for(lambda: listed(running, "saltmarsh"), SECONDS)
    assert track["path"] == "Ida Holm/Estuary Songs/Saltmarsh.flac"
    assert track["artist"] == "Ida Holm"
    assert track["quality"]["lossless"]  # type: ignore[index]


def test_a_renamed_file_keeps_its_identity(running: Inlay) -> None:
    file = drop(running, "loose", "Tidal Clock")
    [before] = wait_for(lambda: listed(running, "tidal clock"), SECONDS)
    (running.library / "sorted").mkdir()
    file.rename(running.library / "sorted" / "01 Tidal Clock.flac")
    after = wait_for(
        lambda: [t for t in listed(running, "tidal clock") if str(t["path"]).startswith("sorted/")], SECONDS
    )
    assert [track["id"] for track in after] == [before["id"]]
    assert len(listed(running, "tidal clock")) == 1


def test_a_deleted_file_is_listed_no_more(running: Inlay) -> None:
    file = drop(running, "gone", "Night Ferry")
    wait_for(lambda: listed(running, "night ferry"), SECONDS)
    file.unlink()
    wait_for(lambda: not listed(running, "night ferry"), SECONDS)


def test_what_changed_while_the_server_was_down_is_found_at_start(running: Inlay) -> None:
    stays = drop(running, "down", "Brickwork")
    wait_for(lambda: listed(running, "brickwork"), SECONDS)
    running.stop()
    stays.unlink()
    drop(running, "down", "What the Moss Said")
    running.start()
    wait_for(lambda: listed(running, "moss"), SECONDS)
    wait_for(lambda: not listed(running, "brickwork"), SECONDS)


def test_our_own_track_is_indexed_at_once(running: Inlay) -> None:
    from tests.media.site import MediaSite

    with MediaSite() as site:
        link = site.track("own", audio.make("mp3"), title="Fenna Okoro - Plum Street", uploader="Fenna Okoro")
        id = running.submit(link, skip_review=True)
        running.done(id)
        [track] = listed(running, "plum street")
    assert track["source_url"] == link
    assert track["source_id"] == "generic:own"
