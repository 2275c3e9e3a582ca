"""One look for a newer yt-dlp, from the question to the index to the folder that the next download uses."""

import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from app.children import parent
from app.children.limits import BRING, LOOK, TRIAL, Limits, Reach
from app.children.parent import ChildCrashed
from app.db import now
from app.errors import Failure, FailureKind, Invalid
from app.freshness.installs import FACTS, Facts, Installs
from app.freshness.offer import TREE, Brought, Offer, Offers, Way
from app.freshness.versions import BUNDLED, STABLE, Version, read
from app.languages.say import say
from app.settings import Settings
from app.sources.addresses import Allowed
from app.sources.egress import EgressGuard

log = logging.getLogger("inlay.freshness")

INSTALLED, CURRENT, NOT_NOW, FAILED = "installed", "current", "not_now", "failed"

LOOK_S, BRING_S, TRIAL_S = 120.0, 1800.0, 600.0
MOST_BYTES = 128 * 2**20
"""Through the guard, for one look with all that comes of it."""
FREE_BYTES = 200 * 2**20
Check = Callable[[], None]


@dataclass(frozen=True)
class Outcome:
    """What came of a look. `version` is what the next download is fetched by."""

    outcome: str
    version: Version
    message: str

    @property
    def is_well(self) -> bool:
        return self.outcome in (INSTALLED, CURRENT)


def update(
    settings: Settings,
    installs: Installs,
    *,
    channel: str = "",
    by_hand: bool = False,
    check: Check = lambda: None,
) -> Outcome:
    """Look now, and use what is newer from the next download on.

    `by_hand`: somebody waits for it, and what was set aside gets another chance. `check` is called now and
    then and may raise. Raises Conflict while another process installs one, Invalid where none is wanted.
    """
    if installs.channel == BUNDLED:
        sentence = say("INLAY_YTDLP_CHANNEL is bundled: Inlay keeps to the yt-dlp that came with it.")
        raise Invalid(sentence, code="bundled")
    if by_hand and installs.root.exists():
        with installs.locked():
            installs.give_another_chance()
            if channel == STABLE:
                installs.leave_nightlies()
    channel = channel or installs.channel
    try:
        with _way_out(settings) as (way, port):
            return _Update(settings, installs, channel, way, port, by_hand, check).run()
    except Failure as failure:
        away = failure.kind is FailureKind.TEMPORARY
        return Outcome(NOT_NOW if away else FAILED, installs.in_use(), failure.message)
    except ChildCrashed as crash:
        log.warning("looking for a newer yt-dlp failed: %s", crash)
        sentence = say("Something unexpected happened, which was written to the log. Try again later.")
        return Outcome(FAILED, installs.in_use(), sentence)


