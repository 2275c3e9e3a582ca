"""A push service as a browser has one: takes what is encrypted and signed as it should be, and nothing else.

HKDF is done by hand here, so that reading a message shares as little as can be with writing it.
"""

import hmac
import json
import secrets
import ssl
import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from Cryptodome.Cipher import AES
from Cryptodome.Hash import SHA256
from Cryptodome.Protocol.DH import key_agreement
from Cryptodome.PublicKey import ECC
from Cryptodome.Signature import DSS

LARGEST = 4096


def encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hkdf(salt: bytes, material: bytes, context: bytes, length: int) -> bytes:
    """RFC 5869, for one block."""
    key = hmac.digest(salt, material, "sha256")
    return hmac.digest(key, context + b"\1", "sha256")[:length]


def open_sealed(body: bytes, key: Any, auth: bytes) -> bytes:
    """What a browser reads of an encrypted message (RFC 8291, RFC 8188). Raises ValueError."""
    salt, record, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    theirs, sealed = body[21 : 21 + length], body[21 + length :]
    assert length == 65
    assert 18 <= len(sealed) <= record
    sender = ECC.import_key(theirs, curve_name="P-256")
    shared = key_agreement(static_priv=key, static_pub=sender, kdf=bytes)
    own = key.public_key().export_key(format="raw")
    material = hkdf(auth, shared, b"WebPush: info\0" + own + theirs, 32)
    secret = hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    nonce = hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
    plain = AES.new(secret, AES.MODE_GCM, nonce=nonce).decrypt_and_verify(sealed[:-16], sealed[-16:])
    text, mark, padding = plain.rpartition(b"\2")
    assert mark
    assert not padding.strip(b"\0")
    return text


@dataclass(frozen=True)
class Pushed:
    """One message as the browser got it."""

    told: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any]
    size: int


@dataclass
class Subscription:
    """A browser's, at this service. `bound`: the one key whose messages it wants, once it is known."""

    endpoint: str
    key: Any = field(default_factory=lambda: ECC.generate(curve="P-256"))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    bound: str = ""
    is_gone: bool = False
    got: list[Pushed] = field(default_factory=list)

    @property
    def form(self) -> dict[str, str]:
        """What the page's script hands in."""
        public = self.key.public_key().export_key(format="raw")
        return {"endpoint": self.endpoint, "p256dh": encode(public), "auth": encode(self.auth)}


class Refused(Exception):
    """With the status that a push service answers."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass
class PushService:
    """`mood`: a status that it answers whatever comes, or 0. `refused`: why it did not take something.

    `wait`: the Retry-After that goes with the mood.
    """

    tls: ssl.SSLContext
    mood: int = 0
    wait: str = ""
    asked: int = 0
    refused: list[str] = field(default_factory=list)
    browsers: dict[str, Subscription] = field(default_factory=dict)

    def __enter__(self) -> Self:
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = service.take(self.path, headers, body)
                self.send_response(status)
                if service.wait and status == service.mood:
                    self.send_header("Retry-After", service.wait)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def browser(self, bound: str = "") -> Subscription:
        path = f"/send/{secrets.token_urlsafe(24)}"
        self.browsers[path] = Subscription(self.url + path, bound=bound)
        return self.browsers[path]

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        self.asked += 1
        try:
            if self.mood:
                raise Refused(self.mood, "the mood")
            browser = self.browsers.get(path)
            if browser is None:
                raise Refused(404, "nobody there")
            if browser.is_gone:
                raise Refused(410, "gone")
            claims = self._check(browser, headers, body)
        except Refused as error:
            self.refused.append(str(error))
            return error.status
        told = json.loads(open_sealed(body, browser.key, browser.auth))
        browser.got.append(Pushed(told, headers, claims, len(body)))
        return 201

    def _check(self, browser: Subscription, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """RFC 8030 and 8292, as the large services read them."""
        if len(body) > LARGEST:
            raise Refused(413, "too large")
        if headers.get("content-encoding") != "aes128gcm" or not headers.get("ttl", "").isdecimal():
            raise Refused(400, "no aes128gcm, or no TTL")
        if len(headers.get("topic", "")) > 32:
            raise Refused(400, "the topic is too long")
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        parts = dict(one.strip().split("=", 1) for one in rest.split(","))
        if scheme != "vapid" or set(parts) != {"t", "k"}:
            raise Refused(401, "no vapid")
        if browser.bound and parts["k"] != browser.bound:
            raise Refused(403, "another key")
        signed, _, signature = parts["t"].rpartition(".")
        key = ECC.import_key(decode(parts["k"]), curve_name="P-256")
        try:
            verifier = DSS.new(key, "fips-186-3", encoding="binary")
            verifier.verify(SHA256.new(signed.encode()), decode(signature))
        except ValueError:
            raise Refused(403, "not signed by this key") from None
        head, claims = (json.loads(decode(part)) for part in signed.split("."))
        if head != {"typ": "JWT", "alg": "ES256"} or claims["aud"] != self.url:
            raise Refused(403, "for somebody else")
        if not time.time() < claims["exp"] <= time.time() + 24 * 3600:
            raise Refused(403, "too old, or good for too long")
        return dict(claims)
