"""The cover of a staged track: which picture it is made of, which square of it, and how that is changed.

Nothing is lost on the way: the source's picture and those that a person brought stay in the staging folder as
they came, unseen by anybody, until the track is added. What is shown of them was made by a child of ours.
"""

import logging
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.children.parent import ChildCrashed
from app.downloads import queries, staging
from app.downloads.model import Download, StagedTrack, State
from app.errors import Conflict, InlayError, Invalid, NotFound
from app.languages.say import say
from app.library import covers
from app.library import queries as library_queries
from app.services import Services
from app.sources import pictures
from app.tags import cover
from app.tags.cover import Crop, Whole
from app.tags.rules import Rule

log = logging.getLogger("inlay.cover")

SOURCE, UPLOAD, ARCHIVE = "source", "upload", "archive"
PICTURES = (SOURCE, UPLOAD, ARCHIVE)
"""What a cover can be made of: the source's picture, one that the person brought, a candidate's."""
BROUGHT = {"upload": UPLOAD, "clipboard": UPLOAD, "link": UPLOAD, "archive": ARCHIVE}
"""Where a picture comes from, and which of them it becomes."""
ARCHIVE_OF = "picture-archive-of"
"""Names the release whose picture the archive's is."""
SQUARE, CROP, NONE = "square", "crop", "none"
LARGE_PX = 500
"""Below this a cover looks coarse on the screens that show covers large."""

_replacing = threading.Lock()


@dataclass(frozen=True)
class Shown:
    """A picture as it may be shown: without its bars, in our own JPEG, with the size that it really has."""

    file: Path
    whole: Whole


def file_of(services: Services, id: str, *, small: bool = False) -> Path:
    """The cover, or its small version for cards."""
    return staging.folder_of(services.settings, id) / (staging.SMALL_COVER if small else staging.COVER)


def added_small(services: Services, download: Download) -> Path | None:
    """The small cover of the library's track, once it is there. Raises NotFound when that has none."""
    ids = [track.library_track_id for track in download.tracks if track.library_track_id]
    if download.state is not State.DONE or not ids:
        return None
    settings = services.settings
    with services.db.read() as session:
        track = library_queries.by_id(session, ids[0])
    return covers.thumbnail(track, settings.library_dir, settings.data_dir) if track else None


def chosen(track: StagedTrack) -> dict[str, Any]:
    """How the cover is made now: `from` says of what, for a crop with `of`, `x`, `y` and `size`."""
    edit = track.cover_edit or {"from": SQUARE if track.cover_file else NONE}
    return edit if track.with_cover or edit["from"] == NONE else {"from": NONE}


def picture_file(services: Services, download: Download, picture: str) -> Path | None:
    """One of PICTURES as it came: never to be served. None when this download has no such picture."""
    folder = staging.folder_of(services.settings, download.id)
    track = download.tracks[0] if download.tracks else None
    names = {SOURCE: track.thumbnail_file if track else None, UPLOAD: _kept(UPLOAD), ARCHIVE: _kept(ARCHIVE)}
    name = names.get(picture)
    return folder / name if name and (folder / name).is_file() else None


def show(services: Services, download: Download, picture: str) -> Shown:
    """One of PICTURES to look at; made when somebody first does. Raises NotFound, Invalid, Failure."""
    file = picture_file(services, download, picture)
    if file is None:
        raise NotFound("There is no such picture.")
    name = f"whole-{picture}-{file.stat().st_mtime_ns:x}"
    if found := next(file.parent.glob(f"{name}-*.jpg"), None):
        width, height = found.stem.rpartition("-")[2].split("x")
        return Shown(found, Whole(int(width), int(height)))
    new = file.with_name(f"new-{uuid4().hex}.jpg")
    try:
        whole = cover.show_safely(file, new, start=services.warm.child_if_warm)
        shown = file.with_name(f"{name}-{whole.width}x{whole.height}.jpg")
        os.replace(new, shown)
    finally:
        new.unlink(missing_ok=True)
    return Shown(shown, whole)


def by_rule(
    services: Services, download: Download, thumbnail: str | None, rule: Rule
) -> dict[str, Any] | None:
    """Make the cover of what was just fetched as a rule wants it. The edit, or None when that cannot be."""
    if rule.value == NONE:
        return {"from": NONE, "rule": rule.id}
    if not thumbnail:
        return None
    x, y, size = (min(1000, int(number)) for number in rule.value.split())
    crop = Crop(x, y, max(1, size))
    source = staging.folder_of(services.settings, download.id) / thumbnail
    try:
        with _Made(services, download, source, crop) as made:
            made.put()
    except (InlayError, ChildCrashed, OSError) as error:
        log.warning("the cover was not cut by its rule: %s", error)
        return None
    return {"from": CROP, "of": SOURCE, **crop._asdict(), "rule": rule.id}


def choose(services: Services, download: Download, edit: Mapping[str, Any]) -> None:
    """Make the cover of a picture that is there already, for a download that is in review.

    `edit["from"]`: `square`, the middle of the source's picture; `crop`, a square of the picture `of` (by
    default the source's) with `x`, `y` and `size` in thousandths (by default the largest one in the middle);
    `upload` or `archive`, the middle of what was brought before; `none`. Raises Invalid, Conflict.
    """
    _must_be_in_review(download)
    kind = edit.get("from")
    if kind == NONE:
        _note(services, download, {"from": NONE}, with_cover=False)
        return
    picture = {SQUARE: SOURCE, CROP: edit.get("of") or SOURCE, UPLOAD: UPLOAD, ARCHIVE: ARCHIVE}.get(
        str(kind)
    )
    file = picture_file(services, download, picture) if picture else None
    if file is None:
        raise Invalid("There is no such picture for this cover. Choose another one.", code="bad_cover")
    crop = _crop(edit) if kind == CROP else None
    wanted: dict[str, Any] = {"from": kind}
    if kind == CROP:
        wanted |= {"of": picture} | (crop._asdict() if crop else {})
    with _Made(services, download, file, crop) as made:
        made.take(wanted)


