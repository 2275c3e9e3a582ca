"""What people bring as cookies: understood, or refused with a sentence; never an end of line in a value."""

import http.cookiejar
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yt_dlp.cookies import YoutubeDLCookieJar

from app.cookies import jar
from app.errors import Invalid

NOW = datetime(2026, 11, 3, tzinfo=UTC)
LATER = int((NOW + timedelta(days=90)).timestamp())
BEFORE = int((NOW - timedelta(days=1)).timestamp())


def line(
    name: str = "SID",
    value: str = "pear-7713",
    *,
    domain: str = ".youtube.com",
    path: str = "/",
    secure: str = "TRUE",
    end: object = LATER,
) -> str:
    wide = "TRUE" if domain.startswith(".") else "FALSE"
    return "\t".join((domain, wide, path, secure, str(end), name, value))


def read(text: str | bytes) -> jar.Jar:
    return jar.read(text.encode() if isinstance(text, str) else text, NOW)


def names(found: jar.Jar) -> dict[str, list[str]]:
    return {site: [one.name for one in several] for site, several in found.sites.items()}


def test_a_file_as_browsers_export_it_is_sorted_by_site() -> None:
    lines = [
        "# Netscape HTTP Cookie File",
        "# http://curl.haxx.se/rfc/cookie_spec.html",
        "",
        line("SID"),
        "#HttpOnly_" + line("HSID"),
        line("PREF", domain="music.youtube.com"),
        line("session", "", domain=".bandcamp.com", end=0).removesuffix("\t"),
        line("old", end=BEFORE),
        line("SID", "the-same-again"),
    ]
    found = read("\ufeff" + "\r\n".join(lines) + "\r\n")
    assert names(found) == {"youtube.com": ["SID", "HSID", "PREF"], "bandcamp.com": ["session"]}
    assert (found.expired, found.odd) == (1, 0)
    assert found.sites["youtube.com"][0].value == "the-same-again"
    assert jar.ends_at(found.sites["youtube.com"]) == datetime.fromtimestamp(LATER, UTC)
    assert jar.ends_at(found.sites["bandcamp.com"]) is None


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_extensions_export_as_json_is_understood(wrapped: bool) -> None:
    listed = [
        {"domain": ".youtube.com", "name": "SID", "value": "pear-7713", "path": "/", "secure": True,
         "hostOnly": False, "httpOnly": True, "expirationDate": LATER + 0.5, "sameSite": "lax", "id": 1},
        {"domain": "www.youtube.com", "name": "here", "value": "x", "hostOnly": True, "session": True},
        {"domain": ".youtube.com", "name": "tool", "value": "x", "path": "/", "expires": -1},
        {"domain": ".youtube.com", "name": "old", "value": "x", "expirationDate": BEFORE},
    ]  # fmt: skip
    found = read(json.dumps({"cookies": listed, "url": "https://youtube.com"} if wrapped else listed))
    lines = [one.line for one in found.sites["youtube.com"]]
    assert lines == [
        f".youtube.com\tTRUE\t/\tTRUE\t{LATER}\tSID\tpear-7713",
        "www.youtube.com\tFALSE\t/\tFALSE\t0\there\tx",
        ".youtube.com\tTRUE\t/\tFALSE\t0\ttool\tx",
    ]
    assert found.expired == 1


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (line().replace("\t", " "), "lost_tabs", "have become blanks"),
        (line() + "\n" + line(value="a\x00b"), "bad_cookies", "Line 2 holds a control character"),
        (line(value="a\rSet"), "bad_cookies", "control character"),
        (line(value="pear-7713\tmore"), "bad_cookies", "Line 1 is not a line"),
        ("SID=pear-7713; HSID=x", "bad_cookies", "Line 1 is not a line"),
        (line(end="soon"), "bad_cookies", "not a line"),
        ("<!doctype html>", "bad_cookies", "not a line"),
        ('{"cookies": 3}', "bad_cookies", "This JSON"),
        ("[" * 100_000, "bad_cookies", "This JSON"),
        (b"\xff\xfe#\x00 \x00", "bad_cookies", "not a text file"),
        (b"\n" * 1_000_001, "bad_cookies", "larger than 1 MB"),
    ],
)
def test_what_is_no_cookies_txt_is_refused_without_repeating_it(
    text: str | bytes, code: str, says: str
) -> None:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert refused.value.code == code
    assert says in refused.value.message
    assert "pear" not in repr(refused.value.fields) + refused.value.message


def test_what_no_site_should_get_is_left_out_and_counted() -> None:
    wide = [line(domain=domain) for domain in (".com", ".co.uk", ".github.io", ".not a name", ".")]
    signs = [line(value="Zürich"), line(value="a;b"), line("a=b"), line(""), line(path="no")]
    found = read("\n".join([*wide, *signs, line("kept")]))
    assert names(found) == {"youtube.com": ["kept"]}
    assert found.odd == len(wide) + len(signs)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12)), max_size=5))
def test_whatever_json_says_each_cookie_is_one_line_that_yt_dlp_reads(
    texts: list[tuple[str, str, str]],
) -> None:
    listed = [{"domain": f".a{n}.youtube.com", "name": a, "value": b, "path": f"/{c}"} for n, (a, b, c) in enumerate(texts)]  # fmt: skip # noqa: E501
    found = read(json.dumps(listed)).sites.get("youtube.com", [])
    text = jar.write(found)
    assert text.count("\n") == len(found) + 1
    assert text.isascii()
    import io

    theirs = YoutubeDLCookieJar(io.StringIO(text))
    theirs.load(ignore_discard=True, ignore_expires=True)
    assert {(one.domain, one.name, one.value) for one in theirs} == {
        (f".{one.host}", one.name, one.value) for one in found
    }
    assert isinstance(theirs, http.cookiejar.CookieJar)
