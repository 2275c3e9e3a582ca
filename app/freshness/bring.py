"""Child side of an update: what does the index have, and bring it here, ready to be tried."""

import ctypes
import os
from pathlib import Path
from typing import Any

import msgspec

from app.children.child import Emit
from app.freshness import index, unpack
from app.freshness.offer import TREE, Brought, Offer, Way


def look_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """What is there. Raises Failure."""
    way = msgspec.convert(args["way"], Way)
    found = index.offers(way, args["index_url"], args["channel"], args["aside"])
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told


def bring_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Download, verify, unpack and compile into `tree` in the folder. Raises Failure."""
    way, offer = msgspec.convert(args["way"], Way), msgspec.convert(args["offer"], Offer)
    folder = Path(args["folder"])
    tree = folder / TREE
    tree.mkdir()
    wheel = folder / "yt_dlp.whl"
    index.download(way, offer, wheel)
    unpack.unpack(wheel, "yt_dlp", tree)
    ejs = unpack.wanted_ejs(wheel)
    if ejs:
        other = folder / "yt_dlp_ejs.whl"
        index.download(way, index.ejs_offer(way, args["index_url"], ejs), other)
        unpack.unpack(other, "yt_dlp_ejs", tree)
        other.unlink()
    wheel.unlink()
    unpack.compile_all(tree)
    _flush(tree)
    told: dict[str, Any] = msgspec.to_builtins(Brought(ejs))
    return told


def _flush(folder: Path) -> None:
    """All of it at once: two thousand files one by one take minutes on an SD card."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        ctypes.CDLL(None).syncfs(descriptor)
    finally:
        os.close(descriptor)
