"""Facts about one audio file, and the formats that a track can end up in."""

import msgspec


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Measured facts about one audio file."""

    codec: str
    """ffmpeg's name: mp3, aac, alac, opus, vorbis, flac, pcm_s16le …"""
    container: str
    """The container's usual file ending, without dot: mp3, m4a, ogg, opus, flac, wav, webm, mka, ts …"""
    lossless: bool
    sample_rate_hz: int | None = None
    bit_depth: int | None = None
    """None for lossy codecs."""
    bitrate_bps: int | None = None
    """Average over the file."""
    channels: int | None = None
    duration_ms: int | None = None
    size_bytes: int = 0
    preset: str = ""
    """The encoder's own setting where the file says so: V0 … V9 for LAME's variable bitrate."""
