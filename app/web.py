"""The web application: every route in one list, errors, headers and static files in one place each."""

import hashlib
import logging
import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from litestar import HttpMethod, Litestar, MediaType, Request, Response, Router, get, route
from litestar.config.compression import CompressionConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.middleware import DefineMiddleware
from litestar.params import FromPath
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from litestar.types import Message, Scope

import app.accounts.api
import app.accounts.oidc_pages
import app.accounts.pages
import app.cookies.api
import app.cookies.pages
import app.downloads.activity_pages
import app.downloads.api
import app.downloads.pages
import app.library.api
import app.library.change_api
import app.library.duplicate_pages
import app.library.edit_pages
import app.library.naming_api
import app.library.naming_pages
import app.library.pages
import app.library.rename_pages
import app.library.sound_pages
import app.library.trash_pages
import app.metrics
import app.rules.api
import app.rules.pages
import app.tell.api
import app.tell.devices
import app.tell.pages
from app import __version__, openapi, pwa
from app.accounts.flows import Flows
from app.accounts.guards import GUARDS, Authentication
from app.accounts.oidc import Provider, check_installed
from app.accounts.origin import login_path
from app.accounts.setup import is_set_up
from app.accounts.throttle import Throttle
from app.downloads.progress import ProgressBoard
from app.errors import InlayError, NeedsLogin, SettingsError, TooMany
from app.htmx import fragment, go, page, reader_language, wants_fragment
from app.languages.pages import install
from app.languages.say import say
from app.languages.telling import tell_in
from app.library.complete import Completion
from app.resources import folder
from app.services import Services
from app.sub_path import SubPath

log = logging.getLogger("inlay.web")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; "
    "worker-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
MAX_BODY_BYTES = 64 * 1024
A_YEAR = "public, max-age=31536000, immutable"

TITLES = {
    401: say("Sign in first"),
    403: say("Not allowed"),
    404: say("Not here"),
    405: say("Not like this"),
    409: say("Too late"),
    413: say("Too large"),
    422: say("That does not fit"),
    429: say("Too many at once"),
    503: say("Not just now"),
    507: say("The disk is full"),
}


def create_app(services: Services, board: ProgressBoard) -> Litestar:
    check_installed(services.settings)
    assets, provider, flows = Assets(folder("static")), Provider(services.settings), Flows()
    made = Litestar(
        route_handlers=[routes(assets)],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "board": Provide(lambda: board, sync_to_thread=False),
            "throttle": Provide(Throttled(), sync_to_thread=False),
            "provider": Provide(lambda: provider, sync_to_thread=False),
            "flows": Provide(lambda: flows, sync_to_thread=False),
            "completion": Provide(Completed(), sync_to_thread=False),
        },
        middleware=[DefineMiddleware(Authentication, services=services)],
        guards=GUARDS,
        exception_handlers={
            InlayError: Trouble(services).inlay_error,
            HTTPException: Trouble(services).http_error,
            RecursionError: Trouble(services).too_deep,
            Exception: Trouble(services).surprise,
        },
        before_send=[add_headers],
        request_max_body_size=MAX_BODY_BYTES,
        compression_config=CompressionConfig(
            backend="gzip",
            minimum_size=600,
            gzip_compress_level=6,
            exclude=["/file$", "/cover$", "^/static/"],
        ),
        template_config=TemplateConfig(instance=_templates(assets, services.settings.base_path)),
        openapi_config=openapi.config(services.settings.base_path),
        debug=False,
        logging_config=None,
    )
    base = services.settings.base_path
    if is_own_path(base, [one.path for one in made.routes]):
        raise SettingsError(f"INLAY_BASE_PATH {base!r} is an address of Inlay's own. Choose another one.")
    return made


def is_own_path(base: str, paths: Iterable[str]) -> bool:
    """With a proxy that takes the sub-path off, and one that does not, an address has one meaning only."""
    return bool(base) and any(f"{path}/".startswith(f"{base}/") for path in paths)


