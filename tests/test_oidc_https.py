"""An OpenID provider with its own certificate and ES256 keys, and what the doctor says of them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.checks import fronts
from app.checks.findings import Finding
from app.settings import Settings
from tests.media import tls
from tests.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.running import Inlay, free_port

pytestmark = pytest.mark.skipif(tls.openssl() is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture(scope="module")
def provider(authority: Path) -> Iterator[OidcProvider]:
    context, _ = tls.self_signed(authority)
    with OidcProvider(tls=context, algorithm="ES256") as running:
        yield running


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real certificate of somebody else."""
    return tls.self_signed(tmp_path_factory.mktemp("strange"))[1]


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider, authority: Path
) -> Iterator[Inlay]:
    """Its file of authorities can be changed: it is read anew for each sign-in."""
    folder = tmp_path_factory.mktemp("https")
    ca_file = folder / "ca.pem"
    ca_file.write_bytes((authority / "site.pem").read_bytes())
    settings = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_name": "Our House",
        "create_users": "yes",
        "ca_file": str(ca_file),
    }
    with Inlay(folder, **settings) as inlay:
        inlay.add_user("admin", admin=True)
        yield inlay.start(command="web")


@pytest.fixture
def inlay(running: Inlay, provider: OidcProvider, authority: Path) -> Inlay:
    provider.be_good()
    (running.home / "ca.pem").write_bytes((authority / "site.pem").read_bytes())
    return running


def browser(inlay: Inlay) -> httpx.Client:
    return httpx.Client(base_url=inlay.url, verify=False, timeout=30)


def sign_in(web: httpx.Client) -> httpx.Response:
    away = web.get("/login/oidc")
    if away.status_code != 303:
        return away
    return web.get(httpx.get(away.headers["location"], verify=False).headers["location"])


def test_one_signs_in_over_https_with_a_token_of_es256(inlay: Inlay, provider: OidcProvider) -> None:
    assert provider.issuer.startswith("https:")
    with browser(inlay) as web:
        assert sign_in(web).headers["location"] == "/"
        assert web.get("/api/v1/sessions").status_code == 200
    provider.rotate()
    with browser(inlay) as web:
        assert sign_in(web).headers["location"] == "/", "also with its next key"
    # RS256 with a key that it never published.
    stranger = RSAKey.generate_key(2048, {"kid": provider.key.kid})
    header = {"alg": "RS256", "kid": provider.key.kid}
    provider.sign = lambda claims: jwt.encode(header, claims, stranger)
    with browser(inlay) as web:
        assert "nobody was signed in" in sign_in(web).text


def test_a_certificate_that_is_not_trusted_is_said_in_a_sentence(
    inlay: Inlay, provider: OidcProvider, strange: Path
) -> None:
    # Nothing is known of it, so it has to be asked.
    inlay.stop()
    log_before = len(inlay.log.read_text())
    inlay.start(command="web")
    file = inlay.home / "ca.pem"
    for content in (strange.read_bytes(), b"no certificate", None):
        file.write_bytes(content) if content else file.unlink()
        with browser(inlay) as web:
            told = sign_in(web)
            assert told.status_code == 503
            assert "Our House cannot be reached safely: its certificate is not trusted here." in told.text
            assert 'id="login"' in told.text, "the password form is there as ever"
    log = inlay.log.read_text()[log_before:]
    assert log.count("Look at INLAY_CA_FILE") == 3
    assert "self-signed certificate" in log
    assert "Traceback" not in log
    file.write_bytes(tls_of(provider, inlay))
    with browser(inlay) as web:
        assert sign_in(web).headers["location"] == "/"


def tls_of(provider: OidcProvider, inlay: Inlay) -> bytes:
    import ssl

    host, port = provider.issuer.removeprefix("https://").partition("/")[0].split(":")
    return ssl.get_server_certificate((host, int(port))).encode()


def test_a_clock_that_is_apart_is_named_in_the_log(inlay: Inlay, provider: OidcProvider) -> None:
    provider.ahead_s = 1000.0
    provider.rotate()
    with browser(inlay) as web:
        assert "nobody was signed in" in sign_in(web).text
    assert "its clock is +1000 s from ours" in inlay.log.read_text().replace("+999 s", "+1000 s")


# The doctor


