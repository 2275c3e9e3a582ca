"""What is believed of what proxies say: only the trusted ones, and only what they wrote themselves."""

import logging
from typing import Any

import pytest

from app.front import Front, Vouched, vouched
from app.settings import read_settings
from tests.loops import finish

TRUSTED = "10.0.0.1, 172.18.0.0/16, fd00::/8"


def ask(
    peer: str, *headers: tuple[str, str | bytes], path: str = "/", answer: Any = (), **settings: str
) -> tuple[dict[str, Any], list[tuple[bytes, bytes]]]:
    """The request as the application behind the front door sees it, and the headers of its answer outside."""
    seen: dict[str, Any] = {}
    sent: list[Any] = []
    environ = {f"INLAY_{name.upper()}": value for name, value in settings.items()}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope)
        await send({"type": "http.response.start", "status": 303, "headers": list(answer)})

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 4711),
        "path": path,
        "raw_path": path.encode(),
        "headers": [
            (name.lower().encode(), value if isinstance(value, bytes) else value.encode())
            for name, value in (("Host", "127.0.0.1:8640"), *headers)
        ],
    }
    front = Front(application, read_settings({"INLAY_TRUSTED_PROXIES": TRUSTED, **environ}))
    finish(front(scope, None, send))  # type: ignore[arg-type]
    return seen, sent[0]["headers"]


def header(scope: dict[str, Any], name: str) -> list[str]:
    return [value.decode() for key, value in scope["headers"] if key == name.encode()]


@pytest.mark.parametrize(
    ("peer", "hops", "client"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 172.18.0.5", "203.0.113.9"),
        ("10.0.0.1", "172.18.0.9, 10.0.0.1", "172.18.0.9"),
        ("10.0.0.1", "203.0.113.9:5123", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "203.0.113.9, unknown", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, nonsense, 172.18.0.5", "172.18.0.5"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("fd00::2", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.2", "203.0.113.9", "10.0.0.2"),
        ("", "203.0.113.9", ""),
    ],
)
def test_the_client_is_the_last_one_that_is_no_proxy_of_ours(peer: str, hops: str, client: str) -> None:
    assert ask(peer, ("X-Forwarded-For", hops))[0]["client"][0] == client


def test_several_header_lines_are_one_list() -> None:
    lines = (("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.9"))
    assert ask("10.0.0.1", *lines)[0]["client"][0] == "203.0.113.9"


@pytest.mark.parametrize(
    ("peer", "hops", "proto", "scheme"),
    [
        ("10.0.0.1", "203.0.113.9", "https", "https"),
        ("10.0.0.1", "203.0.113.9, 172.18.0.5", "https, http", "https"),
        ("10.0.0.1", "203.0.113.9", "https, http", "http"),
        ("10.0.0.1", "203.0.113.9, 172.18.0.5", "https", "https"),
        ("10.0.0.1", "203.0.113.9", "gopher", "http"),
        ("10.0.0.2", "203.0.113.9", "https", "http"),
    ],
)
def test_the_scheme_is_what_the_clients_own_proxy_was_asked_with(
    peer: str, hops: str, proto: str, scheme: str
) -> None:
    seen, _ = ask(peer, ("X-Forwarded-For", hops), ("X-Forwarded-Proto", proto))
    assert seen["scheme"] == scheme


@pytest.mark.parametrize(
    ("peer", "said", "host"),
    [
        ("10.0.0.1", "music.example", "music.example"),
        ("10.0.0.1", "music.example:8443", "music.example:8443"),
        ("10.0.0.1", "[2001:db8::7]:8443", "[2001:db8::7]:8443"),
        ("10.0.0.1", "evil.example/x?", "127.0.0.1:8640"),
        ("10.0.0.1", "a b", "127.0.0.1:8640"),
        ("10.0.0.1", "user@evil.example", "127.0.0.1:8640"),
        ("10.0.0.2", "music.example", "127.0.0.1:8640"),
    ],
)
def test_the_host_is_the_one_that_the_browser_asked(peer: str, said: str, host: str) -> None:
    seen, _ = ask(peer, ("X-Forwarded-Host", said))
    assert header(seen, "host") == [host]
    assert not header(seen, "x-forwarded-host")


