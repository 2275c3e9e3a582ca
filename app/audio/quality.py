"""How we say how good a file is."""

from app.audio.formats import Format
from app.audio.model import Quality
from app.languages.say import say

# ffmpeg's names for what we call differently from their capitals.
NAMES = {
    "opus": "Opus",
    "vorbis": "Vorbis",
    "speex": "Speex",
    "wavpack": "WavPack",
    "ape": "Monkey's Audio",
    "ac3": "AC-3",
    "eac3": "E-AC-3",
    "wmav1": "WMA",
    "wmav2": "WMA",
    "wmapro": "WMA Pro",
    "wmalossless": "WMA Lossless",
}
# The bits per sample that a lossless target has room for.
MAX_DEPTH = {"flac": 24, "wav": 32}


def label(quality: Quality) -> str:
    """In a few words: "Opus 130 kbit/s", "FLAC 24/96", "MP3 V0"."""
    name = _name(quality)
    if quality.lossless and quality.bit_depth and quality.sample_rate_hz:
        return f"{name} {quality.bit_depth}/{quality.sample_rate_hz / 1000:g}"
    if quality.preset:
        return f"{name} {quality.preset}"
    if quality.bitrate_bps and not quality.lossless:
        return f"{name} {round(quality.bitrate_bps / 1000)} kbit/s"
    return name


def label_with_source(quality: Quality, source: Quality | None) -> str:
    """The file, and what it was made from when that was less: "MP3 V0 from AAC 128", "FLAC from Opus 130".

    `source` is None where nobody knows. The numbers of a lossless file made from a lossy one mean nothing.
    """
    if source is None or source.lossless or source.codec == quality.codec:
        return label(quality)
    own = _name(quality) if quality.lossless else short_label(quality)
    return say(f"{own} from {short_label(source)}")


def short_label(quality: Quality) -> str:
    """Without the unit, for where there are two: "Opus 130"."""
    return label(quality).removesuffix(" kbit/s")


def journey(source: Quality, target: Format) -> str:
    """What happens to the sound on its way into the library, in one honest line.

    `target` may be the format "original".
    """
    came = label(source)
    if target.name == "original" or source.codec in target.codecs:
        return say(f"{came}, kept as it came")
    if not target.lossless:
        return say(f"{came} → {target.label}, lossy")
    if not source.lossless:
        return say(f"{came} → {target.label}: lossless file of a lossy source")
    room = MAX_DEPTH[target.name]
    if (source.bit_depth or 0) > room:
        return say(f"{came} → {target.label}, {room} of {source.bit_depth} bits kept")
    return say(f"{came} → {target.label}, nothing lost")


def _name(quality: Quality) -> str:
    if quality.codec.startswith("pcm_"):
        return {"wav": "WAV", "aiff": "AIFF"}.get(quality.container, "PCM")
    return NAMES.get(quality.codec, quality.codec.upper())


def clock(duration_ms: int | None) -> str:
    """3:42, or 1:03:42; empty when not known."""
    if not duration_ms:
        return ""
    minutes, seconds = divmod(round(duration_ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
