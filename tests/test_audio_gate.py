"""The gate lets audio through and nothing else."""

import os
import struct
import subprocess
from pathlib import Path

import pytest

from app.audio.gate import FORMAT_WHITELIST, container_of
from app.errors import Failure, FailureKind
from tests.audio_kinds import made
from tests.media.audio import ffmpeg, make

EXPECTED = {
    "mp3": "mp3",
    "m4a": "m4a",
    "alac": "m4a",
    "dash": "mp4",
    "mp4": "mp4",
    "opus": "opus",
    "ogg": "ogg",
    "flac_in_ogg": "ogg",
    "theora": "ogv",
    "flac": "flac",
    "wav": "wav",
    "webm": "webm",
    "surround": "mka",
    "adts": "aac",
    "ts": "ts",
    "mp3_without_xing": "mp3",
    "mp2": "mp3",
    "aiff": "aiff",
    "wma": "wma",
    "wavpack": "wv",
    "ac3": "ac3",
    "flv": "flv",
}

PLAYLIST = b"#EXTM3U\n#EXTINF:9,\nfile:///srv/music/private.mp3\n#EXT-X-ENDLIST\n"


def id3(size: int, body: bytes = b"") -> bytes:
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\0\0" + sizes + body


HOSTILE = {
    "empty": b"",
    "playlist": PLAYLIST,
    "playlist after a byte order mark": b"\xef\xbb\xbf" + PLAYLIST,
    "playlist after blank lines": b"\r\n \n" + PLAYLIST,
    "playlist behind an ID3 tag": id3(64, b"\0" * 64) + PLAYLIST,
    "playlist behind two ID3 tags": id3(5, b"\0" * 5) + id3(5, b"\0" * 5) + PLAYLIST,
    "ffconcat": b"ffconcat version 1.0\nfile secret.mp3\n",
    "pls": b"[playlist]\nFile1=secret.mp3\n",
    "web page": b"<!DOCTYPE html><html>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "xml": b"\n<?xml version='1.0'?><MPD/>",
    "script": b"#!/bin/sh\nid\n",
    "program": b"\x7fELF\x02\x01\x01" + b"\0" * 90,
    "text": b"just some words, nothing to hear " * 20,
    "text that begins like an APE file": b"MAC addresses of the house\n" * 20,
    "text with G where packets begin": (b"G" + b"a" * 187) * 9,
    "text before MP3 frames": b"file:///srv/music/private.mp3 \n",
    "json": b'{"formats": []}',
    "picture": b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
    "only an ID3 tag": id3(64, b"\0" * 64),
    "ID3 tag longer than the file": id3(2**27, b"\0" * 64),
    "ID3 tag with a broken size": b"ID3\x04\0\0\xff\xff\xff\xff" + b"\0" * 64,
    "one lonely frame sync": b"\0" * 50 + b"\xff\xfb\x90\x64" + b"\0" * 900,
    "all ones": b"\xff" * 70_000,
    "unknown matroska": b"\x1a\x45\xdf\xa3" + b"\0" * 200,
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_real_audio_passes_under_the_name_of_its_container(kind: str, tmp_path: Path) -> None:
    assert container_of(made(kind, tmp_path)) == EXPECTED[kind]


@pytest.mark.parametrize("what", HOSTILE)
def test_anything_else_is_refused_whatever_it_is_called(what: str, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(HOSTILE[what])
    with pytest.raises(Failure) as caught:
        container_of(path)
    assert caught.value.kind == FailureKind.PERMANENT
    assert caught.value.message.endswith("Try another link.")


def test_playlist_in_front_of_real_frames_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(PLAYLIST + make("mp3", 2).read_bytes())
    with pytest.raises(Failure, match="playlist"):
        container_of(path)


def test_mp3_that_begins_inside_a_frame_passes(tmp_path: Path) -> None:
    path = tmp_path / "stream.mp3"
    path.write_bytes(made("mp3_without_xing", tmp_path).read_bytes()[333:])
    assert container_of(path) == "mp3"


def test_mp3_with_zeros_behind_its_tag_passes(tmp_path: Path) -> None:
    path = tmp_path / "padded.mp3"
    path.write_bytes(id3(4, b"\0" * 4004) + made("mp3_without_xing", tmp_path).read_bytes())
    assert container_of(path) == "mp3"


def test_flac_and_adts_behind_an_id3_tag_pass(tmp_path: Path) -> None:
    for kind, container in (("flac", "flac"), ("adts", "aac")):
        path = tmp_path / f"tagged-{kind}"
        path.write_bytes(id3(9, b"\0" * 9) + made(kind, tmp_path).read_bytes())
        assert container_of(path) == container


def test_wave_of_more_than_four_gigabytes_passes(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(b"RF64" + struct.pack("<I", 2**32 - 1) + b"WAVEds64" + b"\0" * 64)
    assert container_of(path) == "wav"


def test_link_to_a_song_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "song.flac"
    link.symlink_to(make("flac", 2))
    with pytest.raises(Failure):
        container_of(link)


def test_pipe_and_folder_are_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    (tmp_path / "folder.mp3").mkdir()
    for name in ("pipe.mp3", "folder.mp3"):
        with pytest.raises(Failure):
            container_of(tmp_path / name)


def test_missing_file_can_be_fetched_again(tmp_path: Path) -> None:
    with pytest.raises(Failure) as caught:
        container_of(tmp_path / "gone.mp3")
    assert caught.value.kind == FailureKind.TEMPORARY


@pytest.mark.parametrize("demuxer", sorted(set(FORMAT_WHITELIST.values())))
def test_ffmpeg_knows_the_reader_of_each_container(demuxer: str) -> None:
    told = subprocess.run(
        [ffmpeg(), "-hide_banner", "-h", f"demuxer={demuxer}"], capture_output=True, text=True
    )
    assert told.stdout.startswith("Demuxer ")
