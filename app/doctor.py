"""`inlay doctor`: checks what Inlay needs, and says for each finding what to do."""

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from app.checks.findings import Check, Finding, wrong
from app.cli import COMMANDS, Environment
from app.errors import SettingsError
from app.settings import Settings

MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


@click.command(help=COMMANDS["doctor"][1])
@click.option("--quick", is_flag=True, help="Only whether the server is well: for a healthcheck.")
@click.option("--worker", is_flag=True, help="Here runs `inlay worker` alone: there is no port to ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def doctor(environment: Environment | SettingsError, quick: bool, worker: bool, as_json: bool) -> None:
    if isinstance(environment, SettingsError):
        found = [wrong("settings-refused", "settings", environment.message)]
    else:
        found = list(look(environment.settings, quick=quick, worker=worker))
    took_ms = round(_age_s() * 1000)
    if as_json and quick:
        click.echo(json.dumps({"findings": [asdict(finding) for finding in found], "ms": took_ms}))
    elif as_json:
        click.echo(json.dumps([asdict(finding) for finding in found]))
    else:
        for finding in found:
            code = f" [{finding.code}]" if finding.code else ""
            click.echo(f"{MARKS[finding.level]} {finding.check}: {finding.text}{code}")
            if finding.hint:
                click.echo(f"  → {finding.hint}")
        if quick:
            click.echo(f"looked for {took_ms} ms")
    if any(finding.level == "problem" for finding in found):
        sys.exit(1)


def look(settings: Settings, *, quick: bool = False, worker: bool = False) -> Iterator[Finding]:
    for check in _quick(worker) if quick else _all(worker):
        yield from check(settings)


def _quick(worker: bool) -> tuple[Check, ...]:
    """Loads little, writes nothing, and takes the same time however large everything is."""
    from app.checks import database, places, server

    return (
        server.check_worker if worker else server.check_answers,
        places.check_folders_quickly,
        places.check_marker,
        database.check_database_quickly,
    )


def _all(worker: bool) -> tuple[Check, ...]:
    from app.checks import database, fronts, machine, places, programs, server

    return (
        server.check_worker if worker else server.check_server,
        programs.check_ffmpeg,
        programs.check_yt_dlp,
        programs.check_javascript,
        machine.check_landlock,
        machine.check_guard,
        machine.check_way_out,
        machine.check_machine,
        machine.check_clock,
        places.check_folders,
        places.check_marker,
        places.check_library_disk,
        places.check_privacy,
        database.check_sqlite,
        database.check_database,
        programs.check_fingerprints,
        programs.check_lookups,
        fronts.check_proxies,
        fronts.check_oidc,
    )


def _age_s() -> float:
    """Since this process started, the interpreter's own start included."""
    try:
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        up_s = float(Path("/proc/uptime").read_text().split()[0])
        return max(0.0, up_s - started / os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, IndexError):
        return time.process_time()
