"""Does the server of this installation run and answer? Light: `inlay doctor --quick` asks it all the time."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from app import __version__
from app.checks.findings import Finding, ok, wrong
from app.locks import worker_runs
from app.settings import Settings

ANSWER_S = 5.0
HEALTH = "/api/v1/health"
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


@dataclass(frozen=True)
class Answer:
    """Of whoever listens on our port; `version` is None when it is not Inlay."""

    version: str | None


def check_server(settings: Settings) -> Iterator[Finding]:
    """For a look at everything: that nothing runs is fine as long as it could."""
    found, where = ask(settings), f"{settings.host}:{settings.port}"
    if found and found.version is None:
        yield wrong("port-unusable", "server", f"something else answers on {where}")
    elif found and found.version != __version__:
        yield wrong("server-other-version", "server", f"{found.version} runs, this is {__version__}")
    elif found:
        yield ok("server", f"answers on {where}")
    elif worker_runs(settings.data_dir):
        yield wrong("server-not-answering", "server", f"a worker runs, but nobody answers on {where}")
    elif trouble := _cannot_listen(settings):
        yield wrong("port-unusable", "server", f"not running, and {where} cannot be used ({trouble})")
    else:
        yield ok("server", f"not running; {where} is free")


def check_answers(settings: Settings) -> Iterator[Finding]:
    """For a supervisor: it has to run."""
    found, where = ask(settings), f"{settings.host}:{settings.port}"
    if found and found.version is not None:
        yield ok("server", f"answers on {where}")
    else:
        yield wrong("server-not-answering", "server", f"nobody answers on {where}")


def check_worker(settings: Settings) -> Iterator[Finding]:
    """Where the worker runs alone, there is no port to ask."""
    if worker_runs(settings.data_dir):
        yield ok("worker", "running")
    else:
        yield wrong("worker-not-running", "worker", "not running")


def ask(settings: Settings) -> Answer | None:
    """What the health page says; None when nobody answers. Without a library: those take longer to load."""
    host = ANYWHERE.get(settings.host, settings.host)
    request = f"GET {HEALTH} HTTP/1.0\r\nHost: {host}:{settings.port}\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((host, settings.port), timeout=ANSWER_S) as connection:
            connection.sendall(request.encode())
            answer = b""
            while len(answer) < 65536 and (more := connection.recv(4096)):
                answer += more
    except OSError:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        told = json.loads(body) if b" 200 " in head.split(b"\r\n")[0] else {}
        return Answer(str(told["version"]))
    except (ValueError, KeyError, TypeError):
        return Answer(None)


def _cannot_listen(settings: Settings) -> str:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""
