"""What `schemathesis run` needs to know of Inlay: loaded by it, in its own process (SCHEMATHESIS_HOOKS)."""

import json
import os
import zlib
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response

from tests.media.audio import picture

WORLD = json.loads(os.environ["INLAY_TEST_WORLD"])
"""`mine` and `others`: ids for each path parameter; `secrets`: what no answer may contain."""
PICTURE = picture(32, 24, "png")


def _real(name: str, made_up: Any) -> Any:
    """Instead of every other made-up id one that exists: mostly Alice's, else Bob's.

    Chosen by the value itself, since Hypothesis repeats itself and wants the same again.
    """
    number = zlib.crc32(repr(made_up).encode("utf-8", "replace"))
    ids = WORLD[("mine", "mine", "others", "")[number % 4]].get(name, []) if number % 4 < 3 else []
    return ids[number // 4 % len(ids)] if ids else made_up


@schemathesis.hook
def map_path_parameters(context: HookContext, path_parameters: dict[str, Any] | None) -> Any:
    if not path_parameters:
        return path_parameters
    tracks = "/library/" in context.operation.path
    return {name: _real("track" if tracks else name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def map_body(context: HookContext, body: Any) -> Any:
    if isinstance(body, dict) and isinstance(body.get("id"), str) and body["id"]:
        return {**body, "id": _real("id", body["id"])}
    if context.operation.path.endswith("/cover") and zlib.crc32(repr(body).encode()) % 2:
        return PICTURE
    return body


@schemathesis.check
def nothing_of_bobs(ctx: CheckContext, response: Response, case: Case) -> None:
    """No answer has anything in it that only Bob may know."""
    told = response.content + repr(dict(response.headers)).encode()
    found = [secret for secret in WORLD["secrets"] if secret.encode() in told]
    assert not found, f"the answer tells {found}"


@schemathesis.check
def what_fits_the_document_has_the_right_shape(ctx: CheckContext, response: Response, case: Case) -> None:
    """Among what the document allows, only meaning is refused (a link to nowhere), never form."""
    if case.meta and case.meta.generation.mode.is_positive and response.status_code == 422:
        told = json.loads(response.content)
        assert told["code"] != "http_422", told["detail"]


@schemathesis.check
def problems_are_told_in_whole_sentences(ctx: CheckContext, response: Response, case: Case) -> None:
    if response.status_code >= 400 and response.content:
        told = json.loads(response.content)
        assert told["status"] == response.status_code
        assert told["title"]
        assert told["detail"].endswith((".", "?")), told["detail"]
