"""How fast a folder of music gets into the index, next to a plain mutagen loop and `beet import -A`."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from app.library.folder import prepare_folder
from app.migrate import migrate
from tests.bench import folder as music
from tests.bench.figures import Run, Table
from tests.bench.processes import CpuMeter

FILES = 2_000
ROUNDS = 3
MOST_OF_MUTAGEN = 2.0
MOST_OF_BEETS = 0.1
RESCAN_A_SECOND = 20_000
BEETS_FILES = 2_000
"""The most that beets is asked to take: it needs five milliseconds for each."""


def measure(rounds: int | None = None, files: int = FILES) -> Table:
    """By the clock and in CPU seconds; ratios per file, as beets gets no more than it can take in a while."""
    table = Table("scan", f"{files:,} files of ten formats, with covers")
    home = Path(tempfile.mkdtemp(prefix="inlay-bench-"))
    try:
        library = home / "library"
        prepare_folder(library, home)
        music.fill(library, files)
        turns = rounds or (ROUNDS if files <= FILES else 1)
        walked = _best([_look("walk", library) for _ in range(turns)])
        table.add("os.walk and stat: files a second", files / walked.wall_s, "", cpu=walked.cpu_s)
        plain = _best([_look("mutagen", library) for _ in range(turns)])
        table.add("mutagen.File, a plain loop: files a second", files / plain.wall_s, "", cpu=plain.cpu_s)
        beets = _beets(table, home, library) if importlib.util.find_spec("beets") else None
        _ours(table, home, library, files, turns, plain, beets)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return table


def _ours(
    table: Table, home: Path, library: Path, files: int, turns: int, plain: Run, beets: float | None
) -> None:
    firsts, memory = [], (0.0, 0.0)
    for turn in range(turns):
        database = home / f"{turn}.db"
        migrate(database)
        said = _said("inlay", library, str(database))
        assert said["files"] == files, said
        firsts.append(Run(said["seconds"], said["cpu_s"]))
        memory = said["rss_mb"], said["child_rss_mb"]
    first = _best(firsts)
    table.add("first scan: files a second", files / first.wall_s, "", cpu=first.cpu_s)
    table.add_ratio("mutagen loop", first, plain, most=MOST_OF_MUTAGEN)
    if beets:
        table.add("  × beet import -A, a file", first.wall_s / files / beets, "×", most=MOST_OF_BEETS)
    table.add("  memory of the scanning process", memory[0], "MB")
    table.add("  memory of its largest child", memory[1], "MB")
    again = _best([_timed_again(library, home / "0.db") for _ in range(turns)])
    per_100k = again.wall_s / files * 1e5
    table.add("rescan, nothing changed: files a second", files / again.wall_s, "", cpu=again.cpu_s)
    table.add("  for 100,000", per_100k, "s", most=1e5 / RESCAN_A_SECOND)


def _timed_again(library: Path, database: Path) -> Run:
    said = _said("inlay", library, str(database))
    return Run(said["seconds"], said["cpu_s"])


def _beets(table: Table, home: Path, library: Path) -> float:
    """Seconds for each file."""
    some = home / "some"
    files = [path for path in sorted(library.rglob("*")) if path.is_file() and not path.name.startswith(".")]
    for file in files[:BEETS_FILES]:
        target = some / file.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, target)
    (home / "beets").mkdir()
    settings = f"directory: {home}/beets\nlibrary: {home}/beets.db\nimport: {{copy: no, write: no}}\n"
    (home / "beets" / "config.yaml").write_text(settings)
    command = [sys.executable, "-m", "beets", "import", "-A", "-C", "-q", str(some)]
    with CpuMeter(os.getpid()) as meter:
        began = time.perf_counter()
        subprocess.run(
            command, env={**os.environ, "BEETSDIR": f"{home}/beets"}, check=True, capture_output=True
        )
        took = time.perf_counter() - began
    number = min(len(files), BEETS_FILES)
    table.add(f"beet import -A, {number:,} files: files a second", number / took, "", cpu=meter.seconds)
    return took / number


def _look(how: str, library: Path) -> Run:
    said = _said(how, library)
    return Run(said["seconds"], said["cpu_s"])


def _said(how: str, library: Path, *more: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.scanning", how, str(library), *more]
    answer = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _best(runs: list[Run]) -> Run:
    """The quickest round: in the others, other programs got in the way."""
    return Run(min(run.wall_s for run in runs), min(run.cpu_s for run in runs))
