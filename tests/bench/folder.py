"""A folder of music of all formats, as a library would have it: short files with tags and covers."""

import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from app.tags import containers
from app.tags.files import WRITABLE
from app.tags.model import Tags
from tests import audio_kinds
from tests.bench.shelf import tracks_of
from tests.media import audio

PARTS = 50
MANY = ("mp3", "flac", "m4a", "opus")
"""Nearly all of a library, in equal parts."""
FEW = ("ogg", "wav", "alac", "aiff", "wavpack", "wma")
ONE_OF_FEW = 40
"""Each so-manieth file is one of the few."""


def fill(folder: Path, files: int, seed: int = 5) -> None:
    """So many files, in folders of artists and albums."""
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_part, folder, files, seed), range(PARTS)))


def _part(folder: Path, files: int, seed: int, part: int) -> None:
    originals = folder.parent / f"originals-{part}"
    originals.mkdir()
    cover = audio.picture(600, 600)
    number = files // PARTS + (part < files % PARTS)
    for at, (file, content) in enumerate(tracks_of(random.Random(seed * PARTS + part), number)):
        kind = _kind(at * PARTS + part)
        original = audio_kinds.made(kind, originals)
        path = folder / str(part) / Path(file.path).with_suffix(original.suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, path)
        if original.suffix[1:] in WRITABLE:
            containers.write(path, _untraced(content.tags), cover)
    shutil.rmtree(originals)


def _kind(number: int) -> str:
    if number % ONE_OF_FEW == 0:
        return FEW[number // ONE_OF_FEW % len(FEW)]
    return MANY[number % len(MANY)]


def _untraced(tags: Tags) -> Tags:
    """Nobody else's files say where they come from."""
    from msgspec.structs import replace

    return replace(tags, source_url="")
