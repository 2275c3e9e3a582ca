"""A download, its staged tracks, the states that it can be in; the sites' health and the users' shares."""

import time
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import JSON, BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship
from uuid6 import uuid7

from app.audio.model import Quality
from app.db import Base, StructJSON, now
from app.languages.say import say
from app.library.model import Reason
from app.tags.model import Proposal, Tags


class State(StrEnum):
    QUEUED = say("queued")
    PROBING = say("probing")
    DOWNLOADING = say("downloading")
    REVIEW = say("review")
    FINALIZING = say("finalizing")
    DONE = say("done")
    FAILED = say("failed")
    CANCELLED = say("cancelled")
    DISCARDED = say("discarded")
    SKIPPED = say("skipped")


# From each state, the states that may follow. Every change of state goes through queries.move().
NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.PROBING, State.CANCELLED, State.FAILED}),
    State.PROBING: frozenset({State.DOWNLOADING, State.QUEUED, State.SKIPPED, State.FAILED, State.CANCELLED}),
    State.DOWNLOADING: frozenset({State.REVIEW, State.QUEUED, State.FAILED, State.CANCELLED}),
    # Queued again when the conversion finds out that the fetched file is damaged.
    State.REVIEW: frozenset({State.FINALIZING, State.DISCARDED, State.FAILED, State.QUEUED}),
    # Cancelled only until its destination is recorded: from then on the file may be there any moment.
    State.FINALIZING: frozenset({State.DONE, State.SKIPPED, State.FAILED, State.REVIEW, State.CANCELLED}),
    State.FAILED: frozenset({State.QUEUED, State.FINALIZING, State.REVIEW, State.DISCARDED}),
    State.CANCELLED: frozenset({State.QUEUED, State.REVIEW, State.DISCARDED}),
    # These, and a cancelled one, go to review by an undo alone: undo_queries.bring_back().
    State.DONE: frozenset({State.REVIEW}),
    State.DISCARDED: frozenset({State.REVIEW}),
    State.SKIPPED: frozenset(),
}
UNDOABLE = (State.DONE, State.DISCARDED, State.CANCELLED)
"""With `undo_until` ahead, what was fetched is still there, and an undo brings it back to review."""

FETCHING = (State.PROBING, State.DOWNLOADING)
ACTIVE = (State.QUEUED, *FETCHING, State.FINALIZING)
"""Something is going on by itself: cards poll, and only then."""
OPEN = (*ACTIVE, State.REVIEW)
"""The same link again would be the same work again."""


IN_FILE = "inlay_in_file"
"""Our own key in a staged track's info."""


