"""Handing in a link: the inbox's box, the page for bookmarklet and share sheet, what a phone has kept.

A share sheet and a bookmarklet open an address of ours from outside, and a service worker that answers a
share cannot tell it from the form of a hostile page: it sees neither Sec-Fetch-Site nor the cookie's
rules. So there is one rule for all that comes from outside: it fills in the box, and a tap in our own
page, whose form carries the session's form token, starts it.
"""

import re
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, RawBody
from litestar.response import Redirect

from app.accounts.origin import read_form
from app.downloads import cards, forms, known, queries
from app.downloads.duplicate_pages import Line, line_of
from app.downloads.inbox import inbox_of
from app.downloads.model import Download
from app.downloads.progress import ProgressBoard
from app.downloads.requests import AnyRequest, Form
from app.errors import Conflict, InlayError, Invalid, TooMany
from app.htmx import fragment, go, page, wants_fragment
from app.languages.choice import language_for
from app.languages.say import say
from app.languages.telling import tell_in
from app.library.duplicates import Sameness
from app.services import Services
from app.sources.urls import clean_link, first_link

HAVE = say("You have this already.")
NO_LINK = say("There was no link in what you shared. Copy the link there, and paste it here.")
THEN = ("close", "card")
"""What follows a link that was taken: its small window closes, or its card is shown."""
TITLE_CHARS = 200
CLIENT_KEY = re.compile(r"[0-9a-f-]{36}")


@get("/add", sync_to_thread=True)
def add_page(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    url: FromQuery[str] = "",
    title: FromQuery[str] = "",
    text: FromQuery[str] = "",
    then: FromQuery[str] = "",
) -> Response[Any]:
    """Where bookmarklet and share lead: the box, prefilled. Nothing starts without a tap."""
    services.warm.warm()
    link = url or first_link(text) or ""
    context: dict[str, Any] = {
        "url": link[:4096],
        "error": NO_LINK if then == "card" and not link else "",
        "autofocus": True,
        "shared_title": title[:TITLE_CHARS],
        "have": _have(services, request.user.id, link),
        "then": _known_then(then),
    }
    if then == "close":
        return page("downloads/add.html", **context)
    return page("downloads/inbox.html", **context, **inbox_of(services, board, request.user))


@get("/add/now", opt={"public": True, "anonymous": True}, sync_to_thread=False)
def add_now_page() -> Response[Any]:
    """Where the one-click bookmark leads: the same for everybody, and it starts nothing by itself.

    Its script takes the token from behind the `#` and hands the link in over the API. The token is all
    the proof there is: nobody is looked up for the page, and the call goes without cookies, so a site
    that opens this address without a token gets nothing from whoever is signed in here.
    """
    return page("downloads/now.html")


@post(
    "/share",
    opt={"public": True, "anonymous": True},
    request_max_body_size=64 * 1024,
    status_code=303,
    sync_to_thread=False,
)
def receive_share(body: RawBody) -> Response[Any]:
    """What the phone's share sheet sends: on to the page where it waits for a tap.

    It changes nothing and looks up nobody, so whoever sends it gains nothing. Where the service worker runs,
    it answers in the same way without us.
    """
    form = read_form(body)
    shared = [form.get(name, "") for name in ("url", "text", "title")]
    title = form.get("title", "")[:TITLE_CHARS]
    query = {"url": first_link(*shared) or "", "title": title, "then": "card"}
    # Relative, so that it stays under the folder that a proxy may have put us into.
    return Redirect(f"add?{urlencode(query)}", status_code=303)


