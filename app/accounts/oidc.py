"""OpenID Connect: the authorization code flow with PKCE, through Authlib and joserfc, which are an extra.

They are imported when somebody signs in and not before. The provider is the admin's own choice and may be a
private address, so it is asked directly and not through the egress guard.
"""

import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from threading import Lock
from typing import Any, Literal
from urllib.parse import urlsplit

from app.accounts.flows import Flow
from app.errors import InlayError, NotAllowed, SettingsError
from app.settings import Settings

log = logging.getLogger("inlay.oidc")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Of ID tokens. Never `none`, and nothing with a shared secret."""
TIMEOUT_S = 10
KNOWN_FOR_S = 3600
MOST_BYTES = 512 * 1024
LEEWAY_S = 60
LONGEST_SUBJECT = 255
NAME_CLAIMS = ("preferred_username", "nickname", "name")
"""What a new user may be called by. Never the e-mail address: it says nothing about who it is."""


class ProviderDown(InlayError):
    status = 503
    code = "oidc_down"


Trouble = Literal["", "unreachable", "certificate", "ca_file", "document"]


@dataclass(frozen=True)
class Seen:
    """What a look at the provider found. `text`: what exactly is wrong; `ahead_s`: its clock before ours."""

    trouble: Trouble
    text: str = ""
    ahead_s: float | None = None


@dataclass(frozen=True)
class Person:
    """Who came back. `subject` is the provider's own, lasting name of them; `name` is for people."""

    issuer: str
    subject: str
    name: str


def check_installed(settings: Settings) -> None:
    """Raises SettingsError."""
    if settings.oidc_issuer and not (find_spec("authlib") and find_spec("joserfc")):
        raise SettingsError(
            "INLAY_OIDC_ISSUER needs the extra “oidc”: pip install -c requirements.lock '.[oidc]'"
        )