def test_the_other_kind_of_header_is_not_believed() -> None:
    seen, _ = ask("10.0.0.1", ("Forwarded", "for=203.0.113.9;proto=https;host=evil.example"))
    assert (seen["client"][0], seen["scheme"]) == ("10.0.0.1", "http")


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([b"alice"], Vouched(name="alice")),
        ([" Zoë ".encode()], Vouched(name="Zoë")),
        ([b"alice", b"bob"], Vouched(problem="names more than one user")),
        ([b"alice", b"alice"], Vouched(problem="names more than one user")),
        ([b"alice, bob"], Vouched(problem="names a user in a way that cannot be a name")),
        ([b""], Vouched(problem="names nobody: the header is empty")),
        ([b"  "], Vouched(problem="names nobody: the header is empty")),
        ([b"al\x00ice"], Vouched(problem="names a user in a way that cannot be a name")),
        (["ali\u202ece".encode()], Vouched(problem="names a user in a way that cannot be a name")),
        ([b"al\xffice"], Vouched(problem="names a user in letters that are not UTF-8")),
        ([b"a" * 300], Vouched(problem="names a user in a way that cannot be a name")),
    ],
)
def test_a_trusted_proxy_names_one_user_or_none(values: list[bytes], wanted: Vouched) -> None:
    named = [("Remote-User", value) for value in values]
    seen, _ = ask("10.0.0.1", *named, auth_proxy_header="Remote-User")
    assert vouched(seen) == wanted  # type: ignore[arg-type]
    assert not header(seen, "remote-user")


def test_a_name_from_anybody_else_is_taken_out_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        seen, _ = ask("10.0.0.2", ("REMOTE-USER", "root"), auth_proxy_header="Remote-User")
    assert vouched(seen) is None  # type: ignore[arg-type]
    assert not header(seen, "remote-user")
    assert "Remote-User from 10.0.0.2 was ignored" in caplog.text
    assert "root" not in caplog.text


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/inlay", "/"),
        ("/inlay/", "/"),
        ("/inlay/static/inlay.js", "/static/inlay.js"),
        ("/inlayer", "/inlayer"),
        ("/static/inlay/x", "/static/inlay/x"),
    ],
)
def test_the_sub_path_comes_off_at_the_beginning_only(path: str, inside: str) -> None:
    seen, _ = ask("203.0.113.9", path=path, base_path="/inlay/")
    assert (seen["path"], seen["raw_path"]) == (inside, inside.encode())


@pytest.mark.parametrize(
    ("name", "value", "outside"),
    [
        ("Location", "/library?q=x", "/inlay/library?q=x"),
        ("location", "https://auth.example/inlay", "https://auth.example/inlay"),
        ("location", "//auth.example", "//auth.example"),
        ("HX-Redirect", "/login", "/inlay/login"),
        ("HX-Push-Url", "false", "false"),
        ("HX-Location", '{"path": "/x", "target": "#y"}', '{"path": "/inlay/x", "target": "#y"}'),
        ("Set-Cookie", "a=/; Path=/; HttpOnly", "a=/; Path=/inlay; HttpOnly"),
        ("Set-Cookie", "a=1; path=/", "a=1; path=/inlay"),
        ("Set-Cookie", "a=1; Path=/login/x; Secure", "a=1; Path=/inlay/login/x; Secure"),
        ("Content-Type", "/x", "/x"),
    ],
)
def test_the_sub_path_goes_on_to_every_place_that_an_answer_names(
    name: str, value: str, outside: str
) -> None:
    answer = [(name.encode(), value.encode())]
    _, sent = ask("203.0.113.9", answer=answer, base_path="/inlay")
    assert sent == [(name.encode(), outside.encode())]
