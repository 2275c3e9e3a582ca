"""A file's quality as the JSON API tells it."""

import msgspec

from app.audio.model import Quality
from app.audio.quality import label_with_source


class QualityFacts(msgspec.Struct):
    """Measured facts about the sound of one file, and a short label for people."""

    codec: str
    lossless: bool
    sample_rate_hz: int | None
    bit_depth: int | None
    bitrate_bps: int | None
    channels: int | None
    duration_ms: int | None
    size_bytes: int
    label: str


def facts_of(quality: Quality | None, source: Quality | None = None) -> QualityFacts | None:
    """`source` is what the file was made from: the label tells it where that was less."""
    if quality is None:
        return None
    measured = {name: getattr(quality, name) for name in QualityFacts.__struct_fields__ if name != "label"}
    return QualityFacts(**measured, label=label_with_source(quality, source))
