"""The command line as processes on a real installation: help, JSON, users, scan, doctor, start."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import COMMANDS
from tests.media.audio import make
from tests.running import PASSWORD, Inlay

CHECKS = (
    *("server", "ffmpeg", "yt-dlp", "JavaScript engine", "Landlock", "egress guard", "machine", "clock"),
    *("data folder", "staging folder", "library folder", "library marker", "privacy"),
    *("SQLite", "database", "backups", "lookups"),
)
SENTENCE = "inlay: "


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inlay]:
    """An installation with Alice, not running."""
    with Inlay(tmp_path_factory.mktemp("inlay")) as installed:
        installed.add_user("alice", admin=True)
        yield installed


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """The one sentence on stderr of a command that could not do it."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(SENTENCE)
    assert "Traceback" not in line
    return line.removeprefix(SENTENCE)


def as_json(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_help_lists_every_command_with_what_it_does(home: Inlay) -> None:
    shown = home.command("--help")
    assert shown.returncode == 0
    for name, (_, help) in COMMANDS.items():
        assert f"{name} " in shown.stdout
        assert help in shown.stdout
    assert "INLAY_" in shown.stdout


@pytest.mark.parametrize(
    "command", [*COMMANDS, "user add", "token add"], ids=lambda command: command.replace(" ", "-")
)
def test_each_command_has_help(command: str, home: Inlay) -> None:
    shown = home.command(*command.split(), "--help")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(f"Usage: inlay {command} ")
    if command not in ("user", "token"):
        assert "--json" in shown.stdout


def test_an_unknown_command_and_no_command_are_usage_errors(home: Inlay) -> None:
    unknown = home.command("serv")
    assert unknown.returncode == 2
    assert "No such command" in unknown.stderr
    assert "Usage: inlay" in home.command().stdout + home.command().stderr


def test_version_is_the_packages(home: Inlay) -> None:
    from importlib.metadata import version

    assert version("inlay") in home.command("--version").stdout


def test_formats_as_text_and_as_json(home: Inlay) -> None:
    names = "mp3 m4a opus ogg flac wav original".split()
    shown = home.command("formats").stdout
    assert [line.split()[0] for line in shown.splitlines()] == names
    told = as_json(home.command("formats", "--json"))
    assert [one["name"] for one in told] == names
    assert all(set(one) == {"name", "extension", "label", "lossless"} for one in told)


def test_users_and_tokens_as_json(home: Inlay) -> None:
    made = as_json(home.command("user", "add", "bob", "--password-stdin", "--json", input=PASSWORD))
    assert (made["name"], made["is_admin"]) == ("bob", False)
    token = as_json(home.command("token", "add", "--user", "bob", "--json"))
    assert token["token"]
    assert token["scope"] == "full"


def test_a_second_user_of_that_name_is_refused(home: Inlay) -> None:
    again = home.command("user", "add", "ALICE", "--password-stdin", input=PASSWORD)
    assert refused(again) == "There is already a user of that name. Choose another one."
    assert "no user" in refused(home.command("token", "add", "--user", "eve"))


def test_a_printed_token_works_and_is_all_that_is_printed(home: Inlay) -> None:
    done = home.command("token", "add", "--user", "alice")
    token = done.stdout.removesuffix("\n")
    assert token.split() == [token]
    with home.start().api(token) as api:
        assert api.get("/downloads").status_code == 200
    assert home.stop() == 0


def test_serve_prints_its_address_and_nothing_else_and_stops_cleanly(home: Inlay) -> None:
    home.start()
    assert home.stop() == 0
    assert home.process
    assert home.process.stdout
    assert home.process.stdout.read() == f"Inlay is at {home.url}/\n"


def test_serve_as_json_says_where_it_is(home: Inlay) -> None:
    starting = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=home.environment,
        cwd=Path(__file__).parents[1],
    )
    assert starting.stdout
    assert json.loads(starting.stdout.readline()) == {"url": f"{home.url}/"}
    starting.terminate()
    assert starting.wait(15) == 0
    assert starting.stdout.read() == ""


def test_a_port_in_use_is_said_so(home: Inlay) -> None:
    with socket.create_server(("127.0.0.1", home.port)):
        taken = home.command("serve")
    assert taken.returncode == 1
    assert taken.stdout == ""
    last = taken.stderr.splitlines()[-1]
    assert last == f"inlay: Port {home.port} on 127.0.0.1 cannot be used. Choose another INLAY_PORT."
    assert "Traceback" not in taken.stderr


def test_a_second_server_on_the_same_data_is_refused(home: Inlay, tmp_path: Path) -> None:
    home.start()
    second = home.command("worker")
    assert second.returncode == 1
    assert "Inlay is running already" in second.stderr.splitlines()[-1]
    assert home.stop() == 0


def test_scan_finds_what_others_put_into_the_library(home: Inlay) -> None:
    album = home.library / "Arvo Lind" / "Night Bus"
    album.mkdir(parents=True)
    shutil.copyfile(make("flac", 3, tags={"title": "Last Stop", "artist": "Arvo Lind"}), album / "01.flac")
    (album / "notes.txt").write_text("no music")
    (album / "broken.mp3").write_text("no music either")
    told = as_json(home.command("scan", "--json"))
    assert set(told) == {"seen", "added", "changed", "renamed", "removed", "errors"}
    assert (told["added"], told["errors"]) == (2, 1)
    (album / "broken.mp3").unlink()
    shown = home.command("scan")
    assert shown.returncode == 0
    assert "1 removed" in shown.stdout
    with home.start().api() as api:
        (track,) = api.get("/library/tracks?q=last stop").json()["items"]
    assert home.stop() == 0
    assert (track["artist"], track["path"]) == ("Arvo Lind", "Arvo Lind/Night Bus/01.flac")


