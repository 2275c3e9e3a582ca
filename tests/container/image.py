"""Our image by buildah, without a daemon: built, looked into, mounted."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.container import base

ROOT = Path(__file__).parents[2]
BASE = "localhost/inlay-base"
EGRESS = "localhost/inlay-egress"
NAMES = {"yes": "localhost/inlay", "no": "localhost/inlay-without-deno"}
"""By what DENO is."""
NEEDED = ("buildah", "ip", "debootstrap", "unshare", "setpriv")


def missing() -> list[str]:
    return [name for name in NEEDED if not shutil.which(name)]


def buildah(*arguments: str | Path, shown: bool = False) -> str:
    """What it prints. With `shown` that goes to the terminal instead."""
    ended = subprocess.run(
        ["buildah", *arguments], text=True, stdout=None if shown else subprocess.PIPE, cwd=ROOT, check=True
    )
    return (ended.stdout or "").strip()


def build(deno: str) -> str:
    """The image's name. Layers of an earlier build are used again."""
    return _build(NAMES[deno], {"DENO": deno})


def _build(name: str, named: dict[str, str], *more: str) -> str:
    if not buildah("images", "--quiet", "--filter", f"reference={BASE}"):
        working = buildah("from", "scratch")
        buildah("add", "--quiet", working, base.tarball(), "/")
        buildah("commit", "--quiet", "--rm", working, BASE)
    named = {"BASE": BASE, **named}
    given = [word for name, value in named.items() for word in ("--build-arg", f"{name}={value}")]
    # Docker's format, since OCI's has no HEALTHCHECK. Host network: the registries are reached as here.
    how = ("--isolation", "chroot", "--network", "host", "--layers", "--format", "docker")
    buildah("build", *how, *given, *more, "-t", name, "-f", "Containerfile", ".", shown=True)
    return name


def build_egress() -> str:
    """The proxy of the hardened profile."""
    return _build(EGRESS, {}, "--target", "egress")


def config(image: str) -> dict[str, Any]:
    """What the image says about how it is run: Env, User, Entrypoint, Cmd, Healthcheck, Labels …"""
    found: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    return found


@contextmanager
def mounted(image: str) -> Iterator[Path]:
    """The root file system of a container made of it, as a folder."""
    working = buildah("from", image)
    try:
        yield Path(buildah("mount", working))
    finally:
        buildah("rm", working)


def size_bytes(root: Path, *within: str) -> int:
    """All files of the root file system, or those in some of its folders, uncompressed; links count once."""
    seen: dict[tuple[int, int], int] = {}
    for folder in within or ("",):
        for place, _, names in os.walk(root / folder):
            for name in names:
                about = os.lstat(os.path.join(place, name))
                seen[about.st_dev, about.st_ino] = about.st_size
    return sum(seen.values())


def parts(root: Path) -> dict[str, int]:
    """What is in the image, in bytes by part."""
    site = next((root / "opt/inlay/lib").glob("python3*")).relative_to(root) / "site-packages"
    found = {
        "ffmpeg (audio only)": size_bytes(root, "usr/local/bin") - 0,
        "deno": sum(file.stat().st_size for file in (root / "opt/inlay/bin").glob("deno")),
        "our wheel": size_bytes(root, str(site / "app")),
        "yt-dlp": size_bytes(root, str(site / "yt_dlp"), str(site / "yt_dlp_ejs")),
        "SQLAlchemy": size_bytes(root, str(site / "sqlalchemy")),
        "curl_cffi": size_bytes(root, str(site / "curl_cffi"), str(site / "curl_cffi.libs")),
        "Pillow": size_bytes(root, str(site / "PIL"), str(site / "pillow.libs")),
    }
    wheels = size_bytes(root, "opt/inlay")
    named = sum(size for name, size in found.items() if not name.startswith("ffmpeg"))
    found["the other wheels"] = wheels - named
    found["Debian with Python and SQLite"] = size_bytes(root) - wheels - found["ffmpeg (audio only)"]
    return found
