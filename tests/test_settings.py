"""Settings are read strictly, and the README lists every one of them."""

from dataclasses import fields
from pathlib import Path

import pytest

from app.audio.formats import FORMATS
from app.errors import SettingsError
from app.settings import PREFIX, RESERVED, Settings, read_settings

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    for one in fields(Settings):
        rows = [line for line in README.splitlines() if line.startswith(f"| `{PREFIX}{one.name.upper()}`")]
        assert len(rows) == 1, f"{one.name} has {len(rows)} rows in the README"
        assert one.metadata["help"] in rows[0], f"the README says something else about {one.name}"


def test_the_readme_lists_no_setting_that_does_not_exist() -> None:
    known = {PREFIX + one.name.upper() for one in fields(Settings)}
    rows = {line.split("`")[1] for line in README.splitlines() if line.startswith(f"| `{PREFIX}")}
    assert rows <= known


def test_nothing_set_means_defaults_with_absolute_folders() -> None:
    settings = read_settings({})
    assert settings.port == 8640
    assert settings.format in FORMATS
    assert settings.library_dir == Path("library").absolute()
    assert settings.staging == Path("data/staging").absolute()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("INLAY_PROT", "1", "Did you mean INLAY_PORT?"),
        ("INLAY_PORT", "eighty", "whole number"),
        ("INLAY_PORT", "0", "whole number"),
        ("INLAY_FORMAT", "mp4", "choose one of mp3"),
        ("INLAY_CONFLICT", "ask", "choose one of"),
        ("INLAY_ALLOW_HOSTS", "10.0.0.0/99", "network"),
        ("INLAY_PROXY", "proxy.example", "http://"),
        ("INLAY_CA_FILE", "/nowhere.pem", "no file"),
        ("INLAY_ADMIN_USER", "alice", "go together"),
        ("INLAY_DATABASE_URL", "postgresql://db", "later version"),
        ("INLAY_BASE_PATH", "inlay", "such as /inlay"),
        ("INLAY_BASE_PATH", "/a/../b", "such as /inlay"),
        ("INLAY_BASE_PATH", "//evil.example", "such as /inlay"),
        ("INLAY_TRUSTED_PROXIES", "*", "not a network"),
        ("INLAY_TRUSTED_PROXIES", "10.0.0.1,0.0.0.0/0", "is everybody"),
        ("INLAY_TRUSTED_PROXIES", "10.0.0.1/8", "not a network"),
        ("INLAY_AUTH_PROXY_HEADER", "Remote-User", "needs INLAY_TRUSTED_PROXIES"),
        ("INLAY_AUTH_PROXY_HEADER", "Cookie", "something else"),
        ("INLAY_AUTH_PROXY_HEADER", "Remote User", "name of a header"),
        ("INLAY_OIDC_ISSUER", "auth.example", "give a URL"),
        ("INLAY_OIDC_ISSUER", "https://auth.example", "go together"),
        ("INLAY_CREATE_USERS", "maybe", "choose one of no, yes"),
        ("INLAY_SIGN_OUT_URL", "javascript:alert(1)", "give a URL"),
        ("INLAY_LOOKUPS", "musicbrains", "choose one of musicbrainz"),
        ("INLAY_LOOKUPS", "coverart", "need musicbrainz"),
        ("INLAY_LOOKUPS", "lrclib", "needs INLAY_CONTACT"),
        ("INLAY_CONTACT", "me", "e-mail address"),
        ("INLAY_CONTACT", "me@example.org\r\nX: y", "e-mail address"),
        ("INLAY_MUSICBRAINZ_URL", "musicbrainz.org", "give a URL"),
        ("INLAY_MUSICBRAINZ_URL", "https://me:secret@musicbrainz.example", "without a login"),
    ],
)
def test_a_typo_or_a_bad_value_stops_the_start_with_a_sentence(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_settings({name: value})


def test_a_secret_comes_from_a_file_and_is_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("a quiet evening\n")
    settings = read_settings({"INLAY_ADMIN_USER": "alice", "INLAY_ADMIN_PASSWORD_FILE": str(file)})
    assert settings.admin_password == "a quiet evening"
    with pytest.raises(SettingsError, match="not a setting"):
        read_settings({"INLAY_PORT_FILE": str(file)})


def test_reserved_names_are_not_settings() -> None:
    assert not {one.name.upper() for one in fields(Settings)} & set(RESERVED)


def test_fingerprints_are_only_looked_up_with_a_key_of_ones_own() -> None:
    asked = {"INLAY_LOOKUPS": "musicbrainz,acoustid", "INLAY_CONTACT": "me@example.org"}
    with pytest.raises(SettingsError, match="INLAY_ACOUSTID_KEY"):
        read_settings(asked)
    assert read_settings({**asked, "INLAY_ACOUSTID_KEY": "k"}).lookups == ("musicbrainz", "acoustid")


def test_nothing_is_looked_up_unless_asked_for() -> None:
    assert read_settings({}).lookups == ()