def own_paths() -> list[str]:
    """Of all routes, without an application around them."""
    return [one.path for one in routes(Assets(folder("static"))).routes]


def routes(assets: "Assets") -> Router:
    """Every route. In a router, since Litestar 2.25 breaks a path's second method on the app itself."""
    pages = [
        assets.handler(),
        *pwa.handlers(assets),
        *app.accounts.pages.HANDLERS,
        *app.accounts.oidc_pages.HANDLERS,
        *app.downloads.pages.HANDLERS,
        *app.downloads.activity_pages.HANDLERS,
        *app.library.pages.HANDLERS,
        *app.library.sound_pages.HANDLERS,
        *app.library.edit_pages.HANDLERS,
        *app.library.trash_pages.HANDLERS,
        *app.library.duplicate_pages.HANDLERS,
        *app.library.naming_pages.HANDLERS,
        *app.library.rename_pages.HANDLERS,
        *app.rules.pages.HANDLERS,
        *app.tell.pages.HANDLERS,
        *app.cookies.pages.HANDLERS,
        *app.metrics.HANDLERS,
        *app.tell.devices.HANDLERS,
    ]
    api = [
        health,
        *app.accounts.api.HANDLERS,
        *app.downloads.api.HANDLERS,
        *app.downloads.activity_pages.API_HANDLERS,
        *app.library.api.HANDLERS,
        *app.library.change_api.HANDLERS,
        *app.library.naming_api.HANDLERS,
        *app.rules.api.HANDLERS,
        *app.cookies.api.HANDLERS,
        *app.tell.api.HANDLERS,
    ]
    # The fewer are in the inner one: each keeps a copy of what is in it.
    in_schema = Router("/", route_handlers=api, include_in_schema=True)
    return Router("/", route_handlers=[*pages, in_schema], include_in_schema=False)


@route(
    "/api/v1/health",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
    sync_to_thread=False,
    opt={"public": True, "anonymous": True},
)
def health() -> dict[str, str]:
    """Up and answering. The only call that needs no login."""
    return {"status": "ok", "version": __version__}


def _templates(assets: "Assets", base_path: str) -> JinjaTemplateEngine:
    engine = JinjaTemplateEngine(directory=folder("templates"))
    engine.engine.globals["base_path"] = base_path
    engine.engine.add_extension(SubPath)
    install(engine.engine)
    engine.engine.trim_blocks = engine.engine.lstrip_blocks = True
    engine.engine.globals["asset"] = assets.url
    return engine


class Completed:
    """One memory of the library's names for the whole application."""

    def __init__(self) -> None:
        self.completion = Completion()

    def __call__(self) -> Completion:
        return self.completion


class Throttled:
    """One login throttle for the whole application."""

    def __init__(self) -> None:
        self.throttle = Throttle()

    def __call__(self) -> Throttle:
        return self.throttle


class Assets:
    """Our static files, read once: a name outside this list does not exist."""

    def __init__(self, root: Path) -> None:
        self.files = {
            str(file.relative_to(root)): file.read_bytes()
            for file in root.rglob("*")
            if file.is_file() and not file.name.startswith(".")
        }
        self.versions = {
            name: hashlib.blake2s(body, digest_size=6).hexdigest() for name, body in self.files.items()
        }

    def url(self, name: str) -> str:
        return f"/static/{name}?v={self.versions[name]}"

    def handler(self) -> Any:
        import gzip

        packed = {name: gzip.compress(body, 9, mtime=0) for name, body in self.files.items()}

        @get(
            "/static/{name:path}",
            sync_to_thread=False,
            opt={"public": True, "anonymous": True},
            include_in_schema=False,
        )
        def static_file(request: Request[Any, Any, Any], name: FromPath[Path]) -> Response[bytes]:
            key = str(name).lstrip("/")
            if key not in self.files:
                raise HTTPException(status_code=404)
            zipped = "gzip" in request.headers.get("accept-encoding", "")
            # Under another version's address it must not be remembered as that version.
            right = request.query_params.get("v", self.versions[key]) == self.versions[key]
            headers = {"Cache-Control": A_YEAR if right else "no-cache", "Vary": "Accept-Encoding"}
            if zipped:
                headers["Content-Encoding"] = "gzip"
            kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
            return Response(packed[key] if zipped else self.files[key], media_type=kind, headers=headers)

        return static_file


