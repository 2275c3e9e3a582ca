"""Media servers: how each kind is asked to look at the library again, and what its answers mean."""

import hashlib
import secrets
from urllib.parse import quote, urlencode

import msgspec

from app import __version__
from app.languages.say import say
from app.tell.line import Answer, Line, NotTold
from app.tell.model import Hook

NAMES = {"subsonic": say("Navidrome or Subsonic"), "jellyfin": say("Jellyfin or Emby"), "plex": say("Plex")}


def rescan(hook: Hook, line: Line, *, check: bool = False) -> str:
    """Ask for a scan; answers what happened as a sentence. `check` looks closer, for a person who tests it.

    Raises NotTold.
    """
    match hook.kind:
        case "subsonic":
            return _subsonic(hook, line)
        case "jellyfin":
            return _jellyfin(hook, line)
        case "plex":
            return _plex(hook, line, check)
    raise ValueError(hook.kind)


def subsonic_secret(password: str) -> str:
    """What is kept of a password: salt and token, with which one can sign in but not learn it."""
    salt = secrets.token_hex(8)
    token = hashlib.md5(f"{password}{salt}".encode(), usedforsecurity=False).hexdigest()
    return f"{salt}:{token}"


class _Error(msgspec.Struct):
    code: int = 0


class _Scan(msgspec.Struct):
    scanning: bool = False


class _Response(msgspec.Struct, rename={"scan": "scanStatus"}):
    status: str = ""
    error: _Error | None = None
    scan: _Scan | None = None


class _Subsonic(msgspec.Struct, rename={"response": "subsonic-response"}):
    response: _Response


_SUBSONIC_ERRORS = {
    20: say("it speaks an older Subsonic API than 1.15, which cannot start a scan"),
    30: say("it speaks an older Subsonic API than 1.15, which cannot start a scan"),
    40: say("it does not know this user and password. Enter them again"),
    41: say("this user cannot sign in with a token there. Use a user whose password the server itself keeps"),
    50: say("this user may not start a scan there. Use an admin of that server"),
}


def _subsonic(hook: Hook, line: Line) -> str:
    salt, _, token = hook.secret.partition(":")
    query = {"u": hook.login, "t": token, "s": salt, "v": "1.16.1", "c": "inlay", "f": "json"}
    answer = line.ask("GET", f"{hook.address}/rest/startScan?{urlencode(query)}")
    _expect(answer)
    try:
        response = msgspec.json.decode(answer.body, type=_Subsonic).response
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotTold(say("what answers there is no Subsonic server. Check the address")) from error
    if response.status != "ok":
        code = response.error.code if response.error else 0
        raise NotTold(_SUBSONIC_ERRORS.get(code, say(f"it refused with error {code}")))
    return say("It was told, and scans the library.") if response.scan else say("It was told.")


def _jellyfin(hook: Hook, line: Line) -> str:
    # Jellyfin reads the first and may be set to ignore the second; Emby knows only that.
    headers = {
        "Authorization": f'MediaBrowser Client="Inlay", Version="{__version__}", Token="{hook.secret}"',
        "X-Emby-Token": hook.secret,
    }
    _expect(line.ask("POST", f"{hook.address}/Library/Refresh", headers))
    return say("It was told, and scans its libraries.")


def _plex(hook: Hook, line: Line, check: bool) -> str:
    query = urlencode({"X-Plex-Token": hook.secret})
    section = f"{hook.address}/library/sections/{quote(hook.login, safe='')}"
    if check:
        # A refresh of a section that is not there may be answered as if all were well.
        answer = line.ask("GET", f"{section}?{query}")
        if answer.status == 404:
            raise NotTold(say(f"it has no section {hook.login}. Look up the number in the library's address"))
        _expect(answer)
    _expect(line.ask("GET", f"{section}/refresh?{query}"))
    return say(f"It was told, and scans section {hook.login}.")


def _expect(answer: Answer) -> None:
    """Raises NotTold unless the answer is a yes."""
    if answer.is_yes:
        return
    status = answer.status
    if status in (401, 403):
        raise NotTold(say("it does not accept this key. Enter it again"))
    if status == 404:
        raise NotTold(say("there is no such server at this address. Check it, also a path at its end"))
    if 300 <= status < 400:
        raise NotTold(say("it sends us elsewhere. Enter the address that it really has"))
    raise NotTold(say(f"it answered with status {status}"), answer.wait_s)
