"""A signed POST to a program of somebody's. What it says, and how the other side knows that it is from us.

X-Inlay-Signature: sha256=HEX    the HMAC of "TIMESTAMP.BODY" with the hook's secret as key
X-Inlay-Timestamp: TIMESTAMP     when it was sent, in seconds; refuse old ones
X-Inlay-Id                       stays the same when it is sent again: act on each id once
"""

import hashlib
import hmac
import json
import secrets
import time
from datetime import UTC
from typing import Any

from app.languages.say import say
from app.tell.line import Line, NotTold
from app.tell.model import Hook, Message

NAMES = {"library": "library.changed", "test": "test"}


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    mac = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={mac.hexdigest()}"


def send(hook: Hook, message: Message, line: Line) -> str:
    """Raises NotTold."""
    event = NAMES.get(message.event, f"download.{message.event}")
    body = _body(message, event)
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Inlay-Event": event,
        "X-Inlay-Id": message.id,
        "X-Inlay-Timestamp": timestamp,
        "X-Inlay-Signature": sign(hook.secret, timestamp, body),
    }
    answer = line.ask("POST", hook.address, headers, body)
    if not answer.is_yes:
        raise NotTold(say(f"it answered with status {answer.status}"), answer.wait_s)
    return say(f"It took {event}.")


def _body(message: Message, event: str) -> bytes:
    at = message.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    facts: dict[str, Any] = {"id": message.id, "event": event, "time": at, **message.body}
    return json.dumps(facts, ensure_ascii=False).encode()
