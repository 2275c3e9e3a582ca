"""Notifications for people: what happened to several downloads, in one message."""

from collections.abc import Sequence

from app.tell.line import Line, NotTold
from app.tell.model import Hook, Message


def send(hook: Hook, messages: Sequence[Message], line: Line) -> str:
    """Raises NotTold."""
    raise NotTold("notifications are not installed here")
