"""Notifications for people, through Apprise: what happened to several downloads, in one message.

Apprise knows more than a hundred services and is not ours, so it works in a limited child that finds nothing
but an egress guard. Only services that it speaks HTTP with, and by its one HTTP library, can go through that.
"""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.children import limits, parent
from app.children.child import Emit
from app.errors import Failure, FailureKind, Invalid
from app.languages.say import say
from app.languages.telling import tell_in
from app.library.change_count import COUNTED
from app.sources.addresses import read_host
from app.tell.line import MOST_BYTES, OVERHEAD_BYTES, REFUSED, SLOW, Line, NotTold
from app.tell.model import Hook, Message

SCHEMES = (
    "apprise apprises bark barks dingtalk discord feishu form forms gchat gotify gotifys hassio hassios "
    "ifttt join json jsons lark mastodon mmost mmosts ntfy ntfys pbul pover prowl pushed rocket rockets "
    "signal signals simplepush slack synology synologys tgram toot webex workflows xml xmls zulip"
).split()
READS_FILES = {"template", "attach", "attachment", "attach-as", "config", "include", "plugin", "store"}
"""Of what can stand behind the question mark: these make Apprise read files."""
SECONDS = 25.0
NAMED = 10
"""Titles of one kind in a message."""

NOT_INSTALLED = say("Apprise is not installed here. Install Inlay with the extra “notify”")
_EVENTS = ("ready", "done", "failed")


def is_installed() -> bool:
    return find_spec("apprise") is not None


def read_url(text: str) -> str:
    """An address as Apprise knows them. Raises Invalid."""
    try:
        parts = urlsplit(text)
        names = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        parts, names = urlsplit(""), set()
    if parts.scheme not in SCHEMES or not (parts.netloc or parts.path):
        raise _wrong(
            say(f"Write an address of Apprise that begins with one of {', '.join(SCHEMES)} and “://”.")
        )
    if refused := names & READS_FILES:
        raise _wrong(say(f"Leave out {', '.join(sorted(refused))}: Inlay sends plain text."))
    return text


def compose(messages: Sequence[Message], language: str = "") -> tuple[str, str]:
    """Title and body: one line for each kind of news, with the titles below it."""
    over = {one.subject for one in messages if one.event in ("done", "failed")}
    titles: list[str] = []
    lines: list[str] = []
    for event in _EVENTS:
        found = [
            one for one in messages if one.event == event and not (event == "ready" and one.subject in over)
        ]
        if not found:
            continue
        titles.append(tell_in(language, _news(event, len(found))))
        lines += [_line(one, language) for one in found[:NAMED]]
        if len(found) > NAMED:
            lines.append(tell_in(language, say(f"… and {len(found) - NAMED} more")))
    for one in messages:
        if one.event == "library":
            counts = ", ".join(_counts(one.body["library"]))
            titles.append(tell_in(language, say(f"The library changed: {counts}")))
        elif one.event == "test":
            titles.append(tell_in(language, say("A test of Inlay")))
            lines.append(tell_in(language, one.body["text"]))
    return ", ".join(titles), "\n".join(lines)


def _news(event: str, count: int) -> str:
    match event:
        case "ready":
            one, several = say("1 track is ready for review"), say(f"{count} tracks are ready for review")
        case "done":
            one, several = say("1 track was added"), say(f"{count} tracks were added")
        case _:
            one, several = say("1 track failed"), say(f"{count} tracks failed")
    return one if count == 1 else several


def _counts(changed: dict[str, int]) -> list[str]:
    added, altered, renamed, removed = (changed.get(name, 0) for name in COUNTED)
    said = (
        (added, say(f"{added} added")),
        (altered, say(f"{altered} changed")),
        (renamed, say(f"{renamed} renamed")),
        (removed, say(f"{removed} removed")),
    )
    return [sentence for number, sentence in said if number]


def send(hook: Hook, messages: Sequence[Message], line: Line) -> str:
    """Raises NotTold."""
    if not is_installed():
        raise NotTold(NOT_INSTALLED)
    title, body = compose(messages, line.language)
    guard = line.guard(*_hosts(hook.address) if line.trusted else ())
    guard.start()
    try:
        ticket = guard.open(f"notify-{hook.id}", MOST_BYTES + OVERHEAD_BYTES)
        ca_file = str(line.settings.ca_file) if line.settings.ca_file else ""
        args = {"url": hook.address, "title": title, "body": body, "proxy": ticket.url, "ca_file": ca_file}
        within = limits.notify_limits(line.settings, guard.port)
        try:
            parent.run(f"{__name__}:send_in_child", args, seconds=SECONDS, limits=within)
        except Failure as failure:
            late = failure.kind is FailureKind.TEMPORARY
            raise NotTold(REFUSED if ticket.refused else SLOW if late else failure.message) from None
        except parent.ChildCrashed:
            raise NotTold(say("sending it stopped unexpectedly")) from None
    finally:
        guard.stop()
    return say(f"It took: {title}.")


def send_in_child(args: dict[str, Any], emit: Emit) -> dict[str, Any]:
    """Child side. Raises Failure."""
    import logging
    import os

    # What Apprise says may hold keys.
    logging.disable()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ[name] = args["proxy"]
    if args["ca_file"]:
        os.environ["REQUESTS_CA_BUNDLE"] = args["ca_file"]
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(app_id="Inlay", app_desc="Inlay", app_url="", async_mode=False, plugin_paths=[])
    told = Apprise(asset=asset)
    if not told.add(args["url"]):
        raise Failure(FailureKind.PERMANENT, "Apprise does not understand this address. Check it")
    if not told.notify(title=args["title"], body=args["body"]):
        raise Failure(FailureKind.PERMANENT, "the service did not take it. Check the address, and its key")
    return {}


def name_of(download: dict[str, Any]) -> str:
    """What people call it: artist and title, or what the page or link says."""
    track = download["tracks"][0] if download["tracks"] else {}
    title = " – ".join(part for part in (track.get("artist"), track.get("title")) if part)
    return str(title or download["title"] or download["url"])


def _line(message: Message, language: str) -> str:
    download = message.body["download"]
    if message.event != "failed" or not download["failure"]:
        return f"• {name_of(download)}"
    return f"• {name_of(download)}: {tell_in(language, download['failure']['message'])}"


def _hosts(address: str) -> list[str]:
    """The host that an address names, where it is one at all: often it is a key."""
    try:
        host = urlsplit(address).hostname or ""
        read_host(host)
    except ValueError:
        return []
    return [host]


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, code="bad_address", fields={"address": sentence})
