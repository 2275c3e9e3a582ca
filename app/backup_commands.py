"""`inlay backup` and `inlay restore`."""

import json
from pathlib import Path

import click

from app import backup as copies
from app.errors import NotFound
from app.restore import restore as bring_back

NOT_IN_IT = (
    "Not in it: the music, what waits for its review, the trash, and the secret, which opens saved cookies. "
    "Keep it private: it holds the hashes of passwords and the keys of media servers."
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(help="Copy the database to FILE, also while Inlay runs.")
@click.argument("file", type=click.Path(path_type=Path))
@AS_JSON
def backup(file: Path, as_json: bool) -> None:
    database = click.get_current_context().obj.settings.database_file
    if not database.exists():
        raise NotFound(f"There is no database in {database.parent}: nothing to back up.")
    target = file.absolute()
    copies.write_copy(database, target)
    size = target.stat().st_size
    if as_json:
        click.echo(json.dumps({"file": str(target), "size_bytes": size}))
    else:
        click.echo(f"Backup made: {target} ({size / 1e6:.1f} MB). {NOT_IN_IT}")


@click.command(help="Put a backup in the place of the database.")
@click.argument("file", type=click.Path(path_type=Path))
@AS_JSON
def restore(file: Path, as_json: bool) -> None:
    database = click.get_current_context().obj.settings.database_file
    done = bring_back(file.absolute(), database)
    if as_json:
        told = {
            "database": str(done.database),
            "backup": str(file.absolute()),
            "taken_at": done.taken_at.isoformat(),
            "version": done.version,
            "kept": str(done.kept) if done.kept else None,
        }
        click.echo(json.dumps(told))
        return
    click.echo(
        f"The database is again as it was on {done.taken_at:%Y-%m-%d %H:%M} UTC; what came later is lost."
    )
    if done.kept:
        click.echo(f"The former one is kept as {done.kept}.")
    click.echo("Start Inlay as usual. `inlay scan` finds the music that was added since.")
