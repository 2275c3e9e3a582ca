"""Somebody of their own in a running Inlay: with a browser without scripts, and a token."""

from contextlib import closing
from typing import Any

import httpx

from app.accounts import sessions, setup
from app.accounts.model import Scope
from app.db import Database, now
from tests.running import PASSWORD, Inlay


class Person:
    def __init__(self, inlay: Inlay, name: str) -> None:
        self.inlay = inlay
        with closing(Database(inlay.data / "inlay.db")) as db:
            user = setup.create_user(db, name, PASSWORD, is_admin=False)
            with db.write() as session:
                cookie = sessions.start(session, user.id, "tests", now())
                _, self.token = sessions.create_token(session, user.id, Scope.FULL, "tests")
        self.csrf = sessions.form_token((inlay.data / "secret").read_bytes(), cookie)
        headers = {"Origin": inlay.url, "Cookie": f"{sessions.COOKIE}={cookie}"}
        self.browser = httpx.Client(base_url=inlay.url, timeout=20, headers=headers)
        self.api = inlay.api(self.token)

    def close(self) -> None:
        self.browser.close()
        self.api.close()

    def page(self, path: str) -> str:
        answer = self.browser.get(path, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(self, path: str, **data: str) -> httpx.Response:
        return self.browser.post(path, data={"csrf_token": self.csrf, **data})

    def fetched(self, link: str, **more: Any) -> dict[str, Any]:
        """The download when it rests."""
        answer = self.api.post("/downloads/url", json={"url": link, **more})
        assert answer.status_code == 202, answer.text
        return self.rest(answer.json()["id"])

    def rest(self, id: str) -> dict[str, Any]:
        token, self.inlay.token = self.inlay.token, self.token
        try:
            return self.inlay.rest(id)
        finally:
            self.inlay.token = token
