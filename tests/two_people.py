"""Two people in one Inlay: Bob has something in every state, and Alice may neither see nor change it."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uuid6 import uuid7

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.db import Database, now
from app.downloads.model import State
from tests.journeys import short_track
from tests.media.audio import picture
from tests.media.site import MediaSite
from tests.running import PASSWORD, Inlay

SECRET = "Saltmarsh Bobs Own"
"""In each of Bob's titles, labels and devices, but for his track in the library, which is everybody's."""


@dataclass
class Person:
    """An account with a signed-in browser and tokens. `downloads` has one id or more for each state."""

    id: int
    name: str
    cookie: str
    form_token: str
    full: str
    submit: str
    token_ids: list[int]
    session_id: int
    downloads: dict[str, list[str]] = field(default_factory=dict)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.full}"}

    @property
    def submitting(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.submit}"}

    @property
    def browser(self) -> dict[str, str]:
        return {"Cookie": f"{sessions.COOKIE}={self.cookie}"}


@dataclass
class TwoPeople:
    """`inlay` runs as `inlay web`: no worker, so nothing but a request can change anything."""

    inlay: Inlay
    alice: Person
    bob: Person
    shared_track: str
    """The library's id of the track that Bob added."""

    @property
    def file(self) -> Path:
        return self.inlay.data / "inlay.db"

    def rows(self, user_id: int) -> dict[str, list[Any]]:
        """Everything in the database that belongs to a user, from whatever table has a `user_id`."""
        with closing(sqlite3.connect(self.file)) as db:
            tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            columns = {
                table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")] for table in tables
            }
            found = {"users": db.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchall()}
            for table in tables:
                if "user_id" in columns[table]:
                    query = f"SELECT * FROM {table} WHERE user_id = ? ORDER BY 1"
                elif "download_id" in columns[table]:
                    query = (
                        f"SELECT * FROM {table} WHERE download_id IN "
                        "(SELECT id FROM downloads WHERE user_id = ?) ORDER BY 1"
                    )
                else:
                    continue
                found[table] = db.execute(query, (user_id,)).fetchall()
        return found

    def files(self, person: Person) -> dict[str, str]:
        """Every staged file of a person's downloads and every file of the library, by its hash."""
        folders = [self.inlay.staging / id for ids in person.downloads.values() for id in ids]
        return {
            str(file.relative_to(self.inlay.home)): hashlib.sha256(file.read_bytes()).hexdigest()
            for folder in [*folders, self.inlay.library]
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }

    def all_of_bobs(self) -> tuple[dict[str, list[Any]], dict[str, str]]:
        return self.rows(self.bob.id), self.files(self.bob)

    def secrets(self) -> set[str]:
        """What no answer to Alice may contain."""
        rows = self.rows(self.bob.id)
        ids = {row[0] for table in ("downloads", "staged_tracks") for row in rows[table]}
        return {*ids, SECRET, "bobs-own", self.bob.cookie, self.bob.full, self.bob.submit, "Bobs telephone"}


@contextmanager
def two_people(home: Path, site: MediaSite) -> Iterator[TwoPeople]:
    """Their first downloads come by the real way; those in other states are copies of these rows."""
    with Inlay(home) as inlay:
        inlay.start()
        # The first user is an admin, so neither of the two may be it.
        _, alice, bob = (_join(inlay, name) for name in ("root", "alice", "bob"))
        shared = ""
        for person, name in ((alice, "alices-own"), (bob, "bobs-own")):
            title = SECRET if person is bob else "Saltmarsh Alices"
            links = {
                state: short_track(
                    site, f"{name}-{state}", title=f"{title} {state}", thumbnail=picture(64, 64)
                )
                for state in ("review", "done")
            }
            if person is bob:
                # The library is everybody's: this one is no secret.
                links["done"] = short_track(site, "for-everybody", title="Saltmarsh For Everybody")
            with inlay.api(person.full) as api:
                for state, link in links.items():
                    sent = {"url": link, "skip_review": state == "done"}
                    person.downloads[state] = [api.post("/downloads/url", json=sent).json()["id"]]
        for person in (alice, bob):
            own = copy(inlay)
            own.token = person.full
            own.rest(person.downloads["review"][0])
            shared = own.done(person.downloads["done"][0])["tracks"][0]["library_track_id"]
        assert inlay.stop() == 0
        found = TwoPeople(inlay, alice, bob, shared)
        for person in (alice, bob):
            _fill_every_state(found, person)
        yield TwoPeople(inlay.start(command="web"), alice, bob, shared)


def _join(inlay: Inlay, name: str) -> Person:
    db = Database(inlay.data / "inlay.db")
    user = setup.create_user(db, name, PASSWORD, is_admin=False)
    with db.write() as session:
        cookie = sessions.start(session, user.id, f"{name.title()}s telephone", now())
        rows = [
            sessions.create_token(session, user.id, scope, f"{name}s-own {scope}")
            for scope in (Scope.FULL, Scope.SUBMIT)
        ]
    with closing(sqlite3.connect(db.file)) as raw:
        (session_id,) = raw.execute("SELECT id FROM sessions WHERE user_id = ?", (user.id,)).fetchone()
    db.close()
    form_token = sessions.form_token((inlay.data / "secret").read_bytes(), cookie)
    (full, full_token), (submit, submit_token) = rows
    ids = [full.id, submit.id]
    return Person(user.id, name, cookie, form_token, full_token, submit_token, ids, session_id)


def _fill_every_state(world: TwoPeople, person: Person) -> None:
    for state in State:
        if state not in ("review", "done"):
            person.downloads[state] = [copy_download(world, person, state)]


def copy_download(world: TwoPeople, person: Person, state: str) -> str:
    """Another download like the person's first one in review, but in `state`. Returns its id."""
    model, id = person.downloads["review"][0], str(uuid7())
    changed: dict[str, Any] = {"id": id, "state": str(state)}
    with closing(sqlite3.connect(world.file, timeout=20)) as db, db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM downloads WHERE id = ?", (model,)).fetchone())
        changed |= {"url_key": f"{row['url_key']}&{id}", "url": f"{row['url']}?{id}"}
        if state == "failed":
            changed |= {"failure_kind": "temporary", "failure_message": f"{row['title']} was gone."}
        if state in ("failed", "cancelled", "discarded", "skipped", "done"):
            changed["finished_at"] = row["created_at"]
        _insert(db, "downloads", row | changed)
        for track in db.execute("SELECT * FROM staged_tracks WHERE download_id = ?", (model,)).fetchall():
            _insert(db, "staged_tracks", {**dict(track), "id": str(uuid7()), "download_id": id})
    shutil.copytree(world.inlay.staging / model, world.inlay.staging / id)
    return id


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
