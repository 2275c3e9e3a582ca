"""Children answer, and nothing of them is left when their parent lets go."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.children import parent
from app.children.parent import Cancelled, ChildCrashed, WarmParent
from app.children.running import Running
from app.errors import Failure, FailureKind
from tests.running import wait_for

CALLS = "tests.child_calls"
MiB = 1024 * 1024


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state != "Z"
    return False


def is_gone(*pids: int) -> bool:
    return not any(is_alive(pid) for pid in pids)


@pytest.fixture
def warm() -> Iterator[WarmParent]:
    running = WarmParent(f"{CALLS}:nothing")
    yield running
    running.close()


def test_a_fresh_child_returns_its_result() -> None:
    answer = parent.run(f"{CALLS}:echo", {"word": "höher"}, seconds=20)
    assert answer["args"] == {"word": "höher"}
    assert answer["pid"] != os.getpid()


def test_a_warm_child_returns_events_and_its_result(warm: WarmParent) -> None:
    with warm.child(f"{CALLS}:echo", {"events": 3}, {}) as child:
        assert [event["number"] for event in child.events(seconds=20)] == [0, 1, 2]
        assert child.answer
        assert child.answer["args"] == {"events": 3}


def test_a_child_sees_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INLAY_ADMIN_PASSWORD", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    environment = parent.run(f"{CALLS}:echo", {}, seconds=20)["environment"]
    assert set(environment) <= set(parent.ENVIRONMENT) | {"LC_CTYPE"}


def test_expected_trouble_arrives_as_the_same_failure() -> None:
    with pytest.raises(Failure, match="Do something") as caught:
        parent.run(f"{CALLS}:fail", {}, seconds=20)
    assert caught.value.kind is FailureKind.NEEDS_YOU


@pytest.mark.parametrize("call", ["crash", "die"])
def test_a_crash_is_noticed_at_once(warm: WarmParent, call: str) -> None:
    with pytest.raises(ChildCrashed), warm.child(f"{CALLS}:{call}", {}, {}) as child:
        child.result(seconds=20)


def test_a_child_that_takes_too_long_is_ended() -> None:
    with pytest.raises(Failure, match="too long"):
        parent.run(f"{CALLS}:start_another", {}, seconds=0.8)


def test_letting_go_ends_the_child_and_what_it_started(warm: WarmParent) -> None:
    with warm.child(f"{CALLS}:start_another", {}, {}) as child:
        pids = next(child.events(seconds=20))["pids"]
        assert all(is_alive(pid) for pid in pids)
    wait_for(lambda: is_gone(*pids), 2)


def test_a_child_leaves_nothing_running_when_it_is_done(warm: WarmParent) -> None:
    with warm.child(f"{CALLS}:leave_another", {}, {}) as child:
        pid = child.result(seconds=20)["pid"]
        wait_for(lambda: is_gone(pid), 2)


def test_a_cancel_from_another_thread_ends_everything_within_two_seconds(warm: WarmParent) -> None:
    running = Running()
    with warm.child(f"{CALLS}:start_another", {}, {}) as child, running.following("one", child):
        pids = next(child.events(seconds=20))["pids"]
        threading.Timer(0.2, running.cancel, args=("one",)).start()
        with pytest.raises(Cancelled):
            next(child.events(seconds=20))
    wait_for(lambda: is_gone(*pids), 2)


@pytest.mark.parametrize("stopped", ["none", "child", "started", "both"])
@pytest.mark.parametrize("kind", ["forked", "fresh"])
def test_killing_the_parent_ends_its_children_even_stopped_ones(kind: str, stopped: str) -> None:
    starting = {
        "forked": f'warm.child("{CALLS}:start_another", {{}}, {{}})',
        "fresh": f'parent.fresh("{CALLS}:start_another", {{}}, {{}})',
    }
    program = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from app.children import parent
warm = parent.WarmParent("{CALLS}:nothing")
with {starting[kind]} as child:
    for event in child.events(seconds=120):
        print(*event["pids"], *([warm._process.pid] if warm._process else []), flush=True)
"""
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    pids = [int(pid) for pid in owner.stdout.readline().split()]
    assert len(pids) == (3 if kind == "forked" else 2)
    for pid in {"none": [], "child": pids[:1], "started": pids[1:2], "both": pids[:2]}[stopped]:
        os.kill(pid, signal.SIGSTOP)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_for(lambda: is_gone(*pids), 5)


def test_limits_hold_for_the_child_alone(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="memory"):
        parent.run(
            f"{CALLS}:take_memory", {"size_bytes": 600 * MiB}, seconds=20, limits={"memory_bytes": 300 * MiB}
        )
    file = tmp_path / "large"
    with pytest.raises(ChildCrashed, match="File too large"):
        parent.run(
            f"{CALLS}:write_file",
            {"path": str(file), "size_bytes": 2 * MiB},
            seconds=20,
            limits={"file_bytes": MiB},
        )
    assert file.stat().st_size <= MiB


def test_the_warm_parent_goes_away_when_idle_and_comes_back() -> None:
    warm = WarmParent(f"{CALLS}:nothing", idle_s=0.3)
    with warm.child(f"{CALLS}:echo", {}, {}) as child:
        child.result(seconds=20)
    assert warm._process
    pid = warm._process.pid
    wait_for(lambda: is_gone(pid), 5)
    with warm.child(f"{CALLS}:echo", {}, {}) as child:
        assert child.result(seconds=20)
    warm.close()


def test_a_dead_warm_parent_is_replaced(warm: WarmParent) -> None:
    with warm.child(f"{CALLS}:echo", {}, {}) as child:
        child.result(seconds=20)
    assert warm._process
    warm._process.kill()
    time.sleep(0.1)
    with warm.child(f"{CALLS}:echo", {}, {}) as child:
        assert child.result(seconds=20)
