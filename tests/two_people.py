"""Two people in one Inlay: Bob has something in every state, and Alice may neither see nor change it."""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from uuid6 import uuid7

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.audio.model import Quality
from app.cookies import queries as cookies
from app.cookies import seal
from app.db import Database, now
from app.downloads.model import Conversion, Download, StagedTrack, State
from app.downloads.queries import FINAL
from app.library.change_model import Change, Kind, Snapshot
from app.library.model import Track
from app.rules import queries
from app.tags.model import Proposal, Suggestion, Tags
from app.tell.model import Hook
from tests.media.audio import make, picture
from tests.running import PASSWORD, Inlay

SECRET = "Saltmarsh Bobs Own"
"""In each of Bob's titles, labels and devices, but for his track in the library, which is everybody's."""

SHARED_TABLES = ("tracks", "trashed", "changes")

QUALITY = Quality(
    codec="mp3",
    container="mp3",
    lossless=False,
    sample_rate_hz=44_100,
    bitrate_bps=192_000,
    channels=2,
    duration_ms=3_000,
    size_bytes=73_000,
)


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
    rule_id: str = ""
    hook_id: str = ""
    site: str = "127.0.0.1"
    """Whose cookies Bob has saved; Alice has none."""

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
    bobs_change: str
    """What he did to a track: that is in his history alone."""

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
        """Every staged file of a person's downloads, by its hash."""
        return {
            str(file.relative_to(self.inlay.home)): hashlib.sha256(file.read_bytes()).hexdigest()
            for id in sum(person.downloads.values(), [])
            for file in sorted((self.inlay.staging / id).rglob("*"))
            if file.is_file()
        }

    def all_of_bobs(self) -> tuple[dict[str, list[Any]], dict[str, str]]:
        """Without the library, which is everybody's: whoever is signed in may edit and delete there."""
        rows = {table: found for table, found in self.rows(self.bob.id).items() if table not in SHARED_TABLES}
        return rows, self.files(self.bob)

    @cached_property
    def secrets(self) -> frozenset[str]:
        """What no answer to Alice may contain."""
        rows = self.rows(self.bob.id)
        ids = {row[0] for table in ("downloads", "staged_tracks", "rules", "hooks") for row in rows[table]}
        told = (SECRET, "bobs-own", "Bobs telephone", self.bob.cookie, self.bob.full, self.bob.submit)
        return frozenset({*ids, *told})


@contextmanager
def two_people(home: Path) -> Iterator[TwoPeople]:
    """Their rows and files are written as the worker would: nothing has to be fetched for these tests."""
    # Links of covers are fetched at once: nothing of what these tests make up leaves the machine.
    with Inlay(home, proxy="http://127.0.0.1:9") as inlay:
        inlay.start(command="web", seconds=90)
        # The first user is an admin, so neither of the two may be it.
        _, alice, bob = (_join(inlay, name) for name in ("root", "alice", "bob"))
        db = Database(inlay.data / "inlay.db")
        for person in (alice, bob):
            for state in State:
                person.downloads[state] = [_download(inlay, db, person, state)]
            person.rule_id = _rule(db, person)
            person.hook_id = _hook(db, person)
        _cookies(inlay, db, bob)
        shared = _track_for_everybody(inlay, db, bob)
        change = _change(db, bob, shared)
        db.close()
        yield TwoPeople(inlay, alice, bob, shared, change)


def _download(inlay: Inlay, db: Database, person: Person, state: State) -> str:
    """A download in this state, with its staged track and files."""
    title = f"{SECRET if person.name == 'bob' else 'Saltmarsh Alices'} {state}"
    id, link = str(uuid7()), f"music.example/{person.name}s-own/{state}"
    suggested = {
        name: Suggestion(value=value, reason="The page says so", confidence=0.9)
        for name, value in {"title": title, "artist": "Ida Holm", "date": "2023-04-05"}.items()
    }
    with db.write() as session:
        session.add(
            Download(
                id=id,
                user_id=person.id,
                url=f"https://{link}",
                url_key=link,
                site="music.example",
                state=state,
                failure_kind="temporary" if state is State.FAILED else None,
                failure_message=f"{title} was gone." if state is State.FAILED else None,
                format="mp3",
                conflict="keep_both",
                title=title,
                finished_at=now() if state in FINAL else None,
                tracks=[
                    StagedTrack(
                        proposal=Proposal(fields=suggested),
                        source_file="source.mp3",
                        source_quality=QUALITY,
                        converted_file="source.mp3",
                        conversion=Conversion.DONE,
                        cover_file="cover.jpg",
                    )
                ],
            )
        )
    folder = inlay.staging / id
    folder.mkdir(parents=True)
    shutil.copyfile(make("mp3", 3), folder / "source.mp3")
    for name in ("cover.jpg", "cover-small.jpg"):
        (folder / name).write_bytes(picture(64, 64))
    return id