def test_doctor_finds_everything_in_order_here(home: Inlay) -> None:
    shown = home.command("doctor")
    assert shown.returncode == 0, shown.stdout
    for check in CHECKS:
        assert f" {check}: " in shown.stdout
    findings = as_json(home.command("doctor", "--json"))
    assert [one["check"] for one in findings if one["check"] in CHECKS] == list(CHECKS)
    assert all(bool(one["hint"]) == bool(one["code"]) == (one["level"] != "ok") for one in findings)


def test_doctor_says_what_to_do_about_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with Inlay(tmp_path / "home", data_dir=str(tmp_path / "file" / "data")) as broken:
        shown = broken.command("doctor")
        told = json.loads(broken.command("doctor", "--json").stdout)
        start = broken.command("serve")
    assert shown.returncode == 1
    assert "✗ data folder" in shown.stdout
    assert "→ " in shown.stdout
    assert {one["check"] for one in told if one["level"] == "problem"} >= {"data folder", "staging folder"}
    assert "cannot be made" in refused(start)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("INLAY_LIBARY_DIR", "/music", "Did you mean INLAY_LIBRARY_DIR?"),
        ("INLAY_PORT", "many", "whole number from 1 to 65535"),
        ("INLAY_FORMAT", "mp5", "choose one of mp3"),
        ("INLAY_CA_FILE", "/nowhere.pem", "no file of that name"),
        ("INLAY_DATABASE_URL", "postgresql://db", "later version"),
        ("INLAY_ADMIN_USER", "alice", "go together"),
    ],
)
def test_a_wrong_setting_stops_every_start_with_a_sentence(
    name: str, value: str, words: str, tmp_path: Path
) -> None:
    with Inlay(tmp_path / "inlay") as wrong:
        wrong.environment[name] = value
        for command in ("serve", "formats"):
            sentence = refused(wrong.command(command))
            assert name in sentence
            assert words in sentence
        assert not wrong.data.exists()


def test_propose_answers_each_line_with_one(home: Inlay) -> None:
    infos = [
        {"title": "Tern & Tide - Paper Boats (feat. Juno Vale) [Official Video]", "uploader": "TernVEVO"},
        {"track": "Saltmarsh", "artist": "Ida Holm", "album": "Tidal", "release_year": 2021},
        {"title": "夜の歌 ✦"},
        {},
    ]
    done = home.command("propose", input="\n".join(json.dumps(info) for info in infos) + "\n\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(infos)
    assert all({"artist", "title", "confidence"} <= set(answer) for answer in answers)
    assert (answers[1]["artist"], answers[1]["title"], answers[1]["album"]) == (
        "Ida Holm",
        "Saltmarsh",
        "Tidal",
    )
    assert "夜の歌" in answers[2]["title"]
    assert "夜" in done.stdout
    assert all(0 <= answer["confidence"] <= 1 for answer in answers)


def test_propose_asks_the_artists_that_it_is_given(home: Inlay, tmp_path: Path) -> None:
    artists = tmp_path / "artists.txt"
    artists.write_text("Ida Holm\nJuno Vale feat. Tern\n", encoding="utf-8")
    line = json.dumps({"title": "Salt Marsh - Juno Vale", "channel": "somebody"})
    plain = json.loads(home.command("propose", input=line).stdout)
    done = home.command("propose", "--artists", str(artists), input=line)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (plain["artist"], plain["sure"]) == ("Salt Marsh", False)
    assert (answer["artist"], answer["title"], answer["sure"]) == ("Juno Vale", "Salt Marsh", True)


def test_propose_says_which_line_is_no_json(home: Inlay) -> None:
    done = home.command("propose", input='{"title": "Fine"}\nnot json\n')
    assert done.returncode == 1
    assert json.loads(done.stdout)["title"] == "Fine"
    assert done.stderr.startswith(SENTENCE)
    assert "2" in done.stderr


def test_the_first_start_makes_the_admin_that_the_settings_name(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\n")
    settings = {"admin_user": "Zoë", "admin_password_file": str(secret)}
    with Inlay(tmp_path / "inlay", **settings) as inlay:
        inlay.start()
        assert inlay.stop() == 0
        refused(inlay.command("user", "add", "zoë", "--password-stdin", input=PASSWORD))
        inlay.environment |= {"INLAY_ADMIN_USER": "mallory"}
        inlay.start()
        assert inlay.stop() == 0
        assert "no user" in refused(inlay.command("token", "add", "--user", "mallory"))
        token = inlay.command("token", "add", "--user", "zoë").stdout.strip()
        with inlay.start().api(token) as api:
            assert api.get("/downloads?all=true").status_code == 200, "Zoë is an admin"
        assert PASSWORD not in inlay.log.read_text()


def test_what_it_makes_is_private(home: Inlay) -> None:
    assert os.stat(home.data / "secret").st_mode & 0o077 == 0
    assert os.stat(home.data).st_mode & 0o077 == 0
