"""A usable ffmpeg is found, or its absence is told in words."""

from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from app.audio import convert, ffmpeg
from app.audio.measure import measure
from app.errors import Failure, FailureKind
from tests.media.audio import make, programs


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    ffmpeg.find_ffmpeg.cache_clear()
    yield
    ffmpeg.find_ffmpeg.cache_clear()


def _script(folder: Path, text: str) -> Path:
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_found_ffmpeg_tells_its_version() -> None:
    assert ffmpeg.version(ffmpeg.find_ffmpeg())[0] in "0123456789nN"
    assert ffmpeg.version("/bin/false") == ""


@pytest.mark.parametrize("broken", ["exit 1", "echo ' A....D flac  FLAC'", None])
def test_bundled_one_steps_in_for_a_system_ffmpeg_that_cannot_do_it(
    broken: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if broken:
        _script(tmp_path, broken)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find_ffmpeg() == imageio_ffmpeg.get_ffmpeg_exe()


@pytest.mark.parametrize(
    ("version", "is_newer"),
    [
        ("5.1.9-0+deb12u1", False),
        ("n3.4", False),
        ("N-121000-gabcdef", False),
        ("999.0", True),
        ("n999.1.2-3-gabc", True),
    ],
)
def test_newer_one_of_system_and_bundled_is_taken(
    version: str, is_newer: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoders = "\n".join(f" A....D {name}  x" for name in ffmpeg.ENCODERS)
    says = (
        f'if [ "$2" = -version ]; then echo "ffmpeg version {version} Copyright"; else echo "{encoders}"; fi'
    )
    system = _script(tmp_path, says)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find_ffmpeg() == (str(system) if is_newer else imageio_ffmpeg.get_ffmpeg_exe())


def test_system_one_is_taken_where_both_are_as_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = Path(imageio_ffmpeg.get_ffmpeg_exe())
    system = tmp_path / "ffmpeg"
    system.symlink_to(bundled)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ffmpeg.find_ffmpeg() == str(system)


def test_no_ffmpeg_at_all_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(_script(tmp_path, "exit 1")))
    with pytest.raises(Failure, match="Install ffmpeg") as caught:
        ffmpeg.find_ffmpeg()
    assert caught.value.kind == FailureKind.NEEDS_YOU


@pytest.mark.parametrize("name", ["mp3", "m4a", "opus", "ogg", "flac", "wav"])
@pytest.mark.parametrize("which", programs())
def test_each_ffmpeg_that_is_here_converts(
    which: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "find_ffmpeg", lambda: which)
    source = make("webm", 2)
    path, quality = convert.convert(
        source, measure(source), name, tmp_path / "out", on_percent=lambda _: None
    )
    assert quality.container == name
    assert quality.duration_ms == pytest.approx(2000, abs=60)
    assert path.exists()


def test_endless_complaints_are_kept_short(tmp_path: Path) -> None:
    noisy = _script(tmp_path, "head -c 5000000 /dev/zero | tr '\\0' x >&2; echo last words >&2; exit 3")
    ended = ffmpeg.run(str(noisy), [])
    assert ended.code == 3
    assert len(ended.errors) <= 64 * 1024
    assert ended.errors.endswith("last words\n")


def test_ffmpeg_does_not_outlive_a_reader_that_stumbles(tmp_path: Path) -> None:
    talking = _script(tmp_path, "while :; do echo progress; sleep 0.01; done")

    def stumble(_: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        ffmpeg.run(str(talking), [], stumble)
