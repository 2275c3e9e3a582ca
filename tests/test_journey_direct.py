"""A bare file knows only its name; its own tags and cover say more."""

from pathlib import Path

from app.tags.containers import write
from app.tags.model import Tags
from tests.media import audio
from tests.media.site import MediaSite
from tests.running import Inlay


def tagged(folder: Path, **tags: object) -> Path:
    file = folder / "tagged.mp3"
    file.write_bytes(audio.make("mp3").read_bytes())
    write(file, Tags(**tags), audio.picture(600, 600))  # type: ignore[arg-type]
    return file


def test_a_bare_files_own_tags_are_proposed(inlay: Inlay, site: MediaSite, tmp_path: Path) -> None:
    file = tagged(
        tmp_path, title="Tin Roof Rain", artist="The Paper Harbour", album="Lantern Season", track_no=3
    )
    link = site.track("03_trr_final", file, page="direct", thumbnail=None)
    proposal = inlay.rest(inlay.submit(link))["proposal"]
    assert {name: found["value"] for name, found in proposal.items() if name != "date"} == {
        "title": "Tin Roof Rain",
        "artist": "The Paper Harbour",
        "album": "Lantern Season",
        "album_artist": "The Paper Harbour",
        "track_no": "3",
    }
    assert proposal["title"]["reason"] == "from the file's own tags"


def test_a_bare_files_own_picture_is_the_cover(inlay: Inlay, site: MediaSite, tmp_path: Path) -> None:
    link = site.track("cover", tagged(tmp_path, title="Saltmarsh"), page="direct", thumbnail=None)
    id = inlay.submit(link)
    inlay.rest(id)
    with inlay.api() as api:
        assert api.get(f"/downloads/{id}/cover").headers["content-type"] == "image/jpeg"


def test_what_the_source_says_goes_before_the_files_tags(
    inlay: Inlay, site: MediaSite, tmp_path: Path
) -> None:
    file = tagged(tmp_path, title="track01", artist="unknown", genre="Folk")
    link = site.track("said", file, title="Juno Vale - Neon Orchard (Official Video)", uploader="Juno Vale")
    proposal = inlay.rest(inlay.submit(link))["proposal"]
    assert proposal["title"]["value"] == "Neon Orchard"
    assert proposal["artist"]["value"] == "Juno Vale"
    assert proposal["genre"]["value"] == "Folk"
