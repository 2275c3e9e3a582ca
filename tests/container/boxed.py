"""A running container made of namespaces: the image's command, its user, a read-only root."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.running import Inlay

# Arguments: root, data, music, what setpriv is told, then the command. The network is that of this machine,
# where the media site is.
ENTER = """
root=$1 data=$2 music=$3 become=$4; shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
[ ! -d "$root/data" ] || mount --bind "$data" "$root/data"
[ ! -d "$root/music" ] || mount --bind "$music" "$root/music"
mount -t proc proc "$root/proc"
mount -t tmpfs -o size=1m,mode=755 dev "$root/dev"
for name in null zero full random urandom; do
    touch "$root/dev/$name"; mount --bind "/dev/$name" "$root/dev/$name"
done
ln -s /proc/self/fd "$root/dev/fd"
mkdir "$root/dev/shm"; mount -t tmpfs -o size=64m,mode=1777 shm "$root/dev/shm"
[ -z "$TMP_SIZE" ] || mount -t tmpfs -o "size=$TMP_SIZE,mode=1777,noexec,nosuid,nodev" tmp "$root/tmp"
unset TMP_SIZE
mount -o remount,bind,ro "$root"
cd "$root"
exec chroot "$root" setpriv $become sh -c 'cd "$1"; shift; exec "$@"' sh "$WORKDIR" "$@"
"""
HARD = "--clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all"


class Boxed(Inlay):
    """As `docker run --read-only --cap-drop ALL --user USER` starts it, with /data and /music of its own.

    `user` is what `--user` would say; None for the image's own. With "0:0" root keeps the rights that it
    needs to become somebody else, as Docker gives them.
    """

    def __init__(
        self, home: Path, root: Path, config: dict[str, Any], user: str | None = None, **settings: str
    ) -> None:
        super().__init__(home, **settings)
        self.root, self.config = root, config
        self.user = user or config["User"]
        self.tmp_size = "64m"
        ours = {f"INLAY_{name.upper()}": value for name, value in settings.items()}
        self.environment = {
            **dict(line.split("=", 1) for line in config["Env"]),
            "INLAY_PORT": str(self.port),
            "INLAY_ALLOW_HOSTS": "127.0.0.1",
            "INLAY_YTDLP_CHANNEL": "bundled",
            **ours,
        }

    def __enter__(self) -> "Boxed":
        for folder in (self.data, self.library):
            folder.mkdir(parents=True)
        self.give(self.user)
        return self

    def give(self, owner: str) -> None:
        """The folders on the host belong to this user, as a person would have made them."""
        uid, gid = self.numbers(owner)
        for folder in (self.home, self.data, self.library):
            os.chown(folder, uid, gid)

    def numbers(self, user: str) -> tuple[int, int]:
        """User and group of `1000:1000`, or of a name in the image's /etc/passwd."""
        if ":" in user:
            uid, gid = map(int, user.split(":"))
            return uid, gid
        lines = (self.root / "etc/passwd").read_text().splitlines()
        return next((int(at[2]), int(at[3])) for one in lines if (at := one.split(":"))[0] == user)

    def line(self, *command: str) -> list[str]:
        """How to run this in the container, from outside."""
        uid, gid = self.numbers(self.user)
        become = f"--reuid={uid} --regid={gid} {HARD if uid else '--clear-groups'}"
        inner = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", ENTER, "enter"]
        folders = [str(self.root), str(self.data), str(self.library), become]
        return [*inner, *folders, *(self.config["Entrypoint"] or ()), *command]

    def start(self, *, seconds: float = 90, command: str = "serve") -> "Boxed":
        self.launcher = self.line(*self.config["Cmd"][:-1])
        before, self.environment = self.environment, self.outside()
        try:
            super().start(seconds=seconds, command=command)
        finally:
            self.environment = before
        return self

    def command(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("inlay", *arguments, input=input)

    def run(self, *command: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program in a container of its own with the same folders, to its end."""
        return subprocess.run(
            self.line(*command),
            input=input,
            capture_output=True,
            text=True,
            env=self.outside(),
            timeout=120,
        )

    def stop(self) -> int:
        """The image's stop signal for the container's first process, and its exit code."""
        assert self.process
        os.kill(self.first(), signal.Signals[self.config.get("StopSignal") or "SIGTERM"])
        return self.process.wait(15)

    def kill(self) -> None:
        """The first process takes all others with it. Its starter cannot: it changed its user."""
        assert self.process
        with suppress(IndexError, ProcessLookupError):
            os.kill(self.first(), signal.SIGKILL)
        super().kill()

    def first(self) -> int:
        """The number, outside, of the container's first process."""
        assert self.process
        pid = self.process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def outside(self) -> dict[str, str]:
        return {**self.environment, "TMP_SIZE": self.tmp_size, "WORKDIR": self.config["WorkingDir"] or "/"}
