"""What the child that fetches one link hands back to the server."""

from pathlib import Path
from typing import Any

import msgspec

from app.audio.model import Quality
from app.tags.model import Tags


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """File names are relative to the staging folder."""

    info: dict[str, Any]
    source_file: str
    source_quality: Quality
    thumbnail_file: str | None
    """The picture that the cover is made of, as it came: for another crop later, never to be served."""
    cover_file: str | None
    in_file: Tags
    """The tags that the fetched file brought along."""

    def __post_init__(self) -> None:
        """The server opens these by their names: a child that a stranger took over must not choose others."""
        for name in (self.source_file, self.thumbnail_file, self.cover_file):
            if name is not None and (not name or name != Path(name).name or name.startswith(".")):
                raise ValueError("not the name of a file in the staging folder")
