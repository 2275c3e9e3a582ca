"""Real yt-dlp with one extractor of ours, which fails the way that each test chooses."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.networking import Response
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.utils import ExtractorError

from app.errors import Failure
from app.sources import downloader, runner
from app.sources.base import COOKIES, Order

Act = Callable[[InfoExtractor], Any]
YOUTUBE = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"


def answer(status: int, reason: str = "", **headers: str) -> HTTPError:
    """What yt-dlp's network layer raises for a refusal."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTPError(Response(io.BytesIO(b""), "https://site.invalid/a", told, status=status, reason=reason))


def says(text: str, *, expected: bool = True) -> Act:
    def act(extractor: InfoExtractor) -> Any:
        raise ExtractorError(text, expected=expected)

    return act


def no_formats(*warnings: str) -> Act:
    """Nothing to choose from, as when every format was dropped with a warning."""

    def act(extractor: InfoExtractor) -> Any:
        for warning in warnings:
            extractor.report_warning(warning, "dQw4w9WgXcQ")
        raise ExtractorError(
            "Requested format is not available. Use --list-formats for a list", expected=True
        )

    return act


def raises(make: Callable[[], BaseException]) -> Act:
    def act(extractor: InfoExtractor) -> Any:
        raise make()

    return act


class Failing:
    """`fail(act)` is the failure that `runner.fetch` makes of it; `events` are those of the last time."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.events: list[dict[str, Any]] = []
        self.cookies = b""
        """A cookies.txt that the person's download may show."""

    def fail(self, act: Act, url: str = YOUTUBE) -> Failure:
        with pytest.raises(Failure) as caught:
            self.fetch(act, url)
        return caught.value

    def fetch(self, act: Act, url: str = YOUTUBE) -> Any:
        class FailingIE(InfoExtractor):  # type: ignore[misc]
            IE_NAME = "youtube"
            _VALID_URL = r".+"

            def _real_extract(self, url: str) -> Any:
                return act(self)

        class OnlyOurs(downloader.Downloader):
            def __init__(self, params: dict[str, Any]) -> None:
                super().__init__(params, auto_init=False)
                self.add_info_extractor(FailingIE())

        self.events.clear()
        if self.cookies:
            (self.folder / COOKIES).write_bytes(self.cookies)
        with self.monkeypatch.context() as patch:
            patch.setattr(downloader, "Downloader", OnlyOurs)
            order = Order(
                url=url,
                folder=str(self.folder),
                quality="bestaudio",
                max_duration_s=3600,
                max_file_bytes=10_000_000,
                proxy="http://d1:s3cret-token@127.0.0.1:9",
                with_cookies=bool(self.cookies),
            )
            return runner.fetch(order, self.events.append)
