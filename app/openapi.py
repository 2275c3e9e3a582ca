"""The OpenAPI document: what Litestar cannot know from the handlers' types is added here, by rule.

A new route gets its tag, its error answers and its login from what it is (its path, method and body), so that
nobody has to remember them.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from litestar import Litestar, Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Server

from app import __version__
from app.audio.formats import FORMATS
from app.downloads.forms import MAX_CHARS, MAX_COMMENT_CHARS, MAX_LYRICS_CHARS
from app.downloads.model import State
from app.rules.forms import MAX_CHARS as LONGEST_RULE
from app.settings import CONFLICTS
from app.sources.base import QUALITIES
from app.sources.urls import MAX_CHARS as LONGEST_LINK
from app.tags import lrc
from app.tags.rules import KINDS
from app.tell.forms import KINDS as HOOK_KINDS

Json = dict[str, Any]

ABOUT = (
    "Send `Authorization: Bearer TOKEN`; the settings page and `inlay token add` make tokens. A token with "
    "the scope `submit` may only hand in links. Every error is an `application/problem+json`: `detail` is "
    "an English sentence, `told` the same in the language of who reads it, if that is another one, and "
    "`code` a word for programs. Lists come newest first; hand `next` in as "
    "`before` to get the next page."
)
TAGS = {
    "downloads": "A link and its journey: handed in, fetched, reviewed, added.",
    "library": "What is in the music folder. It is everybody's.",
    "rules": "What was taught about channels, for the next download from there.",
    "hooks": "Who is told when a download is ready or the library has changed. Secrets never come out.",
    "cookies": "Your cookies of sites that want a sign-in. They go in and never come out.",
    "sessions": "Where you are signed in.",
    "formats": "What a download can be asked for.",
    "health": "Is it up? The only call without a login.",
}
PROBLEMS = {
    400: "The body is not JSON.",
    401: "There is no token, or not a valid one.",
    403: "This token or this user may not do that.",
    404: "There is no such thing, or it is not yours: nobody learns which.",
    409: "Too late, or already so.",
    413: "The body is too large.",
    422: "The request does not make sense as it is; `fields` says what is wrong with which field.",
    429: "Too many at once; `Retry-After` says in how many seconds to come back.",
}
PROBLEM: Json = {
    "type": "object",
    "required": ["status", "title", "detail", "code"],
    "properties": {
        "status": {"type": "integer", "examples": [404]},
        "title": {"type": "string", "examples": ["Not here"]},
        "detail": {"type": "string", "examples": ["There is no such download."]},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$", "examples": ["not_found"]},
        "fields": {"type": "object", "additionalProperties": {"type": "string"}},
        "told": {
            "type": "string",
            "description": "`detail` in the language that the user chose, or else that `Accept-Language` "
            "likes best. Left out where that is English.",
            "examples": ["Diesen Download gibt es nicht."],
        },
    },
}
CHANGING = ("post", "put", "patch", "delete")

_TEXT: Json = {"maxLength": MAX_CHARS}
_NUMBER: Json = {
    "oneOf": [
        {"type": "integer", "minimum": 1, "maximum": 999},
        {"type": "string", "pattern": r"^\s*(0*[1-9][0-9]{0,2})?\s*$"},
        {"type": "null"},
    ],
    "examples": [7],
}
_MARK: Json = {"type": "integer", "minimum": 0, "examples": [1800]}
_TAGS: Json = {
    **dict.fromkeys(("artist", "album", "album_artist", "genre"), _TEXT),
    "title": {**_TEXT, "minLength": 1},
    "track_no": _NUMBER,
    "disc_no": _NUMBER,
    "comment": {"maxLength": MAX_COMMENT_CHARS},
    "lyrics": {"maxLength": MAX_LYRICS_CHARS},
    "lyrics_synced": {"maxLength": MAX_LYRICS_CHARS, "pattern": f"^{lrc.TEXT}$"},
    "trim_start_ms": _MARK,
    "trim_end_ms": _MARK,
    "date": {"pattern": r"^\s*([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?\s*$", "examples": ["2023-05-19"]},
}
BODIES: dict[str, Json] = {
    "LinkIn": {
        "url": {
            "maxLength": LONGEST_LINK,
            "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f\\@]+$",
            "examples": ["https://example.org/track/1"],
        },
        "format": {"enum": [*FORMATS]},
        "quality": {"enum": [*QUALITIES]},
        "tracks": {"enum": ["one"]},
    },
    "RuleIn": {
        "kind": {"enum": [*KINDS]},
        "value": {"maxLength": LONGEST_RULE},
        "site": {"pattern": r"^\s*[A-Za-z0-9.:\[\]_-]{0,253}\s*$", "examples": ["bandcamp.com"]},
        "channel": {"maxLength": LONGEST_RULE},
    },
    "TrackTagsIn": _TAGS,
    "TrackEditIn": {name: more for name, more in _TAGS.items() if not name.startswith("trim_")},
    "ConfirmIn": {
        **_TAGS,
        "id": {"oneOf": [{"type": "string"}], "examples": ["01a21ac3-b880-7315-9da2-6feb4974f7e4"]},
        "cover": {
            "maxLength": LONGEST_LINK,
            "pattern": r"^(proposed|none|[Hh][Tt][Tt][Pp][Ss]?://[^\x00-\x20\x7f\\@]+)$",
            "examples": ["proposed", "none", "https://example.org/cover.jpg"],
        },
        "conflict": {"enum": [*CONFLICTS]},
    },
    "MoveIn": {},
    "HookIn": {"kind": {"enum": [*HOOK_KINDS]}},
    "HookChangeIn": {},
    "NamingIn": {},
    "RenameIn": {},
}
"""What the fields of bodies must be beyond their type, as `app.downloads.forms` and `.api` judge them."""
_STATE = rf"\s*({'|'.join(State)})?\s*"
PARAMETERS: dict[str, Json] = {
    "state": {"pattern": f"^{_STATE}(,{_STATE})*$", "examples": ["review,failed"]},
    "limit": {"description": "How many at most."},
    "before": {"description": "The `next` of the page before."},
    "all": {"description": "Everybody's, for admins."},
    "site": {"description": "The domain of the site, such as `youtube.com`."},
    "q": {"description": "Words that must all be in title, artist or album."},
}


class Document(JsonRenderPlugin):
    """`/schema/openapi.json`."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        return self.render_json(request, complete(openapi_schema, request.app))


