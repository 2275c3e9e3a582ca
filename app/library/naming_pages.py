"""How new tracks are named: presets or a template of one's own, shown on real tracks of the library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery

from app.accounts.guards import require_admin
from app.errors import Invalid
from app.htmx import fragment, go, page, wants_fragment
from app.library import rename_queries, template
from app.library.requests import AnyRequest
from app.library.template import PRESETS, SAMPLES
from app.services import Services
from app.tags.naming import FIELDS, check_template

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
OWN = "own"
MAX_CHARS = 300


@dataclass(frozen=True)
class Line:
    """A real track, where it is and where it would be."""

    now: str
    then: str


@get("/settings/naming", sync_to_thread=True, guards=[require_admin])
def naming_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    preset: FromQuery[str] = "",
    own: FromQuery[str] = "",
) -> Response[Any]:
    """Also with something that is not chosen yet: a preview without JavaScript."""
    return _page(services, {"preset": preset, "own": own} if preset else None)


@get("/settings/naming/preview", sync_to_thread=True, guards=[require_admin])
def naming_preview(
    services: NamedDependency[Services], preset: FromQuery[str] = "", own: FromQuery[str] = ""
) -> Response[Any]:
    """What the template that is being typed would make of real tracks, or what is wrong with it."""
    return fragment("library/_naming_preview.html", **_preview(services, _tried(preset, own)))


@post("/settings/naming", sync_to_thread=True, status_code=200, guards=[require_admin])
def choose_naming(request: AnyRequest, services: NamedDependency[Services], data: Form) -> Response[Any]:
    """From now on. Files that are there keep their names until the library is renamed."""
    try:
        template.choose(services, wanted_template(data.get("preset", ""), data.get("own", "")))
    except Invalid as error:
        return _page(services, data, status=error.status)
    if wants_fragment(request):
        return _page(services, None, saved=True)
    return go(request, "/settings/naming")


def wanted_template(preset: str, own: str) -> str:
    """The template that is meant by a preset's name, or by its own text. Raises Invalid."""
    found = next((one for one in PRESETS if one.name == preset), None)
    text = found.template if found else own.strip()
    if len(text) > MAX_CHARS:
        raise Invalid(f"At most {MAX_CHARS} characters fit here.")
    if not found and not text:
        raise Invalid("Write a template, or choose one of those above.")
    check_template(text)
    return text


def _tried(preset: str, own: str) -> str | Invalid:
    try:
        return wanted_template(preset, own)
    except Invalid as error:
        return error


def preview_of(services: Services, wanted: str) -> list[Line]:
    """What a good template would make of some real tracks."""
    with services.db.read() as session:
        tracks = rename_queries.samples(session, SAMPLES)
    return [Line(one.path, str(template.path_of(one, wanted))) for one in tracks]


def _preview(services: Services, wanted: str | Invalid) -> dict[str, Any]:
    if isinstance(wanted, Invalid):
        return {"lines": [], "wrong": wanted.message}
    return {"lines": preview_of(services, wanted), "wrong": ""}


def _page(
    services: Services, typed: Mapping[str, str] | None, *, status: int = 200, saved: bool = False
) -> Response[Any]:
    fixed = services.settings.naming
    now = template.current(services)
    chosen = next((one.name for one in PRESETS if one.template == now), OWN)
    wanted: str | Invalid = now
    if typed is not None and not fixed:
        chosen = typed.get("preset", "") or OWN
        wanted = _tried(chosen, typed.get("own", ""))
    return page(
        "library/naming.html",
        status=status,
        nav="settings",
        fixed=fixed,
        presets=PRESETS,
        chosen=chosen,
        own=typed.get("own", "") if typed else (now if chosen == OWN else ""),
        fields=FIELDS,
        saved=saved,
        **_preview(services, wanted),
    )


HANDLERS = [naming_page, naming_preview, choose_naming]
