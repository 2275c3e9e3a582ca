"""A real `inlay serve` in a process of its own, and a program's way to talk to it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx

PASSWORD = "a quiet evening"
RESTS = ("review", "done", "failed", "cancelled", "discarded", "skipped")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], Any], seconds: float = 60, every: float = 0.05) -> Any:
    """The first true answer of `what`, or a failure that says the last one."""
    deadline = time.monotonic() + seconds
    while True:
        answer = what()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} s"
        time.sleep(every)


_first_users: dict[tuple[str, bool], tuple[tempfile.TemporaryDirectory[str], str]] = {}


class Inlay:
    """One installation in `home`: data, library and settings of its own."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.library = home / "music"
        self.data = home / "data"
        self.staging = self.data / "staging"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("INLAY_")},
            "INLAY_DATA_DIR": str(self.data),
            "INLAY_LIBRARY_DIR": str(self.library),
            "INLAY_PORT": str(self.port),
            "INLAY_ALLOW_HOSTS": "127.0.0.1",
            "INLAY_RETRY_DELAYS_S": "1",
            "INLAY_UNDO_S": "0",
            "INLAY_YTDLP_CHANNEL": "bundled",
            **{f"INLAY_{name.upper()}": value for name, value in settings.items()},
        }
        self.launcher: list[str | Path] = [sys.executable, "-m", "app"]
        """How to start it, all but the command's name."""
        self.log = home / "inlay.log"
        self.process: subprocess.Popen[str] | None = None
        self.token = ""

    def __enter__(self) -> "Inlay":
        home = self.home
        home.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.kill()

    def command(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `inlay …` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            input=input,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=Path(__file__).parents[1],
            timeout=120,
        )

    def add_user(self, name: str = "alice", *, admin: bool = False) -> str:
        """A user with the test password; the answer is a token of theirs.

        The first one of an installation is made once in a process, and copied: it takes seconds to make.
        """
        if not self.data.exists() and self.environment["INLAY_DATA_DIR"] == str(self.data):
            if (name, admin) not in _first_users:
                folder = tempfile.TemporaryDirectory(prefix="inlay-first-user-")
                made = Inlay(Path(folder.name))
                _first_users[name, admin] = folder, made._make_user(name, admin=admin)
            folder, token = _first_users[name, admin]
            shutil.copytree(Path(folder.name, "data"), self.data)
            self.token = self.token or token
            return token
        return self._make_user(name, admin=admin)

    def _make_user(self, name: str, *, admin: bool) -> str:
        extra = ["--admin"] if admin else []
        made = self.command("user", "add", name, "--password-stdin", *extra, input=PASSWORD)
        assert made.returncode == 0, made.stderr
        token = self.command("token", "add", "--user", name)
        assert token.returncode == 0, token.stderr
        self.token = self.token or token.stdout.strip()
        return token.stdout.strip()

    def start(self, *, seconds: float = 90, command: str = "serve") -> "Inlay":
        self.process = subprocess.Popen(
            [*self.launcher, command],
            stdout=subprocess.PIPE,
            stderr=self.log.open("a"),
            text=True,
            env=self.environment,
            cwd=Path(__file__).parents[1],
        )
        wait_for(lambda: self.is_up() or self.process.poll() is not None, seconds)  # type: ignore[union-attr]
        assert self.is_up(), self.log.read_text()[-4000:]
        return self

    def is_up(self) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=2)) as connection:
            try:
                connection.request("GET", "/api/v1/health")
                return connection.getresponse().status == 200
            except (OSError, HTTPException):
                return False

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self.process
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(15)

    def kill(self) -> None:
        """Like a power cut for the process."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def api(self, token: str | None = None) -> httpx.Client:
        return httpx.Client(
            base_url=f"{self.url}/api/v1",
            # Nobody is to be verified here, and loading the authorities takes longer than most of our calls.
            verify=False,
            headers={"Authorization": f"Bearer {token or self.token}"},
            timeout=20,
        )

    def submit(self, url: str, **more: Any) -> str:
        with self.api() as api:
            answer = api.post("/downloads/url", json={"url": url, **more})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def download(self, id: str) -> dict[str, Any]:
        with self.api() as api:
            answer = api.get(f"/downloads/{id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def rest(self, id: str, seconds: float = 90) -> dict[str, Any]:
        """The download when nothing goes on by itself any more."""
        found: dict[str, Any] = wait_for(lambda: (d := self.download(id))["state"] in RESTS and d, seconds)
        return found

    def confirm(self, id: str, **tags: Any) -> dict[str, Any]:
        with self.api() as api:
            answer = api.post("/downloads/confirm", json={"id": id, **tags})
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def done(self, id: str, seconds: float = 90) -> dict[str, Any]:
        found: dict[str, Any] = wait_for(
            lambda: (d := self.download(id))["state"] in RESTS[1:] and d, seconds
        )
        assert found["state"] == "done", json.dumps(found, indent=1)
        return found

    def files(self) -> list[str]:
        """The library's visible files, relative to it."""
        return sorted(
            str(file.relative_to(self.library))
            for file in self.library.rglob("*")
            if file.is_file() and not file.name.startswith(".")
        )
