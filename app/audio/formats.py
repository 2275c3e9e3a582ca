"""The formats that a track can end up in, and which source codecs go there without loss."""

from dataclasses import dataclass

from app.languages.say import say


@dataclass(frozen=True, kw_only=True)
class Format:
    name: str
    extension: str
    label: str
    lossless: bool
    codecs: tuple[str, ...]
    """Source codecs that are copied as they are instead of being encoded again."""
    encode: tuple[str, ...]
    """ffmpeg's output options that encode to this format."""
    muxer: str
    """ffmpeg's name of the container."""
    preset: str = ""
    """As `Quality.preset`: ffmpeg does not write it into the file."""


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            name="mp3",
            extension="mp3",
            label="MP3 V0",
            lossless=False,
            codecs=("mp3",),
            encode=("-c:a", "libmp3lame", "-q:a", "0"),
            muxer="mp3",
            preset="V0",
        ),
        Format(
            name="m4a",
            extension="m4a",
            label="AAC 192 kbit/s",
            lossless=False,
            codecs=("aac", "alac"),
            encode=("-c:a", "aac", "-b:a", "192k"),
            muxer="ipod",
        ),
        Format(
            name="opus",
            extension="opus",
            label="Opus 160 kbit/s",
            lossless=False,
            codecs=("opus",),
            encode=("-c:a", "libopus", "-b:a", "160k"),
            muxer="opus",
        ),
        Format(
            name="ogg",
            extension="ogg",
            label="Vorbis q6",
            lossless=False,
            codecs=("vorbis",),
            encode=("-c:a", "libvorbis", "-q:a", "6"),
            muxer="ogg",
        ),
        Format(
            name="flac",
            extension="flac",
            label="FLAC",
            lossless=True,
            codecs=("flac",),
            encode=("-c:a", "flac"),
            muxer="flac",
        ),
        Format(
            name="wav",
            extension="wav",
            label="WAV",
            lossless=True,
            codecs=("pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_u8"),
            encode=("-c:a", "pcm_s16le"),
            muxer="wav",
        ),
        Format(
            name="original",
            extension="",
            label=say("as it came"),
            lossless=False,
            codecs=(),
            encode=(),
            muxer="",
        ),
    )
}

# Lossless codecs whose names do not start with pcm_.
LOSSLESS = ("flac", "alac", "wavpack", "ape", "tta", "truehd", "mlp", "wmalossless")
# PCM by name, but eight bits that stand for fourteen.
COMPANDED = ("pcm_mulaw", "pcm_alaw")


def is_lossless(codec: str) -> bool:
    """Whether this codec gives back every sample; `codec` is ffmpeg's name."""
    return codec in LOSSLESS or (codec.startswith("pcm_") and codec not in COMPANDED)


def target_for(codec: str, format_name: str) -> Format:
    """The format that a source of this codec ends up in; settles what "original" means for it.

    "original" is the format that takes the codec as it is. A codec that none takes becomes AAC in m4a, which
    carries tags, plays everywhere and has room for more than two channels; a lossless one becomes FLAC.
    """
    if format_name != "original":
        return FORMATS[format_name]
    homes = [one for one in FORMATS.values() if codec in one.codecs]
    if homes:
        return homes[0]
    return FORMATS["flac" if is_lossless(codec) else "m4a"]