def config(base_path: str) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Inlay",
        version=__version__,
        description=ABOUT,
        path="/schema",
        servers=[Server(url=base_path or "/")],
        render_plugins=[Document()],
        use_handler_docstrings=True,
    )


def complete(generated: Json, app: Litestar) -> Json:
    """Litestar's document with the login, tags, summaries, errors and files that belong to it."""
    document = deepcopy(generated)
    components = document.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    components["responses"] = {f"Problem{status}": _problem(status) for status in PROBLEMS}
    for name, fields in BODIES.items():
        _narrow(schemas[name], fields)
    options = {
        (route.path_format, str(method).lower()): handler.opt
        for route in app.routes
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items()
    }
    for path, method, operation in operations(document):
        _complete_operation(path, method, operation, options.get((path, method), {}))
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, "")} for tag in sorted(used)]
    return document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _complete_operation(path: str, method: str, operation: Json, options: Json) -> None:
    operation["tags"] = [path.removeprefix("/api/v1/").partition("/")[0]]
    words = re.findall("[A-Z][a-z]*", re.sub("ByApi$", "", operation["summary"]))
    operation["summary"] = " ".join(words).capitalize()
    operation["security"] = [] if options.get("public") else [{"token": []}]
    for parameter in operation.get("parameters", []):
        _complete_parameter(parameter)
    responses = operation["responses"]
    responses.pop("400", None)
    if path == "/api/v1/cookies" and method == "put":
        text: Json = {"text/plain": {"schema": {"type": "string"}}}
        operation["requestBody"] = {"required": True, "content": text}
    if path.endswith(("/file", "/cover")):
        _is_file(path, method, operation)
    for status in _problems(path, method, operation):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}


def _problems(path: str, method: str, operation: Json) -> Iterator[int]:
    """The errors that an operation can answer with."""
    parameters = operation.get("parameters", [])
    if operation["security"]:
        yield from (401, 403)
    if "{" in path or path.endswith(("/confirm", "/rename")):
        yield 404
    if "requestBody" in operation:
        yield from (413, 422)
        if "application/json" in operation["requestBody"]["content"]:
            yield 400
    elif any(one["in"] == "query" for one in parameters):
        yield 422
    if method in CHANGING and "/sessions/" not in path:
        yield from (409, 429)


def _complete_parameter(parameter: Json) -> None:
    """In an address nothing can be null, only left out."""
    schema = parameter["schema"]
    if "oneOf" in schema:
        (schema,) = (one for one in schema["oneOf"] if one != {"type": "null"})
        parameter["schema"] = schema
    more = dict(PARAMETERS.get(parameter["name"], {}))
    if description := more.pop("description", None):
        parameter.setdefault("description", description)
    schema.update(more)


def _is_file(path: str, method: str, operation: Json) -> None:
    """Bytes instead of JSON: a player asks for parts of them, a browser whether they have changed."""
    kind = "image/jpeg" if path.endswith("/cover") else "audio/*"
    responses = operation["responses"]
    if method == "put":
        picture: Json = {kind: {"schema": {}} for kind in ("image/jpeg", "image/png", "image/webp")}
        operation["requestBody"] = {"required": True, "content": picture}
        return
    content: Json = {kind: {"schema": {}}}
    etag = {"ETag": {"schema": {"type": "string"}}}
    operation.setdefault("parameters", []).extend(
        {"name": name, "in": "header", "schema": {"type": "string"}, "description": text}
        for name, text in (
            ("Range", "The part that is wanted, such as `bytes=0-99`. Another form of it asks for all."),
            ("If-None-Match", "The ETag of what is known already."),
        )
    )
    responses["200"] = {"description": "All of it.", "headers": etag, "content": content}
    responses["206"] = {"description": "The part that was asked for.", "headers": etag, "content": content}
    responses["304"] = {"description": "It has not changed.", "headers": etag}
    responses["416"] = {"description": "It has no such part.", "content": content}


def _problem(status: int) -> Json:
    answer: Json = {
        "description": PROBLEMS[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 429:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return answer


def _narrow(schema: Json, fields: Json) -> None:
    """Say more about the fields of a body; nothing else may be in it. What may be null may stay so."""
    schema["additionalProperties"] = False
    if "id" in fields:
        schema["required"] = ["id"]
    for name, more in fields.items():
        known = schema["properties"][name]
        nullable = any(one == {"type": "null"} for one in known.get("oneOf", []))
        if "oneOf" in more:
            schema["properties"][name] = more
        elif nullable:
            schema["properties"][name] = {"oneOf": [{"type": "string", **more}, {"type": "null"}]}
        else:
            known.update(more)
