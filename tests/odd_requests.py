"""Requests that no browser sends, for every route there is."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from tests.route_table import CHANGING, Route
from tests.two_people import TwoPeople

NAMES = [
    *(
        b"%00",
        b"%ff",
        b"%ed%a0%80",
        b"%zz",
        b"%",
        b"..%2f..%2fsecret",
        b"%2e%2e",
        b"%5c..%5c",
        b"%0d%0aX:%20y",
    ),
    *(
        b"9" * 400,
        b"-1",
        b"0",
        b"1e400",
        b"NaN",
        b"9223372036854775808",
        b"\xff",
        "\u2603".encode(),
        b"a" * 5000,
    ),
    *(b"url", b"confirm", b"'%20OR%201=1--", b"{{7*7}}", b"%F0%9F%A6%9A", b"~", b"%25%32%65"),
]
QUERIES = [
    b"limit=99999999999999999999&before=%00&q=%ff&all=maybe&state=%00",
    b"limit=-1&all=1&before=%ed%a0%80&state=,,,&url=%ed%a0%80&title=%00&next=//other.example/",
    b"limit=1&limit=2&limit=x&before=a&before=b&q=a&q=b&seen=%00&lane=%ff&as=../../x&size=huge&v=%00",
    b"limit=1e400&q=%25%5f%27&before=" + b"9" * 3000,
    b"limit=NaN&track_no=1e400&disc_no=%EF%BC%91&date=9999-99-99&title=%ed%a0%80&artist=%00",
    b"limit=%D9%A3&q=" + b"(" * 500,
    b"%",
    b"=&&=;&%zz=%zz&[]=1&a[b]=2",
    b"\xff\xfe",
]
BODIES = [
    (b"application/json", body)
    for body in (
        b"",
        b"null",
        b"[]",
        b"NaN",
        b'"\\ud800"',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"url": 1e400, "id": 1e400, "track_no": 1e400}',
        b'{"url": "http://\\ud800.example/", "id": "\\ud800", "title": "\\udfff"}',
        b'{"url": "http://a.example/\\u0000", "id": "\\u0000", "tracks": [{"id": "\\u0000"}]}',
        b'{"url": "http://[::1", "url": "http://a.example/", "id": "a", "id": "b"}',
        b'{"id": "MINE", "title": "\\ud83d", "track_no": 100000000000000000000, "date": "0000-00-00"}',
        b'{"id": "MINE", "title": "a", "date": "\\u0661\\u0662\\u0663\\u0664", "tracks": [{}, {"id": null}]}',
        b'{"url": "http://a.example:99999/"}',
        b'{"url": "http://\\u2100.example/"}',
        b"\xef\xbb\xbf{}",
    )
] + [
    (
        b"application/x-www-form-urlencoded",
        b"url=%zz&url=%ff&url=2&name=%00&password=%ed%a0%80&title=a&title=b",
    ),
    (b"application/x-www-form-urlencoded", b"&=&==&%&" + b"a&" * 9_000),
    (b"application/x-www-form-urlencoded; charset=utf-16", b"url=\xff\xfe&title=\xff"),
    (b"application/x-www-form-urlencoded", b"name=" + b"%F0%9F%A6%9A" * 900 + b"&password=" + b"x" * 3000),
    (b"multipart/form-data", b"--x\r\n\r\nnothing"),
    (
        b"multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="url"\r\n\r\na\r\n--x',
    ),
    (b"multipart/form-data; boundary=", b"--\r\n\r\n--"),
    (b"application/msgpack", b"\xc1\xff"),
    (b"application/x-msgpack", b"\x81\xa3url\xc0"),
    (b"image/png", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40),
    (b"\xff/\xff; charset=\xff", b"{}"),
    (b"text/plain", b'{"url": "http://a.example/"}'),
]
HEADERS = [
    b'Range: bytes=-\r\nIf-None-Match: W/"\r\nIf-Range: \xff',
    b"Range: bytes=99999999999999999999-1\r\nIf-Range: Thu, 99 Foo 0000",
    b"Range: bytes=0-0,2-3,-1\r\nIf-None-Match: *",
    b"Range: bytes=\xb2-\xb3",
    b"Accept: \xff;q=x\r\nAccept-Encoding: gzip;q=a, \xff\r\nAccept-Language: *;q=",
    b'Cookie: inlay_session=\xff; =; inlay_session; a="\r\nHX-Request: true\r\nHX-Current-URL: http://[',
    b"HX-Request: true\r\nHX-Boosted: \xff\r\nHX-Current-URL: \xff\xfe//?%zz\r\nReferer: \xff",
    b"Origin: http://[::1\r\nSec-Fetch-Site: \xff",
    b"Host: [::1",
    b"Host: \xff.example:99999999",
    b"X-HTTP-Method-Override: DELETE\r\nX-Forwarded-For: 1e400\r\nForwarded: for=\xff",
    b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked",
    b"User-Agent: " + b"\x01\xff" * 2_000,
    b"X-CSRF-Token: \xff\r\nContent-Length: 0",
]
AUTHORIZATIONS = [
    b"Bearer",
    b"Bearer \xff\xfe",
    b"bearer " + b"a" * 6000,
    b"Basic \xff",
    b"\xff",
    b"Bearer a b c",
    b"",
]


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


def ask(world: TwoPeople, line: bytes, headers: bytes = b"", body: bytes = b"", login: bytes = b"") -> Answer:
    """Sends these very bytes. Status 0: the connection was closed without a word, as HTTP allows."""
    login = login or b"Authorization: Bearer " + world.alice.full.encode()
    length = (
        b""
        if b"Transfer-Encoding" in headers or b"Content-Length" in headers
        else (b"Content-Length: %d\r\n" % len(body))
    )
    host = b"" if headers.startswith(b"Host:") else b"Host: 127.0.0.1\r\n"
    if headers:
        headers += b"\r\n"
    with closing(socket.create_connection(("127.0.0.1", world.inlay.port), timeout=20)) as wire:
        wire.sendall(line + b" HTTP/1.1\r\n" + host + login + b"\r\n" + headers + length)
        wire.sendall(b"Connection: close\r\n\r\n" + (body if length else b"0\r\n\r\n"))
        answer = http.client.HTTPResponse(wire, method=line.split(b" ")[0].decode())
        try:
            answer.begin()
            return Answer(answer.status, answer.read())
        except (http.client.HTTPException, ConnectionError):
            return Answer(0, b"")


def real(world: TwoPeople, name: str) -> str:
    """Something of Alice's, so that a request gets further than to the door."""
    known = {"id": world.alice.downloads["review"][0], "session_id": "0", "token_id": "0", "name": "look.css"}
    return known.get(name, "openapi.json")


