"""A loan: one person's cookies of one site, readable by its owner alone, and gone whatever happens."""

import stat
from pathlib import Path

import pytest

from app.accounts.setup import create_user
from app.cookies import keep, queries, seal
from app.cookies.lend import lend
from app.cookies.model import SiteCookies
from app.errors import Failure, FailureKind
from app.services import Services
from app.sources.cookie_file import Cookies
from tests.accounts_app import make_services
from tests.cookies.people import VALUE, export, line

SAVED = export(
    line("SID", domain=".youtube.com"),
    line("here", domain="music.youtube.com"),
    line("NID", domain=".google.com"),
    line("auth", "x-is-where-one-signs-in", domain=".x.com"),
)


@pytest.fixture
def services(tmp_path: Path) -> Services:
    services = make_services(tmp_path / "data")
    for name in ("alice", "bob"):
        create_user(services.db, name, "a quiet evening", is_admin=False)
    keep.save(services, 1, SAVED)
    return services


def kept(services: Services, user_id: int, site: str) -> SiteCookies:
    with services.db.read() as session:
        return queries.of_sites(session, user_id, [site])[0]


@pytest.mark.parametrize(
    ("site", "names"),
    [("youtube.com", ["SID", "here"]), ("twitter.com", ["auth"]), ("bandcamp.com", [])],
)
def test_only_lines_of_the_sites_own_are_lent(
    services: Services, tmp_path: Path, site: str, names: list[str]
) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text("left by a killed worker")
    with lend(services, 1, site, tmp_path) as loan:
        assert bool(loan) is file.exists() is bool(names)
        if names:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert [one.split("\t")[5] for one in file.read_text().splitlines()[1:]] == names
    assert not file.exists()


def test_a_loan_ends_with_an_error_too_and_never_goes_to_another_user(
    services: Services, tmp_path: Path
) -> None:
    def fetch(failure: Exception) -> None:
        with lend(services, 1, "youtube.com", tmp_path):
            raise failure

    with pytest.raises(ZeroDivisionError):
        fetch(ZeroDivisionError())
    assert not (tmp_path / "cookies.txt").exists()
    assert kept(services, 1, "youtube.com").answer == ""
    with pytest.raises(Failure):
        fetch(Failure(FailureKind.NEEDS_YOU, "No.", cookies_rejected=True))
    assert kept(services, 1, "youtube.com").answer == "rejected"
    with lend(services, 2, "youtube.com", tmp_path) as loan:
        assert not loan


def test_a_track_that_came_although_the_site_called_them_dead_says_rejected(
    services: Services, tmp_path: Path
) -> None:
    with lend(services, 1, "youtube.com", tmp_path) as loan:
        loan.note({"cookies": "rejected"})
    assert kept(services, 1, "youtube.com").answer == "rejected"


def test_what_a_download_learns_of_old_ones_is_not_said_of_new_ones(
    services: Services, tmp_path: Path
) -> None:
    with lend(services, 1, "youtube.com", tmp_path) as loan:
        keep.save(services, 1, SAVED, "youtube.com")
        loan.rejected = True
    assert kept(services, 1, "youtube.com").answer == ""


def test_sealed_cookies_open_for_their_owner_and_this_installation_alone(
    services: Services, tmp_path: Path
) -> None:
    sealed = kept(services, 1, "youtube.com").sealed
    assert VALUE.encode() not in sealed
    assert VALUE in seal.unseal(services.secret, sealed, 1, "youtube.com")
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for secret, data, user_id, site in (
        (b"t" * 32, sealed, 1, "youtube.com"),
        (services.secret, sealed, 2, "youtube.com"),
        (services.secret, sealed, 1, "google.com"),
        (services.secret, flipped, 1, "youtube.com"),
        (services.secret, b"", 1, "youtube.com"),
    ):
        with pytest.raises(seal.Unreadable):
            seal.unseal(secret, data, user_id, site)
    with services.db.write() as session:
        queries.put(session, 2, "youtube.com", sealed, 1, None)
    with lend(services, 2, "youtube.com", tmp_path) as loan:
        assert not loan
    assert kept(services, 2, "youtube.com").answer == "unreadable"


def test_what_a_site_repeats_of_them_is_hidden() -> None:
    cookies = Cookies(SAVED.decode())
    failure = Failure(FailureKind.PERMANENT, f"The site said {VALUE}, and 0.")
    assert cookies.hide_in(failure).message == str(failure) == "The site said …, and 0."
