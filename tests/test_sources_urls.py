"""Links: which ones are taken, and when two are the same."""

import pytest

from app.errors import Invalid
from app.sources.urls import clean_link

REFUSED = [
    "",
    "hello",
    "file:///etc/passwd",
    "data:text/html,hi",
    "ftp://example.org/a.mp3",
    "rtmp://example.org/live",
    "javascript:alert(1)",
    "ytsearch:tin roof rain",
    "-o/etc/x",
    "--exec=touch x",
    " https://example.org/a",
    "https://example.org/a\n",
    "https://example.org/\x00",
    "https://example.org/a b",
    "https://u:p@example.org/a",
    "https://@example.org/a",
    "https://",
    "https:///a",
    "https://-x.example/",
    "https://[::1",
    "https://example.org:99999/",
    "https://example.org\\@evil.example/",
    "https://example.org/" + "a" * 2048,
]


@pytest.mark.parametrize("text", REFUSED)
def test_a_bad_link_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        clean_link(text)
    assert caught.value.message.endswith((".", "?"))
    assert caught.value.status == 422


def test_a_smuggled_fragment_is_stripped_and_another_one_kept() -> None:
    assert clean_link("https://example.org/a#__youtubedl_smuggle=%7B%7D").url == "https://example.org/a"
    assert clean_link("https://example.org/a#t=30").url == "https://example.org/a#t=30"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.example.org/a/", "http://example.org/a"),
        ("https://m.example.org/a", "https://example.org/a"),
        ("https://example.org/a?utm_source=x&id=7", "https://example.org/a?id=7&si=y"),
        ("https://EXAMPLE.org./a", "https://example.org/a"),
        ("https://example.org/a#one", "https://example.org/a#two"),
    ],
)
def test_links_to_the_same_place_have_the_same_key(one: str, other: str) -> None:
    assert clean_link(one).key == clean_link(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://example.org/a", "https://example.org/b"),
        ("https://example.org/A", "https://example.org/a"),
        ("https://example.org/?v=1", "https://example.org/?v=2"),
        ("http://127.0.0.1:8001/a", "http://127.0.0.1:8002/a"),
    ],
)
def test_links_to_different_places_have_different_keys(one: str, other: str) -> None:
    assert clean_link(one).key != clean_link(other).key


@pytest.mark.parametrize(
    ("link", "site"),
    [
        ("https://www.youtube.com/watch?v=1", "youtube.com"),
        ("https://music.youtube.com/watch?v=1", "youtube.com"),
        ("https://youtu.be/1", "youtube.com"),
        ("https://ida.bandcamp.com/track/a", "bandcamp.com"),
        ("https://www.bbc.co.uk/sounds/1", "bbc.co.uk"),
        ("https://ida.github.io/song", "ida.github.io"),
        ("https://musik.münchen.de/1", "münchen.de"),
        ("https://www.uk/", "www.uk"),
        ("http://localhost:8000/a", "localhost"),
        ("http://127.0.0.1:8001/a", "127.0.0.1"),
        ("http://[::1]:8001/a", "::1"),
    ],
)
def test_the_site_is_whoever_all_these_hosts_belong_to(link: str, site: str) -> None:
    assert clean_link(link).site == site
