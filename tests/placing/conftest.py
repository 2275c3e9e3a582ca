"""An empty library, and a staged file to be placed in it."""

import os
from pathlib import Path, PurePosixPath

import pytest

from app.library.folder import MARKER, prepare_folder

SONG = PurePosixPath("Artist/Album/01 Song.mp3")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    prepare_folder(tmp_path / "library", tmp_path / "data")
    return tmp_path / "library"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "staged.mp3"
    file.write_bytes(os.urandom(3_000_000))
    return file


def names(library: Path) -> set[str]:
    return {str(one.relative_to(library)) for one in library.rglob("*") if one.is_file()} - {MARKER}
