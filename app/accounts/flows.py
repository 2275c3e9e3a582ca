"""Sign-ins that have begun at an OpenID provider and are not back yet: in memory, each good once, briefly."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from app.accounts import sessions

COOKIE = "inlay_oidc"
LASTS_S = 10 * 60
MOST = 5_000


@dataclass(frozen=True)
class Flow:
    """What has to fit when the browser comes back. Only `state` and `nonce` leave the house meanwhile."""

    state: str
    nonce: str
    verifier: str
    browser: str
    """Hash of the cookie of the browser that began."""
    back: str
    """The address that the provider sends the browser to."""
    target: str
    user_id: int | None
    """Whose user is to be connected; None: somebody signs in."""
    began: float


class Flows:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._flows: OrderedDict[str, Flow] = OrderedDict()

    def begin(self, cookie: str, back: str, target: str, user_id: int | None) -> Flow:
        flow = Flow(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            browser=sessions.hashed(cookie),
            back=back,
            target=target,
            user_id=user_id,
            began=self._clock(),
        )
        with self._lock:
            self._flows[flow.state] = flow
            while len(self._flows) > MOST:
                self._flows.popitem(last=False)
        return flow

    def take(self, state: str, cookie: str) -> Flow | None:
        """The flow of this state, once, for the browser that began it, and not too late."""
        with self._lock:
            flow = self._flows.get(state)
            if flow is None or not sessions.same(flow.browser, sessions.hashed(cookie)):
                return None
            del self._flows[state]
        return flow if self._clock() - flow.began <= LASTS_S else None
