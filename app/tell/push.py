"""Web push: a notification on a device of somebody's, through the push service of its browser.

The service is whoever the browser says, so it is reached through the egress guard and may not be private; it
carries what only the browser can read. What is ready at about the same time is one notification.
"""

import contextlib
import hashlib
import json
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.children import limits, parent
from app.errors import Failure, FailureKind, Invalid
from app.languages.say import say
from app.languages.telling import tell_in
from app.settings import Settings
from app.sources.addresses import Allowed, read_host, why_forbidden
from app.tell import notify, sealing
from app.tell.line import Gone, Line, NotTold
from app.tell.model import Hook, Message

SECONDS = 20.0
LONGEST_NAME = 120
NAMED = 4
"""Titles in a notification: phones show about as many lines."""
LONGEST_TTL_S = 28 * 24 * 3600
"""Push services keep a message for four weeks at most."""
LONGEST_ADDRESS = 1_000

NOT_INSTALLED = say("pycryptodomex, which encrypts notifications, is not installed here")
SIGNED_OUT = say("This device is not signed in any more.")
_REFUSED = {
    400: say("its push service does not understand us. Remove it, and turn it on again over there"),
    401: say("its push service does not know our key. Remove it, and turn it on again over there"),
    403: say("its push service does not know our key. Remove it, and turn it on again over there"),
    413: say("its push service finds this too long"),
    429: say("its push service has had enough of us for now"),
}
_making = threading.Lock()


@dataclass(frozen=True)
class Keys:
    """The installation's pair, in base64url: push services know us by it, for as long as a device is told."""

    private: str
    public: str


def is_installed() -> bool:
    return find_spec("Cryptodome") is not None


def own_keys(settings: Settings) -> Keys:
    """Ours, made when the first device asks for them, readable by their owner alone."""
    file = settings.data_dir / "push-keys"
    with _making:
        found = _read(file)
        if found is None:
            found = Keys(**_in_child("make_keys", {}))
            _write(file, json.dumps(asdict(found)).encode())
        return found


def read_subscription(settings: Settings, data: Mapping[str, str]) -> tuple[str, str]:
    """Address and keys of a device, as its browser hands them in. Raises Invalid.

    Names are judged by the egress guard, each time that they are dialled; a bare address is judged here, too.
    """
    address, p256dh, auth = (data.get(name, "") for name in ("endpoint", "p256dh", "auth"))
    try:
        parts = urlsplit(address)
        host = read_host(parts.hostname or "")
        fits = parts.scheme == "https" and "@" not in parts.netloc and (parts.port or 1) > 0
        fits = fits and not parts.fragment and re.fullmatch(r"[\x21-\x7e]+", address) is not None
        fits = fits and len(address) <= LONGEST_ADDRESS
        if host.address and why_forbidden(host.address, Allowed(*settings.allow_hosts)):
            fits = False
    except ValueError:
        fits = False
    if not fits:
        raise Invalid("This browser's push service has no address that Inlay may use.", code="bad_device")
    if not sealing.is_key(p256dh, auth):
        raise Invalid("This browser handed in a key that is none. Try again.", code="bad_device")
    return address, f"{p256dh} {auth}"


def send(hook: Hook, messages: Sequence[Message], line: Line) -> str:
    """Raises NotTold; Gone when the browser does not want to be told any more."""
    if not is_installed():
        raise NotTold(NOT_INSTALLED)
    parts = urlsplit(hook.address)
    p256dh, _, auth = hook.secret.partition(" ")
    told = compose(messages, line.language)
    order = {
        "text": json.dumps({"device": hook.id, **told, **_of_worker(line.language)}, ensure_ascii=False),
        "p256dh": p256dh,
        "auth": auth,
        "audience": f"{parts.scheme}://{parts.netloc}",
        "contact": _contact(line.settings.contact, hook.login),
        **asdict(own_keys(line.settings)),
    }
    sealed = _in_child("seal_in_child", order)
    headers = {
        "Authorization": sealed["authorization"],
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        # When its review is over, nobody needs to hear of it.
        "TTL": str(min(line.settings.review_days * 24 * 3600, LONGEST_TTL_S)),
        "Topic": told["tag"],
        "Urgency": "normal",
    }
    answer = line.ask("POST", hook.address, headers, sealing.decode(sealed["body"]))
    if answer.status in (404, 410):
        raise Gone(
            say("its browser takes no notifications of Inlay any more, so it was removed from the list")
        )
    if not answer.is_yes:
        why = _REFUSED.get(answer.status, say(f"its push service answered with status {answer.status}"))
        raise NotTold(why, answer.wait_s)
    return say(f"It took: {_clip(told['title'])}.")


def compose(messages: Sequence[Message], language: str = "") -> dict[str, str]:
    """What the notification says and opens. `tag`: what replaces an older one about the same."""
    if messages[0].event == "test":
        return _note("Inlay", tell_in(language, messages[0].body["text"]), "settings/tell", "test")
    ready = {one.subject: one.body["download"] for one in messages}
    names = [_clip(notify.name_of(download)) for download in ready.values()]
    if len(ready) == 1:
        [id] = ready
        return _note(names[0], tell_in(language, say("Ready for review")), f"downloads/{id}/review", id)
    rest = tell_in(language, say(f"… and {len(names) - NAMED} more"))
    more = [rest] if len(names) > NAMED else []
    lines = "\n".join([*names[:NAMED], *more])
    count = tell_in(language, say(f"{len(names)} tracks are ready for review"))
    return _note(count, lines, "", *sorted(ready))


def _of_worker(language: str) -> dict[str, str]:
    """What the service worker says by itself; English is what it knows."""
    if not language:
        return {}
    ended = say("Notifications have ended on this device. Turn them on again in Settings, Telling others.")
    sign_in = say("Sign in to see what is ready for review.")
    return {"ended": tell_in(language, ended), "sign_in": tell_in(language, sign_in)}


def _note(title: str, body: str, path: str, *about: str) -> dict[str, str]:
    # At most 32 letters of base64url, and nothing that a push service could learn from.
    tag = sealing.encode(hashlib.sha256("\n".join(about).encode()).digest())[:32]
    return {"title": title, "body": body, "path": path, "tag": tag}


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def _contact(setting: str, own_address: str) -> str:
    """Whom a push service asks when we misbehave: some insist on it."""
    if "@" in setting and "://" not in setting:
        return f"mailto:{setting}"
    return next((one for one in (setting, own_address) if one.startswith("https://")), "")


def _in_child(call: str, args: dict[str, Any]) -> dict[str, Any]:
    """Raises NotTold."""
    try:
        return parent.run(
            f"{sealing.__name__}:{call}", args, seconds=SECONDS, limits=limits.offline(limits.SEAL)
        )
    except Failure as failure:
        if failure.kind is FailureKind.PERMANENT:
            raise Gone(say(f"{failure.message}, so it was removed from the list")) from None
        raise NotTold(say("encrypting it took too long")) from None
    except parent.ChildCrashed:
        raise NotTold(say("encrypting it stopped unexpectedly")) from None


def _read(file: Path) -> Keys | None:
    """None also for what a power cut left of it: then devices have to be turned on again."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        return Keys(**json.loads(file.read_bytes()))
    return None


def _write(file: Path, content: bytes) -> None:
    half = file.with_name(f".{file.name}-half")
    with contextlib.suppress(FileNotFoundError):
        half.unlink()
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writer:
        writer.write(content)
        writer.flush()
        os.fsync(writer.fileno())
    os.replace(half, file)
