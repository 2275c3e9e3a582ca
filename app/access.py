"""Around the whole application: each request gets an id, one line in the log, and its time in the meters."""

import logging
import re
import secrets
import time
from collections.abc import Callable, MutableMapping
from typing import Any

from app import meters
from app.logs import about, as_download_id, known

log = logging.getLogger("inlay.access")

HEADER = b"x-request-id"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_TAKEN = re.compile(rb"[A-Za-z0-9._-]{8,64}")

# ASGI's own types say no more.
Scope = MutableMapping[str, Any]
Call = Callable[..., Any]


class Access:
    """ASGI around ASGI. `trusts`: is who connects a proxy whose X-Request-Id counts? Nobody is by default."""

    def __init__(self, app: Call, trusts: Callable[[Scope], bool] = lambda scope: False) -> None:
        self.app = app
        self.trusts = trusts

    async def __call__(self, scope: Any, receive: Call, send: Call) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 500
        with about(request_id=self._id(scope)):
            id = known("request_id").encode()

            async def send_with_id(message: MutableMapping[str, Any]) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    message["headers"] = [*message["headers"], (HEADER, id)]
                await send(message)

            try:
                await self.app(scope, receive, send_with_id)
            finally:
                _write_down(scope, status, time.monotonic() - began)

    def _id(self, scope: Scope) -> str:
        if self.trusts(scope):
            given = next((value for name, value in scope["headers"] if name == HEADER), b"")
            if _TAKEN.fullmatch(given):
                return str(given.decode())
        return secrets.token_hex(6)


def download_of(scope: Any) -> str | None:
    """The id of the download that the request's address names."""
    if not scope.get("path_template", "").startswith(("/downloads/", "/api/v1/downloads/")):
        return None
    return as_download_id(scope["path_params"].get("id"))


def _write_down(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in METHODS else "other"
    # Only what is in our list of routes: nobody can make up labels.
    route = scope.get("path_template") or "none"
    meters.count("inlay_http_requests", method=method, route=route, status=str(status))
    meters.observe("inlay_http_request_duration_seconds", seconds, method=method, route=route)
    level = _level(scope, method, status)
    if log.isEnabledFor(level):
        path, ms = scope["path"][:500], round(seconds * 1000)
        user = scope.get("user")
        extra = {
            "user_id": user.id if user else None,
            "download_id": download_of(scope),
            "fields": {"method": method, "path": path, "status": status, "ms": ms},
        }
        log.log(level, "%s %s %d %d ms", method, path, status, ms, extra=extra)


def _level(scope: Scope, method: str, status: int) -> int:
    """Looking is not worth a line, and pages look all the time; doing something and being refused is."""
    if status >= 500:
        return logging.WARNING
    handler = scope.get("route_handler")
    quiet = method in ("GET", "HEAD", "OPTIONS") or (handler is not None and handler.opt.get("quiet"))
    return logging.DEBUG if quiet and (status < 400 or status == 404) else logging.INFO
