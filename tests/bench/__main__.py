"""`python -m tests.bench [PART …] [--rounds N] [--tracks N] [--json]`: how fast Inlay is, and how light.

Parts: single, batch, pages, recovery, writes, memory, egress, propose, library, scan, board, vitals; all of
them when none is named. On a machine with other work the clock tells little: compare CPU seconds then.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import (
    batch,
    board,
    egress,
    library,
    memory,
    pages,
    propose,
    recovery,
    scan,
    single,
    vitals,
    writes,
)
from tests.bench.figures import Table, summary
from tests.bench.processes import Others
from tests.bench.world import Bench, Scale
from tests.media import audio
from tests.media.site import MediaSite
from tests.running import Inlay

PARTS = {
    module.__name__.rpartition(".")[2]: module
    for module in (
        single,
        batch,
        pages,
        recovery,
        writes,
        memory,
        egress,
        propose,
        library,
        scan,
        board,
        vitals,
    )
}


def run(part: str, template: Path, token: str, scale: Scale, rounds: int | None, tracks: int) -> Table:
    """One part with an Inlay of its own, which starts with the accounts of `template`."""
    module = PARTS[part]
    if part in ("library", "scan"):
        return module.measure(rounds, tracks)
    if part in ("egress", "propose", "board"):
        return module.measure(rounds)
    home = Path(tempfile.mkdtemp(prefix="inlay-bench-"))
    shutil.copytree(template, home, dirs_exist_ok=True)
    try:
        with MediaSite() as site, Inlay(home, **module.SETTINGS) as inlay:
            inlay.token = token
            trace = writes.trace_of(inlay) if part == "writes" else None
            inlay.start(seconds=60)
            bench = Bench(site, inlay, scale, rounds)
            return writes.measure(bench, trace) if trace else module.measure(bench)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main(parts: list[str], rounds: int | None, tracks: int, as_json: bool, scale: Scale) -> None:
    began, others = time.monotonic(), Others()
    tables = []
    with tempfile.TemporaryDirectory(prefix="inlay-bench-") as folder:
        template = Path(folder)
        token = Inlay(template).add_user("alice", admin=True)
        for kind in ("m4a", "wav") if set(parts) - {"propose", "library", "scan", "board"} else ():
            audio.make(kind, scale.track_s)
        for part in parts:
            if part == "writes" and not writes.can_trace():
                print(
                    "writes: left out, since strace is not installed (apt install strace)\n", file=sys.stderr
                )
                continue
            if part == "board" and not board.can_group():
                print("board: left out, since no control group can be made here\n", file=sys.stderr)
                continue
            tables.append(run(part, template, token, scale, rounds, tracks))
            if not as_json:
                print("\n".join(tables[-1].lines()), flush=True)
    took, share = round(time.monotonic() - began), round(others.share)
    if as_json:
        found = [table.as_json() for table in tables]
        print(json.dumps({"seconds": took, "others_percent": share, "parts": found}, indent=1))
        return
    if len(tables) > 1:
        print("\n".join([*summary(tables), ""]))
    print(f"{took} s in all. Other programs took about {share} % of this machine meanwhile.")


def arguments() -> argparse.Namespace:
    about, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=more)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, help="turns of each case; else what each part thinks right")
    parser.add_argument(
        "--tracks",
        type=int,
        default=library.TRACKS,
        help="how many the parts library and scan have; 2,000 by default",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    found = parser.parse_args()
    if unknown := set(found.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return found


if __name__ == "__main__":
    given = arguments()
    main(given.parts or list(PARTS), given.rounds, given.tracks, given.json, Scale())