class Conversion(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Download(Base):
    """One submitted link and its journey."""

    __tablename__ = "downloads"
    __table_args__ = (
        Index(
            "downloads_open_link",
            "user_id",
            "url_key",
            unique=True,
            sqlite_where=text("state IN ('queued','probing','downloading','review','finalizing')"),
        ),
        Index("downloads_by_state", "state", "site"),
        Index("downloads_of_user", "user_id", "id"),
        Index("downloads_of_link", "url_key"),
        Index("downloads_of_client", "user_id", "client_key", unique=True),
    )

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    url: Mapped[str]
    url_key: Mapped[str]
    """The link in the form in which two equal links are equal."""
    site: Mapped[str]
    """Registrable domain of the link (`bandcamp.com`): what the limit and the pauses per site count."""
    source: Mapped[str] = mapped_column(default="ytdlp")
    kind: Mapped[str] = mapped_column(default="track")
    state: Mapped[State] = mapped_column(default=State.QUEUED)
    failure_kind: Mapped[str | None] = mapped_column(default=None)
    failure_message: Mapped[str | None] = mapped_column(default=None)
    format: Mapped[str]
    quality: Mapped[str] = mapped_column(default="bestaudio")
    """What to ask the source for."""
    skip_review: Mapped[bool] = mapped_column(default=False)
    """Nobody looks at it: it was handed in so, or it was ready and its user lets such ones in."""
    confirm_lossy: Mapped[bool] = mapped_column(default=False)
    """A lossless file of a lossy source is fine without asking."""
    conflict: Mapped[str]
    title: Mapped[str] = mapped_column(default="")
    """The source's own title, as soon as it is known."""
    uploader: Mapped[str] = mapped_column(default="")
    duration_ms: Mapped[int | None] = mapped_column(default=None)
    attempts: Mapped[int] = mapped_column(default=0)
    """How often a worker took it."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
    finished_at: Mapped[datetime | None] = mapped_column(default=None)
    queue_order: Mapped[int] = mapped_column(BigInteger, default=lambda: time.time_ns() // 1000)
    """Turn among the same user's waiting downloads, smallest first: microseconds unless a person moved it."""
    fetched_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    """What all its tries together took from the network."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often it failed for a temporary reason since a person last said so."""
    crashes: Mapped[int] = mapped_column(default=0)
    """How often its child died under it since then."""
    retry_at: Mapped[datetime | None] = mapped_column(default=None)
    """Queued, but not before this moment; `failure_…` say why."""
    undo_until: Mapped[datetime | None] = mapped_column(default=None)
    """Done or discarded, but its staging is kept until then, so that Undo can bring it back to review."""
    fetch_again: Mapped[bool] = mapped_column(default=False)
    """Also when the library has it already: somebody knows, and asked for it."""
    duplicate_of: Mapped[str | None] = mapped_column(default=None)
    """The track of the library for which it was skipped."""
    client_key: Mapped[str | None] = mapped_column(default=None)
    """What the phone calls it that kept the link while we were out of reach: sent twice, it is one."""
    wants_cookies: Mapped[bool] = mapped_column(default=False)
    """Failed, and cookies of somebody who may have it could help."""
    duplicate_by: Mapped[Reason | None] = mapped_column(default=None)
    """What said that it is that one; None of what was skipped before this was written down."""

    tracks: Mapped[list["StagedTrack"]] = relationship(
        order_by="StagedTrack.position", cascade="all, delete-orphan", lazy="selectin"
    )
    health: Mapped["Site | None"] = relationship(
        primaryjoin="foreign(Download.site) == Site.name", viewonly=True, lazy="joined", innerjoin=False
    )
    """How its site is; None for a site that nothing is known of yet."""

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


class StagedTrack(Base):
    """One track that was fetched but not accepted. File names are relative to the download's folder."""

    __tablename__ = "staged_tracks"

    id: Mapped[str] = mapped_column(primary_key=True, default=lambda: str(uuid7()))
    download_id: Mapped[str] = mapped_column(ForeignKey("downloads.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=1)
    info: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """What the source said, reduced to the fields that we use."""
    proposal: Mapped[Proposal] = mapped_column(StructJSON(Proposal))
    tags: Mapped[Tags | None] = mapped_column(StructJSON(Tags), default=None)
    """What the person confirmed."""
    source_file: Mapped[str]
    source_quality: Mapped[Quality] = mapped_column(StructJSON(Quality))
    thumbnail_file: Mapped[str | None] = mapped_column(default=None)
    """The source's picture as it came; never served."""
    cover_file: Mapped[str | None] = mapped_column(default=None)
    with_cover: Mapped[bool] = mapped_column(default=True)
    conversion: Mapped[Conversion] = mapped_column(default=Conversion.WAITING)
    converted_file: Mapped[str | None] = mapped_column(default=None)
    converted_quality: Mapped[Quality | None] = mapped_column(StructJSON(Quality), default=None)
    path: Mapped[str | None] = mapped_column(default=None)
    """Where in the library it goes; recorded before it is placed. Without `sha256`: see undo.py."""
    sha256: Mapped[str | None] = mapped_column(default=None)
    """Of the tagged file; recorded before it is placed."""
    library_track_id: Mapped[str | None] = mapped_column(default=None)
    draft: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """What the person typed and has not sent yet: form field to text."""
    cover_edit: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """Which picture the cover is made of, and which square of it."""
    applied: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    """The candidate that the person took, with the values from before it, to take it back."""
    trim_start_ms: Mapped[int | None] = mapped_column(default=None)
    trim_end_ms: Mapped[int | None] = mapped_column(default=None)
    """The part of the source that is kept; None: from its start, to its end."""
    replaces: Mapped[str | None] = mapped_column(default=None)
    """The track of the library in whose place it goes; recorded with `path` and `sha256`."""

    @property
    def in_file(self) -> Tags:
        """The tags that the fetched file brought along."""
        return msgspec.convert(self.info.get(IN_FILE, {}), Tags)


class StagedPrint(Base):
    """What the kept part of a staged track sounds like, as `app.audio.alike` packs it; empty: nothing."""

    __tablename__ = "staged_prints"

    track_id: Mapped[str] = mapped_column(
        ForeignKey("staged_tracks.id", ondelete="CASCADE"), primary_key=True
    )
    start_ms: Mapped[int | None]
    end_ms: Mapped[int | None]
    found: Mapped[bytes]


class Site(Base):
    """How one site treats us. A row appears with the first download that ended well or badly there."""

    __tablename__ = "sites"

    name: Mapped[str] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime | None] = mapped_column(default=None)
    pauses: Mapped[int] = mapped_column(default=0)
    """How often it asked for a pause since it last gave us something: each pause is longer."""
    succeeded_at: Mapped[datetime | None] = mapped_column(default=None)
    failed_at: Mapped[datetime | None] = mapped_column(default=None)
    failure_message: Mapped[str | None] = mapped_column(default=None)
    """The sentence of the last failure; stays when the site is well again."""


class Usage(Base):
    """What a user took in one hour, for the limits per day: forgetting downloads does not forget this."""

    __tablename__ = "usage"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    downloads: Mapped[int] = mapped_column(default=0)
    fetched_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
