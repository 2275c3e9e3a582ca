"""The recipe of the container, without building it: `python -m tests.container` does that."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import yaml

from app.audio import ffmpeg, formats, gate
from app.cli import COMMANDS
from app.serve import GRACE_S
from app.settings import Settings
from app.worker import STOP_S

ROOT = Path(__file__).parents[1]
RECIPE = (ROOT / "Containerfile").read_text().replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNIT = (ROOT / "docs" / "inlay.service").read_text()
OURS = ("inlay", "web", "worker")
KNOWN = {f"INLAY_{one.name.upper()}" for one in fields(Settings)}


def instructions(name: str) -> list[str]:
    return re.findall(rf"^{name} (.*)$", RECIPE, re.MULTILINE)


def listed(kind: str) -> set[str]:
    """What container/ffmpeg.sh enables of this kind."""
    found = re.search(rf'^{kind}="([^"]*)"', (ROOT / "container" / "ffmpeg.sh").read_text(), re.MULTILINE)
    assert found, kind
    return set(found[1].split())


def test_the_recipe_copies_what_there_is_and_all_that_the_wheel_needs() -> None:
    copied = {
        word
        for line in instructions("COPY")
        if "--from" not in line
        for word in [one for one in line.split() if not one.startswith("--")][:-1]
    }
    assert not [one for one in copied if not (ROOT / one).exists()]
    assert {"app", "templates", "static", "migrations", "pyproject.toml", "hatch_build.py"} <= copied
    assert {"package.json", "package-lock.json", ".npmrc", "requirements.lock"} <= copied


def test_the_image_is_nobody_special_and_says_how_it_stops_and_is_well() -> None:
    assert instructions("USER")[-1] == "1000:1000"
    assert instructions("STOPSIGNAL") == ["SIGTERM"]
    (health,) = instructions("HEALTHCHECK")
    words = re.findall(r'"([^"]+)"', health)
    help = subprocess.run(
        [sys.executable, "-m", "app", words[1], "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert words[:2] == ["inlay", "doctor"]
    assert words[2:] == [option for option in ("--quick",) if option in help]


def test_its_defaults_are_settings_of_ours() -> None:
    named = set(re.findall(r"INLAY_\w+(?==)", RECIPE))
    assert {"INLAY_HOST", "INLAY_DATA_DIR", "INLAY_LIBRARY_DIR"} <= named <= KNOWN
    assert set(re.findall(r"INLAY_\w+(?==)", UNIT)) <= KNOWN


def test_its_ffmpeg_has_all_that_we_ask_of_one() -> None:
    # Both of a pair can read it: the one that ffmpeg has itself is built.
    beside = {"libopus", "libvorbis", "libspeex"}
    assert listed("decoders") >= set(ffmpeg.DECODERS) - beside
    assert listed("demuxers") >= set(gate.FORMAT_WHITELIST.values())
    assert listed("encoders") >= set(ffmpeg.ENCODERS)
    assert listed("muxers") >= {one.muxer for one in formats.FORMATS.values() if one.muxer} | {"null"}
    graphs = "".join(file.read_text() for file in (ROOT / "app" / "audio").glob("*.py"))
    used = {name for name in _filters() if re.search(rf"[\"\],:}}]{name}[=\[\"]", graphs)}
    assert {"ebur128", "atrim", "asetpts", "astats", "aresample"} <= used <= listed("filters")


def _filters() -> list[str]:
    """Every audio filter that ffmpeg knows."""
    told = subprocess.run([ffmpeg.find_ffmpeg(), "-hide_banner", "-filters"], capture_output=True, text=True)
    return re.findall(r"^ \S+ (\w+) +[AN|]+->[AN|]+ ", told.stdout, re.MULTILINE)


def test_deno_can_be_left_out() -> None:
    def wanted(deno: str) -> list[str]:
        command = [sys.executable, "container/requirements.py", deno]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )

    assert [one.partition(">")[0] for one in wanted("yes") if one not in wanted("no")] == ["deno"]


def test_compose_gives_no_service_more_than_it_needs() -> None:
    services = COMPOSE["services"]
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["profiles"] in (["plain"], ["hardened"]), name
        assert service.get("command", ["inlay", "serve"])[1] in COMMANDS, name
        assert set(service.get("environment", ())) <= KNOWN, name
        assert service["restart"] == "unless-stopped", name
        assert {"mem_limit", "pids_limit", "tmpfs", "logging"} <= service.keys(), name
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys(), name
    assert all("noexec" in services[name]["tmpfs"][0] for name in OURS)
    assert "ports" not in services["worker"].keys() | services["egress"].keys()
    assert not {"volumes", "env_file"} & services["egress"].keys()


def test_the_hardened_worker_has_the_proxy_as_its_only_way_out() -> None:
    services, networks = COMPOSE["services"], COMPOSE["networks"]
    on = {name: service.get("networks", []) for name, service in services.items()}
    assert on == {
        "inlay": [],
        "web": ["front", "inside"],
        "worker": ["inside"],
        "egress": ["inside", "outside"],
    }
    assert {name for name, network in networks.items() if network.get("internal")} == {"inside"}
    (port,) = instructions("EXPOSE")[:1]
    for name in ("web", "worker"):
        assert services[name]["environment"]["INLAY_PROXY"] == f"http://egress:{port}"
        assert services[name]["depends_on"] == ["egress"]


def test_compose_runs_each_as_the_musics_owner_with_the_same_folders_and_port() -> None:
    """`.env` is handed on whole: a port or folder in there would lead past `ports` and `volumes`."""
    places = {"INLAY_HOST": "0.0.0.0", "INLAY_PORT": "8640", "INLAY_DATA_DIR": "/data"}
    places["INLAY_LIBRARY_DIR"] = "/music"
    for name in OURS:
        service = COMPOSE["services"][name]
        assert service["user"] == "${PUID:-1000}:${PGID:-1000}", name
        assert service["volumes"] == ["data:/data", "${MUSIC:-./library}:/music"], name
        assert service["env_file"] == [{"path": ".env", "required": False}], name
        assert places.items() <= service["environment"].items(), name
        if name != "worker":
            assert service["ports"] == ["${PORT:-8640}:8640"], name
    assert instructions("VOLUME") == ['["/data", "/music"]']
    assert COMPOSE["volumes"] == {"data": {}}


def test_compose_waits_longer_for_the_end_than_inlay_takes_and_asks_each_how_it_is() -> None:
    for name in OURS:
        service = COMPOSE["services"][name]
        assert int(service["stop_grace_period"].removesuffix("s")) > 2 * (GRACE_S + STOP_S), name
        # Else the image's SIGTERM.
        assert "stop_signal" not in service, name
    (image,) = instructions("HEALTHCHECK")
    told = dict(re.findall(r"--(\S+)=(\S+)", image))
    asked = dict(COMPOSE["services"]["worker"]["healthcheck"])
    assert asked.pop("test") == ["CMD", *re.findall(r'"([^"]+)"', image), "--worker"]
    assert asked == {name.replace("-", "_"): time for name, time in told.items()}
    assert "healthcheck" not in COMPOSE["services"]["web"], "the image's own is the one for pages"


def test_the_proxy_of_the_hardened_worker_refuses_what_is_private_first() -> None:
    rules = re.findall(r"^http_access (.*)$", (ROOT / "container" / "squid.conf").read_text(), re.MULTILINE)
    assert rules == ["deny private", "deny !web", "allow all"]


def test_the_unit_starts_what_there_is_and_lets_children_give_up_rights() -> None:
    (start,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    assert shlex.split(start)[1] in COMMANDS
    (calls,) = re.findall(r"^SystemCallFilter=(.*)$", UNIT, re.MULTILINE)
    assert {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"} <= set(calls.split())
    # Otherwise one child that is killed for want of memory stops everything.
    assert "OOMPolicy=continue" in UNIT.split("\n")
