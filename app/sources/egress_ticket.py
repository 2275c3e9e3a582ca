"""A download's ticket for the egress guard: its login, its budget of bytes, and how it went."""

import asyncio
import base64
import hmac
import secrets
from dataclasses import dataclass, field
from typing import NamedTuple

REFUSALS_KEPT = 100


class Refusal(NamedTuple):
    host: str
    reason: str


class OverBudget(Exception):
    """Not a byte more for this download."""


@dataclass(eq=False)
class ProxyTicket:
    """One download's way out. `url` is the proxy for its child; the rest tells how it went so far."""

    download_id: str
    budget_bytes: int
    url: str = field(repr=False)
    token: str = field(repr=False)
    spent_bytes: int = 0
    over_budget: bool = False
    refused: list[Refusal] = field(default_factory=list)
    """Hosts that were refused and why, oldest first, at most 100."""
    refused_last: bool = False
    """Nothing has come from the network since the last refusal: that is what the download failed for."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set, repr=False)
    """The open connections; only the guard's thread touches them."""

    def admits(self, token: str) -> bool:
        return hmac.compare_digest(self.token.encode(), token.encode())

    def spend(self, count: int) -> None:
        """Counts bytes off the network. Past the budget all connections end: raises OverBudget."""
        self.spent_bytes += count
        self.refused_last = False
        if self.spent_bytes > self.budget_bytes:
            self.over_budget = True
            self.cut()
            raise OverBudget

    def cut(self) -> None:
        """Ends all connections but the one that asks for it."""
        for task in self.tasks - {asyncio.current_task()}:
            task.cancel()

    def refuse(self, host: str, reason: str) -> None:
        self.refused_last = True
        if len(self.refused) < REFUSALS_KEPT:
            self.refused.append(Refusal(host, reason))


def new_token() -> str:
    return secrets.token_urlsafe(24)


def read_login(header: bytes) -> tuple[str, str] | None:
    """Download id and token of a Proxy-Authorization value; None when it is no such thing."""
    scheme, _, pair = header.partition(b" ")
    try:
        download_id, colon, token = base64.b64decode(pair.strip(), validate=True).decode().rpartition(":")
    except ValueError:
        return None
    return (download_id, token) if colon and scheme.lower() == b"basic" else None
