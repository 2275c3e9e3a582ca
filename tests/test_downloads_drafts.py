"""What was typed and not sent: which of it is a draft, how long it is kept, and what swapping does."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.accounts import setup
from app.audio.model import Quality
from app.downloads import confirm, drafts, forms
from app.downloads.model import IN_FILE, Download, StagedTrack, State
from app.errors import Invalid
from app.services import Services
from app.tags.model import Proposal, Suggestion, Tags
from tests.accounts_app import make_services

PROPOSED = {"title": "Saltmarsh", "artist": "Ida Holm", "album_artist": "Ida Holm", "date": "2023"}


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = make_services(tmp_path)
    yield made
    made.db.close()


def reviewed(services: Services, **more: object) -> Download:
    user = setup.create_user(services.db, "alice", "a long password", is_admin=False)
    fields = {
        name: Suggestion(value=value, reason="said", confidence=0.9) for name, value in PROPOSED.items()
    }
    track = StagedTrack(
        proposal=Proposal(fields=fields),
        source_file="source.mp3",
        source_quality=Quality(codec="mp3", container="mp3", lossless=False),
        **{"info": {}, **more},
    )
    download = Download(
        user_id=user.id, url="u", url_key="u", site="s", format="mp3", conflict="skip", tracks=[track]
    )
    download.state = State.REVIEW
    with services.db.write() as session:
        session.add(download)
    return again(services, download)


def again(services: Services, download: Download) -> Download:
    with services.db.read() as session:
        found = session.get(Download, download.id)
        assert found
        assert found.tracks
        return found


def test_only_what_differs_from_the_proposal_is_a_draft(services: Services) -> None:
    download = reviewed(services)
    form = {**PROPOSED, "title": "Saltmarsh (Live)", "album": "", "csrf_token": "x", "lyrics": "a\r\nb"}
    assert drafts.save(services, download, form)
    kept = again(services, download)
    assert kept.tracks[0].draft == {"title": "Saltmarsh (Live)", "lyrics": "a\nb"}
    assert drafts.values_of(kept.tracks[0])["artist"] == "Ida Holm"
    assert drafts.values_of(kept.tracks[0])["title"] == "Saltmarsh (Live)"
    assert not drafts.save(services, kept, form), "nothing new is not written"
    assert drafts.save(services, kept, PROPOSED)
    assert again(services, kept).tracks[0].draft is None, "back to the proposal is no draft"


def test_a_cleared_field_is_kept(services: Services) -> None:
    download = reviewed(services)
    drafts.save(services, download, {**PROPOSED, "date": ""})
    assert drafts.values_of(again(services, download).tracks[0])["date"] == ""


def test_a_draft_goes_when_it_is_confirmed_and_none_comes_after(services: Services) -> None:
    download = reviewed(services)
    drafts.save(services, download, {**PROPOSED, "title": "Typed"})
    confirm.confirm(services, download.id, {download.tracks[0].id: Tags(title="Typed")})
    done = again(services, download)
    assert done.tracks[0].draft is None
    assert not drafts.save(services, done, {**PROPOSED, "title": "Too late"})
    assert again(services, download).tracks[0].draft is None


def test_what_was_confirmed_once_is_what_the_form_begins_with() -> None:
    fields = {"title": Suggestion(value="Proposed", reason="said", confidence=0.9)}
    track = StagedTrack(proposal=Proposal(fields=fields), tags=Tags(title="Confirmed"), with_cover=True)
    assert drafts.values_of(track)["title"] == "Confirmed"
    assert drafts.draft_of(track, {"title": "Confirmed"}) is None


def test_swapping_takes_the_album_artist_along_if_it_was_the_artist() -> None:
    swapped = drafts.swapped({"title": "A", "artist": "B", "album_artist": "B", "genre": "g"})
    assert swapped == {"title": "B", "artist": "A", "album_artist": "A", "genre": "g"}
    assert (
        drafts.swapped({"title": "A", "artist": "B", "album_artist": "Various"})["album_artist"] == "Various"
    )


def test_changes_are_told_from_the_files_own_tags(services: Services) -> None:
    own = msgspec.to_builtins(Tags(title="Old", comment="Buy!"))
    track = reviewed(services, info={IN_FILE: own}).tracks[0]
    assert drafts.changes(track, Tags(title="New", compilation=True)) == [
        ("title", "Old", "New"),
        ("compilation", "", "1"),
        ("comment", "Buy!", ""),
    ]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"lyrics_synced": "[00:01.00]One\nTwo"}, "lyrics_synced"),
        ({"lyrics": "x" * 20_001}, "lyrics"),
        ({"comment": "x" * 2_001}, "comment"),
        ({"compilation": "perhaps"}, "compilation"),
    ],
)
def test_more_fields_are_refused_with_a_sentence(typed: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        forms.read_tags(typed, base=Tags(title="t"))
    assert refused.value.fields[field].endswith(".")


def test_more_fields_are_read_and_others_stay() -> None:
    typed = {"compilation": "1", "lyrics": " One\r\nTwo\x00 ", "comment": "a\nb"}
    tags = forms.read_tags(typed, base=Tags(title="t", source_url="u", disc_no=2))
    assert tags == Tags(
        title="t", source_url="u", disc_no=2, compilation=True, lyrics="One\nTwo", comment="a\nb"
    )
    assert forms.read_tags({"compilation": ""}, base=tags).compilation is False
