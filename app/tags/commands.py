"""`inlay propose`: what the review page would show, for info JSON lines."""

import json
import sys
from collections.abc import Collection
from typing import Any, TextIO

import click

from app.cli import COMMANDS
from app.errors import Invalid
from app.tags.credits import artist_keys
from app.tags.model import EDITABLE, SURE
from app.tags.propose import propose


@click.command("propose", help=COMMANDS["propose"][1])
@click.option("--artists", type=click.File(encoding="utf-8"), help="Artists you have, a name on each line.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (it always does).")
def propose_lines(artists: TextIO | None, as_json: bool) -> None:
    known = artist_keys(artists or ())
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            click.echo(json.dumps(_answer(_info(line, number), known), ensure_ascii=False))


def _info(line: str, number: int) -> dict[str, Any]:
    try:
        info = json.loads(line)
    except ValueError:
        info = None
    if not isinstance(info, dict):
        raise Invalid(f"Line {number} is not a JSON object: give one info of yt-dlp on each line.")
    return info


def _answer(info: dict[str, Any], known: Collection[str] = frozenset()) -> dict[str, Any]:
    """Each proposed field's value, the lower confidence of artist and title, and whether we are sure."""
    proposal = propose(info, known_artists=known)
    confidence = min(
        (proposal.fields[name].confidence if name in proposal.fields else 0.0) for name in ("artist", "title")
    )
    values = {name: proposal.value(name) for name in EDITABLE if proposal.value(name)}
    return {"artist": "", "title": "", **values, "confidence": confidence, "sure": confidence >= SURE}