def found(**settings: Any) -> dict[str, Finding]:
    """What is wrong, by its code."""
    told = [*fronts.check_proxies(Settings(**settings)), *fronts.check_oidc(Settings(**settings))]
    assert all(bool(one.code) == bool(one.hint) == (one.level != "ok") for one in told)
    return {one.code: one for one in told if one.code}


def test_the_doctor_asks_the_provider(
    provider: OidcProvider, authority: Path, strange: Path, tmp_path: Path
) -> None:
    provider.be_good()
    good: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "ca_file": authority / "site.pem",
        "trusted_proxies": ("127.0.0.1/32",),
    }
    assert found(**good) == {}
    assert list(found(**{**good, "trusted_proxies": ()})) == ["oidc-back-not-https"]
    assert list(found(**{**good, "oidc_issuer": f"https://127.0.0.1:{free_port()}"})) == ["oidc-unreachable"]
    wrong = found(**{**good, "ca_file": strange})
    assert "self-signed certificate" in wrong.pop("oidc-certificate").text
    assert not wrong
    (tmp_path / "junk.pem").write_text("no certificate")
    for unusable in (tmp_path / "junk.pem", tmp_path / "gone.pem", tmp_path):
        assert list(found(**{**good, "ca_file": unusable})) == ["ca-file-unusable"]
    for ahead_s, side in ((90.0, "ahead of"), (-90.0, "behind")):
        provider.ahead_s = ahead_s
        assert f"s {side} this one" in found(**good)["oidc-clock"].text
    provider.be_good()
    for document in (
        {"issuer": provider.issuer + "/"},
        {"token_endpoint": "http://127.0.0.1/token"},
        {"jwks_uri": None},
        {"jwks_uri": f"{provider.issuer}/.well-known/openid-configuration"},
    ):
        provider.document = document
        assert set(found(**good)) >= {"oidc-document"}, document
    provider.be_good()
    assert list(found(**{**good, "oidc_issuer": f"{provider.issuer}/nowhere"})) == ["oidc-document"]


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ({"base_path": "/inlay", "trusted_proxies": ("172.18.0.0/16", "fd00::/64")}, []),
        ({"base_path": "/inlay"}, ["base-path-without-proxy"]),
        ({"base_path": "/library", "trusted_proxies": ("127.0.0.1/32",)}, ["base-path-taken"]),
        ({"trusted_proxies": ("10.0.0.0/8",)}, ["trusted-proxies-wide"]),
        ({"trusted_proxies": ("127.0.0.1/32",), "auth_proxy_header": "Remote-User"}, []),
        (
            {"trusted_proxies": ("0.0.0.0/1", "128.0.0.0/1"), "auth_proxy_header": "Remote-User"},
            ["proxy-header-from-many"],
        ),
        ({"trusted_proxies": ("2000::/3",), "auth_proxy_header": "X-User"}, ["proxy-header-from-many"]),
    ],
)
def test_the_doctor_looks_at_what_stands_before_it(settings: dict[str, Any], codes: list[str]) -> None:
    assert list(found(**settings)) == codes


def test_without_the_extra_the_doctor_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.accounts.oidc.find_spec", lambda name: None)
    assert list(found(oidc_issuer="https://auth.example", oidc_client_id=CLIENT)) == ["oidc-missing"]


def test_a_header_without_a_proxy_is_a_finding_and_the_quick_look_asks_no_provider(
    tmp_path: Path, provider: OidcProvider
) -> None:
    with Inlay(tmp_path / "one", auth_proxy_header="Remote-User") as inlay:
        for quick in ([], ["--quick"]):
            done = inlay.command("doctor", *quick, "--json")
            assert done.returncode == 1, done.stderr
            told = json.loads(done.stdout)
            [finding] = told["findings"] if quick else told
            assert finding["code"] == "settings-refused"
            assert "INLAY_AUTH_PROXY_HEADER needs INLAY_TRUSTED_PROXIES" in finding["text"]
    asked = provider.jwks_asked
    with Inlay(tmp_path / "two", oidc_issuer=provider.issuer, oidc_client_id=CLIENT) as inlay:
        told = json.loads(inlay.command("doctor", "--quick", "--json").stdout)
        assert "OpenID" not in {one["check"] for one in told["findings"]}
        shown = inlay.command("doctor").stdout
        assert "[oidc-certificate]" in shown
    assert provider.jwks_asked == asked
