"""`inlay add`: into a running server's inbox, or all the way alone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys import short_track
from tests.media.audio import make
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """An installation whose server does not run."""
    with Inlay(tmp_path_factory.mktemp("alone")) as installed:
        installed.add_user("alice", admin=True)
        yield installed


def test_add_hands_the_link_to_the_running_server(site: MediaSite, inlay: Inlay) -> None:
    done = inlay.command("add", short_track(site, "queued"), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["state"], told["format"]) == ("queued", "mp3")
    assert inlay.rest(told["id"])["state"] == "review"


def test_add_and_wait_ends_at_the_review(site: MediaSite, inlay: Inlay) -> None:
    before = inlay.files()
    done = inlay.command("add", short_track(site, "reviewed"), "--wait")
    assert (done.returncode, done.stdout) == (0, "ready for review\n")
    assert inlay.files() == before


def test_add_wait_yes_ends_in_the_library(site: MediaSite, inlay: Inlay) -> None:
    url = site.track("sure", make("flac", 3), title="Quarry", artist="Arvo Lind")
    done = inlay.command("add", url, "--wait", "--yes", "--format", "flac")
    assert (done.returncode, done.stdout) == (0, "added: Arvo Lind/Quarry.flac\n")
    assert "Arvo Lind/Quarry.flac" in inlay.files()


def test_add_wait_yes_stops_at_the_review_when_something_is_left_to_ask(
    site: MediaSite, inlay: Inlay
) -> None:
    done = inlay.command("add", short_track(site, "lossy"), "--wait", "--yes", "--format", "flac")
    assert (done.returncode, done.stdout) == (0, "ready for review\n")


def test_a_download_that_fails_is_exit_code_1_with_the_sentence(site: MediaSite, inlay: Inlay) -> None:
    done = inlay.command("add", f"{site.url}/gone", "--wait")
    assert done.returncode == 1
    assert done.stdout == "failed: This is not there any more, or the link is not complete.\n"
    told = inlay.command("add", f"{site.url}/gone-too", "--wait", "--yes", "--json")
    assert told.returncode == 1
    assert json.loads(told.stdout)["failure"]["kind"] == "permanent"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nothing"], 1, "A link begins with http:// or https://."),
        (["http://a.example/", "--user", "eve"], 1, "There is no user eve."),
        (["http://a.example/", "--format", "mp5"], 2, "mp5"),
        ([], 2, "URL"),
    ],
)
def test_what_cannot_be_added_says_why(arguments: list[str], code: int, words: str, inlay: Inlay) -> None:
    done = inlay.command("add", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_link_twice_is_refused(site: MediaSite, inlay: Inlay) -> None:
    url = short_track(site, "again")
    assert inlay.command("add", url, "--wait").returncode == 0
    again = inlay.command("add", url)
    assert (again.returncode, again.stderr) == (1, "inlay: This link is in your inbox already.\n")


def test_add_for_another_user_lands_in_their_inbox(site: MediaSite, inlay: Inlay) -> None:
    token = inlay.add_user("bob")
    assert inlay.command("add", short_track(site, "for-bob"), "--user", "Bob").returncode == 0
    with inlay.api(token) as bobs:
        assert len(bobs.get("/downloads").json()["items"]) == 1


def test_without_a_server_add_does_it_all_alone(site: MediaSite, alone: Inlay) -> None:
    done = alone.command("add", short_track(site, "alone"), "--wait", "--yes", "--format", "opus")
    assert (done.returncode, done.stdout) == (0, "added: Ida Holm/Saltmarsh alone.opus\n"), done.stderr
    assert alone.files() == ["Ida Holm/Saltmarsh alone.opus"]
    assert list(alone.staging.iterdir()) == []
    assert processes_of(alone) == []


def test_without_a_server_a_failure_is_exit_code_1_too(site: MediaSite, alone: Inlay) -> None:
    done = alone.command("add", f"{site.url}/gone", "--wait", "--yes")
    assert done.returncode == 1
    assert done.stdout == "failed: This is not there any more, or the link is not complete.\n"


def test_without_a_server_and_without_wait_the_next_start_goes_on(site: MediaSite, alone: Inlay) -> None:
    url = short_track(site, "later")
    done = alone.command("add", url)
    assert done.returncode == 0
    assert done.stdout.startswith("queued (")
    assert site.hits_at(url) == []
    id = done.stdout.partition("(")[2].rstrip(")\n")
    alone.start()
    assert alone.rest(id)["state"] == "review"
    assert alone.stop() == 0


def test_without_any_user_add_says_how_to_make_one(tmp_path: Path) -> None:
    with Inlay(tmp_path / "inlay") as empty:
        refused = empty.command("add", "http://a.example/")
        assert refused.returncode == 1
        assert refused.stderr == "inlay: There is no user yet: inlay user add NAME.\n"
        made = empty.command("user", "add", "alice", "--password-stdin", input=PASSWORD)
        assert "admin" in made.stdout


def processes_of(inlay: Inlay) -> list[str]:
    """Command lines of processes that still have this installation's settings."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"INLAY_DATA_DIR={inlay.data}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            # It has ended, or is another user's.
            continue
    return found
