"""A clock that is a year ahead or stands in 1970, as on a small machine without a battery."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.accounts import queries, sessions
from app.accounts.guards import find_by_cookie
from app.db import Database
from tests.faults.conftest import MakeScene

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
YEAR = timedelta(days=365)
SERVE = """
import os, select, time
# The wrong clock is the server's alone.
del os.environ["LD_PRELOAD"]
# Under libfaketime a short clock_nanosleep fails now and then (EINVAL).
time.sleep = lambda seconds: select.select([], [], [], seconds)
from app.cli import main
main()
"""


def test_a_wrong_clock_stops_no_download_and_signs_nobody_out_for_good(make_scene: MakeScene) -> None:
    if FAKETIME is None:
        pytest.skip("needs the Debian package faketime")
    scene = make_scene(format="original")
    scene.run("-c", SERVE)
    database = Database(scene.data / "inlay.db")
    moment = datetime.now(UTC)
    with database.write() as session:
        alice = queries.find_user(session, "alice")
        assert alice
        cookie = sessions.start(session, alice.id, "", moment)
    wrong = {"LD_PRELOAD": str(FAKETIME), "DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
    scene.environment |= wrong
    for number, clock in enumerate(("+365d", "@1970-01-02 00:00:00")):
        scene.environment["FAKETIME"] = clock
        scene.start()
        id = scene.in_review(f"under {number}")
        assert abs(int(scene.row(id)["created_at"][:4]) - moment.year) >= 1, "the server has the wrong clock"
        scene.confirm(id)
        scene.until(id, state="done")
        assert scene.stop() == 0
    with database.write() as session:
        for clock in (moment + YEAR, datetime(1970, 1, 2, tzinfo=UTC)):
            # Somebody signs in meanwhile, which tidies up.
            sessions.start(session, alice.id, "", clock)
    found = find_by_cookie(SimpleNamespace(db=database, secret=b"secret"), cookie)  # type: ignore[arg-type]
    assert found.user
    assert found.user.name == "alice"
    database.close()


def test_a_session_seen_under_a_clock_that_was_ahead_gets_its_right_lifetime_back() -> None:
    now = datetime.now(UTC)
    assert sessions.is_due(now + YEAR, now)
    assert not sessions.is_due(now - timedelta(minutes=5), now)
