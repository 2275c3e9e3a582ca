"""A small app with the accounts' routes, two protected ones and forms to send, on a real database file."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
from litestar import Litestar, Request, Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.middleware import DefineMiddleware
from litestar.params import Body
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from litestar.testing import TestClient

from app.accounts import api, pages, sessions, setup
from app.accounts.guards import GUARDS, AppRequest, Authentication
from app.accounts.model import Scope, User
from app.accounts.origin import login_path
from app.accounts.throttle import Throttle
from app.children.parent import WarmParent
from app.db import Base, Database
from app.errors import InlayError, NeedsLogin, TooMany
from app.htmx import go
from app.languages.pages import install
from app.resources import folder
from app.services import Services
from app.settings import Settings

HOST = "music.test"
PASSWORD = "a tin roof in the rain"
SAME_ORIGIN = {"origin": f"http://{HOST}"}


@get("/", sync_to_thread=False)
def home(request: AppRequest) -> str:
    return f"hello {request.user.name}"


@get("/api/v1/things", sync_to_thread=False)
def things(request: AppRequest) -> list[str]:
    return [request.user.name]


@post("/api/v1/links", opt={"submit": True}, status_code=202, sync_to_thread=False)
def links(data: dict[str, str]) -> dict[str, str]:
    return data


@post("/form", sync_to_thread=False)
def form(data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]) -> dict[str, str]:
    return data


@post("/upload")
async def upload(
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, str]:
    file: UploadFile = data["file"]
    return {"title": data["title"], "file": (await file.read()).decode()}


@post("/stream", sync_to_thread=False)
def stream(body: bytes) -> dict[str, int]:
    return {"size": len(body)}


def _show_error(request: Request[Any, Any, Any], error: InlayError) -> Response[Any]:
    if isinstance(error, NeedsLogin) and not request.url.path.startswith("/api/"):
        services: Services = request.app.state.services
        return go(request, login_path(request, setup.is_set_up(services.db)))
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else {}
    body = {"status": error.status, "code": error.code, "detail": error.message}
    return Response(body, status_code=error.status, headers=headers, media_type="application/problem+json")


def _templates() -> JinjaTemplateEngine:
    engine = JinjaTemplateEngine(directory=folder("templates"))
    engine.engine.globals["asset"] = "/static/{}".format
    install(engine.engine)
    return engine


def make_services(data_dir: Path, **settings: Any) -> Services:
    data_dir.mkdir(exist_ok=True)
    db = Database(data_dir / "inlay.db")
    Base.metadata.create_all(db.engine)
    return Services(
        Settings(data_dir=data_dir, **settings),
        db,
        b"s" * 32,
        ring=lambda task, id: None,
        warm=WarmParent("never:started"),
    )


def make_app(services: Services, throttle: Throttle | None = None) -> Litestar:
    throttle = throttle or Throttle()
    handlers = [home, things, links, form, upload, stream, *pages.HANDLERS, *api.HANDLERS]
    app = Litestar(
        # Litestar 2.25 wraps a handler twice (500) when the app itself meets a second method of its path.
        route_handlers=[Router("/", route_handlers=handlers)],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "throttle": Provide(lambda: throttle, sync_to_thread=False),
        },
        middleware=[DefineMiddleware(Authentication, services=services)],
        guards=GUARDS,
        exception_handlers={InlayError: _show_error},
        template_config=TemplateConfig(instance=_templates()),
        request_max_body_size=64 * 1024,
        openapi_config=None,
    )
    app.state.services = services
    return app


@dataclass
class Person:
    """A browser, with its cookies and the form token of the pages it has seen."""

    client: TestClient[Litestar]
    form_token: str = ""

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(path, follow_redirects=False, **more)

    def send(self, path: str, data: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """Send a form as our own page does."""
        form = {"csrf_token": self.form_token, **(data or {})}
        more.setdefault("headers", SAME_ORIGIN)
        return self.client.post(path, data=form, follow_redirects=False, **more)

    def sign_in(self, name: str = "alice", password: str = PASSWORD, **more: Any) -> httpx.Response:
        answer = self.send("/login", {"name": name, "password": password, **more})
        if answer.status_code == 303:
            self.read_form_token()
        return answer

    def read_form_token(self) -> str:
        found = re.search(r'name="csrf_token" value="(\w+)"', self.get("/settings").text)
        assert found, "the settings page has no form token"
        self.form_token = found[1]
        return self.form_token

    @property
    def cookie(self) -> str | None:
        return self.client.cookies.get("inlay_session")


@dataclass
class World:
    services: Services
    app: Litestar

    def browser(self, base_url: str = f"http://{HOST}", **headers: str) -> Person:
        client = TestClient(self.app, base_url=base_url)
        client.headers.update(headers)
        return Person(client)

    def user(self, name: str = "alice", password: str = PASSWORD) -> User:
        return setup.create_user(self.services.db, name, password, is_admin=False)

    def token(self, user: User, scope: Scope = Scope.FULL) -> dict[str, str]:
        with self.services.db.write() as session:
            token = sessions.create_token(session, user.id, scope, "")[1]
        return {"authorization": f"Bearer {token}"}


@contextmanager
def world(data_dir: Path, throttle: Throttle | None = None) -> Iterator[World]:
    services = make_services(data_dir)
    try:
        yield World(services, make_app(services, throttle))
    finally:
        services.db.close()
