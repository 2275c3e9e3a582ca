"""Tunes that can be told apart by ear, and what becomes of them: louder, cut, faster, smaller."""

from collections.abc import Sequence
from pathlib import Path

from tests.media.audio import cached

SECONDS = 40

AS_THE_SAME: dict[str, tuple[str, Sequence[str]]] = {
    "mp3 64": (".mp3", ("-c:a", "libmp3lame", "-b:a", "64k")),
    "mp3 128": (".mp3", ("-c:a", "libmp3lame", "-b:a", "128k")),
    "mp3 320": (".mp3", ("-c:a", "libmp3lame", "-b:a", "320k")),
    "opus 64": (".opus", ("-c:a", "libopus", "-b:a", "64k")),
    "aac 128": (".m4a", ("-c:a", "aac", "-b:a", "128k")),
    "48 kHz": (".flac", ("-ar", "48000")),
    "22 kHz": (".mp3", ("-ar", "22050", "-c:a", "libmp3lame", "-b:a", "64k")),
    "from 2 s": (".mp3", ("-ss", "2.03", "-c:a", "libmp3lame", "-b:a", "128k")),
    "from 5 s": (".opus", ("-ss", "5.07", "-c:a", "libopus", "-b:a", "128k")),
    "from 10 s": (".m4a", ("-ss", "9.94", "-c:a", "aac", "-b:a", "128k")),
    "louder": (".mp3", ("-af", "volume=6dB", "-c:a", "libmp3lame", "-b:a", "128k")),
}
AS_ANOTHER: dict[str, tuple[str, Sequence[str]]] = {
    "faster": (".flac", ("-af", "atempo=1.10")),
    "higher": (".flac", ("-af", "asetrate=23361,aresample=22050")),
}


def tune(number: int, seconds: float = SECONDS) -> Path:
    """A melody over chords with a beat; another number is another one, at another tempo."""
    tempo = (2, 3, 2.5, 4)[number % 4]
    note = f"floor({_chance(f'floor(t*{tempo})', number)}*12)"
    chord = f"floor({_chance(f'floor(t*{tempo / 4:g})', number + 50)}*12)"
    melody, below = f"(220*pow(2,{note}/12))", f"(110*pow(2,{chord}/12))"
    voice = f"(sin(2*PI*t*{melody})+0.5*sin(4*PI*t*{melody})+0.25*sin(6*PI*t*{melody}))"
    chords = f"(sin(2*PI*t*{below})+sin(2*PI*t*{below}*1.25)+sin(2*PI*t*{below}*1.5))"
    beat = f"exp(-18*mod(t*{tempo / 2:g},1))*(random(0)-0.5)"
    exprs = f"0.3*exp(-3*mod(t*{tempo},1))*{voice}+0.12*{chords}+0.25*{beat}"
    source = f"aevalsrc=exprs='{exprs}':s=22050:d={seconds:g}"
    return cached(f"tune-{number}-{seconds:g}s", ".flac", ["-f", "lavfi", "-i", source])


def made_of(original: Path, way: str) -> Path:
    """The same in the way that AS_THE_SAME or AS_ANOTHER tells."""
    suffix, options = {**AS_THE_SAME, **AS_ANOTHER}[way]
    return cached(f"{original.stem}-{way.replace(' ', '-')}", suffix, ["-i", str(original), *options])


def _chance(step: str, seed: int) -> str:
    """From 0 to 1, another one for each step, the same each time."""
    return f"mod(abs(sin({step}*{12.9898 + seed * 7.13:.4f}+{seed})*43758.5453),1)"
