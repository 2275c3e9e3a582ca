"""`inlay user add` and `inlay token add`, as processes on a real data folder."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.accounts import passwords, queries, sessions
from app.accounts.model import User
from app.db import Database
from tests.accounts_app import PASSWORD

CLI = """
import sys
from pathlib import Path
import click
from app.accounts.commands import token, user
from app.db import Base, Database
from app.errors import InlayError

class Environment:
    settings = None
    def database(self):
        db = Database(Path(sys.argv[1]))
        Base.metadata.create_all(db.engine)
        return db

inlay = click.Group("inlay", commands=[user, token])
try:
    inlay(sys.argv[2:], obj=Environment())
except InlayError as error:
    sys.exit(f"inlay: {error.message}")
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "inlay.db"


def inlay(file: Path, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CLI, str(file), *arguments], input=stdin, capture_output=True, text=True
    )


def add_user(file: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    return inlay(file, "user", "add", name, "--password-stdin", *more, stdin=f"{PASSWORD}\n")


def find(file: Path, name: str) -> User | None:
    with Database(file).read() as session:
        return queries.find_user(session, name)


def test_first_user_is_an_admin_and_the_command_says_so(file: Path) -> None:
    done = add_user(file, "Alice")
    assert done.stdout == "Added Alice, an admin.\nThe first user is always an admin.\n"
    made = find(file, "alice")
    assert made
    assert made.is_admin
    assert passwords.verify(made.password_hash, PASSWORD)


def test_later_users_are_admins_only_when_asked_for(file: Path) -> None:
    add_user(file, "alice")
    assert json.loads(add_user(file, "bob", "--json").stdout) == {"id": 2, "name": "bob", "is_admin": False}
    assert json.loads(add_user(file, "carol", "--admin", "--json").stdout)["is_admin"]


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("ALICE", PASSWORD, "inlay: There is already a user of that name. Choose another one.\n"),
        ("bob", "short", "inlay: Use at least 8 characters for the password.\n"),
        ("", PASSWORD, "inlay: Use 1 to 64 visible characters for the name.\n"),
    ],
)
def test_what_cannot_be_added_is_one_sentence_and_exit_code_1(
    file: Path, name: str, password: str, sentence: str
) -> None:
    add_user(file, "alice")
    done = inlay(file, "user", "add", name, "--password-stdin", stdin=password)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


def test_without_a_terminal_nothing_is_asked(file: Path) -> None:
    done = inlay(file, "user", "add", "alice", stdin=f"{PASSWORD}\n")
    assert done.returncode == 1
    assert "--password-stdin" in done.stderr


def test_on_a_terminal_the_password_is_asked_twice_and_not_shown(file: Path) -> None:
    terminal, inside = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", CLI, str(file), "user", "add", "alice"],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    shown = b""
    for prompt in (b"Password:", b"Again:"):
        shown += read_until(terminal, prompt)
        os.write(terminal, f"{PASSWORD}\n".encode())
    shown += read_until(terminal, b"an admin.")
    child.wait(10)
    os.close(terminal)
    assert PASSWORD.encode() not in shown
    assert find(file, "alice")


def read_until(terminal: int, wanted: bytes) -> bytes:
    shown, end = b"", time.monotonic() + 10
    while wanted not in shown:
        assert time.monotonic() < end, shown
        shown += os.read(terminal, 4096)
    # The prompt is written before the echo is switched off and the line is read.
    time.sleep(0.1)
    return shown


def test_token_add_prints_the_token_alone(file: Path) -> None:
    add_user(file, "alice")
    done = inlay(file, "token", "add", "--user", "Alice", "--scope", "submit", "--label", "my  phone")
    made = done.stdout.removesuffix("\n")
    with Database(file).read() as session:
        found = queries.find_token(session, sessions.hashed(made))
    assert found
    assert (found[0].scope, found[0].label, found[1].name) == ("submit", "my phone", "alice")


def test_token_add_as_json_has_full_access_by_default(file: Path) -> None:
    add_user(file, "alice")
    made = json.loads(inlay(file, "token", "add", "--user", "alice", "--json").stdout)
    assert made.pop("token").startswith("inlay_")
    assert made == {"id": 1, "scope": "full", "label": "API token"}


def test_token_for_nobody_is_refused(file: Path) -> None:
    add_user(file, "alice")
    done = inlay(file, "token", "add", "--user", "eve")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "inlay: There is no user 'eve'. Add one with: inlay user add NAME\n"
