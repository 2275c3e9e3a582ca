"""How good a file is, measured by mutagen, and by ffmpeg where that cannot know. For children only."""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from mutagen.aiff import AIFF
from mutagen.asf import ASF
from mutagen.flac import FLAC
from mutagen.mp3 import MP3, BitrateMode
from mutagen.mp4 import MP4
from mutagen.oggflac import OggFLAC
from mutagen.oggopus import OggOpus
from mutagen.oggvorbis import OggVorbis
from mutagen.wave import WAVE
from mutagen.wavpack import WavPack

from app.audio import headers
from app.audio.formats import is_lossless
from app.audio.gate import container_in, open_regular
from app.audio.model import Quality
from app.audio.probe import describe

log = logging.getLogger("inlay.audio")


def measure(path: Path, opened: Any = None, file: BinaryIO | None = None) -> Quality:
    """The file's measured facts. It parses strangers' bytes.

    mutagen first (0.2 ms), ffmpeg for what mutagen cannot know. `opened` is this file as mutagen sees it, and
    `file` the file itself, for those who have them already. Raises Failure when this is not audio.
    """
    with nullcontext(file) if file else open_regular(path) as found:
        container = container_in(found)
        quality = _by_mutagen(found, container, opened)
    return quality or describe(path, container)


def _by_mutagen(file: BinaryIO, container: str, opened: Any) -> Quality | None:
    """None when mutagen cannot know, or stumbles: ffmpeg has the last word on broken files."""
    known = READERS.get(container)
    if not known:
        return None
    open_file, kinds, read = known
    size_bytes = file.seek(0, 2)
    file.seek(0)
    try:
        audio = opened if isinstance(opened, kinds) else open_file(file)
        facts = read(audio, file)
    except MemoryError:
        raise
    except Exception as error:  # on broken files mutagen lets out whatever its parsers stumble over
        log.info("mutagen could not read a %s: %s", container, error)
        return None
    if not facts or not facts["duration_ms"] or not facts["sample_rate_hz"]:
        return None
    facts.setdefault("bitrate_bps", size_bytes * 8000 // facts["duration_ms"])
    lossless = is_lossless(facts["codec"])
    return Quality(container=container, size_bytes=size_bytes, lossless=lossless, **facts)


def _facts(codec: str, info: Any, **more: Any) -> dict[str, Any]:
    """What all of mutagen's infos have; without `bitrate_bps` it is reckoned from size and length."""
    return {
        "codec": codec,
        "sample_rate_hz": getattr(info, "sample_rate", 0),
        "channels": info.channels,
        "duration_ms": round(info.length * 1000),
        **more,
    }


def _mp3(audio: MP3, file: BinaryIO) -> dict[str, Any] | None:
    info = audio.info
    if info.bitrate_mode == BitrateMode.UNKNOWN:
        # No header says how many frames there are: the length would be a guess from the first one.
        return None
    codec = "mp3" if info.layer == 3 else f"mp{info.layer}"
    return _facts(codec, info, bitrate_bps=info.bitrate, preset=_lame_preset(info.encoder_settings))


def _lame_preset(settings: str) -> str:
    variable = re.match(r"-V (\d)\b", settings)
    if variable:
        return f"V{variable[1]}"
    named = {"extreme": "V0", "standard": "V2", "medium": "V4"}
    words = settings.split()
    return named.get(words[-1], "") if words[:1] == ["--preset"] else ""


def _m4a(audio: MP4, file: BinaryIO) -> dict[str, Any] | None:
    info = audio.info
    if info.codec == "alac":
        return _facts("alac", info, bit_depth=info.bits_per_sample)
    # At half the usual rate, or with another object type, HE-AAC may hide what only a decoder can see.
    if info.codec != "mp4a.40.2" or info.sample_rate <= 24_000 or not info.bitrate:
        return None
    # The 16 bits that an MP4 claims for AAC mean nothing.
    facts = _facts("aac", info, bitrate_bps=info.bitrate)
    return facts | ({"channels": 1} if headers.is_mono_aac(file) else {})


def _open_ogg(file: BinaryIO) -> Any:
    start = file.read(128)
    file.seek(0)
    if b"\x7fFLAC" in start:
        return OggFLAC(file)
    return OggVorbis(file) if b"\x01vorbis" in start else None


def _ogg(audio: Any, file: BinaryIO) -> dict[str, Any] | None:
    if isinstance(audio, OggFLAC):
        return _flac(audio, file)
    # The bitrate in a Vorbis header is what the encoder meant to do, not what it did.
    return _facts("vorbis", audio.info) if audio else None


def _opus(audio: OggOpus, file: BinaryIO) -> dict[str, Any]:
    return _facts("opus", audio.info, sample_rate_hz=48_000)


def _flac(audio: Any, file: BinaryIO) -> dict[str, Any]:
    return _facts("flac", audio.info, bit_depth=audio.info.bits_per_sample)


def _wav(audio: WAVE, file: BinaryIO) -> dict[str, Any] | None:
    info = audio.info
    codecs = {8: "pcm_u8", 16: "pcm_s16le", 24: "pcm_s24le", 32: "pcm_s32le"}
    if info.audio_format != 1 or info.bits_per_sample not in codecs:
        return None
    depth = info.bits_per_sample
    return _facts(codecs[depth], info, bit_depth=depth, bitrate_bps=info.bitrate)


def _aiff(audio: AIFF, file: BinaryIO) -> dict[str, Any] | None:
    info = audio.info
    # AIFF-C may hold anything.
    if headers.form_of(file) != b"AIFF" or info.bits_per_sample not in (8, 16, 24, 32):
        return None
    depth = info.bits_per_sample
    codec = "pcm_s8" if depth == 8 else f"pcm_s{depth}be"
    return _facts(codec, info, bit_depth=depth, bitrate_bps=info.bitrate)


def _wv(audio: WavPack, file: BinaryIO) -> dict[str, Any] | None:
    # A hybrid file is lossy without its other half; floats and DSD are for ffmpeg.
    depth = headers.wavpack_depth(file)
    return _facts("wavpack", audio.info, bit_depth=depth) if depth else None


def _wma(audio: ASF, file: BinaryIO) -> dict[str, Any] | None:
    sound = headers.wma_sound(file)
    if not sound:
        return None
    lossless = is_lossless(sound.codec)
    more = {"bit_depth": sound.bit_depth} if lossless else {"bitrate_bps": sound.bitrate_bps}
    facts = _facts(sound.codec, audio.info, **more)
    return facts | {"sample_rate_hz": sound.sample_rate_hz, "channels": sound.channels}


Opener = Callable[[BinaryIO], Any]
Reader = Callable[[Any, BinaryIO], dict[str, Any] | None]

READERS: dict[str, tuple[Opener, tuple[type, ...], Reader]] = {
    "mp3": (MP3, (MP3,), _mp3),
    "m4a": (MP4, (MP4,), _m4a),
    "mp4": (MP4, (MP4,), _m4a),
    "ogg": (_open_ogg, (OggFLAC, OggVorbis), _ogg),
    "opus": (OggOpus, (OggOpus,), _opus),
    "flac": (FLAC, (FLAC,), _flac),
    "wav": (WAVE, (WAVE,), _wav),
    "aiff": (AIFF, (AIFF,), _aiff),
    "wv": (WavPack, (WavPack,), _wv),
    "wma": (ASF, (ASF,), _wma),
}
"""Our name of a container → how mutagen opens it, what it opens it as, and the facts from that."""
