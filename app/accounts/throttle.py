"""How often passwords may be tried: per account, per address, and never a lock-out for good."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from threading import Lock

from app.errors import TooMany
from app.languages.say import say

WINDOW_S = 15 * 60
FIRST_PAUSE_S = 5


@dataclass
class Counter:
    """Recent attempts by key: after `free` of them each pause is twice the last, up to `limit`."""

    free: int
    limit: int
    room: int = 10_000
    """Keys to remember; the ones longest without an attempt are forgotten first."""
    times: OrderedDict[str, list[float]] = field(default_factory=OrderedDict)

    def wait_s(self, key: str, now: float) -> float:
        """How long until the next attempt is allowed; 0 for now."""
        recent = self._recent(key, now)
        if len(recent) >= self.limit:
            return recent[-self.limit] + WINDOW_S - now
        if len(recent) < self.free:
            return 0
        pause = FIRST_PAUSE_S << (len(recent) - self.free)
        return max(0, recent[-1] + min(pause, WINDOW_S) - now)

    def add(self, key: str, now: float) -> None:
        self.times[key] = [*self._recent(key, now), now]
        self.times.move_to_end(key)
        while len(self.times) > self.room:
            self.times.popitem(last=False)

    def take_back(self, key: str) -> None:
        """The last attempt was a good one: it does not count."""
        if len(self.times.get(key, ())) > 1:
            self.times[key].pop()
        else:
            self.times.pop(key, None)

    def _recent(self, key: str, now: float) -> list[float]:
        return [at for at in self.times.get(key, ()) if at > now - WINDOW_S]


class Throttle:
    """Counts the passwords that are checked. One for the whole process; safe for threads.

    An account sees at most 10 wrong passwords in 15 minutes, of them at most 7 from one address: somebody
    who guesses cannot use up what the owner needs elsewhere. Sessions that exist are never affected.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._pairs = Counter(free=5, limit=7)
        self._accounts = Counter(free=5, limit=10)
        self._addresses = Counter(free=20, limit=40)

    def admit(self, account: str, address: str) -> None:
        """Call before a password is checked: counts the attempt. Raises TooMany, and then counts nothing."""
        with self._lock:
            now = self._clock()
            wait = max(counter.wait_s(key, now) for counter, key in self._keys(account, address))
            if wait > 0:
                raise _too_many(wait)
            for counter, key in self._keys(account, address):
                counter.add(key, now)

    def forgive(self, account: str, address: str) -> None:
        """Call after a right password: it counts as no attempt, and this address has the account's trust."""
        with self._lock:
            for counter, key in self._keys(account, address):
                counter.take_back(key)
            self._pairs.times.pop(_pair(account, address), None)

    def _keys(self, account: str, address: str) -> tuple[tuple[Counter, str], ...]:
        return (
            (self._pairs, _pair(account, address)),
            (self._accounts, account),
            (self._addresses, network(address)),
        )


def network(address: str) -> str:
    """What one client cannot change at will: the address, and of an IPv6 address its /64."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64))


def _pair(account: str, address: str) -> str:
    return f"{network(address)} {account}"


def _too_many(wait_s: float) -> TooMany:
    seconds = int(wait_s) + 1
    after = say(f"{seconds} seconds") if seconds < 120 else say(f"{-(-seconds // 60)} minutes")
    return TooMany(f"Too many wrong passwords. Try again in {after}.", retry_after_s=seconds)