def _rule(db: Database, person: Person) -> str:
    """What the person taught about a channel, which is theirs alone."""
    name = SECRET if person.name == "bob" else "Saltmarsh Alices"
    with db.write() as session:
        return queries.put(
            session, person.id, "artist_is", name, site="music.example", channel_name=f"{name} channel"
        ).id


def _hook(db: Database, person: Person) -> str:
    """Where a program of the person's hears of their downloads."""
    name = f"{person.name}s-own"
    with db.write() as session:
        hook = Hook(
            kind="webhook",
            user_id=person.id,
            address=f"https://{name}.example/hook",
            secret=f"{name}-key",
            events="ready,done",
            message=f"It took {name}.",
        )
        session.add(hook)
        session.flush()
        return hook.id


def _cookies(inlay: Inlay, db: Database, person: Person) -> None:
    """Of a site that Bob signs in to; their value is only ever in his downloads' requests."""
    secret = (inlay.data / "secret").read_bytes()
    text = f"{person.site}\tFALSE\t/\tFALSE\t0\tsession\tbobs-own-cookie\n"
    with db.write() as session:
        sealed = seal.seal(secret, text, person.id, person.site)
        cookies.put(session, person.id, person.site, sealed, 1, None)


def _track_for_everybody(inlay: Inlay, db: Database, owner: Person) -> str:
    """A track that its owner added to the library, which is everybody's: this one is no secret."""
    file = inlay.library / "Ida Holm" / "For Everybody.mp3"
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(make("mp3", 3), file)
    facts = file.stat()
    track = Track(
        path="Ida Holm/For Everybody.mp3",
        path_key="ida holm/for everybody.mp3",
        size_bytes=facts.st_size,
        mtime_ns=facts.st_mtime_ns,
        inode=facts.st_ino,
        title="For Everybody",
        artist="Ida Holm",
        quality=QUALITY,
        source_quality=QUALITY,
        title_words="\n for  everybody\n",
        artist_words="\n ida  holm\n",
        user_id=owner.id,
        download_id=owner.downloads[State.DONE][0],
    )
    with db.write() as session:
        session.add(track)
        session.flush()
        return track.id


def _change(db: Database, person: Person, track_id: str) -> str:
    """An edit of a track that the person has made."""
    before, after = Snapshot(tags=Tags(title=f"{SECRET} before")), Snapshot(tags=Tags(title=SECRET))
    made = {"id": str(uuid7()), "kind": Kind.EDITED, "track_id": track_id, "user_id": person.id}
    with db.write() as session:
        session.add(Change(**made, before=before, after=after, path_after="gone.mp3", done_at=now()))
    return str(made["id"])


def _join(inlay: Inlay, name: str) -> Person:
    db = Database(inlay.data / "inlay.db")
    user = setup.create_user(db, name, PASSWORD, is_admin=False)
    with db.write() as session:
        cookie = sessions.start(session, user.id, f"{name.title()}s telephone", now())
        rows = [
            sessions.create_token(session, user.id, scope, f"{name}s-own {scope}")
            for scope in (Scope.FULL, Scope.SUBMIT)
        ]
        # As if used just now: the next use is not worth writing down, so rows can be compared.
        for row, _ in rows:
            row.used_at = now()
    with closing(sqlite3.connect(db.file)) as raw:
        (session_id,) = raw.execute("SELECT id FROM sessions WHERE user_id = ?", (user.id,)).fetchone()
    db.close()
    form_token = sessions.form_token((inlay.data / "secret").read_bytes(), cookie)
    (full, full_token), (submit, submit_token) = rows
    ids = [full.id, submit.id]
    return Person(user.id, name, cookie, form_token, full_token, submit_token, ids, session_id)


def copy_download(world: TwoPeople, person: Person, state: str) -> str:
    """Another download of the person, like the one in review, but in `state`. Returns its id."""
    model, id = person.downloads["review"][0], str(uuid7())
    changed: dict[str, Any] = {"id": id, "state": str(state)}
    with closing(sqlite3.connect(world.file, timeout=20)) as db, db:
        db.row_factory = sqlite3.Row
        row = dict(db.execute("SELECT * FROM downloads WHERE id = ?", (model,)).fetchone())
        changed |= {"url_key": f"{row['url_key']}&{id}", "url": f"{row['url']}?{id}"}
        if state == "failed":
            changed |= {"failure_kind": "temporary", "failure_message": f"{row['title']} was gone."}
        if state in FINAL:
            changed["finished_at"] = row["created_at"]
        _insert(db, "downloads", row | changed)
        for track in db.execute("SELECT * FROM staged_tracks WHERE download_id = ?", (model,)).fetchall():
            _insert(db, "staged_tracks", {**dict(track), "id": str(uuid7()), "download_id": id})
    shutil.copytree(world.inlay.staging / model, world.inlay.staging / id)
    return id


def _insert(db: sqlite3.Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
