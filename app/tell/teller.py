"""The teller: a thread that looks every second who has to be told what, and tells them beside all else.

Of the library it waits until nothing has changed for some seconds: one call, not one for each track. Whoever
is down is tried again after ever longer pauses. Nothing of Inlay waits for it, and a restart loses nothing:
what has not been told is in the outbox, and how much of the changes a hook knows of is in its row.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.accounts.queries import get_user
from app.db import now
from app.errors import DatabaseTrouble
from app.languages.say import say
from app.library import change_count
from app.library.change_count import COUNTED, Changes
from app.services import Services
from app.tell import notify, push, queries, servers, webhook
from app.tell.line import DEADLINE_S, Gone, Line, NotTold
from app.tell.model import NOTIFICATION, PEOPLE, PUSH, SERVERS, Hook, Message

log = logging.getLogger("inlay.tell")

WAKE_S = 1.0
AT_ONCE = 4
"""Hooks that are told at the same time: one that hangs must not delay the others."""
TRIES = 8
STOP_S = 3.0


@dataclass(frozen=True)
class Pace:
    """How patient the teller is, in seconds."""

    quiet_s: float = 5.0
    """Without a change of the library before others hear of it …"""
    longest_s: float = 120.0
    """… but not later than this after the first one."""
    batch_s: float = 10.0
    """Without more news before a person gets a notification …"""
    batch_longest_s: float = 60.0
    """… but not later than this."""
    delays_s: tuple[float, ...] = (10, 60, 300, 1800, 3600)
    """After the first failure, the second, and so on; then always the last."""
    deadline_s: float = DEADLINE_S

    def after(self, failures: int) -> float:
        """How long to wait when there were so many failures before this one."""
        return self.delays_s[min(max(failures, 0), len(self.delays_s) - 1)]


@dataclass
class Teller:
    services: Services
    pace: Pace = Pace()
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: dict[str, threading.Thread] = field(default_factory=dict)
    """By hook, while it is being told."""
    _thread: threading.Thread | None = None
    _seen: Changes | None = None
    _changed_at: float = 0.0
    _pending_since: float | None = None

    def start(self) -> None:
        with self.services.db.write() as session:
            queries.forget_pauses(session, lambda failures: timedelta(seconds=self.pace.after(failures)))
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Does not wait for those who are just being told: if need be, they are told once more."""
        self._stop.set()
        ends_at = time.monotonic() + STOP_S
        for thread in [*([self._thread] if self._thread else []), *self._threads.values()]:
            thread.join(max(0.0, ends_at - time.monotonic()))

    def _run(self) -> None:
        while not self._stop.wait(min(WAKE_S, self.pace.quiet_s)):
            try:
                self.round()
            except DatabaseTrouble as trouble:
                log.warning("%s", trouble.message)
            except Exception:
                log.exception("telling others failed; it is tried again")

    def round(self) -> None:
        """One look; whoever is due is told in a thread of its own."""
        with self.services.db.read() as session:
            hooks = queries.everyone(session)
            if not hooks:
                return
            current = change_count.count(session)
            waiting = queries.waiting_since(session)
        settled = self._is_settled(current)
        for hook in hooks:
            if settled and hook.wants_library and hook.told != current and hook.kind not in SERVERS:
                self._write_library(hook, current)
            if hook.id in self._threads or (hook.retry_at and hook.retry_at > now()):
                continue
            if hook.kind in SERVERS:
                if settled and hook.told != current:
                    self._tell(hook, self._rescan, current)
            elif hook.id in waiting and self._is_due(hook, *waiting[hook.id]):
                self._tell(hook, self._empty_outbox)

    def _is_settled(self, current: Changes) -> bool:
        clock = time.monotonic()
        if current != self._seen:
            self._seen, self._changed_at = current, clock
            self._pending_since = self._pending_since or clock
        if self._pending_since is None:
            return True
        quiet = clock - self._changed_at >= self.pace.quiet_s
        if quiet or clock - self._pending_since >= self.pace.longest_s:
            self._pending_since = None
            return True
        return False

    def _is_due(self, hook: Hook, oldest: datetime, newest: datetime) -> bool:
        if hook.kind not in PEOPLE:
            return True
        moment = now()
        return bool(
            moment - newest >= timedelta(seconds=self.pace.batch_s)
            or moment - oldest >= timedelta(seconds=self.pace.batch_longest_s)
        )

    def _write_library(self, hook: Hook, current: Changes) -> None:
        since = current.since(hook.told)
        body = {"library": {name: getattr(since, name) for name in COUNTED}}
        with self.services.db.write() as session:
            queries.put(session, [hook], "library", body)
            queries.knows(session, hook.id, current)

    def _tell(self, hook: Hook, how: Callable[..., None], *more: object) -> None:
        if len(self._threads) >= AT_ONCE:
            return

        def tell() -> None:
            try:
                how(hook, *more)
            except DatabaseTrouble as trouble:
                log.warning("%s", trouble.message)
            except Exception:
                log.exception("hook %s: telling it failed", hook.id)
            finally:
                del self._threads[hook.id]

        self._threads[hook.id] = threading.Thread(target=tell, name=f"tell-{hook.kind}", daemon=True)
        self._threads[hook.id].start()

    def _rescan(self, hook: Hook, current: Changes) -> None:
        try:
            sentence = servers.rescan(hook, line_to(self.services, hook, self.pace.deadline_s))
        except NotTold as trouble:
            self._failed(hook, trouble)
            return
        with self.services.db.write() as session:
            queries.went_well(session, hook.id, sentence, told=current)
        log.info("hook %s (%s): told that the library changed", hook.id, hook.kind)

    def _empty_outbox(self, hook: Hook) -> None:
        """One after the other, in their order; notifications together."""
        line = line_to(self.services, hook, self.pace.deadline_s)
        while not self._stop.is_set():
            with self.services.db.read() as session:
                waiting = queries.waiting(session, hook.id)
                may_hear = hook.kind != PUSH or queries.is_signed_in(session, hook)
            part = waiting if hook.kind in PEOPLE else waiting[:1]
            if not part:
                return
            try:
                sentence = _send(hook, part, line) if may_hear else push.SIGNED_OUT
            except Gone as trouble:
                _remove(self.services, hook, trouble)
                return
            except NotTold as trouble:
                self._failed(hook, trouble, part)
                return
            with self.services.db.write() as session:
                queries.take_out(session, [one.id for one in part])
                queries.went_well(session, hook.id, sentence)

    def _failed(self, hook: Hook, trouble: NotTold, messages: Sequence[Message] = ()) -> None:
        pause_s = max(self.pace.after(hook.failures), trouble.wait_s)
        retry_at = now() + timedelta(seconds=pause_s)
        with self.services.db.write() as session:
            gone = queries.count_try(session, [one.id for one in messages], TRIES) if messages else 0
            queries.trim(session, hook.id)
            queries.went_wrong(session, hook.id, _sentence(str(trouble), gone), retry_at)
        log.info("hook %s (%s): not told: %s", hook.id, hook.kind, trouble)


