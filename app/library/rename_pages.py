"""Rename the library: what would be done, the doing of it, and its undo."""

from dataclasses import dataclass
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency

from app.accounts.guards import require_admin
from app.errors import Conflict, Failure
from app.htmx import fragment, go, page, wants_fragment
from app.library import rename_queries, renamer, template
from app.library.naming_pages import Form
from app.library.rename_model import UNDER_WAY, Done, Move, Renaming, Stage
from app.library.requests import AnyRequest
from app.services import Services

SHOWN = 200


@dataclass(frozen=True)
class Progress:
    """The latest renaming as the page tells it."""

    row: Renaming
    done: int
    total: int
    not_moved: list[Move]

    @property
    def is_under_way(self) -> bool:
        return self.row.stage in UNDER_WAY

    @property
    def can_be_undone(self) -> bool:
        return self.row.stage is Stage.DONE and self.done > 0


@get("/library/rename", sync_to_thread=True, guards=[require_admin])
def rename_page(services: NamedDependency[Services]) -> Response[Any]:
    """What would be renamed, or how far it is. A GET renames nothing."""
    return _page(services)


@get("/library/rename/progress", sync_to_thread=True, guards=[require_admin])
def rename_progress(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    if not wants_fragment(request):
        return go(request, "/library/rename")
    progress = progress_of(services)
    if progress is None or not progress.is_under_way:
        # The list beside it is another one now.
        return go(request, "/library/rename")
    return fragment("library/_renaming.html", progress=progress)


@post("/library/rename", sync_to_thread=True, status_code=200, guards=[require_admin])
def begin_renaming(request: AnyRequest, services: NamedDependency[Services], data: Form) -> Response[Any]:
    """Exactly what the page showed, or nothing: it says so when the library has changed since."""
    try:
        id = renamer.begin(services.db, services.settings, data.get("fingerprint", ""))
    except Conflict as conflict:
        return _page(services, status=conflict.status, said=conflict.message)
    services.ring("rename", id)
    return go(request, "/library/rename")


@post("/library/rename/stop", sync_to_thread=True, status_code=200, guards=[require_admin])
def stop_renaming(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    renamer.stop(services.db)
    services.ring("rename", "stop")
    return go(request, "/library/rename")


@post("/library/rename/undo", sync_to_thread=True, status_code=200, guards=[require_admin])
def undo_renaming(request: AnyRequest, services: NamedDependency[Services]) -> Response[Any]:
    """All of the latest renaming, but for files that were changed since."""
    renamer.undo(services.db)
    services.ring("rename", "undo")
    return go(request, "/library/rename")


def progress_of(services: Services) -> Progress | None:
    """The latest renaming, if there ever was one."""
    with services.db.read() as session:
        row = rename_queries.latest(session)
        if row is None:
            return None
        counts = rename_queries.counts(session, row.id)
        not_moved = list(rename_queries.not_moved(session, row.id, SHOWN))
    moved, total = counts.get(Done.MOVED, 0), sum(counts.values())
    if row.stage in (Stage.UNDOING, Stage.UNDONE):
        back = counts.get(Done.BACK, 0) + counts.get(Done.KEPT, 0)
        return Progress(row, back, back + moved, not_moved)
    done = total - counts.get(Done.NOT_YET, 0) if row.stage is Stage.RUNNING else moved
    return Progress(row, done, total, not_moved)


def _page(services: Services, *, status: int = 200, said: str = "") -> Response[Any]:
    progress = progress_of(services)
    plan, trouble = None, ""
    if progress is None or not progress.is_under_way:
        try:
            plan = renamer.dry_run(services.db, services.settings)
        except Failure as failure:
            trouble = failure.message
    return page(
        "library/rename.html",
        status=status,
        nav="library",
        progress=progress,
        plan=plan,
        template=template.current(services),
        trouble=trouble,
        said=said,
        shown=SHOWN,
    )


HANDLERS = [rename_page, rename_progress, begin_renaming, stop_renaming, undo_renaming]
