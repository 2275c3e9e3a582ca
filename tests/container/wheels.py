"""`python -m tests.container wheels`: no wheel of the image has to be compiled, on either machine."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.container.image import ROOT

MACHINES = ("x86_64", "aarch64")
PYTHON = "3.13"
"""Of Debian trixie, and so of the image."""
OTHERS = ("3.11", "3.14")
"""Of Debian bookworm, which many a Raspberry Pi has, and the newest."""
GLIBC = range(17, 42)


def chosen(machine: str, version: str = PYTHON) -> dict[str, str]:
    """Wheel by project, as pip chooses them for this machine. Raises when one is no wheel."""
    platforms = ["manylinux2014", *(f"manylinux_2_{minor}" for minor in GLIBC)]
    tags = [word for one in platforms for word in ("--platform", f"{one}_{machine}")]
    abis = [word for one in (f"cp{version.replace('.', '')}", "abi3", "none") for word in ("--abi", one)]
    wanted = subprocess.run(
        [sys.executable, "container/requirements.py", "yes"], cwd=ROOT, text=True, stdout=-1, check=True
    ).stdout
    with tempfile.TemporaryDirectory(prefix="inlay-wheels-") as folder:
        Path(folder, "wanted.txt").write_text(wanted)
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
                *("--dry-run", "--ignore-installed", "--target", f"{folder}/none"),
                *("--only-binary=:all:", "--python-version", version, "--implementation", "cp", *abis, *tags),
                *("-c", str(ROOT / "requirements.lock"), "-r", f"{folder}/wanted.txt"),
                *("--report", f"{folder}/report.json"),
            ],
            check=True,
        )
        report = json.loads(Path(folder, "report.json").read_text())
    links = [one["download_info"]["url"] for one in report["install"]]
    files = [link.rpartition("/")[2] for link in links]
    return {file.partition("-")[0].lower(): file for file in sorted(files, key=str.lower)}


def table() -> list[str]:
    ours, theirs = (chosen(machine) for machine in MACHINES)
    lines = [f"{'wheel':<26}{'version':<18}{MACHINES[0]:<34}{MACHINES[1]}"]
    for name in sorted({*ours, *theirs}):
        one, other = (_tags(found.get(name, "")) for found in (ours, theirs))
        version = (ours.get(name) or theirs[name]).split("-")[1]
        lines.append(f"{name:<26}{version:<18}{one:<34}{other}")
    pure = sum("-any.whl" in file for file in theirs.values())
    lines.append(f"\n{len(theirs)} wheels: {pure} for any machine, {len(theirs) - pure} for {MACHINES[1]}.")
    for version in OTHERS:
        lines.append(
            f"Python {version}: {len(chosen(MACHINES[1], version))} wheels for {MACHINES[1]}, none missing."
        )
    return lines


def _tags(file: str) -> str:
    """Such as `cp313 manylinux_2_28`; the lowest C library of several."""
    if not file:
        return "MISSING"
    _, _, python, _, platforms = file.removesuffix(".whl").rsplit("-", 4)
    if platforms == "any":
        return "any"
    return f"{python} {platforms.split('.')[0].removesuffix('_x86_64').removesuffix('_aarch64')}"
