"""A file that is shorter than its own header says: noticed behind the review, and fetched again."""

import pytest

from tests.media import audio
from tests.media.faults import Truncate
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for


@pytest.mark.parametrize(
    ("kind", "format"), [("mp3", "original"), ("mp3", "opus"), ("m4a", "mp3"), ("flac", "original")]
)
def test_a_truncated_source_fails_and_a_retry_fetches_it_again(
    inlay: Inlay, site: MediaSite, kind: str, format: str
) -> None:
    whole = audio.make(kind, 30)
    link = site.track(
        f"{kind}-{format}", whole, page="direct", thumbnail=None, faults=[Truncate(whole.stat().st_size // 2)]
    )
    id = inlay.submit(link, format=format)
    failed = wait_for(lambda: (d := inlay.download(id))["state"] == "failed" and d)
    assert failed["failure"]["message"].endswith(".")
    site.mend()
    with inlay.api() as api:
        assert api.post(f"/downloads/{id}/retry").json()["state"] == "queued"
    inlay.rest(id)
    inlay.confirm(id, title=f"Whole {kind} {format}")
    done = inlay.done(id)
    with inlay.api() as api:
        [track] = [t for t in api.get("/library/tracks").json()["items"] if t["path"] == done["path"]]
    assert abs(track["quality"]["duration_ms"] - 30_000) < 500
