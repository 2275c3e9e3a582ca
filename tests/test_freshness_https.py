"""A package index with a certificate of one's own; and the look once a day, by a clock that is moved."""

import os
import shutil
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from app.freshness.installs import Installs
from app.freshness.keeper import minute_of
from app.freshness.update import INSTALLED, NOT_NOW, update
from app.freshness.versions import bundled
from app.settings import Settings
from tests.fresh_index import FreshIndex, wheel
from tests.media import tls
from tests.running import wait_for

NEWER = "2026.11.20"


@pytest.mark.skipif(tls.openssl() is None, reason="openssl is not installed")
def test_an_index_over_https_is_trusted_by_its_authority_alone(tmp_path: Path) -> None:
    for name in ("data", "right", "wrong"):
        (tmp_path / name).mkdir()
    context, authority = tls.self_signed(tmp_path / "right")
    _, strange = tls.self_signed(tmp_path / "wrong")
    with FreshIndex(context) as index:
        index.add(NEWER, wheel(NEWER))
        assert index.url.startswith("https:")

        def look(ca_file: Path | None) -> tuple[str, str, str]:
            settings = Settings(data_dir=tmp_path / "data", ytdlp_index_url=index.url, ca_file=ca_file)
            found = update(settings, Installs(settings))
            return found.outcome, found.version.text, found.message

        for untrusted in (None, strange):
            outcome, version, said = look(untrusted)
            assert (outcome, version) == (NOT_NOW, bundled().text)
            assert "a certificate that is not trusted here" in said
            assert "INLAY_CA_FILE" in said
        assert index.asked == [], "nothing was said to it"
        assert look(authority)[:2] == (INSTALLED, NEWER)


KEEPS = """
import sys, threading
from pathlib import Path
from app.freshness import keeper
from app.freshness.installs import Installs
from app.settings import Settings
keeper.START_S, keeper.NAP_S = 1.0, 0.1
settings = Settings(data_dir=Path(sys.argv[1]), ytdlp_index_url=sys.argv[2])
installs, told = Installs(settings), None
running = keeper.Keeper(settings, b"secret", installs)
running.start()
ended = threading.Thread(target=sys.stdin.read)
ended.start()
pause = threading.Event()  # faketime spoils `sleep`.
while ended.is_alive():
    if installs.last_look != told and not installs.looking:
        told = installs.last_look
        pause.wait(0.2)  # Until it has decided when to look again.
        print(told.outcome, file=open(sys.argv[3], "a"))
    pause.wait(0.05)
running.stop()
"""


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
def test_it_is_looked_once_a_day_at_this_installations_minute_whatever_the_clock_does(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    clock = tmp_path / "clock"
    at = datetime(2026, 11, 28) + timedelta(minutes=minute_of(b"secret"))

    def set_clock(moment: datetime) -> None:
        half = tmp_path / "half"
        half.write_text(f"@{moment:%Y-%m-%d %H:%M:%S}\n")
        half.rename(clock)

    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        pytest.skip("faketime's library is somewhere else")
    environment = {
        **os.environ,
        "TZ": "UTC",
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        # Pauses last as long as they last.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    # Three hours before its minute.
    set_clock(at - timedelta(hours=3))
    with FreshIndex() as index:
        looks = tmp_path / "looks"
        looks.touch()
        command = [sys.executable, "-c", KEEPS, str(tmp_path / "data"), index.url, str(looks)]
        root = Path(__file__).parents[1]

        def looked(number: int) -> bool:
            return looks.read_text() == "current\n" * number == "current\n" * len(index.asked)

        running = subprocess.Popen(command, env=environment, cwd=root, stdin=subprocess.PIPE)
        try:
            wait_for(lambda: looked(1), 60)
            # Not three hours later: that was just now. At the next one.
            for moment in (at + timedelta(minutes=1), at + timedelta(days=1, minutes=-30)):
                set_clock(moment)
                with pytest.raises(AssertionError):
                    wait_for(lambda: looked(2), 1.5)
            set_clock(at + timedelta(days=1, seconds=1))
            wait_for(lambda: looked(2), 60)
            # Off for three days: once, not three times.
            set_clock(at + timedelta(days=4, hours=1))
            wait_for(lambda: looked(3), 60)
            with pytest.raises(AssertionError):
                wait_for(lambda: looked(4), 1.5)
        finally:
            assert running.stdin
            running.stdin.close()
            assert running.wait(20) == 0
