"""What changes something must come from our own pages, whatever the browser and the form look like."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from app.accounts import origin
from tests.accounts_app import HOST, PASSWORD, SAME_ORIGIN, Person, World, world


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path / "data") as made:
        made.user()
        yield made


@pytest.fixture
def alice(place: World) -> Person:
    person = place.browser()
    person.sign_in()
    return person


def code(answer: object) -> str:
    return answer.json()["code"]  # type: ignore[attr-defined]


STRANGERS = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
    {"sec-fetch-site": "cross-site", "origin": f"http://{HOST}"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://evil.test"},
    {"origin": f"http://{HOST}.evil.test"},
    {"origin": f"http://evil.test/{HOST}"},
    {"origin": f"http://evil.test@{HOST}"},
    {"origin": f"http://{HOST}:8080"},
    {"origin": f"https://{HOST}"},
    {"origin": "http://[bad"},
]
OURSELVES = [
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"},
    {"origin": f"http://{HOST}"},
    {"origin": f"http://{HOST.upper()}:80"},
    {},
]


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
def test_other_sites_are_refused_even_with_the_right_form_token(
    alice: Person, headers: dict[str, str]
) -> None:
    answer = alice.send("/form", {"title": "x"}, headers=headers)
    assert (answer.status_code, code(answer)) == (403, "cross_site")


@pytest.mark.parametrize("headers", STRANGERS, ids=str)
@pytest.mark.parametrize("path", ["/login", "/setup"])
def test_other_sites_cannot_sign_somebody_in(place: World, path: str, headers: dict[str, str]) -> None:
    person = place.browser()
    answer = person.send(path, {"name": "alice", "password": PASSWORD}, headers=headers)
    assert (answer.status_code, code(answer)) == (403, "cross_site")
    assert person.cookie is None


@pytest.mark.parametrize("headers", OURSELVES, ids=str)
def test_our_own_pages_may(alice: Person, headers: dict[str, str]) -> None:
    assert alice.send("/form", {"title": "x"}, headers=headers).status_code == 201


def test_a_request_without_host_is_nobodys(place: World) -> None:
    scope = {
        "type": "http",
        "scheme": "http",
        "headers": [(b"origin", b"null")],
        "method": "POST",
        "path": "/form",
    }
    assert not origin.is_own(origin.Connection(scope))  # type: ignore[arg-type]


def test_https_pages_may(place: World) -> None:
    person = place.browser(f"https://{HOST}")
    headers = {"origin": f"https://{HOST}"}
    person.send("/login", {"name": "alice", "password": PASSWORD}, headers=headers)
    person.read_form_token()
    assert person.send("/form", {"title": "x"}, headers=headers).status_code == 201


@pytest.mark.parametrize("given", ["", "wrong", "é", "0" * 64])
def test_missing_or_wrong_form_token_is_refused(alice: Person, given: str) -> None:
    answer = alice.send("/form", {"csrf_token": given})
    assert (answer.status_code, code(answer)) == (403, "form_token")
    answer = alice.client.post("/form", data={"title": "x"}, headers=SAME_ORIGIN)
    assert answer.status_code == 403


def test_form_token_of_another_session_is_refused(place: World, alice: Person) -> None:
    other = place.browser()
    other.sign_in()
    assert other.form_token != alice.form_token
    assert alice.send("/form", {"csrf_token": other.form_token}).status_code == 403


def test_form_token_of_an_earlier_session_of_the_same_browser_is_refused(alice: Person) -> None:
    earlier = alice.form_token
    alice.sign_in()
    assert alice.send("/form", {"csrf_token": earlier}).status_code == 403
    assert alice.send("/form").status_code == 201


def test_nobody_has_no_form_token(place: World) -> None:
    for token in ("", "x"):
        answer = place.browser().send("/form", {"csrf_token": token})
        assert answer.headers["location"] == "/login"
    assert place.browser().client.post("/api/v1/links", json={}).status_code == 401


def test_form_token_in_the_header_is_enough(alice: Person) -> None:
    headers = {**SAME_ORIGIN, "x-csrf-token": alice.form_token}
    assert alice.client.post("/api/v1/links", json={"url": "x"}, headers=headers).status_code == 202
    assert alice.client.post("/api/v1/links", json={"url": "x"}, headers=SAME_ORIGIN).status_code == 403
    # A page from before the last login has an old header, but its new form has the new field.
    assert alice.send("/form", headers={**SAME_ORIGIN, "x-csrf-token": "old"}).status_code == 201


def test_reading_the_form_first_leaves_it_to_the_handler(alice: Person) -> None:
    answer = alice.send("/form", {"title": "Regen & Söhne", "artist": ""})
    assert answer.json() == {"csrf_token": alice.form_token, "title": "Regen & Söhne", "artist": ""}


@pytest.mark.parametrize("size", [5, 40_000])
def test_multipart_forms_work_with_their_files(alice: Person, size: int) -> None:
    data = {"csrf_token": alice.form_token, "title": "Søn"}
    files = {"file": ("a.txt", b"x" * size)}
    answer = alice.client.post("/upload", data=data, files=files, headers=SAME_ORIGIN)
    assert answer.json() == {"title": "Søn", "file": "x" * size}
    data["csrf_token"] = "wrong"
    assert alice.client.post("/upload", data=data, files=files, headers=SAME_ORIGIN).status_code == 403


def test_a_file_cannot_pose_as_the_form_token(alice: Person) -> None:
    files = {"csrf_token": ("token", alice.form_token.encode()), "file": ("a", b"")}
    answer = alice.client.post("/upload", data={"title": ""}, files=files, headers=SAME_ORIGIN)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nbroken"),
        ("application/x-www-form-urlencoded", b"\xff%zz&&=&csrf_token"),
        ("application/json", b"{"),
        ("nonsense", b"csrf_token=1"),
    ],
)
def test_broken_bodies_are_refused_and_nothing_breaks(alice: Person, kind: str, body: bytes) -> None:
    answer = alice.client.post("/form", content=body, headers={**SAME_ORIGIN, "content-type": kind})
    assert answer.status_code in (400, 403)


def test_with_the_header_the_body_stays_unread_for_the_handler(alice: Person) -> None:
    headers = {**SAME_ORIGIN, "x-csrf-token": alice.form_token, "content-type": "image/png"}
    answer = alice.client.post("/stream", content=b"p" * 60_000, headers=headers)
    assert answer.json() == {"size": 60_000}


def test_bodies_over_the_limit_are_refused_while_looking_for_the_form_token(alice: Person) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        headers = {**SAME_ORIGIN, "content-type": kind}
        assert alice.client.post("/form", content=b"a" * 70_000, headers=headers).status_code == 413
        assert alice.client.post("/form", content=chunks(), headers=headers).status_code == 413


def chunks() -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
    for _ in range(70):
        yield b"a" * 1000


def test_method_override_is_ignored(place: World, alice: Person) -> None:
    client: TestClient[Litestar] = alice.client
    headers = {"x-http-method-override": "DELETE"}
    session_id = client.get("/api/v1/sessions").json()["items"][0]["id"]
    assert client.get(f"/api/v1/sessions/{session_id}", headers=headers).status_code == 405
    answer = client.post(
        "/form?_method=GET", headers={**SAME_ORIGIN, "x-http-method-override": "GET"}, data={"_method": "GET"}
    )
    assert answer.status_code == 403
    assert client.get("/api/v1/things").status_code == 200


def test_unsafe_methods_without_body_need_the_form_token_too(alice: Person) -> None:
    session_id = alice.get("/api/v1/sessions").json()["items"][0]["id"]
    path = f"/api/v1/sessions/{session_id}"
    assert alice.client.delete(path, headers=SAME_ORIGIN).status_code == 403
    headers = {**SAME_ORIGIN, "x-csrf-token": alice.form_token}
    assert alice.client.delete(path, headers=headers).status_code == 204


def test_logout_needs_the_form_token(alice: Person) -> None:
    assert alice.send("/logout", {"csrf_token": "x"}).status_code == 403
    assert alice.get("/api/v1/things").status_code == 200