async def add_headers(message: Message, scope: Scope) -> None:
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers[name] = value
        headers.setdefault("Cache-Control", "no-store")
        if scope.get("method") == "OPTIONS" and "Allow" in headers:
            headers["Allow"] = allowed_methods(scope)


def allowed_methods(scope: Scope) -> str:
    """What the address takes. Litestar's own answer to OPTIONS knows the path's first handler only."""
    template = scope["path_template"]
    here = [route for route in scope["litestar_app"].routes if route.path_format == template]
    return ", ".join(sorted({method for route in here for method in getattr(route, "methods", ())}))


class Trouble:
    """Errors as a page, a fragment or problem+json: for all routes, here and nowhere else."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def inlay_error(self, request: Request[Any, Any, Any], error: InlayError) -> Response[Any]:
        if isinstance(error, NeedsLogin) and not _is_api(request):
            return self._to_login(request)
        headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
        return _answer(
            request, error.status, error.message, error.code, headers, getattr(error, "fields", None)
        )

    def http_error(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        status, message = (
            error.status_code,
            SENTENCES.get(error.status_code, say("This request was not understood.")),
        )
        if isinstance(error, ValidationException):
            status, message = 422, _validation_sentence(error)
        return _answer(request, status, message, f"http_{status}", dict(error.headers or {}))

    def too_deep(self, request: Request[Any, Any, Any], error: RecursionError) -> Response[Any]:
        log.warning("nested too deeply: %s", error)
        return _answer(request, 400, say("This request is nested too deeply to be read."), "http_400", {})

    def surprise(self, request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        log.error("%s %s failed", request.method, request.scope["path"], exc_info=error)
        message = say("Something went wrong here. It was written to the log; try again.")
        return _answer(request, 500, message, "internal", {})

    def _to_login(self, request: Request[Any, Any, Any]) -> Response[Any]:
        path = login_path(request, is_set_up(self.services.db))
        if request.headers.get("hx-request") == "true":
            return Response("", status_code=200, headers={"HX-Redirect": path}, media_type=MediaType.HTML)
        return go(request, path)


SENTENCES = {
    404: say("There is nothing at this address."),
    405: say("This address does not take that kind of request."),
    413: say("This is too large to be sent here."),
}


def _validation_sentence(error: ValidationException) -> str:
    details = error.extra if isinstance(error.extra, list) else []
    parts = [
        f"{one.get('key', 'body')}: {one.get('message', '')}" for one in details if isinstance(one, dict)
    ]
    does_not_fit = say("This request does not fit.")
    return f"{does_not_fit} {'; '.join(parts)}." if parts else f"{does_not_fit} See /schema/openapi.json."


def _is_api(request: Request[Any, Any, Any]) -> bool:
    return request.scope["path"].startswith(("/api/", "/schema", "/metrics"))


def _answer(
    request: Request[Any, Any, Any],
    status: int,
    message: str,
    code: str,
    headers: dict[str, str],
    fields: dict[str, str] | None = None,
) -> Response[Any]:
    title = TITLES.get(status, say("Something went wrong"))
    if _is_api(request):
        body: dict[str, Any] = {"status": status, "title": title, "detail": message, "code": code}
        if fields:
            body["fields"] = fields
        if (told := tell_in(reader_language(request), message)) != message:
            body["told"] = told
        return Response(body, status_code=status, headers=headers, media_type="application/problem+json")
    if wants_fragment(request):
        found = fragment("_notice.html", status=status, message=message)
        found.headers.update({"HX-Retarget": "#notice", "HX-Reswap": "outerHTML", **headers})
        return found
    found = page("error.html", status=status, title=title, message=message, nav="")
    found.headers.update(headers)
    return found
