"""An OpenID provider: discovery, real keys (RS256 or ES256) that change, PKCE, TLS, and every kind of lie."""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "inlay", "a secret of inlay's"


def unsigned(claims: dict[str, Any]) -> str:
    """`alg: none`."""
    return ".".join(_b64(json.dumps(one).encode()) for one in ({"alg": "none", "typ": "JWT"}, claims)) + "."


@dataclass
class Granted:
    """What a code stands for."""

    asked: dict[str, str]
    person: dict[str, Any]


@dataclass
class OidcProvider:
    """`person`: who is signed in there, as claims. `lie` changes the ID token's claims before it signs."""

    person: dict[str, Any] = field(default_factory=lambda: {"sub": "1", "preferred_username": "ida"})
    lie: Callable[[dict[str, Any]], dict[str, Any]] = dict
    sign: Callable[[dict[str, Any]], str] | None = None
    says: str = ""
    """An error that it answers with instead of a code."""
    names_in_userinfo: bool = False
    checks_pkce: bool = True
    asks: bool = False
    """Show a page with a button first, as for a person."""
    tls: ssl.SSLContext | None = None
    algorithm: str = "RS256"
    document: dict[str, Any] = field(default_factory=dict)
    """What it says about itself instead."""
    ahead_s: float = 0.0
    """Its clock before ours."""

    def __post_init__(self) -> None:
        self.granted: dict[str, Granted] = {}
        self.tokens: dict[str, dict[str, Any]] = {}
        self.key = self._new_key("first")
        self.jwks_asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if self.tls:
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.issuer = f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_port}/realm"

    def __enter__(self) -> "OidcProvider":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def be_good(self) -> None:
        """Forget all lies."""
        self.lie, self.sign, self.says = dict, None, ""
        self.checks_pkce, self.names_in_userinfo, self.asks = True, False, False
        self.person = {"sub": "1", "preferred_username": "ida"}
        self.document, self.ahead_s = {}, 0.0

    def rotate(self) -> None:
        self.key = self._new_key(secrets.token_hex(4))

    def _new_key(self, kid: str) -> RSAKey | ECKey:
        about = {"kid": kid, "alg": self.algorithm, "use": "sig"}
        if self.algorithm.startswith("ES"):
            return ECKey.generate_key("P-256", about)
        return RSAKey.generate_key(2048, about)

    def sign_alone(self, claims: dict[str, Any]) -> str:
        """With this provider's key, as if it were the other one's."""
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, self.key)

    def sign_with_public_key(self, claims: dict[str, Any]) -> str:
        """The old confusion: HS256, keyed with what everybody may know."""
        header = {"alg": "HS256", "kid": self.key.kid}
        signed = ".".join(_b64(json.dumps(one).encode()) for one in (header, claims))
        key = self.key.as_pem(private=False)
        return f"{signed}.{_b64(hmac.digest(key, signed.encode(), 'sha256'))}"

    def grant(self, asked: dict[str, str]) -> str:
        """Where the browser goes with a new code."""
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        if self.says:
            return f"{asked['redirect_uri']}?{urlencode({'error': self.says, 'state': asked['state']})}"
        code = secrets.token_urlsafe(16)
        self.granted[code] = Granted(asked, dict(self.person))
        more = {"code": code, "state": asked["state"], "iss": self.issuer}
        return f"{asked['redirect_uri']}?{urlencode(more)}"

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        found = self.granted.pop(form.get("code", ""), None)
        if found is None or form.get("redirect_uri") != found.asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if self.checks_pkce and _b64(digest) != found.asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time() + self.ahead_s)
        told = {"sub": found.person["sub"]} if self.names_in_userinfo else found.person
        claims = self.lie(
            {
                **told,
                "iss": self.issuer,
                "aud": CLIENT,
                "nonce": found.asked.get("nonce"),
                "iat": now,
                "exp": now + 300,
            }
        )
        header = {"alg": self.algorithm, "kid": self.key.kid}
        signed = self.sign(claims) if self.sign else jwt.encode(header, claims, self.key)
        token = secrets.token_urlsafe(16)
        self.tokens[token] = found.person
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": 300, "id_token": signed}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(int(timestamp or time.time() + provider.ahead_s))

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            issuer = provider.issuer
            match parts.path.removeprefix("/realm"):
                case "/.well-known/openid-configuration":
                    self.tell(
                        {
                            "issuer": issuer,
                            "authorization_endpoint": f"{issuer}/authorize",
                            "token_endpoint": f"{issuer}/token",
                            "jwks_uri": f"{issuer}/jwks",
                            "userinfo_endpoint": f"{issuer}/userinfo",
                            "code_challenge_methods_supported": ["S256"],
                            **provider.document,
                        }
                    )
                case "/jwks":
                    provider.jwks_asked += 1
                    odd = {"kty": "PQ", "kid": "from-the-future"}
                    self.tell({"keys": [odd, provider.key.as_dict(private=False)]})
                case "/authorize":
                    there = provider.grant(dict(parse_qsl(parts.query)))
                    if provider.asks:
                        self.page(f'<a id="agree" href="{escape(there)}">Go on as Ida</a>')
                        return
                    self.send_response(302)
                    self.send_header("Location", there)
                    self.end_headers()
                case "/userinfo":
                    token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                    self.tell(provider.tokens[token])
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            login = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if self.headers.get("Authorization") != f"Basic {login}":
                self.tell({"error": "invalid_client"}, 401)
                return
            form = {name: values[0] for name, values in parse_qs(body).items()}
            status, answer = provider.exchange(form)
            self.tell(answer, status)

        def tell(self, answer: dict[str, Any], status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def page(self, html: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(f"<!doctype html><title>Provider</title>{html}".encode())

    return Handler
