"""`inlay add`: hand in a link from the command line, and follow it if wanted."""

import json
import sys
import time
from typing import Any

import click
import msgspec

from app.accounts.queries import find_user, first_admin
from app.audio.formats import FORMATS
from app.cli import COMMANDS, Environment
from app.db import Database
from app.downloads import cards, forms, queries
from app.downloads.api_shapes import download_out
from app.downloads.model import Download, State
from app.errors import InlayError
from app.worker import Parts, Worker, build, worker_is_running

RESTS = (State.REVIEW, State.DONE, State.FAILED, State.CANCELLED, State.DISCARDED, State.SKIPPED)
POLL_S = 0.2


@click.command(help=COMMANDS["add"][1])
@click.argument("url")
@click.option("--format", "format_name", type=click.Choice(list(FORMATS)), help="Format of the track.")
@click.option("--wait", is_flag=True, help="Follow it until it is ready for review, or done with --yes.")
@click.option("--yes", is_flag=True, help="Take the proposed tags and add it without a review.")
@click.option("--again", is_flag=True, help="Also when the library has it already.")
@click.option("--user", "user_name", help="Whose inbox it goes to; else the first admin's.")
@click.option("--json", "as_json", is_flag=True, help="Print the download as JSON.")
@click.pass_obj
def add(
    environment: Environment,
    url: str,
    format_name: str | None,
    wait: bool,
    yes: bool,
    again: bool,
    user_name: str | None,
    as_json: bool,
) -> None:
    parts = build(environment.settings)
    user_id = _user_id(parts.services.db, user_name)
    download = forms.submit(
        parts.services, user_id, url, format=format_name, skip_review=yes, fetch_again=again
    )
    if wait:
        download = _follow(parts, download.id, quiet=as_json)
    _say(parts, download, as_json=as_json)
    parts.close()
    if download.state is State.FAILED:
        sys.exit(1)


def _user_id(database: Database, name: str | None) -> int:
    with database.read() as session:
        user = find_user(session, name) if name else first_admin(session)
    if user is None:
        raise InlayError(
            f"There is no user {name}." if name else "There is no user yet: inlay user add NAME."
        )
    return user.id


def _follow(parts: Parts, id: str, *, quiet: bool) -> Download:
    """Wait for the running server to do the work; without one, do it here."""
    helper = None if worker_is_running(parts.services.settings) else Worker(parts)
    if helper:
        helper.start()
    try:
        return _wait(parts, id, quiet=quiet)
    finally:
        if helper:
            helper.stop()


def _wait(parts: Parts, id: str, *, quiet: bool) -> Download:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as bar:
        task = bar.add_task("Waiting for its turn", total=100)
        while True:
            with parts.services.db.read() as session:
                download = queries.by_id(session, id)
            assert download is not None
            card = cards.card_of(download, parts.board, parts.services.room, {})
            bar.update(task, description=f"{card.title}: {card.line}", completed=card.percent or 0)
            if download.state in RESTS:
                bar.update(task, completed=100)
                return download
            time.sleep(POLL_S)


def _say(parts: Parts, download: Download, *, as_json: bool) -> None:
    if as_json:
        found: Any = msgspec.to_builtins(download_out(download, parts.board, parts.services))
        click.echo(json.dumps(found))
        return
    message = {
        State.REVIEW: "ready for review",
        State.DONE: "added: " + ", ".join(track.path or "" for track in download.tracks),
        State.FAILED: f"failed: {download.failure_message}",
        State.SKIPPED: "skipped: it is in the library already (--again fetches it)",
    }
    click.echo(message.get(download.state, f"{download.state} ({download.id})"))
