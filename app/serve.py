"""`inlay serve`: web and worker in one process, started and stopped in order; `web` and `worker` apart."""

import ctypes
import json
import logging
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable
from importlib.metadata import version

import click
import uvicorn

from app import __version__, logs, meters
from app.cli import COMMANDS, Environment
from app.errors import InlayError
from app.meter_line import MeterLine
from app.worker import Parts, Worker, build

log = logging.getLogger("inlay.serve")

YT_DLP = "2026.10.26"
"""The version that this release was tested with; an older one that pip chose silently must not start."""

GRACE_S = 2

M_ARENA_MAX, ARENAS = -8, 2
"""As malloc.h has it. Each of our many threads may otherwise keep a heap of its own: 6 MB more when idle."""


def _start(environment: Environment) -> Parts:
    if mallopt := getattr(ctypes.CDLL(None), "mallopt", None):
        mallopt(M_ARENA_MAX, ARENAS)
    logs.set_up(environment.settings)
    found = version("yt-dlp")
    if found != YT_DLP:
        raise InlayError(f"yt-dlp is {found}, but this Inlay needs {YT_DLP}. Install Inlay again.")
    parts = build(environment.settings)
    settings = environment.settings
    log.info(
        "Inlay %s with yt-dlp %s and SQLite %s: data in %s, library in %s",
        __version__,
        found,
        sqlite3.sqlite_version,
        settings.data_dir,
        settings.library_dir,
    )
    return parts


def _end(parts: Parts) -> None:
    parts.close()
    log.info("stopped")


def _say(environment: Environment, as_json: bool) -> None:
    """The one line that a start prints."""
    settings = environment.settings
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{settings.port}{settings.base_path}/"
    click.echo(json.dumps({"url": url}) if as_json else f"Inlay is at {url}")


class Server(uvicorn.Server):
    """uvicorn that says when it listens."""

    def __init__(self, parts: Parts, say: Callable[[], None]) -> None:
        from app.access import Access
        from app.front import Front, is_from_proxy
        from app.web import create_app

        settings = parts.services.settings
        super().__init__(
            uvicorn.Config(
                Front(Access(create_app(parts.services, parts.board), trusts=is_from_proxy), settings),
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=30,
                ws="none",
                # uvloop would cost 3 MB of memory; our pages are as fast without it.
                loop="asyncio",
            )
        )
        self.say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.say()


def _run_web(environment: Environment, parts: Parts, as_json: bool) -> None:
    # uvicorn raises the signal that ended it once more when it is done: the rest still has to stop.
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: None)
    try:
        Server(parts, lambda: _say(environment, as_json)).run()
    except SystemExit as error:
        settings = environment.settings
        message = f"Port {settings.port} on {settings.host} cannot be used. Choose another INLAY_PORT."
        raise InlayError(message) from error


@click.command(help=COMMANDS["serve"][1])
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
@click.pass_obj
def serve(environment: Environment, as_json: bool) -> None:
    parts = _start(environment)
    running = Worker(parts)
    running.start()
    try:
        _run_web(environment, parts, as_json)
    finally:
        running.stop()
        _end(parts)


@click.command(help=COMMANDS["web"][1])
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
@click.pass_obj
def web(environment: Environment, as_json: bool) -> None:
    meters.process = "web"
    parts = _start(environment)
    parts.services.warm.wanted = False
    try:
        _run_web(environment, parts, as_json)
    finally:
        _end(parts)


@click.command(help=COMMANDS["worker"][1])
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def worker(environment: Environment, as_json: bool) -> None:
    meters.process = "worker"
    parts = _start(environment)
    running, line = Worker(parts), MeterLine(environment.settings.data_dir)
    stop = threading.Event()
    # A signal may reach another thread, which does not wake this one: the byte that is written then does.
    woken, waking = socket.socketpair()
    waking.setblocking(False)
    signal.set_wakeup_fd(waking.fileno())
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    running.start()
    line.start()
    click.echo(json.dumps({"worker": "running"}) if as_json else "Inlay's worker is running.")
    while not stop.is_set():
        woken.recv(1)
    line.stop()
    running.stop()
    _end(parts)
