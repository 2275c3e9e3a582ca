"""Naming, and renaming the library, for programs of admins."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from app.accounts.guards import require_admin
from app.errors import NotFound
from app.library import renamer, template
from app.library.naming_pages import preview_of, wanted_template
from app.library.rename_pages import progress_of
from app.library.template import PRESETS
from app.services import Services
from app.tags.naming import FIELDS

MOST = 1_000
"""Lines of a plan in one answer; its numbers are always those of all."""


class PresetOut(msgspec.Struct):
    name: str
    label: str
    template: str
    about: str


class NamingOut(msgspec.Struct):
    template: str
    """Empty: Inlay's own."""
    preset: str
    """Empty: a template of one's own."""
    fixed: bool
    """INLAY_NAMING says how tracks are named: nothing can be chosen."""
    presets: list[PresetOut]
    fields: list[str]


class NamingIn(msgspec.Struct, forbid_unknown_fields=True):
    """The name of a preset, or a template of one's own."""

    preset: str = ""
    template: str = ""


class NameOut(msgspec.Struct):
    path: str
    new_path: str


class NamesOut(msgspec.Struct):
    items: list[NameOut]
    next: str | None = None


class PlanOut(msgspec.Struct):
    """What a renaming would do now. Hand in `fingerprint` to have exactly this done."""

    fingerprint: str
    tracks: int
    renames: int
    pictures: int
    collisions: int
    """Of the renames, those that get a number because of another track."""
    left: int
    """Tracks that say too little of themselves to be named."""
    items: list[NameOut]
    """The first of the renames."""


class NotMovedOut(msgspec.Struct):
    path: str
    new_path: str
    reason: str


class RenamingOut(msgspec.Struct):
    """The latest renaming."""

    id: str
    stage: str
    """`running`, `done`, `undoing` or `undone`."""
    template: str
    done: int
    total: int
    undoable: bool
    message: str
    """Why it does not go on just now, if it does not."""
    created_at: datetime
    ended_at: datetime | None
    not_moved: list[NotMovedOut]


class RenameIn(msgspec.Struct, forbid_unknown_fields=True):
    fingerprint: str


@get("/api/v1/library/naming", sync_to_thread=True, guards=[require_admin])
def show_naming(services: NamedDependency[Services]) -> NamingOut:
    """How new tracks are named."""
    return _naming(services)


@put("/api/v1/library/naming", sync_to_thread=True, guards=[require_admin])
def choose_naming_by_api(services: NamedDependency[Services], data: JSONBody[NamingIn]) -> NamingOut:
    """From now on. Files that are there keep their names until the library is renamed."""
    template.choose(services, wanted_template(data.preset, data.template))
    return _naming(services)


@get("/api/v1/library/naming/preview", sync_to_thread=True, guards=[require_admin])
def preview_naming(
    services: NamedDependency[Services], preset: FromQuery[str] = "", template: FromQuery[str] = ""
) -> NamesOut:
    """What a preset, or a template, would make of some real tracks."""
    lines = preview_of(services, wanted_template(preset, template))
    return NamesOut([NameOut(line.now, line.then) for line in lines])


@get("/api/v1/library/rename", sync_to_thread=True, guards=[require_admin])
def show_renaming(services: NamedDependency[Services]) -> RenamingOut:
    """How far the latest renaming is."""
    return _renaming(services)


@get("/api/v1/library/rename/plan", sync_to_thread=True, guards=[require_admin])
def plan_renaming(
    services: NamedDependency[Services], limit: Annotated[int, QueryParameter(ge=0, le=MOST)] = 200
) -> PlanOut:
    """What a renaming would do now. Nothing is renamed."""
    plan = renamer.dry_run(services.db, services.settings)
    return PlanOut(
        fingerprint=plan.fingerprint,
        tracks=plan.tracks,
        renames=len(plan.renames),
        pictures=len(plan.pictures),
        collisions=len(plan.collisions),
        left=len(plan.left),
        items=[NameOut(step.source, step.target) for step in plan.renames[:limit]],
    )


@post("/api/v1/library/rename", sync_to_thread=True, status_code=202, guards=[require_admin])
def begin_renaming_by_api(services: NamedDependency[Services], data: JSONBody[RenameIn]) -> RenamingOut:
    """Exactly what the plan with this fingerprint said, or nothing when the library has changed since."""
    services.ring("rename", renamer.begin(services.db, services.settings, data.fingerprint))
    return _renaming(services)


@post("/api/v1/library/rename/stop", sync_to_thread=True, status_code=200, guards=[require_admin])
def stop_renaming_by_api(services: NamedDependency[Services]) -> RenamingOut:
    """What has its new name keeps it, and the rest its old one."""
    renamer.stop(services.db)
    services.ring("rename", "stop")
    return _renaming(services)


@post("/api/v1/library/rename/undo", sync_to_thread=True, status_code=202, guards=[require_admin])
def undo_renaming_by_api(services: NamedDependency[Services]) -> RenamingOut:
    """All of the latest renaming, but for files that were changed since."""
    renamer.undo(services.db)
    services.ring("rename", "undo")
    return _renaming(services)


def _naming(services: Services) -> NamingOut:
    now = template.current(services)
    return NamingOut(
        template=now,
        preset=next((one.name for one in PRESETS if one.template == now), ""),
        fixed=bool(services.settings.naming),
        presets=[PresetOut(one.name, one.label, one.template, one.about) for one in PRESETS],
        fields=list(FIELDS),
    )


def _renaming(services: Services) -> RenamingOut:
    progress = progress_of(services)
    if progress is None:
        raise NotFound("The library was never renamed.")
    row = progress.row
    return RenamingOut(
        id=row.id,
        stage=row.stage,
        template=row.template,
        done=progress.done,
        total=progress.total,
        undoable=progress.can_be_undone,
        message=row.message,
        created_at=row.created_at,
        ended_at=row.ended_at,
        not_moved=[NotMovedOut(one.source, one.target, one.reason) for one in progress.not_moved],
    )


HANDLERS = [
    show_naming,
    choose_naming_by_api,
    preview_naming,
    show_renaming,
    plan_renaming,
    begin_renaming_by_api,
    stop_renaming_by_api,
    undo_renaming_by_api,
]
