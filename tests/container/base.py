"""The base image where no image registry is reached: Debian's own packages, by debootstrap.

It is what docker.io/library/debian:trixie-slim is (the variant minbase without documentation), and has two
things more: this machine's own certificate authorities, and apt's leave to use a release file that is past
its date, as mirrors without a connection have them.
"""

import shutil
import subprocess
from pathlib import Path

SUITE = "trixie"
MIRROR = "http://deb.debian.org/debian"
CACHE = Path(__file__).parents[1] / ".cache" / "container"
AUTHORITIES = Path("/usr/local/share/ca-certificates")
# As in Debian's slim images.
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian")
EMPTY = ("var/cache/apt", "var/lib/apt/lists", "var/log", "tmp", *LEFT_OUT)


def tarball() -> Path:
    """The root file system as a tar file, made once on this machine (about two minutes)."""
    file = CACHE / f"{SUITE}.tar"
    if not file.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        root, part = CACHE / "root", file.with_suffix(".part")
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", SUITE, root, MIRROR], check=True, stdout=subprocess.DEVNULL
        )
        _make_slim(root)
        subprocess.run(["tar", "--numeric-owner", "-C", root, "-cf", part, "."], check=True)
        part.rename(file)
        shutil.rmtree(root)
    return file


def _make_slim(root: Path) -> None:
    for folder in EMPTY:
        for one in (root / folder).glob("*"):
            shutil.rmtree(one) if one.is_dir() and not one.is_symlink() else one.unlink()
    (root / "etc/apt/apt.conf.d/90dates").write_text('Acquire::Check-Valid-Until "false";\n')
    there = root / "usr/local/share/ca-certificates"
    there.mkdir(parents=True, exist_ok=True)
    for certificate in AUTHORITIES.glob("*.crt"):
        shutil.copy(certificate, there)