def _remove(services: Services, hook: Hook, trouble: Gone) -> None:
    with services.db.write() as session:
        queries.remove(session, hook.id)
    log.info("hook %s (%s): removed: %s", hook.id, hook.kind, trouble)


def try_out(services: Services, hook: Hook) -> tuple[bool, str]:
    """Tell a hook something right now, for a person who wants to see whether it works.

    One that is gone for good is removed.
    """
    line = line_to(services, hook)
    try:
        if hook.kind in SERVERS:
            return True, servers.rescan(hook, line, check=True)
        text = say("This is a test: you will be told here what becomes of your downloads.")
        message = Message(hook_id=hook.id, event="test", body={"text": text}, tries=0)
        message.id, message.created_at = f"test-{int(time.time() * 1000)}", now()
        return True, _send(hook, [message], line)
    except Gone as trouble:
        _remove(services, hook, trouble)
        return False, _sentence(str(trouble))
    except NotTold as trouble:
        return False, _sentence(str(trouble))


def line_to(services: Services, hook: Hook, deadline_s: float = DEADLINE_S) -> Line:
    is_server = hook.kind in SERVERS
    with services.db.read() as session:
        # A push service is public, whoever asks: its address is a browser's word and nobody's decision.
        owner = get_user(session, hook.user_id) if hook.user_id is not None else None
        trusted = is_server or (hook.kind != PUSH and owner is not None and owner.is_admin)
        language = owner.language if owner and hook.kind in PEOPLE else ""
    return Line(services.settings, trusted, is_server, deadline_s, language)


def _send(hook: Hook, messages: Sequence[Message], line: Line) -> str:
    if hook.kind == NOTIFICATION:
        return notify.send(hook, messages, line)
    if hook.kind == PUSH:
        return push.send(hook, messages, line)
    return webhook.send(hook, messages[0], line)


def _sentence(trouble: str, gone: int = 0) -> str:
    said = say(f"It could not be told: {trouble}.")
    if not gone:
        return said
    lost = say("1 message was given up.") if gone == 1 else say(f"{gone} messages were given up.")
    return f"{said} {lost}"
