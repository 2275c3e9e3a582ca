"""The session's cookie. Apart from the sessions, so that the command line need not load a web framework."""

from litestar.datastructures import Cookie

from app.accounts.sessions import COOKIE, LIFETIME


def session_cookie(token: str, *, secure: bool) -> Cookie:
    """The session's cookie; an empty `token` removes it from the browser."""
    return Cookie(
        key=COOKIE,
        value=token,
        path="/",
        httponly=True,
        samesite="lax",
        secure=secure,
        max_age=int(LIFETIME.total_seconds()) if token else 0,
    )
