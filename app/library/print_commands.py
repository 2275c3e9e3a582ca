"""`inlay fingerprints`: what the whole library sounds like."""

import json
import sys

import click
from rich.console import Console
from rich.progress import Progress

import app.accounts.model  # noqa: F401  (the journal of changes refers to its table)
from app.audio import fingerprint
from app.children.parent import WarmParent
from app.errors import InlayError
from app.library import print_queries, prints
from app.library.folder import check_mounted
from app.locks import alone
from app.services import Services, read_secret


@click.command(
    name="fingerprints",
    help="Write down what every track sounds like, so that duplicates are found under other names too. "
    "Nothing in the files changes. Those that have it are skipped: it may be stopped at any time, and goes "
    "on when called again.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def add_fingerprints(as_json: bool) -> None:
    if not fingerprint.is_possible():
        raise InlayError("fpcalc is not installed. Debian has it in the package libchromaprint-tools.")
    environment = click.get_current_context().obj
    settings = environment.settings
    database = environment.database()
    services = Services(
        settings, database, read_secret(settings.data_dir), lambda name, id: None, WarmParent("")
    )
    made = nothing = 0
    try:
        check_mounted(settings.library_dir, settings.data_dir)
        with database.read() as session:
            total = print_queries.number_lacking(session)
        # On stderr, so that what a program reads stays clean.
        console = Console(stderr=True)
        with (
            alone(settings.data_dir, prints.LISTENING, wait=True),
            Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar,
        ):
            task, after = bar.add_task("Listening", total=total), ""
            while True:
                with database.read() as session:
                    lacking = print_queries.lacking(session, after)
                if not lacking:
                    break
                after = lacking[0].id
                found = prints.add_print(services, lacking[0])
                made, nothing = made + found, nothing + (not found)
                bar.advance(task)
    finally:
        database.close()
    click.echo(json.dumps({"made": made, "without": nothing}) if as_json else _as_sentence(made, nothing))


def _as_sentence(made: int, nothing: int) -> str:
    rest = f"; {nothing} are too short, silent or damaged" if nothing else ""
    return f"{made} {'fingerprint was' if made == 1 else 'fingerprints were'} made{rest}."
