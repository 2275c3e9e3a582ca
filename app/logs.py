"""The log: one line per event, as text or JSON, with the request or download it is about, without secrets."""

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from app.redact import Redactor, one_line
from app.settings import Settings

ABOUT = ("request_id", "download_id", "user_id")
MAX_CHARS = 4_000
"""Of a message; a stranger's text may be long."""
QUIET = ("huey", "httpx", "httpcore", "watchfiles", "sqlalchemy", "urllib3", "asyncio", "alembic", "PIL")
"""At their lower levels these say much, and some of it is secret: they are heard from warnings on."""

_SHORT = {"request_id": "request", "download_id": "download", "user_id": "user"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_about: dict[str, ContextVar[Any]] = {name: ContextVar(name, default=None) for name in ABOUT}


@contextmanager
def about(**known: str | int | None) -> Iterator[None]:
    """Lines from within say what they are about: `request_id`, `download_id`, `user_id`.

    Also those of threads that Litestar starts for a request; a thread of one's own begins with nothing.
    """
    tokens = [(_about[name], _about[name].set(value)) for name, value in known.items()]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)


def known(name: str) -> Any:
    """What the lines from here are about; None where nothing is known."""
    return _about[name].get()


def as_download_id(text: object) -> str | None:
    """An id from an address, if it can be one at all."""
    return text if isinstance(text, str) and _UUID.fullmatch(text) else None


class Lines(logging.Formatter):
    """Base of both forms: what a line holds, redacted. `extra={"trace": …}` is told like a traceback."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self.redact = redact

    def message(self, record: logging.LogRecord) -> str:
        return one_line(self.redact(_shortened(record.getMessage())))

    def trace(self, record: logging.LogRecord) -> list[str]:
        """The lines of its traceback, each harmless by itself."""
        text = self.formatException(record.exc_info) if record.exc_info else getattr(record, "trace", "")
        return [one_line(line) for line in self.redact(str(text)).splitlines()]

    def facts(self, record: logging.LogRecord) -> dict[str, Any]:
        found = {name: getattr(record, name, None) or known(name) for name in ABOUT}
        return {name: value for name, value in found.items() if value is not None}


class TextLines(Lines):
    """`2026-11-27T20:55:01.123Z INFO inlay.stage [download=… user=1] ready for review`"""

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(
            f"{_SHORT[name]}={one_line(str(value))}" for name, value in self.facts(record).items()
        )
        head = f"{_moment(record)} {record.levelname} {record.name}{f' [{facts}]' if facts else ''}"
        # Indented: no line but ours begins with a moment.
        return "\n  | ".join([f"{head} {self.message(record)}", *self.trace(record)])


class JsonLines(Lines):
    """One object per line: `time`, `level`, `logger`, `message`, what it is about, and `trace`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
            **self.facts(record),
        }
        for name, value in getattr(record, "fields", {}).items():
            line[name] = self.redact(value) if isinstance(value, str) else value
        if trace := self.trace(record):
            line["trace"] = "\n".join(trace)
        return json.dumps(line, default=str)


def set_up(settings: Settings) -> None:
    """For a server: everything that any library says goes through one formatter, to stderr."""
    redact = Redactor(secrets_of(settings))
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(redact) if settings.log_format == "json" else TextLines(redact))
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.raiseExceptions = False
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # What it says at a start and a stop, we say ourselves.
    logging.getLogger("uvicorn").setLevel(max(level, logging.WARNING) if level > logging.DEBUG else level)
    logging.captureWarnings(True)
    threading.excepthook = _thread_failed


def secrets_of(settings: Settings) -> list[str]:
    found = [str(getattr(settings, one.name)) for one in fields(settings) if one.metadata["secret"]]
    return [*found, urlsplit(settings.proxy).password or ""]


def _thread_failed(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit:
        return
    name = args.thread.name if args.thread else "?"
    error = args.exc_value or args.exc_type()
    logging.getLogger("inlay").error("the thread %s failed", name, exc_info=error)


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}… ({len(text)} characters)"
