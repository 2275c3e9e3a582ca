"""The systemd unit of docs/install.md: systemd knows all of it, and Inlay works within its walls."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.as_unit import calls_of, can_build_walls
from tests.media.audio import make, picture
from tests.media.site import MediaSite
from tests.running import Inlay

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "docs" / "inlay.service"
SYSTEMD = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


def setting(name: str) -> str:
    (found,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(found)


def verified(text: str, folder: Path) -> str:
    """What systemd says about it. The program that it starts lies elsewhere here."""
    file = folder / "inlay.service"
    file.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", text, flags=re.MULTILINE))
    told = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True)
    # Of other units on this machine it says things as well.
    said = [line for line in (told.stdout + told.stderr).splitlines() if file.name in line]
    return "\n".join(said)


def findings(inlay: Inlay, *program: str | Path) -> list[tuple[str, str]]:
    told = subprocess.run(
        [*program, "doctor", "--json"], capture_output=True, text=True, cwd=ROOT, env=inlay.environment
    )
    return [(one["check"], one["code"]) for one in json.loads(told.stdout)]


@SYSTEMD
def test_systemd_knows_every_line_of_the_unit(tmp_path: Path) -> None:
    text = UNIT.read_text()
    assert verified(text, tmp_path) == ""
    for before, after in (
        ("ProtectClock=", "ProtectClocks="),
        ("Type=exec", "Type=exce"),
        ("@system-service", "@system-services"),
    ):
        assert before in text
        assert verified(text.replace(before, after), tmp_path), f"it would not see {after}"


@SYSTEMD
def test_the_changes_that_the_guide_tells_fit_the_unit(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "install.md").read_text()
    (more,) = re.findall(r"```ini\n(\[Unit\].*?)```", guide, re.DOTALL)
    assert verified(f"{UNIT.read_text()}\n{more}", tmp_path) == ""


@SYSTEMD
def test_the_unit_leaves_little_to_whoever_breaks_in(tmp_path: Path) -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", UNIT],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0, told.stdout


@SYSTEMD
@pytest.mark.skipif(not can_build_walls(), reason="only root with libseccomp can, and not in every container")
def test_a_track_is_converted_and_added_within_the_walls_of_the_unit(tmp_path: Path, site: MediaSite) -> None:
    """It can write its own folders only, has no capability, and other system calls are refused."""
    link = site.track("walled", make("flac", 4), title="Walled", artist="Ida", thumbnail=picture(640, 360))
    calls = tmp_path / "calls"
    calls.write_text("\n".join(calls_of(setting("SystemCallFilter"))))
    program, *arguments = shlex.split(setting("ExecStart"))
    with Inlay(tmp_path / "home") as inlay:
        inlay.add_user("alice", admin=True)
        temporary = tmp_path / "tmp"
        for folder in (temporary, inlay.library):
            folder.mkdir()
        given = dict(word.partition("=")[::2] for word in shlex.split(setting("Environment")))
        assert {"INLAY_DATA_DIR", "INLAY_LIBRARY_DIR"} <= given.keys()
        inlay.environment |= {name: text for name, text in given.items() if not name.startswith("INLAY_")}
        inlay.environment |= {"TMPDIR": str(temporary)}
        inlay.launcher = [
            *(sys.executable, "-m", "tests.as_unit", calls),
            *(temporary, inlay.data, inlay.library, inlay.home),
            *("--", Path(sys.executable).with_name(Path(program).name)),
        ]
        (command,) = arguments
        inlay.start(command=command)
        id = inlay.rest(inlay.submit(link))["id"]
        inlay.confirm(id)
        done = inlay.done(id)
        assert (inlay.library / done["path"]).suffix == ".mp3"
        assert (inlay.library / done["path"]).is_file()
        # Landlock, the JavaScript engine, the egress guard and the rest are what they are without the walls.
        assert findings(inlay, *inlay.launcher) == findings(inlay, inlay.launcher[-1])
        status = Path(f"/proc/{inlay.process.pid}/status").read_text()  # type: ignore[union-attr]
        assert re.search(r"^Seccomp:\t2$", status, re.MULTILINE)
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        assert inlay.stop() == 0
        log = inlay.log.read_text()
    assert "Operation not permitted" not in log, log