@dataclass(frozen=True)
class _Update:
    settings: Settings
    installs: Installs
    channel: str
    way: Way
    port: int
    by_hand: bool
    check: Check

    def run(self) -> Outcome:
        """Raises Failure, ChildCrashed, Conflict."""
        offers = self._look()
        for one in self.installs.usable():
            if one.version.text in offers.withdrawn:
                self.installs.set_aside(one.version.text, say("Its makers have withdrawn it."))
        using = self.installs.in_use()
        offered = read(offers.newest.version) if offers.newest else None
        if offers.newest is None or offered is None or offered <= using:
            return Outcome(CURRENT, using, say(f"{using.text} is the newest."))
        with self.installs.locked():
            return self._install(offers.newest, offered)

    def _look(self) -> Offers:
        args = {
            **self._asking(),
            "channel": self.channel,
            "aside": list(self.installs.aside()),
        }
        call = "app.freshness.bring:look_in_child"
        found = parent.run(call, args, seconds=LOOK_S, limits=self._limits(LOOK), check=self.check)
        return msgspec.convert(found, Offers)

    def _install(self, offer: Offer, version: Version) -> Outcome:
        before = self.installs.in_use()
        if before == version:
            # Another process was faster.
            return Outcome(CURRENT, before, say(f"{before.text} is the newest."))
        free = shutil.disk_usage(self.installs.root).free
        if free < FREE_BYTES:
            sentence = say(
                f"The data disk has only {free / 1e6:.0f} MB left. Make room on it, then try again."
            )
            raise Failure(FailureKind.NEEDS_YOU, sentence)
        folder = self.installs.new_folder()
        try:
            ejs = self._bring(offer, folder)
            lacks = self._try(version, ejs, folder)
            facts = Facts(
                sha256=offer.sha256,
                ejs=ejs,
                lacks=lacks,
                by_hand=self.channel != self.installs.channel,
                installed_at=now(),
            )
            tree = folder / TREE
            _write_down(facts, tree)
            self.installs.place(tree, version)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        log.info("yt-dlp %s is used from now on, no more %s", version.text, before.text)
        sentence = say(f"New downloads use {version.text} from now on; before it was {before.text}.")
        return Outcome(INSTALLED, version, sentence)

    def _bring(self, offer: Offer, folder: Path) -> str | None:
        args = {**self._asking(), "offer": msgspec.to_builtins(offer), "folder": str(folder)}
        call, within = "app.freshness.bring:bring_in_child", self._limits(BRING, writes=[str(folder)])
        try:
            found = parent.run(call, args, seconds=BRING_S, limits=within, check=self.check)
        except Failure as failure:
            if failure.kind is FailureKind.PERMANENT:
                self._set_aside(offer.version, failure.message)
            raise
        return msgspec.convert(found, Brought).ejs

    def _try(self, version: Version, ejs: str | None, folder: Path) -> list[str]:
        """Raises Failure when it is no good. Answers what the bundled one can and it cannot."""
        tree, ground = folder / TREE, folder / "trial"
        ground.mkdir()
        # A server of its own that is wanted once in some weeks.
        from app.freshness.trial_site import trial_site

        with trial_site() as port:
            able = self._child("abilities_in_child", {}, [], ground, port)
            args = {
                "tree": str(tree),
                "folder": str(ground),
                "version": version.text,
                "ejs": ejs,
                "port": port,
                "can": able["can"],
            }
            try:
                lacks: list[str] = self._child("try_in_child", args, [str(tree)], ground, port)["lacks"]
            except (Failure, ChildCrashed) as trouble:
                if isinstance(trouble, Failure) and trouble.kind is FailureKind.TEMPORARY:
                    raise
                log.warning("yt-dlp %s failed its trial: %s", version.text, trouble)
                why = str(trouble).strip().splitlines()[-1][:200]
                raise self._set_aside(version.text, say(f"It failed its trial: {why}")) from trouble
        return lacks

    def _child(self, call: str, args: dict[str, Any], folders: list[str], ground: Path, port: int) -> Any:
        within = self._limits(TRIAL, reads=folders, writes=[str(ground)], port=port)
        with parent.fresh(f"app.freshness.trial:{call}", args, within, *folders) as child:
            return child.result(seconds=TRIAL_S, check=self.check)

    def _limits(
        self,
        kind: Limits,
        *,
        reads: list[str] | None = None,
        writes: list[str] | None = None,
        port: int | None = None,
    ) -> Limits:
        """`port` is by default the guard's."""
        trusted = [self.way.ca_file] if self.way.ca_file else []
        reach = Reach(reads=reads or trusted, writes=writes or [], programs=[], port=port or self.port)
        # Somebody waits for it, or nobody does.
        return {**kind, "nice": 2 if self.by_hand else kind["nice"], "reach": reach}

    def _set_aside(self, version: str, reason: str) -> Failure:
        self.installs.set_aside(version, reason)
        return Failure(FailureKind.PERMANENT, f"{version} is not used. {reason}")

    def _asking(self) -> dict[str, Any]:
        return {"way": msgspec.to_builtins(self.way), "index_url": self.settings.ytdlp_index_url}


@contextmanager
def _way_out(settings: Settings) -> Iterator[tuple[Way, int]]:
    """A guard of its own: there may be no worker. It lets through to an index that somebody chose."""
    url = settings.ytdlp_index_url
    default = next(one.default for one in fields(Settings) if one.name == "ytdlp_index_url")
    chosen = [urlsplit(url).hostname or ""] if url != default else []
    guard = EgressGuard(
        Allowed(*settings.allow_hosts, *chosen), own_ports={settings.port}, upstream=settings.proxy
    )
    guard.start()
    try:
        ticket = guard.open("yt-dlp", MOST_BYTES)
        yield Way(ticket.url, str(settings.ca_file) if settings.ca_file else None), guard.port
    finally:
        guard.stop()


def _write_down(facts: Facts, tree: Path) -> None:
    with open(tree / FACTS, "xb") as file:
        file.write(msgspec.json.encode(facts))
        file.flush()
        os.fsync(file.fileno())
