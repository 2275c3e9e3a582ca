"""The watched library: what happens to files by hand shows up in the running program."""

import shutil
import uuid
from pathlib import Path

from app.tags.containers import write
from app.tags.model import Tags
from tests.media import audio
from tests.running import Inlay, wait_for

SECONDS = 10.0


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


def test_a_file_added_by_hand_shows_up(inlay: Inlay) -> None:
    drop(inlay, "Ida Holm/Estuary Songs", "Saltmarsh")
    [track] = wait_for(lambda: listed(inlay, "saltmarsh"), SECONDS)
    assert track["path"] == "Ida Holm/Estuary Songs/Saltmarsh.flac"
    assert track["artist"] == "Ida Holm"
    assert track["quality"]["lossless"]  # type: ignore[index]


def test_a_renamed_file_keeps_its_identity(inlay: Inlay) -> None:
    file = drop(inlay, "loose", "Tidal Clock")
    [before] = wait_for(lambda: listed(inlay, "tidal clock"), SECONDS)
    (inlay.library / "sorted").mkdir()
    file.rename(inlay.library / "sorted" / "01 Tidal Clock.flac")
    after = wait_for(
        lambda: [t for t in listed(inlay, "tidal clock") if str(t["path"]).startswith("sorted/")], SECONDS
    )
    assert [track["id"] for track in after] == [before["id"]]
    assert len(listed(inlay, "tidal clock")) == 1


def test_a_deleted_file_is_listed_no_more(inlay: Inlay) -> None:
    file = drop(inlay, "gone", "Night Ferry")
    wait_for(lambda: listed(inlay, "night ferry"), SECONDS)
    file.unlink()
    wait_for(lambda: not listed(inlay, "night ferry"), SECONDS)


def test_what_changed_while_the_server_was_down_is_found_at_start(inlay: Inlay) -> None:
    stays = drop(inlay, "down", "Brickwork")
    wait_for(lambda: listed(inlay, "brickwork"), SECONDS)
    inlay.stop()
    stays.unlink()
    drop(inlay, "down", "What the Moss Said")
    inlay.start()
    wait_for(lambda: listed(inlay, "moss"), SECONDS)
    wait_for(lambda: not listed(inlay, "brickwork"), SECONDS)


def test_our_own_track_is_indexed_at_once(inlay: Inlay) -> None:
    from tests.media.site import MediaSite

    with MediaSite() as site:
        link = site.track("own", audio.make("mp3"), title="Fenna Okoro - Plum Street", uploader="Fenna Okoro")
        id = inlay.submit(link, skip_review=True)
        inlay.done(id)
        [track] = listed(inlay, "plum street")
    assert track["source_url"] == link
    assert track["source_id"] == "generic:own"
