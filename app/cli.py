"""The command line: `inlay`. Each command's code is loaded only when it is called."""

import importlib
import json
import logging
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from app import __version__
from app.errors import InlayError, SettingsError
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.db import Database

# Name → where its click command is, in the order of --help.
COMMANDS = {
    "serve": ("app.serve:serve", "Start everything: pages, downloads, watcher."),
    "web": ("app.serve:web", "Start the pages alone."),
    "worker": ("app.serve:worker", "Start downloads and watcher alone."),
    "add": ("app.downloads.commands:add", "Hand in a link."),
    "formats": ("app.cli:formats", "List the formats."),
    "propose": ("app.tags.commands:propose_lines", "Propose tags for info JSON lines on stdin."),
    "scan": ("app.library.commands:scan", "Bring the index up to date with the library folder."),
    "loudness": ("app.library.sound_commands:add_loudness", "Write ReplayGain into the whole library."),
    "fingerprints": (
        "app.library.print_commands:add_fingerprints",
        "Write down what the whole library sounds like.",
    ),
    "rename": ("app.library.rename_commands:rename", "Rename the library's files as the template says."),
    "user": ("app.accounts.commands:user", "Add users, set passwords."),
    "token": ("app.accounts.commands:token", "Make API tokens."),
    "update-ytdlp": ("app.freshness.commands:update_ytdlp", "Look for a newer yt-dlp now."),
    "backup": ("app.backup_commands:backup", "Copy the database to FILE, also while Inlay runs."),
    "restore": ("app.backup_commands:restore", "Put a backup in the place of the database."),
    "doctor": ("app.doctor:doctor", "Check everything that Inlay needs."),
}


class Lazy(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in COMMANDS.items()])


@dataclass
class Environment:
    """What a command gets as `click.get_current_context().obj`."""

    settings: Settings

    def database(self) -> "Database":
        """The database, migrated. Made when it is not there yet."""
        from app.opening import prepare

        return prepare(self.settings)


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="inlay")
@click.pass_context
def inlay(context: click.Context) -> None:
    """From a link on the web to a track in your own music library, correctly named, for good.

    Settings are environment variables that begin with INLAY_; the README lists them.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        context.obj = Environment(read_settings())
    except SettingsError as error:
        # For the doctor that is a finding like others.
        if context.invoked_subcommand != "doctor":
            raise
        context.obj = error


@click.command(help=COMMANDS["formats"][1])
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def formats(as_json: bool) -> None:
    from app.audio.formats import FORMATS

    if as_json:
        names = ("name", "extension", "label", "lossless")
        click.echo(json.dumps([{name: getattr(one, name) for name in names} for one in FORMATS.values()]))
        return
    for one in FORMATS.values():
        click.echo(f"{one.name:<10}{one.label}")


def main(arguments: list[str] | None = None) -> Any:
    """Run `inlay`. Expected trouble is one sentence on stderr and exit code 1."""
    try:
        return inlay.main(arguments, prog_name="inlay", standalone_mode=True)
    except InlayError as error:
        click.echo(f"inlay: {error.message}", err=True)
        sys.exit(1)