@post("/downloads", sync_to_thread=True, status_code=200)
def submit_link(
    request: AnyRequest,
    services: NamedDependency[Services],
    board: NamedDependency[ProgressBoard],
    data: Form,
) -> Response[Any]:
    url, then = data.get("url", "").strip(), _known_then(data.get("then", ""))
    again = bool(url) and data.get("again") == url
    if not again and (have := _have(services, request.user.id, url)):
        return _submit_again(request, services, board, data, Conflict(HAVE), have)
    try:
        download = forms.submit(
            services, request.user.id, url, format=data.get("format") or None, fetch_again=again
        )
    except (Invalid, Conflict, TooMany) as error:
        open_one = _open_one(services, request.user.id, url) if isinstance(error, Conflict) else None
        if then == "card" and open_one:
            return go(request, card_place(open_one.id))
        return _submit_again(request, services, board, data, error)
    if then == "card":
        return go(request, card_place(download.id))
    if then == "close":
        named = data.get("title", "")[:TITLE_CHARS] or cards.title_of(download)
        if wants_fragment(request):
            return fragment("downloads/_added.html", title=named)
        return page("downloads/added.html", title=named)
    if wants_fragment(request):
        return fragment("downloads/_submit.html", events=("inbox-changed",), url="", error="")
    return go(request, "/")


@get("/add/kept", sync_to_thread=False)
def kept_for(request: AnyRequest) -> dict[str, str]:
    """Who is signed in here, and what their forms carry: a phone asks before it sends what it has kept."""
    return {"person": str(request.user.id), "form_token": getattr(request.auth, "form_token", "")}


@post("/add/kept", sync_to_thread=True, status_code=200)
def send_kept(request: AnyRequest, services: NamedDependency[Services], data: Form) -> dict[str, str]:
    """A link that waited on a phone: what became of it. `key` makes a second try the same one."""
    key, url, user_id = data.get("key", ""), data.get("url", "").strip(), request.user.id
    if not CLIENT_KEY.fullmatch(key):
        raise Invalid("This link has no key of its phone.", code="bad_key")
    with services.db.read() as session:
        before = queries.by_client_key(session, user_id, key)
    if not before and (have := _have(services, user_id, url)):
        place = f"/add?{urlencode({'url': url, 'then': 'card'})}"
        return _outcome(request, "have", say(f"You have this already: {have.name}"), place)
    try:
        download = before or forms.submit(services, user_id, url, client_key=key)
    except Conflict as error:
        open_one = _open_one(services, user_id, url)
        return _outcome(request, "queued", error.message, card_place(open_one.id) if open_one else "/")
    except TooMany as error:
        return _outcome(request, "later", error.message)
    except Invalid as error:
        return _outcome(request, "refused", error.message)
    return _outcome(request, "added", say("Sent to Inlay."), card_place(download.id))


def card_place(id: str) -> str:
    """The inbox at this card, which leads to the review as soon as there is one."""
    return f"/?follow={id}#download-{id}"


def _outcome(request: AnyRequest, outcome: str, message: str, place: str = "") -> dict[str, str]:
    language = language_for(request.user.language, request.headers.get("accept-language", ""))
    # Without its slash: the phone puts it behind the address that it has of us.
    return {"outcome": outcome, "message": tell_in(language, message), "place": place.removeprefix("/")}


def _known_then(then: str) -> str:
    return then if then in THEN else ""


def _open_one(services: Services, user_id: int, url: str) -> Download | None:
    with services.db.read() as session:
        return queries.open_link(session, user_id, clean_link(url).key)


def _submit_again(
    request: AnyRequest,
    services: Services,
    board: ProgressBoard,
    data: dict[str, str],
    error: InlayError,
    have: Line | None = None,
) -> Response[Any]:
    """The form as it was sent, with a sentence; `have` is the track that it is about."""
    then = _known_then(data.get("then", ""))
    said: dict[str, Any] = {
        "url": data.get("url", "").strip(),
        "error": "" if have else error.message,
        "have": have,
        "shared_title": data.get("title", "")[:TITLE_CHARS] if then else "",
        "then": then,
    }
    if wants_fragment(request):
        answer = fragment("downloads/_submit.html", status=error.status, **said)
    elif then == "close":
        answer = page("downloads/add.html", status=error.status, **said)
    else:
        inbox = inbox_of(services, board, request.user)
        answer = page("downloads/inbox.html", status=error.status, **said, **inbox)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after_s)
    return answer


def _have(services: Services, user_id: int, url: str) -> Line | None:
    """What the library has from this link already."""
    track = known.at_paste(services, user_id, url)
    return line_of(track, Sameness.DUPLICATE) if track else None


HANDLERS = [add_page, add_now_page, receive_share, submit_link, kept_for, send_kept]
