"""The commands `inlay user` and `inlay token`."""

import json
import sys

import click

from app.accounts import queries, sessions, setup
from app.accounts.model import Scope
from app.cli import Environment
from app.errors import Invalid, NotFound


@click.group()
def user() -> None:
    """Add users, and give them new passwords."""


@user.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="May see and do everything. The first user is an admin anyway.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add_user(environment: Environment, name: str, admin: bool, password_stdin: bool, as_json: bool) -> None:
    """Add a user called NAME. Asks for the password."""
    made = setup.create_user(environment.database(), name, _password(password_stdin), is_admin=admin)
    if as_json:
        click.echo(json.dumps({"id": made.id, "name": made.name, "is_admin": made.is_admin}))
        return
    click.echo(f"Added {made.name}{', an admin' if made.is_admin else ''}.")
    if made.is_admin and not admin:
        click.echo("The first user is always an admin.")


@user.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def set_password(environment: Environment, name: str, password_stdin: bool, as_json: bool) -> None:
    """Give NAME a new password, when the old one is forgotten. Signs their devices out."""
    found = setup.reset_password(environment.database(), name, _password(password_stdin))
    click.echo(json.dumps({"id": found.id, "name": found.name}) if as_json else f"Changed for {found.name}.")


@click.group()
def token() -> None:
    """Make API tokens."""


@token.command("add")
@click.option("--user", "name", required=True, help="Whose token it is.")
@click.option(
    "--scope",
    type=click.Choice([scope.value for scope in Scope]),
    default=Scope.FULL.value,
    show_default=True,
    help="submit: hand in links only. full: everything the user may.",
)
@click.option("--label", default="", help="What it is for, as the settings page shows it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def add_token(environment: Environment, name: str, scope: str, label: str, as_json: bool) -> None:
    """Make an API token and print it. It cannot be shown again."""
    with environment.database().write() as session:
        owner = queries.find_user(session, name)
        if owner is None:
            raise NotFound(f"There is no user {name!r}. Add one with: inlay user add NAME")
        row, made = sessions.create_token(session, owner.id, Scope(scope), label)
    if as_json:
        click.echo(json.dumps({"token": made, "id": row.id, "scope": row.scope, "label": row.label}))
    else:
        click.echo(made)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid("There is no terminal to ask for the password on: hand it in with --password-stdin.")
    password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Again")
    return password
