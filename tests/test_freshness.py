"""Newer versions of yt-dlp: which is taken, what is refused, and what is fallen back to."""

import fcntl
import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from app.children.parent import WarmParent
from app.downloads import warmup
from app.errors import Conflict, Invalid, SettingsError
from app.freshness.installs import FACTS, KEPT, Facts, Installs
from app.freshness.keeper import minute_of, next_look
from app.freshness.update import Outcome, update
from app.freshness.versions import bundled, read
from app.settings import Settings, read_settings
from tests.fresh_index import FreshIndex
from tests.running import free_port

BROKEN = {"yt_dlp/__init__.py": b"raise ImportError('nothing works')\n"}


@pytest.fixture
def index() -> Iterator[FreshIndex]:
    with FreshIndex() as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, index: FreshIndex) -> Settings:
    (tmp_path / "data").mkdir()
    return Settings(data_dir=tmp_path / "data", ytdlp_index_url=index.url)


def look(settings: Settings, **more: object) -> Outcome:
    return update(settings, Installs(settings), **more)  # type: ignore[arg-type]


def tiny(changes: dict[str, bytes]) -> bytes:
    """A wheel that comes as far as these files let it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("yt_dlp-2026.11.20.dist-info/METADATA", b"Name: yt-dlp\n")
        for name, body in changes.items():
            archive.writestr(name, body)
    return made.getvalue()


def put(installs: Installs, version: str, source: bytes = b"", **more: object) -> Path:
    """A folder like that of an installed version."""
    folder = installs.root / version
    (folder / "yt_dlp").mkdir(parents=True)
    (folder / "yt_dlp" / "__init__.py").write_bytes(source)
    facts = Facts(sha256="0" * 64, ejs=None, installed_at=datetime.now(UTC))
    (folder / FACTS).write_bytes(msgspec.json.encode(msgspec.structs.replace(facts, **more)))
    return folder


def test_versions_are_in_the_order_in_which_they_came_out() -> None:
    texts = ["2025.12.8", "2026.08.01", "2026.8.19", "2026.8.19.1", "2026.8.19.233000.dev0", "2026.10.26"]
    found = [read(text) for text in texts]
    assert None not in found
    assert sorted(found, key=lambda one: one.numbers) == found  # type: ignore[union-attr]
    assert found[1].text == "2026.8.1"  # type: ignore[union-attr]
    for odd in ("2026.13.1", "../2026.1.1", "2026.1", "2026.1.1rc1", "2026.1.1\n", "", "٢٠٢٦.1.1"):
        assert read(odd) is None


def test_offline_and_nothing_new_are_told_and_leave_no_trace(settings: Settings, index: FreshIndex) -> None:
    index.add(bundled().text, b"never fetched")
    index.add("2026.11.20.93000.dev0", b"a nightly")
    index.add("2026.11.21", b"for another Python", **{"requires-python": ">=3.99"})
    index.add("2026.11.22", b"taken back", yanked="oh no")
    found = look(settings, by_hand=True)
    assert (found.outcome, found.version) == ("current", bundled())
    away = replace(settings, ytdlp_index_url=f"http://127.0.0.1:{free_port()}/simple")
    found = look(away)
    assert (found.outcome, found.version) == ("not_now", bundled())
    assert "cannot be reached" in found.message
    assert index.asked == ["/simple/yt-dlp/"], "only the list was asked for"
    assert list(settings.data_dir.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "said", "is_for_good"),
    [
        ("hash", "SHA-256", False),
        ("outside", "no wheel of yt-dlp holds", True),
        ("other package", "no wheel of yt-dlp holds", True),
        ("link", "no wheel of yt-dlp holds", True),
        ("bomb", "no wheel of yt-dlp holds", True),
        ("large", "too large", False),
        ("no wheel", "no wheel", True),
        ("broken", "nothing works", True),
        ("other version", "It says that it is 2026.01.02", True),
    ],
)
def test_what_is_not_a_good_wheel_is_never_used(
    settings: Settings, index: FreshIndex, kind: str, said: str, is_for_good: bool
) -> None:
    link = zipfile.ZipInfo("yt_dlp/link")
    link.external_attr = 0o120777 << 16
    bodies = {
        "hash": lambda: tiny({}),
        "outside": lambda: tiny({"yt_dlp/../../../../outside.py": b""}),
        "other package": lambda: tiny({"app/__init__.py": b"", "yt_dlp/__init__.py": b""}),
        "link": lambda: tiny({link: b"/etc/passwd"}),  # type: ignore[dict-item]
        "bomb": lambda: tiny({f"yt_dlp/{n}": bytes(2**25) for n in range(5)}),
        "large": lambda: bytes(33 * 2**20),
        "no wheel": lambda: b"<!doctype html>",
        "broken": lambda: tiny(BROKEN),
        "other version": lambda: tiny(
            {"yt_dlp/__init__.py": b"", "yt_dlp/version.py": b"__version__ = '2026.01.02'"}
        ),
    }
    index.add("2026.11.20", bodies[kind]())
    if kind == "hash":
        index.pages["yt-dlp"][-1]["hashes"]["sha256"] = "0" * 64
    found = look(settings, by_hand=True)
    assert (found.outcome, found.version) == ("failed", bundled())
    assert said in found.message
    files = {path.name for path in settings.data_dir.rglob("*")}
    assert files == {"yt-dlp", "lock"} | ({"set-aside.json"} if is_for_good else set())
    if is_for_good:
        asked = len(index.asked)
        again = look(settings)
        assert (again.outcome, again.version) == ("current", bundled()), "it is not fetched again every day"
        assert index.asked[asked:] == ["/simple/yt-dlp/"]


def test_a_nightly_is_taken_where_it_is_asked_for(settings: Settings, index: FreshIndex) -> None:
    index.add("2026.11.20.93000.dev0", tiny(BROKEN))
    assert look(settings).outcome == "current"
    assert "2026.11.20.93000.dev0 is not used" in look(settings, channel="nightly").message
    nightly = replace(settings, ytdlp_channel="nightly")
    again = look(nightly, by_hand=True)
    assert "2026.11.20.93000.dev0 is not used" in again.message, "whoever asks by hand gets another try"
    with pytest.raises(Invalid, match="keeps to"):
        look(replace(settings, ytdlp_channel="bundled"), by_hand=True)


def test_only_one_process_installs_at_a_time(settings: Settings, index: FreshIndex) -> None:
    index.add("2026.11.20", tiny(BROKEN))
    with Installs(settings).locked(), pytest.raises(Conflict, match="right now"):
        look(settings)


def test_the_index_is_not_asked_over_an_open_line() -> None:
    for url in ("http://pypi.example/simple", "ftp://pypi.org/simple", "http://127.0.0.1.example/simple"):
        with pytest.raises(SettingsError):
            read_settings({"INLAY_YTDLP_INDEX_URL": url})
    assert read_settings({"INLAY_YTDLP_INDEX_URL": "https://devpi.example/root/pypi/+simple/"})


def test_an_index_that_leads_elsewhere_over_an_open_line_is_not_followed(
    settings: Settings, index: FreshIndex
) -> None:
    index.add("2026.11.20", tiny({}), url="http://files.example/yt_dlp.whl")
    found = look(settings)
    assert (found.outcome, found.version) == ("failed", bundled())
    assert "open line" in found.message


def test_what_does_not_load_gives_way_to_the_one_before_and_is_set_aside(tmp_path: Path) -> None:
    installs = Installs(Settings(data_dir=tmp_path))
    put(installs, "2099.1.2", b"raise SystemExit('no')")
    put(installs, "2099.1.1", b"import no_such_module")
    for _ in range(2):
        assert installs.in_use().text == "2099.1.2", "once may be bad luck"
        warm = WarmParent(warmup.CALL)
        warm.extra = installs
        with warm.child("app.freshness.trial:abilities_in_child", {}, {}) as child:
            assert "Urllib" in child.result(seconds=60)["can"], "the bundled one does the work"
        warm.close()
    assert installs.in_use() == bundled()
    assert sorted(installs.aside()) == ["2099.1.1", "2099.1.2"]
    assert "no_such_module" in installs.aside()["2099.1.1"].reason


def test_a_process_that_dies_while_it_loads_counts_as_a_failure(tmp_path: Path) -> None:
    installs = Installs(Settings(data_dir=tmp_path))
    put(installs, "2099.1.1", b"import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    warm = WarmParent(warmup.CALL)
    warm.extra = installs
    for _ in range(2):
        warm.warm()
        assert installs.in_use().text == "2099.1.1", "once may be bad luck"
        assert warm._process
        warm._process.wait(60)
    warm.warm()
    warm.close()
    assert installs.in_use() == bundled()
    assert "ended while it loaded" in installs.aside()["2099.1.1"].reason


def test_three_versions_are_kept_and_those_that_somebody_runs_from(tmp_path: Path) -> None:
    installs = Installs(Settings(data_dir=tmp_path))
    for day in range(1, 6):
        put(installs, f"2099.1.{day}")
    held = os.open(installs.root / "2099.1.2", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    (installs.root / ".new-left").mkdir()
    with installs.locked():
        ready = installs.new_folder()
        put(installs, "2099.1.6").rename(ready / "tree")
        version = read("2099.1.6")
        assert version
        installs.place(ready / "tree", version)
        ready.rmdir()
    os.close(held)
    assert KEPT == 3
    assert [one.version.text[-1] for one in installs.all()] == ["6", "5", "4", "2"]
    assert not list(installs.root.glob(".new-*"))


def test_another_channel_counts_at_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    stable = Installs(settings)
    put(stable, "2020.1.1")
    put(stable, "2099.1.1")
    put(stable, "2099.1.2.93000.dev0")
    nightly = Installs(replace(settings, ytdlp_channel="nightly"))
    neither = Installs(replace(settings, ytdlp_channel="bundled"))
    assert [one.in_use().text for one in (nightly, stable, neither)] == [
        "2099.1.2.93000.dev0",
        "2099.1.1",
        bundled().text,
    ]
    put(stable, "2099.1.3.93000.dev0", by_hand=True)
    assert stable.in_use().text == "2099.1.3.93000.dev0"
    stable.leave_nightlies()
    assert stable.in_use().text == "2099.1.1"
    assert "2020.1.1" not in [Path(folder).name for folder in stable.folders()], "older than the bundled one"


def test_each_installation_looks_once_a_day_at_a_minute_of_its_own() -> None:
    minutes = [minute_of(bytes([number])) for number in range(200)]
    assert len(set(minutes)) > 100
    assert all(0 <= minute < 24 * 60 for minute in minutes)
    moment = datetime(2026, 11, 27, 9, 30, 12, tzinfo=UTC)
    assert next_look(moment, 9 * 60 + 31) == datetime(2026, 11, 28, 9, 31, tzinfo=UTC)
    assert next_look(moment, 23 * 60) == datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    for minute in minutes:
        ahead = next_look(moment, minute) - moment
        assert timedelta(hours=12) <= ahead <= timedelta(hours=36)
