"""`inlay loudness`: ReplayGain for the whole library."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby

import click
from rich.console import Console
from rich.progress import Progress

import app.accounts.model  # noqa: F401  (the journal of changes refers to its table)
from app.children.parent import WarmParent
from app.library import changes, loudness, sound_queries
from app.library.folder import check_mounted, prepare_folder
from app.library.loudness import Outcome
from app.library.model import Track
from app.library.paths import from_text
from app.locks import alone
from app.services import Services, read_secret
from app.tags.files import FileReport, read_safely


@click.command(
    name="loudness",
    help="Measure how loud every track is, and each album as a whole, and write ReplayGain 2.0 into the "
    "files. Those that have it are skipped: it may be stopped at any time, and goes on when called again.",
)
@click.option(
    "--album/--no-album", default=None, help="Also albums; by default unless INLAY_REPLAYGAIN=track."
)
@click.option("--again", is_flag=True, help="Also files that have ReplayGain already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add_loudness(album: bool | None, again: bool, as_json: bool) -> None:
    environment = click.get_current_context().obj
    settings = environment.settings
    album = settings.replaygain != "track" if album is None else album
    database = environment.database()
    services = Services(
        settings, database, read_secret(settings.data_dir), lambda name, id: None, WarmParent("")
    )
    outcome = Outcome()
    try:
        prepare_folder(settings.library_dir, settings.data_dir)
        check_mounted(settings.library_dir, settings.data_dir)
        with alone(settings.data_dir, loudness.LOCK, wait=True):
            changes.recover(services)
            with database.read() as session:
                tracks = sound_queries.by_release(session)
            # On stderr, so that what a program reads stays clean.
            console = Console(stderr=True)
            with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
                task = bar.add_task("Measuring", total=len(tracks))
                for release in _releases(services, tracks):
                    loudness.add_gains(services, release, album=album, again=again, outcome=outcome)
                    bar.advance(task, len(release))
    finally:
        database.close()
    for path, reason in outcome.failed:
        click.echo(f"{path}: {reason}", err=True)
    click.echo(json.dumps(asdict(outcome)) if as_json else _as_sentence(outcome))
    if outcome.failed:
        sys.exit(1)


def _releases(services: Services, tracks: Sequence[Track]) -> Iterator[list[tuple[Track, FileReport]]]:
    """Each release with what is in its files now; they are read as they are needed."""
    library = services.settings.library_dir
    reports = read_safely(library / from_text(track.path) for track in tracks)
    pairs = zip(tracks, reports, strict=True)
    for _, release in groupby(pairs, key=lambda pair: sound_queries.release_key(pair[0])):
        yield list(release)


def _as_sentence(outcome: Outcome) -> str:
    told = [
        (outcome.had, "had it already"),
        (outcome.silent, "are silent"),
        (outcome.unwritable, "cannot be written to"),
        (len(outcome.failed), "failed"),
    ]
    rest = "".join(f", {number} {words}" for number, words in told if number)
    return f"{outcome.measured} {'file' if outcome.measured == 1 else 'files'} got ReplayGain{rest}."
