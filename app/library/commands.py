"""`inlay scan`: bring the index up to date by hand."""

import json
import sys

import click
from rich.console import Console
from rich.progress import Progress

from app.library.folder import check_mounted, prepare_folder
from app.library.index import ScanResult
from app.library.index import scan as scan_library

COUNTS = ("seen", "added", "changed", "renamed", "removed", "errors")


@click.command(help="Bring the index up to date with the library folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def scan(as_json: bool) -> None:
    environment = click.get_current_context().obj
    settings = environment.settings
    database = environment.database()
    try:
        prepare_folder(settings.library_dir, settings.data_dir)
        check_mounted(settings.library_dir, settings.data_dir)
        # On stderr, so that what a program reads stays clean.
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("Reading", total=None)
            result = scan_library(
                database,
                settings.library_dir,
                on_progress=lambda done, total: bar.update(task, completed=done, total=total),
                retry_errors=True,
            )
    finally:
        database.close()
    click.echo(_as_json(result) if as_json else _as_sentence(result))


def _as_json(result: ScanResult) -> str:
    return json.dumps({name: getattr(result, name) for name in COUNTS})


def _as_sentence(result: ScanResult) -> str:
    told = [f"{getattr(result, name)} {name}" for name in COUNTS[1:-1] if getattr(result, name)]
    unread = f" {result.errors} could not be read: the library page says why." if result.errors else ""
    return f"{result.seen} files: {', '.join(told) or 'nothing changed'}.{unread}"