class Provider:
    """The one that the settings name. What it says about itself is asked when needed and kept for an hour."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.issuer = settings.oidc_issuer
        self.name = settings.oidc_name
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._known: tuple[float, dict[str, Any], Any] | None = None
        self._ahead_s: float | None = None

    def look(self) -> Seen:
        """Can it be asked and believed? For the doctor: nobody signs in."""
        try:
            self._discovered(again=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return Seen(*_trouble(error), self._ahead_s)
        return Seen("", ahead_s=self._ahead_s)

    def address(self, flow: Flow) -> str:
        """Where the browser goes to sign in. Raises ProviderDown or NotAllowed."""
        with self._understood():
            document, _ = self._discovered()
            place, _ = self._client(document, flow).create_authorization_url(
                document["authorization_endpoint"],
                state=flow.state,
                nonce=flow.nonce,
                code_verifier=flow.verifier,
            )
            return str(place)

    def identify(self, flow: Flow, code: str) -> Person:
        """Who it is that came back with this code. Raises ProviderDown or NotAllowed."""
        with self._understood():
            document, keys = self._discovered()
            tokens = self._client(document, flow).fetch_token(
                document["token_endpoint"],
                code=code,
                code_verifier=flow.verifier,
                grant_type="authorization_code",
            )
            claims = self._claims(str(tokens.get("id_token", "")), keys, flow)
            name = _name_in(claims) or self._asked_name(document, tokens, claims["sub"])
            return Person(self.issuer, claims["sub"], name)

    def _claims(self, id_token: str, keys: Any, flow: Flow) -> dict[str, Any]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            # Perhaps its keys have changed since.
            _, keys = self._discovered(again=True)
            token = jwt.decode(id_token, keys, algorithms=list(ALGORITHMS))
        mine = self._settings.oidc_client_id
        jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": mine},
            nonce={"essential": True, "value": flow.nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        ).validate(token.claims)
        claims: dict[str, Any] = token.claims
        alone = claims["aud"] in (mine, [mine])
        if claims.get("azp", mine if alone else None) != mine:
            raise ValueError("the token was made for another program")
        if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
            raise ValueError("the subject is no text of a reasonable length")
        return claims

    def _asked_name(self, document: dict[str, Any], tokens: Any, subject: str) -> str:
        """Some providers tell names on request only. Without one the person is still known by the subject."""
        place = document.get("userinfo_endpoint")
        if not isinstance(place, str):
            return ""
        told = self._read(place, headers={"Authorization": f"Bearer {tokens['access_token']}"})
        return _name_in(told) if told.get("sub") == subject else ""

    def _discovered(self, again: bool = False) -> tuple[dict[str, Any], Any]:
        """What the provider says about itself, and its keys."""
        with self._lock:
            now = self._clock()
            if self._known and not again and now - self._known[0] < KNOWN_FOR_S:
                return self._known[1:]
            document = self._read(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if document.get("issuer") != self.issuer:
                raise ValueError(f"it calls itself {document.get('issuer')!r}: set INLAY_OIDC_ISSUER to that")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                self._check_place(document.get(name), name)
            if "userinfo_endpoint" in document:
                self._check_place(document["userinfo_endpoint"], "userinfo_endpoint")
            keys = _key_set(self._read(document["jwks_uri"]))
            self._known = now, document, keys
            return document, keys

    def _check_place(self, place: Any, name: str) -> None:
        scheme = urlsplit(place).scheme if isinstance(place, str) else ""
        if scheme != "https" and not (scheme == "http" and self.issuer.startswith("http:")):
            raise ValueError(f"its {name} is no https address")

    def _read(self, url: str, **more: Any) -> dict[str, Any]:
        import json

        import requests

        how = {"timeout": TIMEOUT_S, "allow_redirects": False, "stream": True}
        with self._careful(requests.Session()) as session, session.get(url, **how, **more) as answer:
            self._ahead_s = _ahead_s(answer.headers.get("Date", ""))
            if answer.status_code != 200:
                raise ValueError(f"{url} answers {answer.status_code}")
            body = b""
            for chunk in answer.iter_content(64 * 1024):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise ValueError(f"{url} says too much")
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError(f"{url} does not answer with an object")
        return found

    def _client(self, document: dict[str, Any], flow: Flow) -> Any:
        from authlib.integrations.requests_client import OAuth2Session

        secret = self._settings.oidc_client_secret
        offered = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        method = "client_secret_post" if "client_secret_basic" not in offered else "client_secret_basic"
        session = OAuth2Session(
            self._settings.oidc_client_id,
            secret or None,
            token_endpoint_auth_method=method if secret else "none",
            scope="openid profile",
            redirect_uri=flow.back,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_S,
        )
        return self._careful(session)

    def _careful(self, session: Any) -> Any:
        """No proxy or password from the environment; the installation's own authority is trusted."""
        session.trust_env = False
        session.max_redirects = 0
        if self._settings.ca_file:
            session.mount("https://", _with_authority(str(self._settings.ca_file)))
        return session

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Makes sentences of what can go wrong; the log has the reason, and never a token or code."""
        from authlib.integrations.base_client import OAuthError
        from joserfc.errors import JoseError

        try:
            yield
        except OAuthError as error:
            log.warning("%s refused: %s", self.issuer, error.error)
            raise NotAllowed(f"{self.name} did not accept this sign-in. Try again.", code="oidc") from error
        except (JoseError, OSError, ValueError, KeyError, TypeError) as error:
            trouble, text = _trouble(error)
            if trouble == "unreachable":
                log.warning("%s cannot be reached: %s", self.issuer, text)
                raise ProviderDown(
                    f"{self.name} cannot be reached just now. Try again, or sign in with a password."
                ) from error
            if trouble in ("certificate", "ca_file"):
                log.warning("%s: no safe connection: %s. Look at INLAY_CA_FILE", self.issuer, text)
                raise ProviderDown(
                    f"{self.name} cannot be reached safely: its certificate is not trusted here. "
                    "Sign in with a password, or ask an admin: `inlay doctor` says why."
                ) from error
            log.warning("%s cannot be believed: %s%s", self.issuer, text, self._clocks_apart())
            raise NotAllowed(
                f"What {self.name} answered does not fit, so nobody was signed in. "
                "Try again; if it stays so, the log says why.",
                code="oidc",
            ) from error

    def _clocks_apart(self) -> str:
        """A token that is too old or from the future looks like a lie."""
        if self._ahead_s is None or abs(self._ahead_s) <= LEEWAY_S:
            return ""
        return f" (its clock is {self._ahead_s:+.0f} s from ours)"


def _trouble(error: Exception) -> tuple[Trouble, str]:
    """What kind of trouble it is, and what exactly. Raises what is none of these."""
    import requests

    wrong = _certificate_error(error)
    if wrong is not None:
        return "certificate", wrong.verify_message
    if isinstance(error, requests.RequestException) and not isinstance(error, ValueError):
        return "unreachable", type(error).__name__
    if isinstance(error, OSError) and not isinstance(error, requests.RequestException):
        # Before anybody was asked: the file of authorities was read.
        return "ca_file", error.strerror or type(error).__name__
    return "document", f"{type(error).__name__}: {error}"


def _certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """requests and urllib3 wrap it several times, as an argument, a reason, or a cause."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ssl.SSLCertVerificationError):
            return one
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            waiting += [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
    return None


def _ahead_s(date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, TypeError):
        return None


def _key_set(document: dict[str, Any]) -> Any:
    """The keys of kinds that we know: a provider may have others for other purposes."""
    from joserfc.errors import JoseError
    from joserfc.jwk import JWKRegistry, KeySet

    keys: list[Any] = []
    for one in document["keys"]:
        if isinstance(one, dict) and one.get("kty") in ("RSA", "EC", "OKP") and one.get("use") != "enc":
            try:
                keys.append(JWKRegistry.import_key(one))
            except (JoseError, ValueError, KeyError, TypeError):
                continue
    if not keys:
        raise ValueError("it has no key that we know the kind of")
    return KeySet(keys)


def _name_in(claims: dict[str, Any]) -> str:
    found = (claims.get(name) for name in NAME_CLAIMS)
    return next((one.strip() for one in found if isinstance(one, str) and one.strip()), "")


def _with_authority(file: str) -> Any:
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
            context = ssl.create_default_context()
            context.load_verify_locations(file)
            super().init_poolmanager(*arguments, **more, ssl_context=context)

    return Adapter()
