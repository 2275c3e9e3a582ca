"""How soon a large library answers: searches as somebody types them, lists, artists, releases, filters."""

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from litestar.testing import TestClient

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.children.parent import WarmParent
from app.db import Database
from app.downloads.progress import ProgressBoard
from app.library import find
from app.library.model import Track
from app.library.search import understand
from app.migrate import migrate
from app.services import Services
from app.settings import Settings
from app.web import create_app
from tests.bench import shelf
from tests.bench.figures import Table

TRACKS = 2_000
ROUNDS = 7
MOST_MS = 50
SEARCHES = {
    "one letter": "l",
    "two letters": "lo",
    "a common word": "love",
    "with an article": "the love",
    "two words": "love night",
    "inside words": "arbou",
    "a whole artist": "{artist}",
    "a typo": "summre",
    "a typo in a rare word": "{typo}",
    "a typo and a word": "wintr river",
    "nothing": "qxqxqx",
}


def measure(rounds: int | None = None, tracks: int = TRACKS) -> Table:
    table = Table("library", f"{tracks:,} tracks")
    folder = Path(tempfile.mkdtemp(prefix="inlay-bench-"))
    try:
        migrate(folder / "inlay.db")
        db = Database(folder / "inlay.db")
        began, before = time.perf_counter(), time.process_time()
        shelf.fill(db, tracks)
        took, cpu = time.perf_counter() - began, time.process_time() - before
        table.add("rows written a second", tracks / took, "", cpu=cpu)
        _measure(table, folder, db, rounds or ROUNDS)
        db.close()
        table.add("database", (folder / "inlay.db").stat().st_size / 1e6, "MB")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return table


def _measure(table: Table, folder: Path, db: Database, rounds: int) -> None:
    with db.read() as session:
        [track] = find.newest(session, limit=1).items
        middle = find.newest(session, limit=200).items[-1]
    typo = track.artist.lower()
    typo = typo[:3] + typo[4] + typo[3] + typo[5:] if len(typo) > 5 else typo[:-1]
    words = {name: q.format(artist=track.artist, typo=typo) for name, q in SEARCHES.items()}
    for name, q in words.items():
        table.add(f"search, {name}", _best(lambda q=q: _search(db, q), rounds), "ms", most=MOST_MS)  # type: ignore[misc]
    q = "love"
    pages = {
        "page, newest": "/library",
        "page, further down": f"/library?before={middle.id}",
        "page, by name": "/library?view=tracks",
        "page, artists": "/library?view=artists",
        "page, artists that are searched": "/library?view=artists&q=b",
        "page, releases": "/library?view=releases",
        "page, releases that are searched": f"/library?view=releases&q={q}",
        "page, one artist": f"/library/artist?key={track.artist_key}",
        "page, one release": f"/library/release?key={track.album_key}&by={track.album_artist_key}",
        "page, lossless": "/library?lossless=yes",
        "page, lossless of a site": "/library?lossless=yes&site=soundcloud.com",
        "page, what nobody likes": "/library?liked=yes",
        "page, a search with filters": "/library?q=l&lossless=yes&site=soundcloud.com",
        "page, a search with filters, in vain": "/library?q=l&by=99",
        "page, as somebody types": f"/library?q={q}",
        "API, a search": f"/api/v1/library/tracks?q={q}",
    }
    settings = Settings(data_dir=folder, library_dir=folder / "library")
    services = Services(
        settings, db, b"0" * 32, lambda name, id: None, WarmParent("app.sources.warmup:warm_up")
    )
    user = setup.create_user(db, "alice", "a long password", is_admin=False)
    with db.write() as session:
        _, token = sessions.create_token(session, user.id, Scope.FULL, "bench")
    with TestClient(create_app(services, ProgressBoard(folder))) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        for name, path in pages.items():

            def ask(path: str = path) -> object:
                answer = client.get(path)
                assert answer.status_code == 200, answer.text
                return answer

            table.add(name, _best(ask, rounds), "ms")


def _search(db: Database, q: str) -> tuple[list[Track], int]:
    """What the page asks of the database for every key."""
    with db.read() as session:
        search = understand(session, q)
        return list(find.newest(session, search).items), find.count(session, search)


def _best(work: Callable[[], object], rounds: int) -> float:
    """In milliseconds, of the quickest round: in the others, other programs got in the way."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return 1000 * min(took)
