"""`inlay propose`: what the review page would show, for info JSON lines."""

import json
import sys
from typing import Any

import click

from app.cli import COMMANDS
from app.tags.model import EDITABLE, SURE
from app.tags.propose import propose


@click.command("propose", help=COMMANDS["propose"][1])
@click.option("--json", "as_json", is_flag=True, help="Print JSON (it always does).")
def propose_lines(as_json: bool) -> None:
    for line in sys.stdin:
        if line.strip():
            click.echo(json.dumps(_answer(json.loads(line)), ensure_ascii=False))


def _answer(info: dict[str, Any]) -> dict[str, Any]:
    """Each proposed field's value, the lower confidence of artist and title, and whether we are sure."""
    proposal = propose(info)
    confidence = min(
        (proposal.fields[name].confidence if name in proposal.fields else 0.0) for name in ("artist", "title")
    )
    values = {name: proposal.value(name) for name in EDITABLE if proposal.value(name)}
    return {"artist": "", "title": "", **values, "confidence": confidence, "sure": confidence >= SURE}
