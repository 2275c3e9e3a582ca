"""Expected trouble: what went wrong in one sentence for the person, and what the outside sees of it."""

import sys
from enum import StrEnum

from app.languages.say import say


class FailureKind(StrEnum):
    """Whether trying again can help, and who has to do something first."""

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    NEEDS_YOU = "needs_you"


class InlayError(Exception):
    """Expected trouble. `str(error)` is a whole sentence that says what to do; it may be shown to anyone."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code:
            self.code = code


class Invalid(InlayError):
    """The request does not make sense as it is. `fields` maps a field's name to its own sentence."""

    status = 422
    code = "invalid"

    def __init__(
        self, message: str, *, code: str | None = None, fields: dict[str, str] | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.fields = fields or {}


class NotFound(InlayError):
    """Not there, or not yours: nobody learns which."""

    status = 404
    code = "not_found"


class Conflict(InlayError):
    """Too late, or already so."""

    status = 409
    code = "conflict"


class NotAllowed(InlayError):
    status = 403
    code = "forbidden"


class NeedsLogin(InlayError):
    status = 401
    code = "login_required"


class TooMany(InlayError):
    """Come back later; `retry_after_s` says when."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Failure(InlayError):
    """A download cannot go on. Becomes the row's `failure`: a kind and one sentence.

    `retry_after_s`: the site itself said when to come back. `pauses_site`: it has had enough of us, so that
    no other download of that site may bother it meanwhile. `wants_cookies`: those of somebody who may have it
    could help. `cookies_rejected`: it was shown some, and does not take them any more.
    """

    code = "failed"

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        retry_after_s: int | None = None,
        pauses_site: bool = False,
        wants_cookies: bool = False,
        cookies_rejected: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s
        self.pauses_site = pauses_site
        self.wants_cookies = wants_cookies
        self.cookies_rejected = cookies_rejected


class DatabaseTrouble(InlayError):
    """The database refused: its disk is full, or something else keeps it. Nothing of the change was kept."""

    status = 503
    code = "database"

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message, code="disk_full" if full else None)
        self.is_full = full
        self.status = 507 if full else 503


def surprise() -> Failure:
    """For what nobody expected: the log has the rest. Call it where the error is being handled.

    What the database said is told as it is. What was fetched stays, so a retry goes on from there.
    """
    error = sys.exception()
    if isinstance(error, DatabaseTrouble):
        return Failure(FailureKind.TEMPORARY, error.message)
    sentence = say("Something unexpected happened, which was written to the log. Retry.")
    return Failure(FailureKind.TEMPORARY, sentence)


class SettingsError(InlayError):
    """The start stops here: a setting is unknown or has a bad value."""
