"""`inlay update-ytdlp`: look for a newer yt-dlp now, with or without a server that runs."""

import json
import sys

import click

from app.freshness.installs import Installs
from app.freshness.update import Outcome, update
from app.freshness.versions import NIGHTLY, STABLE


@click.command(
    help="Look for a newer yt-dlp now.",
    epilog="New downloads of a server that runs use it at once. Exit code 1 when nothing could be found out, "
    "or what there is is not used.",
)
@click.option(
    "--channel",
    type=click.Choice([STABLE, NIGHTLY]),
    default=None,
    help="Instead of INLAY_YTDLP_CHANNEL. A nightly that is fetched so stays until something newer comes; "
    "stable goes back from it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def update_ytdlp(channel: str | None, as_json: bool) -> None:
    settings = click.get_current_context().obj.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    installs = Installs(settings)
    before = installs.in_use()
    found = update(settings, installs, channel=channel or "", by_hand=True)
    if as_json:
        click.echo(json.dumps(_told(found, before.text, channel or installs.channel)))
    else:
        click.echo(f"yt-dlp: {found.message}", err=not found.is_well)
    if not found.is_well:
        sys.exit(1)


def _told(found: Outcome, before: str, channel: str) -> dict[str, object]:
    return {
        "outcome": found.outcome,
        "version": found.version.text,
        "age_days": found.version.age_days,
        "before": before,
        "channel": channel,
        "message": found.message,
    }
