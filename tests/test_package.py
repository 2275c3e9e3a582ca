"""The wheel of a checkout: complete, and working outside of the source tree."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.cli import COMMANDS
from tests.journeys import short_track
from tests.media.site import MediaSite
from tests.running import Inlay, wait_for

ROOT = Path(__file__).parents[1]
FOLDERS = ("app", "templates", "static", "migrations")
FILES = (
    *("pyproject.toml", "hatch_build.py", "README.md", "LICENSE"),
    *("package.json", "package-lock.json", ".npmrc"),
)
MARK = "/* from the installed package */"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what a fresh checkout has: the front-end libraries are not in it."""
    checkout, built = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for name in FOLDERS:
        shutil.copytree(
            ROOT / name, checkout / name, ignore=shutil.ignore_patterns("vendor", "__pycache__", "*.egg-info")
        )
    for name in FILES:
        shutil.copy(ROOT / name, checkout)
    pip("wheel", str(checkout), "--no-deps", "--wheel-dir", str(built))
    (made,) = built.glob("inlay-*.whl")
    return made


@pytest.fixture(scope="module")
def target(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed") / "lib"
    pip("install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


@pytest.fixture(scope="module")
def installed(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """An installation whose program is the wheel's, with marks in a page and in a style sheet."""
    for name, end in (("static/look.css", ""), ("templates/base.html", "</body>")):
        file = target / "app" / name
        before, _, after = file.read_text().rpartition(end) if end else (file.read_text(), "", "")
        file.write_text(f"{before}{MARK}{end}{after}")
    with Inlay(tmp_path_factory.mktemp("home")) as inlay:
        inlay.environment["PYTHONPATH"] = str(target)
        yield inlay


def pip(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def run(inlay: Inlay, *arguments: str, input: str | None = None) -> str:
    """Run the installed program somewhere else; the answer is what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=input,
        capture_output=True,
        text=True,
        env=inlay.environment,
        cwd=inlay.home,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_has_everything_that_the_program_reads(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        htmx = archive.read("app/static/vendor/htmx.min.js")
        entry_points = archive.read(f"{wheel.name.rpartition('-py3')[0]}.dist-info/entry_points.txt")
    for folder in FOLDERS:
        files = [file for file in (ROOT / folder).rglob("*") if file.is_file()]
        wanted = {str(file.relative_to(ROOT)) for file in files if "__pycache__" not in file.parts}
        wanted = {name for name in wanted if not Path(name).name.startswith(".")}
        assert {name if folder == "app" else f"app/{name}" for name in wanted} <= names
    assert b"htmx" in htmx
    assert "app/static/vendor/htmx.LICENSE" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert b"inlay = app.cli:main" in entry_points
    assert not [
        name for name in names if "__pycache__" in name or name.startswith(("tests/", "node_modules/"))
    ]


def test_the_installed_commands_work_elsewhere(installed: Inlay, target: Path) -> None:
    where = run(installed, "-c", "import app; print(app.__file__)").strip()
    assert Path(where).is_relative_to(target)
    assert len(run(installed, "-m", "app", "formats").splitlines()) == 7
    shown = run(installed, str(target / "bin" / "inlay"), "--help")
    assert all(name in shown for name in COMMANDS)
    info = json.dumps({"title": "Saltmarsh", "artist": "Ida Holm"})
    assert json.loads(run(installed, "-m", "app", "propose", input=info))["artist"] == "Ida Holm"


def test_the_installed_server_serves_its_own_pages_and_fetches_a_track(installed: Inlay) -> None:
    run(installed, "-m", "app", "user", "add", "alice", "--password-stdin", input="a quiet evening")
    serving = subprocess.Popen(
        [sys.executable, "-m", "app", "serve"],
        stdout=subprocess.DEVNULL,
        stderr=installed.log.open("a"),
        env=installed.environment,
        cwd=installed.home,
    )
    try:
        wait_for(lambda: installed.is_up() or serving.poll() is not None, 30)
        login = httpx.get(f"{installed.url}/login")
        assert login.status_code == 200, installed.log.read_text()
        assert MARK in login.text
        assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', login.text)
        assert {asset.partition("?")[0] for asset in assets} >= {
            "/static/look.css",
            "/static/vendor/htmx.min.js",
        }
        for asset in assets:
            assert httpx.get(installed.url + asset).status_code == 200, asset
        assert MARK in httpx.get(f"{installed.url}/static/look.css").text
        with MediaSite() as site:
            added = run(installed, "-m", "app", "add", short_track(site, "packed"), "--wait", "--yes")
        assert added == "added: Ida Holm/Saltmarsh packed.mp3\n"
        assert installed.files() == ["Ida Holm/Saltmarsh packed.mp3"]
    finally:
        serving.terminate()
        assert serving.wait(15) == 0
