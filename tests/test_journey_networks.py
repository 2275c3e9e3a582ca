"""The ways to a source: an extra certificate authority, an upstream proxy, and no private address unasked."""

from pathlib import Path

import pytest

from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard
from tests.media import audio, tls
from tests.media.site import MediaSite
from tests.running import Inlay


def run(home: Path, link: str, **settings: str) -> dict[str, object]:
    """Hand one link to a fresh installation; the download when it rests."""
    with Inlay(home, **settings) as inlay:
        inlay.add_user("alice", admin=True)
        inlay.start()
        found = inlay.rest(inlay.submit(link, format="original"))
        inlay.stop()
        return found


@pytest.mark.parametrize("trusted", [True, False])
def test_an_extra_authority_is_trusted_when_it_is_set(tmp_path: Path, trusted: bool) -> None:
    context, ca_file = tls.self_signed(tmp_path)
    with MediaSite(tls=context) as site:
        link = site.track("safe", audio.make("mp3"), title="Ida Holm - Saltmarsh")
        assert link.startswith("https://")
        found = run(tmp_path / "inlay", link, **({"ca_file": str(ca_file)} if trusted else {}))
    assert found["state"] == ("review" if trusted else "failed")
    if not trusted:
        assert "certificate" in found["failure"]["message"]  # type: ignore[index]


def test_everything_goes_through_the_upstream_proxy(tmp_path: Path) -> None:
    upstream = EgressGuard(Allowed("127.0.0.1"))
    upstream.start()
    ticket = upstream.open("household", 50_000_000)
    try:
        with MediaSite() as site:
            link = site.track("far", audio.make("mp3"), title="Ida Holm - Saltmarsh")
            found = run(tmp_path / "inlay", link, proxy=ticket.url)
            assert found["state"] == "review"
            assert ticket.spent_bytes >= sum(hit.sent for hit in site.hits)
    finally:
        upstream.stop()


def test_a_dead_upstream_proxy_fails_closed(tmp_path: Path) -> None:
    with MediaSite() as site:
        link = site.track("far", audio.make("mp3"), title="Ida Holm - Saltmarsh")
        found = run(tmp_path / "inlay", link, proxy="http://127.0.0.1:9")
        assert found["state"] == "failed"
        assert not site.hits