def replace(services: Services, download: Download, picture: bytes, origin: str = "upload") -> None:
    """Take another picture for a download that is in review; `origin` is a key of BROUGHT.

    The one way in for pictures: it is judged, squared and written again by a child. Raises Invalid when it is
    none, Conflict when it is too late.
    """
    _must_be_in_review(download)
    new = _new(services, download)
    try:
        new.write_bytes(picture)
        _bring(services, download, new, origin)
    finally:
        new.unlink(missing_ok=True)


def lay_out(services: Services, download: Download, picture: bytes, of: str) -> None:
    """Put a picture of the archive's among the tiles, and leave the cover as it is.

    `of` is the release that it belongs to. Raises OSError.
    """
    folder = staging.folder_of(services.settings, download.id)
    with _replacing:
        for stale in folder.glob(f"whole-{ARCHIVE}-*.jpg"):
            stale.unlink(missing_ok=True)
        for name, content in ((_kept(ARCHIVE), picture), (ARCHIVE_OF, of.encode())):
            new = folder / f"new-{uuid4().hex}"
            new.write_bytes(content)
            os.replace(new, folder / name)


def laid_out(services: Services, download: Download, of: str) -> bytes | None:
    """The archive's picture of this release, if it is here already."""
    folder = staging.folder_of(services.settings, download.id)
    try:
        known = (folder / ARCHIVE_OF).read_text()
        return (folder / _kept(ARCHIVE)).read_bytes() if known == of else None
    except OSError:
        return None


def fetch(services: Services, download: Download, url: str) -> None:
    """Take the picture at this link. Takes some seconds. Raises Invalid with code `bad_cover`, TooMany."""
    _must_be_in_review(download)
    new = _new(services, download)
    try:
        pictures.fetch(services.settings, url, new)
        _bring(services, download, new, "link")
    except Invalid as error:
        raise Invalid(error.message, code="bad_cover") from error
    finally:
        new.unlink(missing_ok=True)


def _bring(services: Services, download: Download, new: Path, origin: str) -> None:
    kind = BROUGHT[origin]
    edit = {"from": kind} if origin == kind else {"from": kind, "origin": origin}
    with _Made(services, download, new, None) as made:
        made.take(edit, keep=_kept(kind))


class _Made:
    """A cover beside the one that there is, until it takes its place."""

    def __init__(self, services: Services, download: Download, source: Path, crop: Crop | None) -> None:
        self.services, self.download, self.source, self.crop = services, download, source, crop
        self.folder = staging.folder_of(services.settings, download.id)
        unique = uuid4().hex
        self.cover, self.small = (self.folder / f"new-{unique}{end}" for end in (".jpg", "-small.jpg"))

    def __enter__(self) -> "_Made":
        try:
            cover.make_safely(
                self.source,
                self.cover,
                self.small,
                small_px=staging.SMALL_PX,
                crop=self.crop,
                start=self.services.warm.child_if_warm,
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self.cover, self.small):
            file.unlink(missing_ok=True)

    def put(self) -> None:
        os.replace(self.small, self.folder / staging.SMALL_COVER)
        os.replace(self.cover, self.folder / staging.COVER)

    def take(self, edit: dict[str, Any], keep: str = "") -> None:
        """Each file is the old or the new one at any moment. `keep`: the name that its source stays under."""
        with _replacing:
            if keep:
                for stale in self.folder.glob(f"whole-{edit['from']}-*.jpg"):
                    stale.unlink(missing_ok=True)
                os.replace(self.source, self.folder / keep)
            self.put()
            _note(self.services, self.download, edit, cover_file=staging.COVER, with_cover=True)


def _note(services: Services, download: Download, edit: dict[str, Any], **changes: Any) -> None:
    with services.db.write() as session:
        if queries.state_of(session, download.id) is not State.REVIEW:
            raise _too_late()
        for track in download.tracks:
            queries.set_track(session, track.id, cover_edit=edit, **changes)
        queries.touch(session, download.id)
    log.info("the cover is from: %s", edit["from"])


def _must_be_in_review(download: Download) -> None:
    if download.state is not State.REVIEW:
        raise _too_late()


def _too_late() -> Conflict:
    return Conflict("A cover can be changed while the download waits for its review.", code="too_late")


def _kept(picture: str) -> str:
    return f"picture-{picture}"


def _new(services: Services, download: Download) -> Path:
    return staging.folder_of(services.settings, download.id) / f"new-{uuid4().hex}"


def _crop(edit: Mapping[str, Any]) -> Crop | None:
    """The square in thousandths; None when nothing is said of it. Raises Invalid."""
    given = {name: edit[name] for name in Crop._fields if edit.get(name) not in (None, "")}
    if not given:
        return None
    wrong = {}
    found = {"x": 0, "y": 0, "size": 1000}
    for name, value in given.items():
        least = 1 if name == "size" else 0
        text = str(value).strip()
        if text.isascii() and text.isdigit() and least <= int(text[:5]) <= 1000:
            found[name] = int(text[:5])
        else:
            wrong[name] = say(f"A whole number from {least} to 1000.")
    if wrong:
        raise Invalid("The square is given in whole numbers up to 1000.", code="bad_cover", fields=wrong)
    return Crop(**found)
