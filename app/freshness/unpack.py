"""A wheel becomes a folder: nothing outside of it, nothing of another name, nothing endless."""

import compileall
import py_compile
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from app.errors import Failure, FailureKind
from app.languages.say import say

MAX_BYTES = 128 * 2**20
"""Unpacked. yt-dlp takes 11 MB."""
MAX_FILES = 20_000
MAX_METADATA_BYTES = 2**20
EJS = re.compile(
    r"^Requires-Dist: yt-dlp-ejs==([0-9]{1,4}(?:\.[0-9]{1,6}){1,3})(?=[;\s])", re.MULTILINE | re.ASCII
)
ODD = say("The wheel holds what no wheel of yt-dlp holds.")


def wanted_ejs(wheel: Path) -> str | None:
    """The version of yt-dlp-ejs that this yt-dlp names; each accepts that one alone."""
    with _opened(wheel) as archive:
        for one in archive.infolist():
            if one.filename.endswith(".dist-info/METADATA") and one.file_size <= MAX_METADATA_BYTES:
                found = EJS.search(archive.read(one).decode("utf-8", "replace"))
                return found[1] if found else None
    raise Failure(FailureKind.PERMANENT, ODD)


def unpack(wheel: Path, package: str, target: Path) -> None:
    """The files of this package and what is said about it; scripts and manuals stay. Raises Failure."""
    with _opened(wheel) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_FILES or sum(one.file_size for one in entries) > MAX_BYTES:
            raise Failure(FailureKind.PERMANENT, ODD)
        for one in entries:
            parts = _parts(one)
            if parts[0] != package and not re.fullmatch(rf"{package}-[^/]+\.dist-info", parts[0]):
                if re.fullmatch(rf"{package}-[^/]+\.data", parts[0]):
                    continue
                raise Failure(FailureKind.PERMANENT, ODD)
            if not one.is_dir():
                _write(archive, one, target.joinpath(*parts))


def compile_all(folder: Path) -> None:
    """Once, here: children cannot write there, and each would compile anew what it needs."""
    compileall.compile_dir(
        folder, quiet=2, workers=1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


def _opened(wheel: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(wheel)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise Failure(FailureKind.PERMANENT, "What came is no wheel.") from error


def _parts(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    """Of a plain file or folder below the target. Raises Failure for anything else."""
    name = entry.filename
    path = PurePosixPath(name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if (
        not path.parts
        or path.is_absolute()
        or ".." in path.parts
        or any(char in name for char in "\\\0:")
        or kind not in (0, stat.S_IFREG, stat.S_IFDIR)
    ):
        raise Failure(FailureKind.PERMANENT, ODD)
    return path.parts


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        # `read` stops at the size that the entry names, and checks its sum.
        with archive.open(entry) as source, open(target, "xb") as file:
            while piece := source.read(256 * 1024):
                file.write(piece)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        FileExistsError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise Failure(FailureKind.PERMANENT, ODD) from error
