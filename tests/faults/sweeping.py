"""The finalize step, failed or killed at its file-system calls, one call in each trial.

    python -m tests.faults.sweeping GROUND --faults KILL,EIO,ENOSPC [--step NAME] …

GROUND is a folder that `ground.py` made: one confirmed download whose track is staged and converted. This
process imports everything once and forks: a trial runs the real step in a process that strace makes stumble,
looks at what is there, and lets another process do what a restart does. One JSON line for each trial.
"""

import argparse
import gc
import json
import logging
import os
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import app.children.parent
from app.children.child import serve_one
from app.downloads import undo
from app.downloads.convert import Converter
from app.downloads.finalize import Finalizer
from app.downloads.progress import ProgressBoard
from app.tags import containers
from tests.faults.ground import Ground
from tests.faults.replacing_ground import ReplacingGround
from tests.faults.stumbling import Call, calls_of, run_traced
from tests.faults.trash_ground import CHANGES, TrashGround
from tests.faults.undo_ground import UndoGround
from tests.faults.undo_replaced_ground import UndoReplacedGround

BEFORE, AFTER = 3, 9
TRIES = 3
"""Now and then a run makes a call less than the first one did, and the last of a name is never reached."""


@dataclass(frozen=True)
class Trial:
    """What came of one fault. No problems: it did no harm."""

    fault: str
    number: int
    call: str
    state: str
    """Of the download, before the restart."""
    message: str
    problems: list[str]


class Forked:
    """What the parent of a child wants of its process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> None:
        os.waitpid(self.pid, 0)


def fork_child(script: str, channel: "app.children.parent.socket.socket", *arguments: str) -> Forked:
    """In place of a fresh interpreter, which would take most of a trial's time. It runs the same code."""
    pid = os.fork()
    if pid == 0:
        try:
            os.closerange(3, channel.fileno())
            os.closerange(channel.fileno() + 1, 256)
            serve_one(channel)
        finally:
            os._exit(1)
    return Forked(pid)


def finalize(ground: Ground) -> Callable[[], None]:
    services = ground.services
    converter = Converter(services, ProgressBoard(services.settings.staging))
    return lambda: Finalizer(services, converter).finalize(ground.id)


def write_tags(ground: Ground) -> Callable[[], None]:
    """What finalize's child does, on the copy that finalize makes for it."""
    args = ground.prepare_tagging()

    def write() -> None:
        containers.write_in_child(args, lambda event: None)

    return write


def undo_it(ground: Ground) -> Callable[[], None]:
    services = ground.services
    return lambda: undo.undo(services, ground.id)


STEPS = {"finalize": finalize, "tags": write_tags}
UNDO = {"undo": undo_it}
OVERWRITE = {"overwrite": finalize}
UNDO_OVERWRITE = {"undo-overwrite": undo_it}
KINDS: list[tuple[dict[str, Any], type[Ground]]] = [
    (OVERWRITE, ReplacingGround),
    (UNDO, UndoGround),
    (UNDO_OVERWRITE, UndoReplacedGround),
    (STEPS, Ground),
]
ALL = STEPS | UNDO | OVERWRITE | UNDO_OVERWRITE | CHANGES


def forked(work: Callable[[], Callable[[], None]], report: Path) -> int:
    """A process that is ready to do its work, and stopped. What it fails with is in `report`."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ready = work()
            os.kill(os.getpid(), signal.SIGSTOP)
            ready()
            code = 0
        except BaseException:
            report.write_text(traceback.format_exc())
        finally:
            os._exit(code)
    os.waitpid(pid, os.WUNTRACED)
    return pid


def trials(
    ground: Ground, step: str, faults: list[str], near: str, always: list[str], every: int = 1
) -> Iterator[Trial]:
    """`faults`: of `EIO|ENOSPC` every call gets one, by turns. `always`: what strace does to all calls.

    `every`: only each second, third … call gets a fault.
    """
    report, trace = ground.folder / "report", ground.folder / "trace"

    def attempt(inject: list[str]) -> tuple[str, bool]:
        ground.reset()
        report.unlink(missing_ok=True)
        work = ALL[step]
        status = run_traced(forked(lambda: work(ground), report), trace, [*always, *inject])
        return trace.read_text(errors="replace"), status == 0

    text, went_well = attempt([])
    assert went_well, report.read_text()
    calls = calls_of(text, tuple(always))
    print(json.dumps({"calls": [call.text for call in calls]}), flush=True)
    turn = count()
    for number, call in around(near, list(enumerate(calls)))[::every]:
        for turns in faults:
            suffered = [one for one in turns.split("|") if call.suffers(one)]
            if not suffered:
                continue
            fault = suffered[next(turn) % len(suffered)]
            for _ in range(TRIES):
                text, went_well = attempt([call.inject(fault)])
                came = "INJECTED" in text or "killed by SIGKILL" in text
                if came:
                    break
            problems = [] if came else ["the fault did not come"]
            row = ground.row()
            problems += ground.after_fault(step, went_well)
            problems += restart_problems(ground, report)
            yield Trial(fault, number, call.text, row["state"], row["failure_message"] or "", problems)


def around(name: str, calls: list[tuple[int, Call]]) -> list[tuple[int, Call]]:
    """The calls shortly before and after the last one of this name; without a name all of them."""
    if not name:
        return calls
    last = max(number for number, call in calls if call.name == name)
    return calls[last - BEFORE : last + AFTER]


def restart_problems(ground: Ground, report: Path) -> list[str]:
    report.unlink(missing_ok=True)
    pid = forked(lambda: ground.restart, report)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
    failed = [report.read_text()[-1000:]] if report.exists() else []
    return failed + ground.after_restart()


def kinds_of(step: str) -> tuple[dict[str, Any], type[Ground]]:
    """What is tried once before, and on what ground."""
    if step in CHANGES:
        return {step: CHANGES[step]}, TrashGround
    return next((steps, kind) for steps, kind in KINDS if step in steps)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("ground", type=Path)
    parser.add_argument("--faults", default="KILL,EIO,ENOSPC")
    parser.add_argument("--step", choices=ALL, default="finalize")
    parser.add_argument("--always", action="append", default=[])
    parser.add_argument("--near", default="")
    parser.add_argument("--every", type=int, default=1)
    given = parser.parse_args()
    app.children.parent._python = fork_child  # type: ignore[assignment]
    logging.disable()
    steps, kind = kinds_of(given.step)
    ground = kind.open(given.ground)
    # Once without a fault: to see how it must look, and so that nothing is imported while calls are counted.
    for step in steps.values():
        ground.reset()
        step(ground)()
        ground.learn()
        ground.services.db.close()
    # Its statements, too, are compiled once for all trials.
    ground.reset()
    ground.restart()
    ground.services.db.close()
    gc.collect()
    gc.freeze()
    for trial in trials(ground, given.step, given.faults.split(","), given.near, given.always, given.every):
        print(json.dumps(asdict(trial)), flush=True)


if __name__ == "__main__":
    main()
