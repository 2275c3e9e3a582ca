"""`inlay rename`: give the library's files the names that the template says."""

import json
import sys
import time

import click
from rich.console import Console
from rich.progress import Progress

from app.children.parent import WarmParent
from app.db import Database
from app.library import rename_queries, renamer
from app.library.folder import prepare_folder
from app.library.rename import Plan
from app.library.rename_model import UNDER_WAY, Done
from app.library.renamer import Renamer
from app.services import Services, read_secret
from app.settings import Settings

LOOK_S = 0.5


@click.command(help="Give the library's files the names that the template says. See --dry-run first.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--undo", is_flag=True, help="Take the latest renaming back.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rename(dry_run: bool, undo: bool, as_json: bool) -> None:
    environment = click.get_current_context().obj
    settings: Settings = environment.settings
    database: Database = environment.database()
    try:
        prepare_folder(settings.library_dir, settings.data_dir)
        if dry_run:
            wanted = renamer.dry_run(database, settings)
            click.echo(json.dumps(_as_json(wanted)) if as_json else _as_text(wanted))
            return
        if undo:
            renamer.undo(database)
        else:
            renamer.begin(database, settings)
        counts = _follow(settings, database)
        click.echo(json.dumps(counts) if as_json else _as_sentence(counts))
    finally:
        database.close()


def _follow(settings: Settings, database: Database) -> dict[str, int]:
    """Do it here, or watch how a running Inlay does it. Answers the counts at the end."""
    services = Services(
        settings, database, read_secret(settings.data_dir), lambda name, id: None, WarmParent("never:started")
    )
    worker = Renamer(services)
    with database.read() as session:
        row = rename_queries.under_way(session)
    assert row is not None
    # On stderr, so that what a program reads stays clean.
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("Renaming", total=None)

        def show() -> None:
            with database.read() as session:
                counts = rename_queries.counts(session, row.id)
            bar.update(task, completed=sum(counts.values()) - counts.get(Done.NOT_YET, 0))

        while True:
            worker.work(show)
            with database.read() as session:
                latest = rename_queries.latest(session)
                if latest is None or latest.stage not in UNDER_WAY:
                    return {
                        done.value: number for done, number in rename_queries.counts(session, row.id).items()
                    }
            if latest.message:
                click.echo(latest.message, err=True)
            time.sleep(LOOK_S)


def _as_json(wanted: Plan) -> dict[str, object]:
    numbered = {step.source for step in wanted.collisions}
    return {
        "tracks": wanted.tracks,
        "renames": [
            {"from": step.source, "to": step.target, "collides": step.source in numbered}
            for step in wanted.renames
        ],
        "pictures": [{"from": step.source, "to": step.target} for step in wanted.pictures],
        "left": wanted.left,
    }


def _as_text(wanted: Plan) -> str:
    lines = [f"{step.source} → {step.target}" for step in (*wanted.renames, *wanted.pictures)]
    said = f"{len(wanted.renames)} of {wanted.tracks} tracks would be renamed"
    if wanted.collisions:
        said += f", {len(wanted.collisions)} with a number because their name is another's"
    if wanted.left:
        said += f"; {len(wanted.left)} have no title or artist and keep their names"
    return "\n".join([*lines, f"{said}."])


def _as_sentence(counts: dict[str, int]) -> str:
    moved, back = counts.get(Done.MOVED, 0), counts.get(Done.BACK, 0)
    kept = counts.get(Done.LEFT, 0) + counts.get(Done.KEPT, 0)
    done = f"{back} moves were taken back" if back else f"{moved} moves were made"
    return f"{done}, {kept} could not be: the page “Rename the library” says why." if kept else f"{done}."