def odd_requests(world: TwoPeople, routes: list[Route]) -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Request line without its end, headers, body and login of each; in the order of the routes."""
    for route in routes:
        path = route.path({name: real(world, name) for name in route.names}).encode()
        reading = sorted(route.takes & {"GET", "HEAD"})
        changing = sorted(route.takes & set(CHANGING))
        for method in (*reading[:1], *changing):
            verb = method.encode() + b" "
            for name in NAMES if route.names else ():
                odd = re.sub(rb"{\w+}", lambda _, name=name: name, route.template.encode())
                yield verb + odd, b"", b"", b""
            for query in QUERIES if method == "GET" else ():
                yield verb + path + b"?" + query, b"", b"", b""
            for kind, body in BODIES if method in ("POST", "PUT") else ():
                mine = real(world, "id").encode()
                yield verb + path, b"Content-Type: " + kind, body.replace(b"MINE", mine), b""
            for headers in HEADERS:
                yield verb + path, headers, b"", b""
        for login in AUTHORIZATIONS:
            yield (reading or changing)[0].encode() + b" " + path, b"", b"", b"Authorization: " + login
        for method in (b"HEAD", b"OPTIONS", b"TRACE", b"PATCH", b"BREW", b"get"):
            yield method + b" " + path, b"", b"", b""
